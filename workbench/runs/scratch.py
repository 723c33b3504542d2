"""The private folder of one process: sealed view and working folder, gone when the process is.

Beside each folder lies a lock that its process holds. The kernel of the operating system drops the
lock with the process, however it ended, so a folder whose lock is free belongs to nobody and is
swept by the next run. Process numbers would not do: they come again, and mean nothing in another
container.
"""

import secrets
import shutil
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from workbench.foundation.errors import InputError
from workbench.vault import Vault


class Scratch:
    """A private folder outside the workspace, for as long as the process needs it.

    Raises
    ------
    InputError
        The folder for temporary files cannot be written.
    """

    def __init__(self, vault: Vault) -> None:
        self.folder = vault.private_folder(secrets.token_hex(4))
        self._lock = FileLock(_lock_of(self.folder))
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _sweep(self.folder.parent)
            self._lock.acquire()  # before the folder is there, so that nobody sweeps it
            self.folder.mkdir(mode=0o700)
        except OSError as error:
            raise InputError(
                f"cannot make a folder in {self.folder.parent}: {error.strerror}"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        _lock_of(self.folder).unlink(missing_ok=True)
        self._lock.release()


def _sweep(parent: Path) -> None:
    """Remove the folders whose process is gone."""
    for folder in parent.iterdir():
        if not folder.is_dir():
            continue
        lock = FileLock(_lock_of(folder))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        shutil.rmtree(folder, ignore_errors=True)
        _lock_of(folder).unlink(missing_ok=True)
        lock.release()


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")
