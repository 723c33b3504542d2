"""System calls of Linux for which Python 3.11 has no function, by name and architecture."""

import ctypes
import os
import platform

#: Numbers of system calls on x86-64 and on aarch64; they are equal from 424 on.
_NUMBERS: dict[str, tuple[int, int]] = {
    "add_key": (248, 217),
    "bpf": (321, 280),
    "capset": (126, 91),
    "clone": (56, 220),
    "clone3": (435, 435),
    "connect": (42, 203),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "keyctl": (250, 219),
    "landlock_add_rule": (445, 445),
    "landlock_create_ruleset": (444, 444),
    "landlock_restrict_self": (446, 446),
    "mount_setattr": (442, 442),
    "msgctl": (71, 187),
    "msgget": (68, 186),
    "msgrcv": (70, 188),
    "msgsnd": (69, 189),
    "open_by_handle_at": (304, 265),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "request_key": (249, 218),
    "semctl": (66, 191),
    "semget": (64, 190),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "setns": (308, 268),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "shmdt": (67, 197),
    "shmget": (29, 194),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
}
_MACHINES = ("x86_64", "aarch64")

_LIBRARY = ctypes.CDLL(None, use_errno=True)


def machine() -> str:
    """Return the architecture, ``x86_64`` or ``aarch64``.

    Raises
    ------
    OSError
        The table above has no numbers for this architecture.
    """
    name = platform.machine()
    if name not in _MACHINES or ctypes.sizeof(ctypes.c_void_p) != 8:
        raise OSError(f"the numbers of the system calls on {name} are not listed")
    return name


def number_of(name: str) -> int:
    """Return the number of a system call on this architecture."""
    return _NUMBERS[name][_MACHINES.index(machine())]


def call(name: str, *arguments: object) -> int:
    """Make a system call.

    Parameters
    ----------
    name : str
        Name of the call, one of the table above.
    *arguments : int or ctypes value
        Arguments of the call; a plain number is passed with 64 bits.

    Raises
    ------
    OSError
        The system refused the call.
    """
    numbers = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return _checked(_LIBRARY.syscall(ctypes.c_long(number_of(name)), *numbers))


def prctl(option: int, *arguments: object) -> None:
    """Set a property of the calling process; raise OSError if the system refuses."""
    numbers = [ctypes.c_ulong(each) if isinstance(each, int) else each for each in arguments]
    _checked(
        _LIBRARY.prctl(ctypes.c_int(option), *numbers, *[ctypes.c_ulong(0)] * (4 - len(numbers)))
    )


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
    """Mount a file system; raise OSError if the system refuses."""
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    _checked(_LIBRARY.mount(*texts, ctypes.c_ulong(flags), data.encode() or None))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
