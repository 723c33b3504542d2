"""The private folder of one process, for its sealed view and the kernel's working folder.

The folder is removed when the process ends. Each folder has a lock file beside it, and its process
holds the lock. The operating system frees the lock when the process ends in whatever way, so a
folder whose lock is free belongs to no process and is removed by the next run. The numbers of
processes are no substitute: they are used again, and differ between containers.
"""

import secrets
import shutil
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from workbench.foundation.errors import InputError
from workbench.vault import Vault


class Scratch:
    """A private folder outside the workspace that is removed at the end of the context.

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
            _remove_abandoned(self.folder.parent)
            self._lock.acquire()  # before the folder is made, so that no other process removes it
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


def _remove_abandoned(parent: Path) -> None:
    """Remove the folders whose process has ended."""
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
