"""Confinement: a notebook's kernel can reach its view and its own folder and nothing else.

On Linux a process confines itself before it becomes a kernel, as root and as an ordinary user. The
parts bind only the thread that asks for them and what it starts later, so this package imports no
library that could have started a thread.

    part                     what it refuses                                       without it
    own process namespace    seeing and signalling others, outliving the run       a subreaper
    read-only file system    chmod, utime, setxattr and writing outside            said
    own /proc                looking at the processes that stay behind             a few files of it
    own /dev/shm             shared memory of other programs                       none at all
    Landlock                 reading outside the view, writing outside the folder  said
    system call filter       every socket but local streams, connect, ptrace       said
    no capabilities          what root may do beyond an ordinary user

What a machine cannot do is done without, and ``Confinement.missing`` says so in sentences that
every run keeps beside its record. The order matters: the mounts need capabilities, Landlock and the
filter need that no program can get new privileges, and the filter comes last.

Each part alone has a hole that another one closes. Landlock does not cover ``chmod``, so the file
system is read-only; a mount can be undone by whoever has capabilities, so they are dropped;
``io_uring`` makes sockets that no filter of ``socket`` sees, so it is refused.
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

#: Version of Landlock from which on signals to other processes are refused.
_SIGNALS = 6
#: Version from which on files outside cannot be shortened, where the file system is not read-only.
_TRUNCATION = 3

#: Folders of a prefix in which Python and its libraries are installed. The prefix itself may be a
#: project folder, with a workspace in it.
_INSTALLED = ("bin", "lib", "lib64", "share", "pyvenv.cfg")

#: Where programs, libraries and what they need in order to start are installed. ``/usr`` as a whole
#: is not, because images of containers keep projects in ``/usr/src``.
_SYSTEM = (
    *(f"/usr/{name}" for name in ("bin", "sbin", "lib", "lib32", "lib64", "libexec", "share")),
    *(f"/usr/local/{name}" for name in ("bin", "lib", "lib64", "share")),
    *("/bin", "/sbin", "/lib", "/lib32", "/lib64"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/timezone", "/etc/mime.types"),
    *("/etc/fonts", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/var/cache/fontconfig"),
    *("/sys/devices/system/cpu", "/sys/fs/cgroup"),  # how many processors there are
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")

#: What stays readable of a /proc that shows all processes.
_OF_PROC = ("self", "cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "uptime", "version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What holds for a process.

    Attributes
    ----------
    own_processes : bool
        It has a process namespace of its own.
    ends_descendants : bool
        Whatever it starts ends with it.
    read_only : bool
        It can change no file but those of its own folder, nor their permissions and times.
    own_proc, own_shared_memory : bool
        It has a ``/proc`` and a ``/dev/shm`` of its own.
    landlock : int
        Version of Landlock that restricts it, 0 for none.
    system_calls : bool
        The filter is installed.
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
        """What the process can do that it should not, a clause for each; empty where all holds."""
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
        """Return what holds and what is missing, as ``execution.json`` keeps it."""
        return {**asdict(self), "missing": list(self.missing)}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Read what ``as_json`` returned."""
        return cls(**{name: each for name, each in content.items() if name != "missing"})


def confine(folder: Path, *, reads: Iterable[Path]) -> Confinement:
    """Confine this process; return in the process that is confined, a child of the caller's.

    The calling process stays behind as its waiter, see ``process_tree``, and never returns where
    the system has namespaces or a subreaper.

    Parameters
    ----------
    folder : Path
        The one folder that it may write; its current folder from then on.
    reads : iterable of Path
        What it may read besides Python, its libraries and this package.

    Returns
    -------
    Confinement
        What holds; nothing at all on a system other than Linux.
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
            reads=[*readable_folders(), *_proc("proc" in parts), *reads],
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


def _proc(is_own: bool) -> list[Path]:
    proc = Path("/proc")
    return [proc] if is_own else [proc / name for name in _OF_PROC]
