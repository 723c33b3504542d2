"""Landlock: Linux refuses this thread and its children every file that no rule names.

A rule allows rights on a folder and everything below it. Rights that an older version of Landlock
does not have are left out of the rules, so the actions that they would refuse stay possible. No
version covers ``chmod``, ``utime`` and ``setxattr``; therefore ``namespaces`` makes the file system
read-only as well.

References
----------
Linux documentation, userspace-api/landlock: versions and rights.
"""

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

from workbench.foundation.confinement.system_calls import call

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_READ = _EXECUTE | _READ_FILE | _READ_DIR

#: Number of rights on files in versions 1 to 5; later versions have as many as version 5.
_RIGHTS = (13, 14, 15, 15, 16)
_NETWORK = 0b11  # binding and connecting of TCP sockets, refused from version 4
_SCOPES = 0b11  # abstract sockets and signals to others, refused from version 6


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _Rule(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def landlock_version() -> int:
    """Return the system's version of Landlock, 0 if it has none."""
    try:
        return call("landlock_create_ruleset", None, 0, 1)
    except OSError:
        return 0


def restrict_files(
    *, reads: Iterable[Path], writes: Iterable[Path], devices: Iterable[Path]
) -> int:
    """Refuse this thread and its children every file but these; return Landlock's version.

    Parameters
    ----------
    reads : iterable of Path
        Files and folders to read and execute; those that do not exist are left out.
    writes : iterable of Path
        Folders to read and change.
    devices : iterable of Path
        Device files to read and write.

    Returns
    -------
    int
        Version of Landlock, 0 if the system has none, and then no file is refused.
    """
    version = landlock_version()
    if version == 0:
        return 0
    handled = (1 << _RIGHTS[min(version, len(_RIGHTS)) - 1]) - 1
    ruleset = _Ruleset(handled, _NETWORK, _SCOPES)
    size = 8 if version < 4 else 16 if version < 6 else 24
    rules = call("landlock_create_ruleset", ctypes.byref(ruleset), size, 0)
    try:
        for path in reads:
            _allow(rules, path, _READ & handled)
        for path in writes:
            _allow(rules, path, handled & ~(_MAKE_CHAR | _MAKE_BLOCK | _IOCTL_DEV))
        for path in devices:
            _allow(rules, path, (_READ_FILE | _WRITE_FILE | _TRUNCATE) & handled)
        call("landlock_restrict_self", rules, 0)
    finally:
        os.close(rules)
    return version


def _allow(rules: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return
    try:
        # Landlock refuses a rule on a file that has a right on folders.
        rule = _Rule(rights if path.is_dir() else rights & _ON_FILES, place)
        call("landlock_add_rule", rules, 1, ctypes.byref(rule), 0)
    finally:
        os.close(place)
