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
import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from workbench.foundation.errors import (
    AccessError,
    InputError,
    IntegrityError,
    ParameterError,
    WorkbenchError,
    unknown_name,
)
from workbench.foundation.files import write_whole
from workbench.foundation.progress import say
from workbench.vault.datasets import Dataset, read_version
from workbench.vault.heads import NO_ROOT, Head, Heads, Root
from workbench.vault.journal import Journal, recover
from workbench.vault.kept_kinds import require_kind
from workbench.vault.keyring import Keyring
from workbench.vault.keys import Key, read_key, write_key
from workbench.vault.parquet import allow_many_open_files
from workbench.vault.roots import (
    FORMAT,
    read_root,
    require_format,
    root_path,
    roots_backwards,
    version_numbers,
)
from workbench.vault.sealed_lists import Lists
from workbench.vault.sealing import seal, unseal
from workbench.vault.views import FOLDER_VARIABLE
from workbench.vault.writer import DatasetWriter

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

_TRIES = 5  # Attempts to compare a head with the roots while another process writes versions.


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
        _private_folder(workspace)
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
            raise ParameterError(f"{what} has format {text!r}, which no workbench writes")
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
        return sorted(stored | {name for name in heads - stored if self._has_lost_versions(name)})

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
            return read_version(self._folder(name), name, version, self._keys(name))
        newest = self._newest(name)
        if newest is None:
            raise self._unknown(name)
        return newest

    @contextmanager
    def open_writer(
        self, name: str, *, buckets: int
    ) -> Iterator[tuple[DatasetWriter, Dataset | None]]:
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
        folder, keys, heads = self._folder(name), self._keys(name), self._heads(name)
        parts = (folder / part for part in ("files", "lists", "versions"))
        for each in (folder.parent, self.workspace / "heads", folder, *parts):
            _private_folder(each)
        remove_leftovers = partial(recover, folder, name=name, key=keys.manifests)
        with _hold_lock(folder / "lock", f"dataset {name}"):
            before = self._newest(name)
            remove_leftovers()
            if before is not None:
                before.require_form()
            newest = before.root if before else NO_ROOT
            if heads.is_behind(newest):
                highest = heads.highest(newest.version) if before else 0
                self._put_right(heads, newest, highest=highest)
            writer = DatasetWriter(
                name=name,
                folder=folder,
                keys=keys,
                buckets=before.buckets if before else buckets,
                version=heads.highest(newest.version) + 1,
                previous=newest.sha256,
                token=secrets.token_hex(8),
                heads=heads,
            )
            Journal(version=writer.version, token=writer.token).write(
                folder, name=name, key=keys.manifests
            )
            try:
                yield writer, before
            finally:
                # Unless the version was completed, the written files belong to no version.
                remove_leftovers()

    def accept_restore(self, name: str) -> Dataset:
        """Accept the newest stored version as the newest, although a later one was written.

        Raises
        ------
        ParameterError
            No version of such a dataset is stored.
        IntegrityError
            The newest version that is stored is damaged.
        """
        folder, heads = self._folder(name), self._heads(name)
        numbers = version_numbers(folder) if _NAME.fullmatch(name) else []
        if not numbers:
            raise ParameterError(
                f"no version of a dataset {name!r} is stored: restore its backup first"
            )
        with _hold_lock(folder / "lock", f"dataset {name}"):
            newest = read_version(folder, name, version_numbers(folder)[-1], self._keys(name))
            newest.require_form()
            self._put_right(heads, newest.root, highest=heads.highest(newest.version))
            return newest

    def versions(self, name: str) -> tuple[list[Dataset], dict[int, WorkbenchError]]:
        """Open all versions of a dataset; return them, and the errors of others by number."""
        opened, faults = [], {}
        folder, keys = self._folder(name), self._keys(name)
        lists = Lists(folder, name, keys.manifests)
        for number in version_numbers(folder):
            try:
                opened.append(read_version(folder, name, number, keys, lists))
            except WorkbenchError as error:
                faults[number] = error
        return opened, faults

    def head_fault(self, name: str) -> WorkbenchError | None:
        """Return why the newest version of a dataset is not the one that was written last."""
        try:
            self._newest(name)
        except WorkbenchError as error:
            return error
        return None

    def key_for(self, dataset: str) -> Key:
        """Return the key under which a dataset's record and customer ids are made."""
        return self._keys(dataset).ids

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
        _private_folder(above)
        held = above.lstat()
        if held.st_uid != os.getuid() or held.st_mode & 0o077:
            raise AccessError(f"{above} is not private to you: remove it, or set TMPDIR")
        return above / hashlib.sha256(str(self.workspace).encode()).hexdigest()[:8]

    def private_folder(self, name: str) -> Path:
        """Return a folder for one process's sealed view, see ``scratch``."""
        return self.scratch / name

    def _kept_path(self, kind: str, name: str) -> Path:
        require_kind(kind)
        return self.workspace / kind / f"{name}.sealed"

    def _folder(self, name: str) -> Path:
        return self.workspace / "datasets" / name

    def _keys(self, name: str) -> Keyring:
        return Keyring.of(self._key, name)

    def _heads(self, name: str) -> Heads:
        return Heads(
            name,
            self._keys(name).manifests,
            self.workspace / "heads" / f"{name}.sealed",
            None if self.head_copy is None else self.head_copy / f"{name}.sealed",
        )

    def _newest(self, name: str) -> Dataset | None:
        """Open the newest version after it was compared with the head; None where there is none."""
        folder, keys, heads = self._folder(name), self._keys(name), self._heads(name)
        key = keys.manifests
        for attempt in range(1, _TRIES + 1):
            # Heads are read first: a root that another process writes meanwhile is then ahead of
            # the head, which is allowed, and not behind it.
            held = [heads.read(place) for place in heads.places]
            numbers = version_numbers(folder)
            newest = self._root(folder, name, numbers[-1], key) if numbers else None
            fault = heads.fault(held, newest, partial(roots_backwards, folder, name, key))
            if fault is None:
                break
            if attempt == _TRIES or held == [heads.read(place) for place in heads.places]:
                raise IntegrityError(fault)
        return read_version(folder, name, numbers[-1], keys) if numbers else None

    def _root(self, folder: Path, name: str, number: int, key: Key) -> Root:
        try:
            return read_root(folder, name, number, key)[1]
        except IntegrityError:
            self._require_format(folder, name, number)
            raise

    def _require_format(self, folder: Path, name: str, number: int) -> None:
        """Refuse a version of format 1, which was sealed with the workspace's key, as too old."""
        what = f"dataset {name}, version {number}"
        try:
            old = unseal(root_path(folder, number).read_bytes(), key=self._key, context=what)
        except WorkbenchError:
            return
        require_format(what, json.loads(old)["format"])

    @staticmethod
    def _put_right(heads: Heads, newest: Root, *, highest: int) -> None:
        heads.write(
            Head(
                dataset=heads.name,
                version=newest.version,
                root=newest.sha256,
                operations=newest.operations,
                highest=highest,
            )
        )

    def _has_lost_versions(self, name: str) -> bool:
        heads = self._heads(name)
        try:
            held = [heads.read(place) for place in heads.places]
        except WorkbenchError:
            return True
        return any(head is not None and head.version > 0 for head in held)

    def _unknown(self, name: str) -> ParameterError:
        return ParameterError(
            f"{unknown_name('dataset', name, self.datasets())}. Load it with `workbench load`"
        )


@contextmanager
def _hold_lock(lock: Path, what: str) -> Iterator[None]:
    """Hold a lock for the time of a with-block; print a message if another process holds it."""
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
    """Return the path of a workspace's key file, which is used unless another file is named."""
    return workspace / "keys" / "workspace.key"
