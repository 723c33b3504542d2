"""Namespaces of a process's own: it sees no other process, and its file system is read-only.

The system is asked for all namespaces at once: first together with a user namespace, which an
ordinary user needs and root may have, then without. If it refuses, the process is unchanged. The
mounts afterwards are tried one by one, because a container may forbid a new ``/proc`` and allow the
others.
"""

import contextlib
import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

from workbench.foundation.confinement.system_calls import call, mount, prctl

_NEW_MOUNTS, _NEW_IPC, _NEW_USER, _NEW_PROCESSES = 0x20000, 0x08000000, 0x10000000, 0x20000000
_OWN = _NEW_MOUNTS | _NEW_IPC | _NEW_PROCESSES
_BIND, _RECURSIVE, _SLAVE = 0x1000, 0x4000, 0x80000
_NO_SETUID, _NO_DEVICES, _NO_PROGRAMS = 0x2, 0x4, 0x8
_HERE, _ALL_BELOW, _READ_ONLY = -100, 0x8000, 0x1  # options of mount_setattr

_PROC, _SHARED_MEMORY = "/proc", "/dev/shm"  # noqa: S108 - a mount of the process's own
_DROP_BOUND, _AMBIENT, _CLEAR_ALL = 24, 47, 4  # options of prctl
_CAPABILITIES = 64  # larger than the number of capabilities in any version of Linux


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("user_namespace", ctypes.c_uint64),
    )


def unshare() -> bool:
    """Give this process its own mounts and IPC, and its next child its own process namespace.

    Returns
    -------
    bool
        False if the system refuses, and then the process is unchanged.
    """
    user, group = os.geteuid(), os.getegid()
    for flags in (_OWN | _NEW_USER, _OWN):
        try:
            call("unshare", flags)
        except OSError:
            continue
        if flags & _NEW_USER:
            # Users and groups keep their numbers inside, so that files keep their owner.
            with contextlib.suppress(OSError):
                Path("/proc/self/setgroups").write_text("deny", encoding="utf-8")
                Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="utf-8")
                Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="utf-8")
        return True
    return False


def mount_own(folder: Path) -> Iterator[str]:
    """Mount the file systems of a confined process, in the first process of its namespaces.

    Parameters
    ----------
    folder : Path
        Folder that stays writable, the only one; it becomes the current folder.

    Yields
    ------
    str
        Name of each part that is in force: ``proc``, ``shared_memory``, ``read_only``.
    """
    try:
        # Without this the mounts below would appear in the file system outside too.
        mount(None, "/", None, _RECURSIVE | _SLAVE)
    except OSError:
        return
    flags = _NO_SETUID | _NO_DEVICES | _NO_PROGRAMS
    writable = [str(folder)]
    with contextlib.suppress(OSError):
        mount("proc", _PROC, "proc", flags)
        yield "proc"
    with contextlib.suppress(OSError):
        mount("tmpfs", _SHARED_MEMORY, "tmpfs", flags, "mode=1777")
        writable.append(_SHARED_MEMORY)
        yield "shared_memory"
    with contextlib.suppress(OSError):
        mount(str(folder), str(folder), None, _BIND)
        _change_mount("/", _ALL_BELOW, _Attributes(set=_READ_ONLY))
        for place in writable:
            _change_mount(place, 0, _Attributes(clear=_READ_ONLY))
        yield "read_only"
    # The current folder may still belong to the mount underneath, which is read-only now.
    os.chdir(folder)


def drop_capabilities() -> None:
    """Drop the capabilities of this process: the rights of root beyond an ordinary user."""
    with contextlib.suppress(OSError):
        prctl(_AMBIENT, _CLEAR_ALL)
    for number in range(_CAPABILITIES):
        with contextlib.suppress(OSError):
            prctl(_DROP_BOUND, number)
    # The head asks for version 3 of the structure, for this process; three empty words of 64 bits
    # follow, so that no capability is left.
    head = (ctypes.c_uint32 * 2)(0x20080522, 0)
    call("capset", ctypes.byref(head), ctypes.byref((ctypes.c_uint32 * 6)()))


def _change_mount(place: str, flags: int, attributes: _Attributes) -> None:
    size = ctypes.sizeof(attributes)
    call("mount_setattr", _HERE, place.encode(), flags, ctypes.byref(attributes), size)
