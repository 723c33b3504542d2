"""The vault of one workspace: the one door to everything personal.

    .workbench/
      format               number of the layout
      keys/workspace.key   only its owner can read it
      datasets/NAME/       versions and files of a dataset
      runs/ID/             sealed views while a run lasts, executed notebooks
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from filelock import FileLock

from workbench.foundation.errors import AccessError, ParameterError, unknown
from workbench.foundation.files import write_whole
from workbench.vault.datasets import (
    FORMAT,
    Dataset,
    DatasetWriter,
    read_version,
    version_numbers,
)
from workbench.vault.keys import Key, read_key, write_key
from workbench.vault.sealing import sealed, unsealed
from workbench.vault.views import FOLDER_VARIABLE

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Vault:
    """An opened vault: a workspace and the key that opens it.

    Attributes
    ----------
    workspace : Path
        The folder.
    key : Key
        The workspace's key; every other key is derived from it or stands sealed under it.
    """

    workspace: Path
    key: Key

    @classmethod
    def init(cls, workspace: Path) -> Self:
        """Make a workspace with a new key; refuse where there is one."""
        if (workspace / "format").exists():
            raise ParameterError(f"there is a workspace at {workspace} already: it is kept")
        workspace.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = write_key(key_path(workspace))
        write_whole(workspace / "format", f"{FORMAT}\n".encode(), mode=0o600)
        return cls(workspace, key)

    @classmethod
    def open(cls, workspace: Path, *, key_file: Path | None = None) -> Self:
        """Open the vault of a workspace.

        Raises
        ------
        ParameterError
            There is no workspace, or it was made by a newer workbench.
        AccessError
            The key file is missing or unsafe, or this kernel holds one sealed view only.
        """
        if FOLDER_VARIABLE in os.environ:
            raise AccessError(
                "this kernel holds one sealed view and cannot open the vault: "
                "ask for data with wb.view()"
            )
        form = workspace / "format"
        if not form.is_file():
            raise ParameterError(
                f"no workspace at {workspace}: make one with `workbench init`, "
                "or name it with --workspace"
            )
        text = form.read_text().strip()
        if not text.isdecimal() or int(text) > FORMAT:
            raise ParameterError(
                f"the workspace has format {text!r}, this workbench reads up to {FORMAT}: "
                "install a newer one"
            )
        named = key_file or os.environ.get("WORKBENCH_KEY") or key_path(workspace)
        return cls(workspace, read_key(Path(named)))

    def datasets(self) -> list[str]:
        """Names of the datasets that have a version, sorted."""
        folders = (self.workspace / "datasets").glob("*")
        return sorted(folder.name for folder in folders if version_numbers(folder))

    def dataset(self, name: str, version: int | None = None) -> Dataset:
        """Open a dataset, its newest version unless another is named.

        Raises
        ------
        ParameterError
            There is no such dataset or version.
        """
        folder = self._folder(name)
        numbers = version_numbers(folder)
        if not numbers:
            raise ParameterError(
                f"{unknown('dataset', name, self.datasets())}. Load it with `workbench load`"
            )
        return read_version(folder, name, numbers[-1] if version is None else version, self.key)

    @contextmanager
    def writing(self, name: str, *, buckets: int) -> Iterator[tuple[DatasetWriter, Dataset | None]]:
        """Hold a dataset for writing: one writer at a time, whatever the number of processes.

        Yields
        ------
        writer : DatasetWriter
            For the next version; ``buckets`` counts only where the dataset is new.
        before : Dataset or None
            The newest version.
        """
        if not _NAME.fullmatch(name):
            raise ParameterError(
                f"dataset name {name!r}: use lower-case letters, digits, - and _, at most 64"
            )
        folder = self._folder(name)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(folder / "lock"):
            numbers = version_numbers(folder)
            versions = [read_version(folder, name, number, self.key) for number in numbers]
            before = versions[-1] if versions else None
            size = before.buckets if before else buckets
            writer = DatasetWriter(name, folder, self.key, size)
            writer.sweep(versions)
            yield writer, before

    def key_for(self, dataset: str) -> Key:
        """Return the key under which a dataset's record and customer ids are made."""
        return self.key.derive(f"ids of dataset {dataset}")

    def keep(self, kind: str, name: str, content: bytes) -> Path:
        """Seal something personal that is no table, an executed notebook for instance."""
        path = self.workspace / kind / f"{name}.sealed"
        write_whole(path, sealed(content, key=self.key, context=f"{kind} {name}"), mode=0o600)
        return path

    def kept(self, kind: str, name: str) -> bytes:
        """Open what ``keep`` sealed."""
        path = self.workspace / kind / f"{name}.sealed"
        if not path.is_file():
            raise ParameterError(f"the vault keeps no {kind} {name}")
        return unsealed(path.read_bytes(), key=self.key, context=f"{kind} {name}")

    def private_folder(self, name: str) -> Path:
        """Return a folder for one run's sealed view."""
        return self.workspace / "runs" / name

    def _folder(self, name: str) -> Path:
        return self.workspace / "datasets" / name


def key_path(workspace: Path) -> Path:
    """Return where a workspace keeps its key unless another file is named."""
    return workspace / "keys" / "workspace.key"
