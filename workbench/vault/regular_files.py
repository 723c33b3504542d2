"""Open stored files; a folder, a link or a pipe in the place of a file is refused.

A link could lead to a file outside the workspace, and a pipe would make the reader wait for ever.
"""

import errno
import os
import stat
from io import FileIO
from pathlib import Path

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
    """Return the content of a regular file, see ``open_regular``."""
    with open_regular(path) as file:
        return file.readall()
