"""Folders that only their owner can open."""

import os
import stat
from pathlib import Path

from workbench.foundation.errors import AccessError, InputError


def make_private(folder: Path) -> None:
    """Make a folder, and those above it, unless it exists.

    Raises
    ------
    InputError
        The folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror}") from error


def require_private(folder: Path) -> None:
    """Refuse a folder for temporary files that is somebody else's, or that others can open.

    Raises
    ------
    AccessError
        The folder is not private to this user.
    """
    held = folder.lstat()
    if held.st_uid != os.getuid() or stat.S_IMODE(held.st_mode) & 0o077:
        raise AccessError(f"{folder} is not private to you: remove it, or set TMPDIR")
