"""The stored versions of one dataset: which one is newest, and how the next one is written.

The newest version that is stored is compared with the dataset's head before it is opened, see
``vault.heads``. Only one process at a time writes.
"""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from workbench.foundation.errors import (
    InputError,
    IntegrityError,
    ParameterError,
    WorkbenchError,
)
from workbench.vault.dataset_folders import (
    hold_lock,
    make_parts,
    remove_partial_files,
    remove_unused_folder,
)
from workbench.vault.datasets import Dataset, read_version
from workbench.vault.giving_up import (
    AcceptedVersion,
    content_fault,
    form_fault,
    move_roots,
    newest_usable,
)
from workbench.vault.heads import NO_ROOT, Head, Heads, Root
from workbench.vault.journal import Journal, recover
from workbench.vault.keyring import Keyring
from workbench.vault.keys import Key
from workbench.vault.private_folders import make_private
from workbench.vault.regular_files import read_regular
from workbench.vault.roots import (
    read_root,
    require_format,
    root_path,
    roots_backwards,
    version_numbers,
    way_out,
)
from workbench.vault.sealed_lists import Lists
from workbench.vault.sealing import unseal
from workbench.vault.writer import DatasetWriter

_TRIES = 5  # Attempts to compare a head with the roots while another process writes versions.


@dataclass(frozen=True, slots=True)
class DatasetVersions:
    """The stored versions of one dataset.

    Attributes
    ----------
    name : str
        Name of the dataset.
    folder : Path
        Folder of the dataset, which need not exist yet.
    keys : Keyring
        Keys of the dataset.
    heads : Heads
        Head of the dataset and its copy.
    """

    name: str
    folder: Path
    keys: Keyring
    heads: Heads
    _workspace_key: Key  # It sealed the versions of format 1.

    def read(self, number: int) -> Dataset:
        """Open one version.

        Raises
        ------
        ParameterError
            There is no such version, or it has the format of another workbench.
        IntegrityError
            The version is damaged.
        """
        with self._with_way_out(number):
            return read_version(self.folder, self.name, number, self.keys)

    def read_all(self) -> tuple[list[Dataset], dict[int, WorkbenchError]]:
        """Open all versions; return them, and the errors of others by number."""
        opened, faults = [], {}
        lists = Lists(self.folder, self.name, self.keys.manifests)
        for number in version_numbers(self.folder):
            try:
                with self._with_way_out(number):
                    opened.append(read_version(self.folder, self.name, number, self.keys, lists))
            except WorkbenchError as error:
                faults[number] = error
        return opened, faults

    def newest(self) -> Dataset | None:
        """Open the newest version after it was compared with the head; None where there is none.

        Raises
        ------
        ParameterError
            The version has the format of another workbench.
        IntegrityError
            The version is damaged, or it is not the one that was written last.
        """
        backwards = partial(roots_backwards, self.folder, self.name, self.keys.manifests)
        for attempt in range(1, _TRIES + 1):
            # Heads are read first: a root that another process writes meanwhile is then ahead of
            # the head, which is allowed, and not behind it.
            held = self._held_heads()
            numbers = version_numbers(self.folder)
            newest = self._root(numbers[-1]) if numbers else None
            fault = self.heads.fault(held, newest, backwards)
            if fault is None:
                break
            if attempt == _TRIES or held == self._held_heads():
                raise IntegrityError(fault)
        return self.read(numbers[-1]) if numbers else None

    def head_fault(self) -> WorkbenchError | None:
        """Return why the newest version is not the one that was written last."""
        try:
            self.newest()
        except WorkbenchError as error:
            return error
        return None

    def are_all_missing(self) -> bool:
        """Return whether none is stored, although a head names one or cannot be read."""
        if version_numbers(self.folder):
            return False
        try:
            held = self._held_heads()
        except WorkbenchError:
            return True
        return any(head is not None and head.version > 0 for head in held)

    @contextmanager
    def open_writer(self, buckets: int) -> Iterator[tuple[DatasetWriter, Dataset | None]]:
        """Lock the dataset and return a writer for its next version, see ``Vault.open_writer``."""
        folder = self.folder
        for each in (folder.parent, self.heads.own.parent):
            make_private(each)
        remove_leftovers = partial(recover, folder, name=self.name, key=self.keys.manifests)
        with hold_lock(folder, self.name):
            make_parts(folder)
            before = self.newest()
            remove_partial_files(folder, self.heads.own)
            remove_leftovers()
            if before is not None:
                before.require_form()
            newest = before.root if before else NO_ROOT
            if self.heads.is_behind(newest):
                highest = self.heads.highest(newest.version) if before else 0
                self._write_head(newest, highest=highest)
            writer = DatasetWriter(
                name=self.name,
                folder=folder,
                keys=self.keys,
                buckets=before.buckets if before else buckets,
                version=self.heads.highest(newest.version) + 1,
                previous=newest.sha256,
                token=secrets.token_hex(8),
                heads=self.heads,
            )
            Journal(version=writer.version, token=writer.token).write(
                folder, name=self.name, key=self.keys.manifests
            )
            with self._naming_stored_version(writer.version):
                try:
                    yield writer, before
                finally:
                    # Unless the version was completed, the written files belong to no version.
                    remove_leftovers()
                    if before is None and not version_numbers(folder):
                        self._remove_unused()

    def accept_restore(self) -> AcceptedVersion:
        """Accept the newest usable version as the newest, see ``Vault.accept_restore``."""
        if not version_numbers(self.folder):
            raise ParameterError(
                f"no version of a dataset {self.name!r} is stored: restore its backup first"
            )
        with hold_lock(self.folder, self.name):
            # A journal that a crash left would remove the files of a version that is given up.
            recover(self.folder, name=self.name, key=self.keys.manifests)
            if (dataset := self._newest_without_copy()) is not None:
                self._write_head(dataset.root, highest=self.heads.highest(dataset.version))
                return AcceptedVersion(dataset=dataset, is_as_before=True, has_new_copy=True)
            return self._accept(version_numbers(self.folder))

    def _accept(self, numbers: list[int]) -> AcceptedVersion:
        """Accept the newest usable version, give up newer ones, and write the head."""
        lists = Lists(self.folder, self.name, self.keys.manifests)
        read = partial(read_version, self.folder, self.name, keys=self.keys, lists=lists)
        is_as_before = self.head_fault() is None
        dataset = newest_usable(self.name, numbers, read, form_fault)
        if is_as_before and dataset.version == numbers[-1]:
            # Nothing else is damaged, so this is about a file that does not have its hash.
            dataset = newest_usable(self.name, numbers, read, content_fault)
        given_up = tuple(number for number in numbers if number > dataset.version)
        if is_as_before and not given_up:
            return AcceptedVersion(dataset=dataset, is_as_before=True)
        is_as_before = self._is_named(dataset.root)
        try:
            self._write_head(dataset.root, highest=self.heads.highest(dataset.version, numbers))
            moved_to = move_roots(self.folder, given_up) if given_up else None
        except InputError as error:
            raise InputError(
                f"version {dataset.version} of dataset {self.name} is not accepted completely: "
                f"{error}; then run the same command again"
            ) from error
        return AcceptedVersion(
            dataset=dataset, is_as_before=is_as_before, given_up=given_up, moved_to=moved_to
        )

    def _is_named(self, root: Root) -> bool:
        """Return whether the head names a root: then newer roots were made up."""
        with suppress(WorkbenchError):
            head = self.heads.read(self.heads.own)
            return head is not None and head.root == root.sha256
        return False

    def _newest_without_copy(self) -> Dataset | None:
        """Open the newest version if only a copy of its head is missing; None otherwise."""
        if self.heads.copy is None or self.heads.copy.exists():
            return None
        try:
            return replace(self, heads=replace(self.heads, copy=None)).newest()
        except IntegrityError:
            return None

    @contextmanager
    def _with_way_out(self, number: int) -> Iterator[None]:
        """Add what to do to an error that says what is damaged in a version."""
        try:
            yield
        except IntegrityError as error:
            todo = way_out(self.folder, self.name, number)
            raise IntegrityError(f"{error}; {todo}") from error

    def _remove_unused(self) -> None:
        """Remove the folder and the head of a dataset that got no version, as after a plan."""
        with suppress(OSError):  # What is left does no harm: the next writer uses it.
            self.heads.remove_first()
            remove_unused_folder(self.folder)

    def _held_heads(self) -> list[Head | None]:
        return [self.heads.read(place) for place in self.heads.places]

    def _write_head(self, newest: Root, *, highest: int) -> None:
        self.heads.write(
            Head(
                dataset=self.name,
                version=newest.version,
                root=newest.sha256,
                operations=newest.operations,
                highest=highest,
            )
        )

    def _root(self, number: int) -> Root:
        with self._with_way_out(number):
            try:
                return read_root(self.folder, self.name, number, self.keys.manifests)[1]
            except IntegrityError:
                self._refuse_format_1(number)
                raise

    def _refuse_format_1(self, number: int) -> None:
        """Refuse a version of format 1, which was sealed with the workspace's key, as too old."""
        what = f"dataset {self.name}, version {number}"
        try:
            sealed = read_regular(root_path(self.folder, number))
            old = unseal(sealed, key=self._workspace_key, context=what)
        except (WorkbenchError, OSError):
            return
        require_format(what, json.loads(old)["format"])

    @contextmanager
    def _naming_stored_version(self, number: int) -> Iterator[None]:
        """Name the version in an error that comes after its root was stored.

        The version counts from then on, so the message must not read as if nothing was changed.
        """
        try:
            yield
        except (WorkbenchError, OSError) as error:
            if number not in version_numbers(self.folder):
                raise
            stored = (
                f"dataset {self.name} is at version {number}: the change is stored, so do not "
                f"repeat it; but a step after it failed: {error}"
            )
            if isinstance(error, IntegrityError):
                raise IntegrityError(stored) from error
            named = " with the same --head" if self.heads.copy else ""
            raise InputError(
                f"{stored}. The next command that changes the dataset{named} completes the step"
            ) from error
