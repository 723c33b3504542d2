"""Namespaces of the process's own: other processes are not there, and the file system is read-only.

``unshare`` is asked for all namespaces at once, first with a user namespace, which an ordinary user
needs and root can have, then without. Where it is refused nothing has changed. What is mounted
afterwards is tried part by part: a container may forbid a fresh ``/proc`` and allow the rest.
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
_HERE, _ALL_BELOW, _READ_ONLY = -100, 0x8000, 0x1  # of mount_setattr

_PROC, _SHARED_MEMORY = "/proc", "/dev/shm"  # noqa: S108 - a mount of the process's own
_DROP_BOUND, _AMBIENT, _CLEAR_ALL = 24, 47, 4  # of prctl
_CAPABILITIES = 64  # more than any kernel has


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("user_namespace", ctypes.c_uint64),
    )


def unshare() -> bool:
    """Give this process own mounts and IPC, and its next child a process namespace of its own.

    Returns
    -------
    bool
        False where the system refuses it, and nothing has changed.
    """
    user, group = os.geteuid(), os.getegid()
    for flags in (_OWN | _NEW_USER, _OWN):
        try:
            call("unshare", flags)
        except OSError:
            continue
        if flags & _NEW_USER:
            # the same numbers inside as outside, so that files keep their owner
            with contextlib.suppress(OSError):
                Path("/proc/self/setgroups").write_text("deny", encoding="utf-8")
                Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="utf-8")
                Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="utf-8")
        return True
    return False


def mount_own(folder: Path) -> Iterator[str]:
    """Mount what a confined process sees, in the first process of the new namespaces.

    Parameters
    ----------
    folder : Path
        The only folder that stays writable; the current folder is set to it.

    Yields
    ------
    str
        Name of each part that holds: ``proc``, ``shared_memory``, ``read_only``.
    """
    try:
        mount(None, "/", None, _RECURSIVE | _SLAVE)  # else the mounts below appear outside too
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
        _change("/", _ALL_BELOW, _Attributes(set=_READ_ONLY))
        for place in writable:
            _change(place, 0, _Attributes(clear=_READ_ONLY))
        yield "read_only"
    os.chdir(folder)  # the current folder was in the mount below, which is read-only now


def drop_capabilities() -> None:
    """Take from this process what root may do beyond an ordinary user."""
    with contextlib.suppress(OSError):
        prctl(_AMBIENT, _CLEAR_ALL)
    for number in range(_CAPABILITIES):
        with contextlib.suppress(OSError):
            prctl(_DROP_BOUND, number)
    # version 3 of the structure, for this process; three words of 64 bits, all of them empty
    head = (ctypes.c_uint32 * 2)(0x20080522, 0)
    call("capset", ctypes.byref(head), ctypes.byref((ctypes.c_uint32 * 6)()))


def _change(place: str, flags: int, attributes: _Attributes) -> None:
    size = ctypes.sizeof(attributes)
    call("mount_setattr", _HERE, place.encode(), flags, ctypes.byref(attributes), size)
