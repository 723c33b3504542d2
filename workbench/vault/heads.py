"""The head of each dataset: a second record of the version that was written last.

    heads/NAME.sealed            in the workspace, outside the dataset's folder
    PATH/NAME.sealed             a further copy, where --head or WORKBENCH_HEAD names a folder

A root is authentic by its seal, but a seal does not show whether a newer root existed. Somebody who
removes the newest root would bring back people who have withdrawn since. Therefore the head
contains the number of the newest version, the hash of its root and the number of operations. A
writer writes the root first, then the head. After a crash between the two, the newest root is one
version ahead of the head and contains the hash of the root that the head names: this root is
accepted, and the next writer writes its head. A head that is ahead of the roots is refused until
``workbench dataset accept-restore`` confirms that a backup was restored on purpose. The head also
contains the highest version number ever used, so that no number is used again.

A further copy may be older than the newest version, because a command can run without it. The
chain of hashes from the newest root backwards must reach the root that the copy names.

One attack is not prevented: if somebody restores an earlier state of both the dataset and its head,
for example of the whole workspace, only a further copy that was not restored with them shows it.
Store that copy on another disk, where the people who write the workspace's backups cannot write.
The copy does not guard against somebody who can write in both places, nor against anything that
happened before the first command that named it.
"""

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from workbench.foundation.errors import InputError, IntegrityError
from workbench.foundation.files import write_whole
from workbench.vault.keys import Key
from workbench.vault.regular_files import read_regular
from workbench.vault.sealed_lists import compact_json
from workbench.vault.sealing import seal, unseal

#: Number of version numbers that are skipped where the workspace's head cannot be read.
_SKIPPED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest version of a dataset.

    Attributes
    ----------
    dataset, version
        Name of the dataset and number of the version; 0 before the first version is complete.
    root : str
        SHA-256 of the version's root; empty before the first version.
    operations : int
        Number of operations that led to its content.
    highest : int
        Highest number that any version ever had.
    """

    dataset: str
    version: int
    root: str
    operations: int
    highest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The part of a root that is compared with a head.

    Attributes
    ----------
    version, sha256
        Number of the version, and hash of the stored root.
    previous : str
        Hash of the root before; empty for the first.
    operations : int
        Number of operations that led to the content.
    """

    version: int
    sha256: str
    previous: str
    operations: int


#: Used in place of a root where there is no version yet.
NO_ROOT = Root(version=0, sha256="", previous="", operations=0)


@dataclass(frozen=True, slots=True)
class Heads:
    """The places in which the head of one dataset is stored.

    Attributes
    ----------
    name : str
        Name of the dataset.
    key : Key
        Key of the dataset's manifests.
    own : Path
        File in the workspace.
    copy : Path or None
        File of the further copy.
    """

    name: str
    key: Key
    own: Path
    copy: Path | None = None

    @property
    def places(self) -> tuple[Path, ...]:
        """All files of the head; the workspace's file is the first."""
        return (self.own,) if self.copy is None else (self.own, self.copy)

    def read(self, place: Path) -> Head | None:
        """Open the head in one place; None where there is none.

        Raises
        ------
        AccessError
            The head was sealed with another key.
        IntegrityError
            The head was changed, damaged or swapped.
        """
        try:
            content = read_regular(place)
        except FileNotFoundError:
            return None
        except OSError as error:
            found = f"{self._context} cannot be read ({error.strerror})"
            raise IntegrityError(f"{found}: {self._way_out(place)}") from error
        try:
            opened = unseal(content, key=self.key, context=self._context)
        except IntegrityError as error:
            raise IntegrityError(f"{error}: {self._way_out(place)}") from error
        return Head(**json.loads(opened))

    def write(self, head: Head) -> None:
        """Store a head in all places.

        Raises
        ------
        InputError
            A disk is full, a folder cannot be written, or a folder has the name of the head.
        """
        for place in self.places:
            what = self._context if place == self.own else f"copy of the {self._context}"
            if place.is_dir() and not place.is_symlink():
                raise InputError(f"the {what} was not written: {place} is a folder, remove it")
            try:
                write_whole(place, self._sealed(head), mode=0o600)
            except InputError as error:
                raise InputError(f"the {what} was not written: {error}") from error

    def remove_first(self) -> None:
        """Remove the head that was written before the first version, where none came after it."""
        for place in self.places:
            head = self.read(place)
            if head is not None and head.version == head.highest == 0:
                place.unlink()

    def fault(
        self,
        held: Sequence[Head | None],
        newest: Root | None,
        chain: Callable[[], Iterator[Root]],
    ) -> str | None:
        """Return why the newest root is not the one that was written last; None where it is.

        Parameters
        ----------
        held : sequence of Head or None
            Heads that were read in each of ``places``.
        newest : Root or None
            Newest root that is stored.
        chain : callable
            Function that yields the stored roots backwards, see ``roots.roots_backwards``.
        """
        found = self._fault(held[0], newest)
        if found is None and self.copy is not None:
            found = self._fault_of_copy(self.copy, held[1], newest, chain)
        return found

    def is_behind(self, newest: Root) -> bool:
        """Return whether a head does not name the newest root, because its writer crashed."""
        held = [self.read(place) for place in self.places]
        return any(head is None or head.root != newest.sha256 for head in held)

    def highest(self, newest: int, damaged: Iterable[int] = ()) -> int:
        """Return a number that is at least as high as any number that a version ever had.

        Where the workspace's head cannot be read, it is unknown how many numbers were used, so a
        thousand numbers are skipped. The number of a damaged root may be made up: it does not count
        if it is a thousand higher than all others, since one such root could use up all numbers.
        """
        numbers, skipped = [newest], 0
        for place in self.places:
            head = None
            with contextlib.suppress(IntegrityError):
                head = self.read(place)
            if head is not None:
                numbers.append(head.highest)
            elif place == self.own:
                skipped = _SKIPPED
        known = max(numbers) + skipped
        return max(known, *(number for number in damaged if number <= known + _SKIPPED), 0)

    def _fault(self, head: Head | None, newest: Root | None) -> str | None:
        meant = (
            f"if a backup was restored on purpose, run `workbench dataset accept-restore "
            f"{self.name}`; otherwise put back the missing files"
        )
        if head is None:
            return None if newest is None else f"{self._context} is missing: {meant}"
        if newest is None:
            lost = f"dataset {self.name}: version {head.version} was written and no version is left"
            return f"{lost}: {meant}" if head.version else None
        # A writer that crashed leaves a root with a new number. A root that was given up when an
        # older version was accepted has an old number.
        is_ahead = newest.previous == head.root and newest.version > head.highest
        if newest.sha256 == head.root or is_ahead:
            return None
        if newest.version < head.version:
            return (
                f"dataset {self.name}: version {head.version} was written last, and the newest "
                f"that is stored is version {newest.version}: {meant}"
            )
        return (
            f"dataset {self.name}: version {newest.version} does not follow version "
            f"{head.version}, which was written last: {meant}"
        )

    def _fault_of_copy(
        self,
        copy: Path,
        head: Head | None,
        newest: Root | None,
        chain: Callable[[], Iterator[Root]],
    ) -> str | None:
        if newest is None and (head is None or head.version == 0):
            return None
        accept = f"`workbench dataset accept-restore {self.name}`"
        if head is None:
            return (
                f"{self._context} has no copy in {copy.parent}: where that folder is used for the "
                f"first time, {accept} with the same --head makes the copy"
            )
        if head.version == 0 or any(each.sha256 == head.root for each in chain()):
            return None
        return (
            f"dataset {self.name}: by the copy of its head in {copy.parent} version "
            f"{head.version} was written, and the stored versions do not lead back to it: if a "
            f"backup was restored on purpose, run {accept}"
        )

    def _way_out(self, place: Path) -> str:
        return (
            f"put back {place} from a backup, or if the newest version that is stored is the right "
            f"one, run `workbench dataset accept-restore {self.name}`"
        )

    def _sealed(self, head: Head) -> bytes:
        return seal(compact_json(asdict(head)), key=self.key, context=self._context)

    @property
    def _context(self) -> str:
        return f"head of dataset {self.name}"
