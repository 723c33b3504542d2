"""Give up the newest versions of a dataset that are damaged, and accept the one before them.

    datasets/NAME/given-up/00000003     root of a version that was given up

This happens only in ``workbench dataset accept-restore``, which a person runs. The head of the
accepted version is written first, then the roots of the damaged versions are moved. They are not
removed, so that somebody who finds a backup of what is damaged can put them back. After a crash
between the two steps the newest root is still a damaged one, or one that the head does not name and
whose number was used before: both are refused until the command is run again.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from workbench.foundation.errors import AccessError, InputError, IntegrityError
from workbench.foundation.files import sync_folder
from workbench.vault.datasets import Dataset
from workbench.vault.entries import FileEntry
from workbench.vault.parquet import fault_of, form_fault_of
from workbench.vault.private_folders import make_private
from workbench.vault.regular_files import require_permission
from workbench.vault.roots import root_path


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedVersion:
    """The version that counts as the newest after ``accept-restore``, and what was done for it.

    Attributes
    ----------
    dataset : Dataset
        The accepted version.
    is_as_before : bool
        Whether this version was the newest already, so that no later version is lost.
    has_new_copy : bool
        Whether the head was copied to a folder that had no copy of it.
    given_up : tuple of int
        Numbers of newer versions that were given up because they are damaged, oldest first.
    moved_to : Path or None
        Folder with the roots of these versions.
    """

    dataset: Dataset
    is_as_before: bool = False
    has_new_copy: bool = False
    given_up: tuple[int, ...] = ()
    moved_to: Path | None = None


def newest_usable(
    name: str,
    numbers: Sequence[int],
    read: Callable[[int], Dataset],
    file_fault: Callable[[Dataset, FileEntry], str | None],
) -> Dataset:
    """Open the newest version whose root, lists and files have no fault.

    Parameters
    ----------
    name, numbers
        Name of the dataset, and numbers of its versions, oldest first.
    read : callable
        Function that opens one version.
    file_fault : callable
        Function that returns the fault of one file, ``form_fault`` or ``content_fault``. It is
        called once per file, although most versions share most files.

    Raises
    ------
    ParameterError
        A version has the format of another workbench.
    InputError
        A file may be whole, but this user cannot read it.
    AccessError
        The newest version was sealed with another key.
    IntegrityError
        No version is usable.
    """
    faults: dict[str, str | None] = {}
    found: list[IntegrityError | AccessError] = []
    for number in reversed(numbers):
        try:
            dataset = read(number)
            for entry in dataset.files:
                if entry.file not in faults:
                    faults[entry.file] = file_fault(dataset, entry)
                if (fault := faults[entry.file]) is not None:
                    raise IntegrityError(f"{dataset.place_of(entry)}: {fault}")
        except (IntegrityError, AccessError) as error:
            found.append(error)
        else:
            return dataset
    if isinstance(found[0], AccessError):
        raise found[0]
    raise IntegrityError(
        f"dataset {name}: no stored version is whole, so none can be accepted: put back what is "
        "damaged or missing from a backup (`workbench status --check` names all of it), or load "
        f"the exports again into a dataset of another name; of the newest version: {found[0]}"
    ) from found[0]


def form_fault(dataset: Dataset, entry: FileEntry) -> str | None:
    """Return the fault in the form of a file; only its last bytes are read."""
    require_permission(dataset.path_of(entry))
    return form_fault_of(dataset.path_of(entry))


def content_fault(dataset: Dataset, entry: FileEntry) -> str | None:
    """Return the fault of a file that is not the file that was written; it is read whole."""
    require_permission(dataset.path_of(entry))
    return fault_of(dataset.path_of(entry), entry.sha256, places={})


def move_roots(folder: Path, numbers: Sequence[int]) -> Path:
    """Move roots out of the versions of a dataset; return the folder in which they are then.

    Raises
    ------
    InputError
        A root cannot be moved, or the folder for it is a link.
    """
    aside = folder / "given-up"
    if aside.is_symlink():
        raise InputError(f"{aside} is a link instead of a folder: remove it and run this again")
    make_private(aside)
    try:
        for number in numbers:
            path = root_path(folder, number)
            path.rename(next(free for free in _names(aside / path.name) if not _exists(free)))
    except OSError as error:
        raise InputError(f"cannot move {path} to {aside}: {error.strerror}") from error
    sync_folder(path.parent)
    sync_folder(aside)
    return aside


def _names(path: Path) -> Iterator[Path]:
    """Yield a path, then others for roots whose number was given up before."""
    yield path
    yield from (path.with_name(f"{path.name}-{number}") for number in count(2))


def _exists(path: Path) -> bool:
    return os.path.lexists(path)  # A link that leads nowhere would be replaced as well.
