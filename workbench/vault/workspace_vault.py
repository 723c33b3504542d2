"""The vault of one workspace: all personal data is read and written through it.

A workspace contains:

- ``format``, the number of the layout;
- ``keys/workspace.key``, which only its owner can read;
- ``datasets/NAME/``, versions and files of a dataset;
- ``heads/NAME.sealed``, the version of a dataset that was written last;
- ``KIND/NAME.sealed``, content that is no table, for example an executed notebook;
  ``vault.kept_kinds`` lists the kinds.

Views for kernels are sealed in a private folder outside the workspace while a run lasts.
"""

import hashlib
import os
import re
import tempfile
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from workbench.foundation.errors import (
    AccessError,
    IntegrityError,
    ParameterError,
    WorkbenchError,
    unknown_name,
)
from workbench.foundation.files import write_whole
from workbench.vault.dataset_versions import DatasetVersions
from workbench.vault.datasets import Dataset
from workbench.vault.giving_up import AcceptedVersion
from workbench.vault.heads import Heads
from workbench.vault.kept_kinds import require_kind
from workbench.vault.keyring import Keyring
from workbench.vault.keys import Key, read_key, write_key
from workbench.vault.parquet import allow_many_open_files
from workbench.vault.private_folders import make_private, require_private
from workbench.vault.roots import FORMAT, require_format, version_numbers
from workbench.vault.sealing import seal, unseal
from workbench.vault.views import FOLDER_VARIABLE
from workbench.vault.writer import DatasetWriter

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Vault:
    """An open vault: a workspace and the key that opens it.

    No other room gets the workspace's key; they get keys that are derived for one purpose.

    Attributes
    ----------
    workspace : Path
        Folder of the workspace.
    head_copy : Path or None
        Folder of further copies of the datasets' heads, see ``vault.heads``.
    """

    workspace: Path
    _key: Key
    head_copy: Path | None = None

    @property
    def key_id(self) -> str:
        """Eight hexadecimal digits that distinguish the workspace's key from others."""
        return self._key.id

    @classmethod
    def init(cls, workspace: Path) -> Self:
        """Make a workspace with a new key; refuse where there is a workspace already.

        Where an earlier call was interrupted after it had written the key, that key is kept.
        """
        if (workspace / "format").exists():
            raise ParameterError(f"there is a workspace at {workspace} already: it is kept")
        make_private(workspace)
        place = key_path(workspace)
        key = read_key(place, is_private_folder=True) if place.exists() else write_key(place)
        write_whole(workspace / "format", f"{FORMAT}\n".encode(), mode=0o600)
        return cls(workspace, key)

    @classmethod
    def open(
        cls, workspace: Path, *, key_file: Path | None = None, head: Path | None = None
    ) -> Self:
        """Open the vault of a workspace.

        Parameters
        ----------
        workspace : Path
            Folder of the workspace.
        key_file : Path, optional
            Key file; unless given, ``WORKBENCH_KEY``, then the workspace's own.
        head : Path, optional
            Folder on another disk for copies of the datasets' heads; ``WORKBENCH_HEAD`` unless
            given. ``vault.heads`` describes the limits of such copies.

        Raises
        ------
        ParameterError
            There is no workspace, it has the format of another workbench, or ``head`` is no
            folder.
        IntegrityError
            The file with the format is damaged.
        AccessError
            The key file is missing, the file or its folder is unsafe, or this kernel has a sealed
            view.
        """
        if FOLDER_VARIABLE in os.environ:
            raise AccessError(
                "this kernel has one sealed view and cannot open the vault: "
                "ask for data with wb.view()"
            )
        form = workspace / "format"
        if not form.is_file():
            raise ParameterError(
                f"no workspace at {workspace}: make one with `workbench init`, "
                "or name it with --workspace"
            )
        text = form.read_text(encoding="utf-8", errors="replace").strip()
        what = f"the workspace {workspace}"
        if not text.isdecimal():
            raise IntegrityError(
                f"{form} is damaged, it contains no number: put it back from a backup, or write "
                f"{FORMAT} into it, the format that this workbench reads"
            )
        require_format(what, int(text))
        allow_many_open_files()
        own = key_path(workspace)
        named = Path(key_file or os.environ.get("WORKBENCH_KEY") or own)
        copy = head or os.environ.get("WORKBENCH_HEAD") or None
        if copy is not None and not Path(copy).is_dir():
            raise ParameterError(
                f"there is no folder {copy} for copies of heads: make it, or mount its disk"
            )
        return cls(
            workspace,
            read_key(named, is_private_folder=named == own),
            None if copy is None else Path(copy).absolute(),
        )

    @classmethod
    def open_if_present(
        cls, workspace: Path, *, key_file: Path | None = None, head: Path | None = None
    ) -> Self | None:
        """Open the vault of a workspace; None where there is no workspace or no key file.

        Raises
        ------
        ParameterError
            The workspace has the format of another workbench.
        IntegrityError
            The file with the format is damaged.
        AccessError
            There is a key file but it is unsafe, or the named key file is missing.
        """
        own = key_path(workspace)
        is_named = key_file is not None or "WORKBENCH_KEY" in os.environ
        if not (workspace / "format").is_file() or not (is_named or own.exists()):
            return None
        return cls.open(workspace, key_file=key_file, head=head)

    def datasets(self) -> list[str]:
        """Return the names of all datasets, also those whose versions are all missing, sorted."""
        folders = (self.workspace / "datasets").glob("*")
        stored = {folder.name for folder in folders if version_numbers(folder)}
        places = [self.workspace / "heads", *([self.head_copy] if self.head_copy else [])]
        heads = {path.stem for place in places for path in place.glob("*.sealed")}
        lost = {name for name in heads if self._versions(name).are_all_missing()}
        return sorted(stored | lost)

    def dataset(self, name: str, version: int | None = None) -> Dataset:
        """Open a dataset, its newest version unless another is named.

        Raises
        ------
        ParameterError
            There is no such dataset or version, or it has the format of another workbench.
        IntegrityError
            The version is damaged, or the newest version is not the one that was written last.
        """
        if not _NAME.fullmatch(name):
            raise self._unknown(name)
        if version is not None:
            return self._versions(name).read(version)
        newest = self._versions(name).newest()
        if newest is None:
            raise self._unknown(name)
        return newest

    def open_writer(
        self, name: str, *, buckets: int
    ) -> AbstractContextManager[tuple[DatasetWriter, Dataset | None]]:
        """Lock a dataset and return a writer for its next version.

        Only one writer of a dataset is open at a time, among all processes.

        Yields
        ------
        writer : DatasetWriter
            Writer of one version; ``buckets`` is used only where the dataset is new.
        before : Dataset or None
            Newest version.

        Raises
        ------
        ParameterError
            The name is not allowed for a dataset.
        InputError
            The workspace cannot be written.
        IntegrityError
            The newest version is damaged or is not the one that was written last, or one of its
            files is missing or not encrypted. Damage in an older version raises nothing.
        """
        if not _NAME.fullmatch(name):
            raise ParameterError(
                f"dataset name {name!r}: use lower-case letters, digits, - and _, at most 64"
            )
        return self._versions(name).open_writer(buckets)

    def accept_restore(self, name: str) -> AcceptedVersion:
        """Accept the newest usable version as the newest, although a later one was written.

        A version is usable if its root and its lists open and none of its files is missing or
        plain. Where nothing is wrong with the newest version but the content of a file, the newest
        version is accepted whose files all have their hashes. Newer versions are given up: their
        roots are moved away, and their numbers are not used again.

        Raises
        ------
        ParameterError
            No version of such a dataset is stored.
        InputError
            The workspace cannot be written, or a file in it may be whole but cannot be read.
        IntegrityError
            No version is usable.
        """
        if not _NAME.fullmatch(name):
            raise self._unknown(name)
        return self._versions(name).accept_restore()

    def versions(self, name: str) -> tuple[list[Dataset], dict[int, WorkbenchError]]:
        """Open all versions of a dataset; return them, and the errors of others by number."""
        return self._versions(name).read_all()

    def head_fault(self, name: str) -> WorkbenchError | None:
        """Return why the newest version of a dataset is not the one that was written last."""
        return self._versions(name).head_fault()

    def key_for(self, dataset: str) -> Key:
        """Return the key under which a dataset's record and customer ids are made."""
        return Keyring.of(self._key, dataset).ids

    def keep(self, kind: str, name: str, content: bytes) -> Path:
        """Seal personal content that is no table, for example an executed notebook.

        Raises
        ------
        ParameterError
            The kind is none of ``KEPT_KINDS``.
        InputError
            The workspace cannot be written.
        """
        path = self._kept_path(kind, name)
        write_whole(path, seal(content, key=self._key, context=f"{kind} {name}"), mode=0o600)
        return path

    def has_kept(self, kind: str, name: str) -> bool:
        """Return whether ``keep`` sealed something under this name."""
        return self._kept_path(kind, name).is_file()

    def open_kept(self, kind: str, name: str) -> bytes:
        """Open content that ``keep`` sealed."""
        path = self._kept_path(kind, name)
        if not path.is_file():
            raise ParameterError(f"the vault keeps no {kind} {name}")
        return unseal(path.read_bytes(), key=self._key, context=f"{kind} {name}")

    def kept_names(self, kind: str) -> list[str]:
        """Return the names of all kept content of a kind, sorted."""
        return sorted(path.stem for path in self._kept_path(kind, "").parent.glob("*.sealed"))

    def forget(self, kind: str, name: str) -> None:
        """Remove content that ``keep`` sealed; nothing happens where there is none."""
        self._kept_path(kind, name).unlink(missing_ok=True)

    @property
    def scratch(self) -> Path:
        """Folder of the sealed views of this workspace's runs, outside the workspace.

        A kernel gets the path of its view, and that path must not lead to the keys.

        Raises
        ------
        AccessError
            The parent folder belongs to somebody else, or others can open it.
        """
        above = Path(tempfile.gettempdir()) / f"workbench-{os.getuid()}"
        make_private(above)
        require_private(above)
        return above / hashlib.sha256(str(self.workspace).encode()).hexdigest()[:8]

    def private_folder(self, name: str) -> Path:
        """Return a folder for one process's sealed view, see ``scratch``."""
        return self.scratch / name

    def _kept_path(self, kind: str, name: str) -> Path:
        require_kind(kind)
        return self.workspace / kind / f"{name}.sealed"

    def _versions(self, name: str) -> DatasetVersions:
        keys = Keyring.of(self._key, name)
        own = self.workspace / "heads" / f"{name}.sealed"
        copy = None if self.head_copy is None else self.head_copy / f"{name}.sealed"
        return DatasetVersions(
            name=name,
            folder=self.workspace / "datasets" / name,
            keys=keys,
            heads=Heads(name, keys.manifests, own, copy),
            _workspace_key=self._key,
        )

    def _unknown(self, name: str) -> ParameterError:
        return ParameterError(
            f"{unknown_name('dataset', name, self.datasets())}. Load it with `workbench load`"
        )


def key_path(workspace: Path) -> Path:
    """Return the path of a workspace's key file, which is used unless another file is named."""
    return workspace / "keys" / "workspace.key"
