"""The vault of one workspace: the one door to everything personal.

A workspace holds:

- ``format``, the number of the layout;
- ``keys/workspace.key``, which only its owner can read;
- ``datasets/NAME/``, versions and files of a dataset;
- ``notebooks/ID.sealed``, executed notebooks;
- ``runs/ID.sealed``, the seal of a run: what its folder under ``reports/runs`` must contain.

Views that kernels read are sealed in a private folder outside the workspace while a run lasts.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from workbench.foundation.errors import (
    AccessError,
    InputError,
    ParameterError,
    WorkbenchError,
    unknown,
)
from workbench.foundation.files import write_whole
from workbench.foundation.progress import say
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
        """Make a workspace with a new key; refuse where there is one.

        Where an earlier call was cut short after the key was written, that key is kept.
        """
        if (workspace / "format").exists():
            raise ParameterError(f"there is a workspace at {workspace} already: it is kept")
        _private_folder(workspace)
        place = key_path(workspace)
        key = read_key(place, is_private_folder=True) if place.exists() else write_key(place)
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
            The key file is missing, it or its folder is unsafe, or this kernel has a sealed view.
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
        text = form.read_text(encoding="utf-8", errors="replace").strip()
        if not text.isdecimal() or int(text) > FORMAT:
            raise ParameterError(
                f"the workspace has format {text!r}, this workbench reads up to {FORMAT}: "
                "install a newer one"
            )
        own = key_path(workspace)
        named = Path(key_file or os.environ.get("WORKBENCH_KEY") or own)
        return cls(workspace, read_key(named, is_private_folder=named == own))

    @classmethod
    def at_hand(cls, workspace: Path, *, key_file: Path | None = None) -> Self | None:
        """Open the vault of a workspace; None where there is no workspace or no key file.

        Raises
        ------
        ParameterError
            The workspace was made by a newer workbench.
        AccessError
            There is a key file but it is unsafe, or a key file was named that is not there.
        """
        own = key_path(workspace)
        is_named = key_file is not None or "WORKBENCH_KEY" in os.environ
        if not (workspace / "format").is_file() or not (is_named or own.exists()):
            return None
        return cls.open(workspace, key_file=key_file)

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
        numbers = version_numbers(folder) if _NAME.fullmatch(name) else []
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

        Raises
        ------
        ParameterError
            No dataset may be called so.
        InputError
            The workspace cannot be written.
        IntegrityError
            The newest version is damaged, or one of its files is missing or not encrypted. A
            damaged older version is no reason: it is reported, and nothing is removed.
        """
        if not _NAME.fullmatch(name):
            raise ParameterError(
                f"dataset name {name!r}: use lower-case letters, digits, - and _, at most 64"
            )
        folder = self._folder(name)
        for each in (folder.parent, folder, folder / "files", folder / "versions"):
            _private_folder(each)
        with _alone(folder / "lock", f"dataset {name}"):
            before = self.dataset(name) if version_numbers(folder) else None
            if before is not None:
                before.require_form()
            size = before.buckets if before else buckets
            writer = DatasetWriter(name, folder, self.key, size)
            self._sweep(writer)
            try:
                yield writer, before
            except BaseException:
                # what was written so far belongs to no version, unless the fault came after commit
                self._sweep(writer)
                raise

    def versions(self, name: str) -> tuple[list[Dataset], dict[int, WorkbenchError]]:
        """Open all versions of a dataset; return them and, by number, why others do not open."""
        opened, faults = [], {}
        for number in version_numbers(self._folder(name)):
            try:
                opened.append(read_version(self._folder(name), name, number, self.key))
            except WorkbenchError as error:
                faults[number] = error
        return opened, faults

    def _sweep(self, writer: DatasetWriter) -> None:
        """Remove files that no version names; remove none where a version cannot be opened."""
        opened, faults = self.versions(writer.name)
        if faults:
            numbers = ", ".join(map(str, faults))
            say(
                f"dataset {writer.name}: version {numbers} cannot be opened, so no file that a "
                "crash may have left is removed; `workbench status --check` says what is damaged"
            )
            return
        writer.sweep(opened)

    def key_for(self, dataset: str) -> Key:
        """Return the key under which a dataset's record and customer ids are made."""
        return self.key.derive(f"ids of dataset {dataset}")

    def keep(self, kind: str, name: str, content: bytes) -> Path:
        """Seal something personal that is no table, an executed notebook for instance."""
        path = self.workspace / kind / f"{name}.sealed"
        write_whole(path, sealed(content, key=self.key, context=f"{kind} {name}"), mode=0o600)
        return path

    def keeps(self, kind: str, name: str) -> bool:
        """Return whether ``keep`` sealed something under this name."""
        return (self.workspace / kind / f"{name}.sealed").is_file()

    def kept(self, kind: str, name: str) -> bytes:
        """Open what ``keep`` sealed."""
        path = self.workspace / kind / f"{name}.sealed"
        if not path.is_file():
            raise ParameterError(f"the vault keeps no {kind} {name}")
        return unsealed(path.read_bytes(), key=self.key, context=f"{kind} {name}")

    def kept_names(self, kind: str) -> list[str]:
        """Return the names of what is kept of a kind, sorted."""
        return sorted(path.stem for path in (self.workspace / kind).glob("*.sealed"))

    def forget(self, kind: str, name: str) -> None:
        """Remove what ``keep`` sealed; nothing happens where there is none."""
        (self.workspace / kind / f"{name}.sealed").unlink(missing_ok=True)

    @property
    def scratch(self) -> Path:
        """Folder above the sealed views of this workspace's runs, outside the workspace.

        A kernel learns where its view lies; from there no path must lead to the keys.

        Raises
        ------
        AccessError
            The folder above it belongs to somebody else.
        """
        above = Path(tempfile.gettempdir()) / f"workbench-{os.getuid()}"
        _private_folder(above)
        held = above.lstat()
        if held.st_uid != os.getuid() or held.st_mode & 0o077:
            raise AccessError(f"{above} is not private to you: remove it, or set TMPDIR")
        return above / hashlib.sha256(str(self.workspace).encode()).hexdigest()[:8]

    def private_folder(self, name: str) -> Path:
        """Return a folder for one process's sealed view, see ``scratch``."""
        return self.scratch / name

    def _folder(self, name: str) -> Path:
        return self.workspace / "datasets" / name


@contextmanager
def _alone(lock: Path, what: str) -> Iterator[None]:
    """Hold a lock, saying so where it has to be waited for."""
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        say(f"{what} is being written by another process: waiting for it to end")
        held.acquire()
    except OSError as error:
        raise InputError(f"cannot write in {lock.parent}: {error.strerror}") from error
    try:
        yield
    finally:
        held.release()


def _private_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror}") from error


def key_path(workspace: Path) -> Path:
    """Return where a workspace keeps its key unless another file is named."""
    return workspace / "keys" / "workspace.key"
