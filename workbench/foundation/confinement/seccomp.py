"""A filter of system calls that allows local stream sockets without ``connect`` and no others.

The kernel of a notebook binds the sockets through which the runner sends it cells, and needs no
other socket. The filter refuses sockets of any other family or type (a datagram can reach a local
socket outside without ``connect``), ``io_uring`` (it makes sockets that the filter does not see),
System V IPC, key rings, reading or tracing other processes, and new namespaces, in which a process
would have capabilities again.

The number of the error matters: libzmq aborts on ``EAFNOSUPPORT``, ``EACCES`` and ``EPERM`` when
ipykernel binds a network address for the output of forked children. On ``EOPNOTSUPP`` ipykernel
warns and goes on; the output of forked children is then lost.
"""

import ctypes
import errno
import socket

from workbench.foundation.confinement.system_calls import machine, number_of, prctl

_REFUSED = (
    "add_key",
    "bpf",
    "connect",
    "io_uring_enter",
    "io_uring_register",
    "io_uring_setup",
    "keyctl",
    "msgctl",
    "msgget",
    "msgrcv",
    "msgsnd",
    "open_by_handle_at",
    "perf_event_open",
    "pidfd_getfd",
    "process_vm_readv",
    "process_vm_writev",
    "ptrace",
    "request_key",
    "semctl",
    "semget",
    "semop",
    "semtimedop",
    "setns",
    "shmat",
    "shmctl",
    "shmdt",
    "shmget",
    "unshare",
    "userfaultfd",
)

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x40000000  # first number of the second table of calls on x86-64
_NEW_NAMESPACES = 0x7E020000  # flags of clone

# Instructions of the filter are documented in linux/bpf_common.h.
_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_BITS = 0x15, 0x35, 0x45
# These are offsets into the description of a call: its number, the architecture, two arguments.
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000

_SET_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2

_Instruction = tuple[int, int, int, int]


class _Statement(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("statements", ctypes.POINTER(_Statement)))


def forbid_new_privileges() -> None:
    """Forbid that a started program has more rights than this process; Landlock requires it."""
    prctl(_SET_NO_NEW_PRIVILEGES, 1)


def restrict_system_calls() -> bool:
    """Install the filter for this thread and its children; return whether it is in force."""
    try:
        instructions = _instructions()
        statements = (_Statement * len(instructions))(*(_Statement(*each) for each in instructions))
        prctl(_SET_SECCOMP, _FILTER, ctypes.byref(_Program(len(instructions), statements)))
    except OSError:
        return False
    return True


def _instructions() -> list[_Instruction]:
    architecture = machine()
    made: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, _ARCHITECTURES[architecture]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if architecture == "x86_64":
        made += [(_JUMP_GREATER_EQUAL, 0, 1, _X32), _refuse(errno.EPERM)]
    for name in _REFUSED:
        made += [(_JUMP_EQUAL, 0, 1, number_of(name)), _refuse(errno.EPERM)]
    # The flags of clone3 are in memory, which a filter cannot read. On ENOSYS the C library calls
    # clone instead, whose flags are an argument.
    made += [(_JUMP_EQUAL, 0, 1, number_of("clone3")), _refuse(errno.ENOSYS)]
    return [
        *made,
        (_JUMP_EQUAL, 0, 4, number_of("clone")),
        (_LOAD, 0, 0, _FIRST),
        (_JUMP_BITS, 0, 1, _NEW_NAMESPACES),
        _refuse(errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
        (_JUMP_EQUAL, 1, 0, number_of("socket")),
        (_JUMP_EQUAL, 0, 5, number_of("socketpair")),
        (_LOAD, 0, 0, _FIRST),
        (_JUMP_EQUAL, 0, 4, int(socket.AF_UNIX)),
        (_LOAD, 0, 0, _SECOND),
        (_AND, 0, 0, 0xF),  # removes the flags "close on exec" and "non-blocking"
        (_JUMP_EQUAL, 0, 1, int(socket.SOCK_STREAM)),
        (_RETURN, 0, 0, _ALLOW),
        _refuse(errno.EOPNOTSUPP),
    ]


def _refuse(number: int) -> _Instruction:
    return (_RETURN, 0, 0, _ERROR | number)
