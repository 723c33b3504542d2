"""The folder of a dataset: its lock, its parts, and what writers leave that ended early.

    datasets/NAME/lock     locked by the process that writes, see ``hold_lock``

Everything in the folder, and the dataset's head in the workspace, is written under the lock.
Therefore a partial file that the holder of the lock finds belongs to a writer that was killed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from workbench.foundation.errors import InputError
from workbench.foundation.progress import say
from workbench.vault.private_folders import make_private

_PARTS = ("files", "lists", "versions")


@contextmanager
def hold_lock(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock of a dataset; print a message if another process holds it.

    Parameters
    ----------
    folder, name
        Folder of the dataset, which is made unless it exists, and name of the dataset.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    held = _locked(folder, name)
    try:
        yield
    finally:
        held.release()


def make_parts(folder: Path) -> None:
    """Make the folders of files, lists and versions; the lock has to be held."""
    for part in _PARTS:
        make_private(folder / part)


def remove_partial_files(folder: Path, head: Path) -> None:
    """Remove what killed writers did not finish; the lock has to be held.

    The folder of a copy of the head is left alone, because another workspace may use it as well.

    Parameters
    ----------
    folder, head
        Folder of the dataset, and place of its head in the workspace.
    """
    found = [path for part in ("", "lists", "versions") for path in _partial(folder / part, "*")]
    for path in (*found, *_partial(head.parent, head.name)):
        if path.is_symlink() or not path.is_dir():  # A writer makes no folder of such a name.
            path.unlink()


def remove_unused_folder(folder: Path) -> None:
    """Remove the folder of a dataset without files; the lock has to be held.

    A process that waits for the lock finds that the lock has no name any more, and makes the folder
    and the lock again.

    Raises
    ------
    OSError
        Something else is stored in the folder.
    """
    for part in _PARTS:
        (folder / part).rmdir()
    (folder / "lock").unlink()
    folder.rmdir()


def _locked(folder: Path, name: str) -> FileLock:
    is_told = False
    while True:
        make_private(folder)
        lock = FileLock(folder / "lock")
        try:
            lock.acquire(timeout=-1 if is_told else 0)
        except Timeout:
            say(f"dataset {name} is being written by another process: waiting for it to end")
            is_told = True
        except FileNotFoundError:
            continue  # Its holder has removed the folder, because the dataset has no version.
        except OSError as error:
            raise InputError(f"cannot write in {folder}: {error.strerror}") from error
        else:
            return lock


def _partial(folder: Path, name: str) -> Iterator[Path]:
    """Yield the files that ``foundation.files.write_whole`` did not finish under a name."""
    return folder.glob(f".{name}.????????.partial")
