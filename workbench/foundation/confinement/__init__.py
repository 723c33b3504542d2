"""Confinement: the kernel of a notebook can reach its view and its own folder and nothing else.

On Linux a process confines itself before it becomes a kernel, as root and as an ordinary user. Each
part of the confinement binds only the thread that asks for it and the threads and processes that
this thread starts later. So this package imports no library that could have started a thread.

    part                     what the part refuses                                 without the part
    own process namespace    seeing and signalling others, outliving the run       a subreaper
    read-only file system    chmod, utime, setxattr and writing outside            reported
    own /proc                looking at the processes around the kernel            a few files of it
    own /dev/shm             shared memory of other programs                       no /dev/shm
    Landlock                 reading outside the view, writing outside the folder  reported
    system call filter       every socket but local streams, connect, ptrace       reported
    no capabilities          the rights of root beyond an ordinary user            nothing

A machine may lack a part. The process then goes on without it, and ``Confinement.missing`` lists
the consequences as clauses that every run keeps beside its record. The order matters: the mounts
need capabilities, Landlock and the filter need a process that cannot get new privileges, and the
filter comes last because it forbids the calls that the other parts make.

Each part alone has a gap that another one closes. Landlock does not cover ``chmod``, so the file
system is read-only. A process with capabilities can undo a mount, so they are dropped. ``io_uring``
makes sockets that a filter of ``socket`` does not see, so it is refused.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from workbench.foundation.confinement.landlock import restrict_files
from workbench.foundation.confinement.namespaces import drop_capabilities, mount_own, unshare
from workbench.foundation.confinement.process_tree import fork_into_namespace, fork_under_subreaper
from workbench.foundation.confinement.seccomp import forbid_new_privileges, restrict_system_calls

__all__ = ["PACKAGE", "Confinement", "confine", "readable_folders"]

#: Folder of this package's modules.
PACKAGE = Path(__file__).parents[2]

#: First version of Landlock that refuses signals to other processes.
_SIGNALS = 6
#: First version of Landlock that refuses to shorten files outside the folder. A read-only file
#: system refuses it too.
_TRUNCATION = 3

#: Folders of a prefix in which Python and its libraries are installed. The prefix itself is not
#: readable, because it may be a project folder with a workspace in it.
_INSTALLED = ("bin", "lib", "lib64", "share", "pyvenv.cfg")

#: Files and folders of programs, of libraries and of the settings that both need in order to start.
#: ``/usr`` as a whole is not listed, because images of containers keep projects in ``/usr/src``.
_SYSTEM = (
    *(f"/usr/{name}" for name in ("bin", "sbin", "lib", "lib32", "lib64", "libexec", "share")),
    *(f"/usr/local/{name}" for name in ("bin", "lib", "lib64", "share")),
    *("/bin", "/sbin", "/lib", "/lib32", "/lib64"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/timezone", "/etc/mime.types"),
    *("/etc/fonts", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/var/cache/fontconfig"),
    *("/sys/devices/system/cpu", "/sys/fs/cgroup"),  # how many processors there are
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")

#: Names in a ``/proc`` of all processes that a confined process may read.
_PROC_NAMES = ("self", "cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "uptime", "version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """The parts of the confinement that are in force for a process.

    Attributes
    ----------
    own_processes : bool
        The process has a process namespace of its own.
    ends_descendants : bool
        Every process that it starts ends with it.
    read_only : bool
        The process can change only files of its own folder; permissions and times are covered too.
    own_proc, own_shared_memory : bool
        The process has a ``/proc`` and a ``/dev/shm`` of its own.
    landlock : int
        Version of Landlock that restricts the process, 0 for none.
    system_calls : bool
        The filter of system calls is installed.
    """

    own_processes: bool = False
    ends_descendants: bool = False
    read_only: bool = False
    own_proc: bool = False
    own_shared_memory: bool = False
    landlock: int = 0
    system_calls: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """A clause for each action that the process can still do; empty if every part holds."""
        signals = self.own_processes or self.landlock >= _SIGNALS
        shortened = self.read_only or self.landlock >= _TRUNCATION
        clauses = {
            "it can read files of the user who runs it": self.landlock > 0,
            "it can write files of the user who runs it": self.read_only or self.landlock > 0,
            "it can shorten files of the user who runs it": shortened or self.landlock == 0,
            "it can change permissions and times of the user's files": self.read_only,
            "it can open network connections": self.system_calls,
            "it can send signals to the user's other processes": signals,
            "what it starts can outlive the run": self.ends_descendants,
        }
        return tuple(clause for clause, holds in clauses.items() if not holds)

    def as_json(self) -> dict[str, Any]:
        """Return the parts in force and the missing ones, as ``execution.json`` contains them."""
        return {**asdict(self), "missing": list(self.missing)}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Return the confinement that ``as_json`` described."""
        return cls(**{name: each for name, each in content.items() if name != "missing"})


def confine(folder: Path, *, reads: Iterable[Path]) -> Confinement:
    """Confine a child of this process, and return only in that child.

    The calling process becomes the waiter of the child, see ``process_tree``. Where the system has
    namespaces or a subreaper, this function never returns in the calling process.

    Parameters
    ----------
    folder : Path
        Folder that the confined process may write, and its current folder from then on.
    reads : iterable of Path
        Files and folders that the confined process may read besides Python, its libraries and this
        package.

    Returns
    -------
    Confinement
        The parts in force; none on a system other than Linux.
    """
    if sys.platform != "linux":
        return Confinement()
    parts: frozenset[str] = frozenset()
    has_namespace = False
    with contextlib.suppress(OSError):
        has_namespace = unshare()
    if has_namespace:
        parts = fork_into_namespace(lambda: mount_own(folder))
        ends_descendants = True
    else:
        ends_descendants = fork_under_subreaper()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    landlock, system_calls = 0, False
    with contextlib.suppress(OSError):
        drop_capabilities()
    with contextlib.suppress(OSError):
        forbid_new_privileges()
        landlock = restrict_files(
            reads=[*readable_folders(), *_readable_proc("proc" in parts), *reads],
            writes=[folder, *([Path("/dev/shm")] if "shared_memory" in parts else [])],  # noqa: S108 - its own
            devices=map(Path, _DEVICES),
        )
    with contextlib.suppress(OSError):
        system_calls = restrict_system_calls()
    return Confinement(
        own_processes=has_namespace,
        ends_descendants=ends_descendants,
        read_only="read_only" in parts,
        own_proc="proc" in parts,
        own_shared_memory="shared_memory" in parts,
        landlock=landlock,
        system_calls=system_calls,
    )


def readable_folders() -> list[Path]:
    """Return the files and folders that every confined process may read."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    installed = [Path(prefix) / name for prefix in sorted(prefixes) for name in _INSTALLED]
    standard = Path(os.__file__).parent
    libraries = [Path(name) for name in os.environ.get("LD_LIBRARY_PATH", "").split(":") if name]
    return [*installed, standard, *libraries, PACKAGE, *map(Path, _SYSTEM)]


def _readable_proc(is_own: bool) -> list[Path]:
    proc = Path("/proc")
    return [proc] if is_own else [proc / name for name in _PROC_NAMES]
