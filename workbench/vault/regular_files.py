"""Open stored files; a folder, a link or a pipe in the place of a file is refused.

A link could lead to a file outside the workspace, and a pipe would make the reader wait for ever.
"""

import errno
import os
import stat
from io import FileIO
from pathlib import Path

from workbench.foundation.errors import InputError

#: Numbers of errors that have their cause in the process that reads and not in the file.
_NOT_DAMAGED = {errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM}

_NO_FILE = "{} instead of a file"


def open_regular(path: Path) -> FileIO:
    """Open a regular file to read it.

    Raises
    ------
    OSError
        There is no file, or it cannot be read; ``strerror`` names what is there instead of a file.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, _NO_FILE.format("a link")) from error
        raise
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        found = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise OSError(errno.EINVAL, _NO_FILE.format(found))
    return FileIO(handle)


def read_regular(path: Path) -> bytes:
    """Return the content of a regular file, see ``open_regular``.

    Raises
    ------
    InputError
        The file may be whole, but this process cannot read it.
    OSError
        There is no file, or it is damaged.
    """
    try:
        with open_regular(path) as file:
            return file.readall()
    except OSError as error:
        if error.errno in _NOT_DAMAGED:
            raise _not_readable(path, error.errno) from error
        raise


def require_permission(path: Path) -> None:
    """Refuse a file that this user may not read, since nobody knows whether it is damaged.

    Raises
    ------
    InputError
        There is such a file.
    """
    if path.exists() and not os.access(path, os.R_OK):
        raise _not_readable(path, errno.EACCES)


def _not_readable(path: Path, number: int) -> InputError:
    todo = "run the command again when more memory and open files are free"
    if number in {errno.EACCES, errno.EPERM}:
        todo = "run the command as the user who owns the file"
    return InputError(f"cannot read {path}: {os.strerror(number)}; {todo}")
