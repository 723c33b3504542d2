"""The processes around a kernel: its descendants end with it, and the runner sees how it ended.

    runner ── waiter ── first process ── kernel ── its descendants      with namespaces
    runner ── waiter ── kernel ── its descendants                       without

The *waiter* is the process that the runner started. It waits for the kernel and ends as the kernel
ended, by the same exit code or signal. The *first process* of a process namespace collects
processes whose parent ended; when it ends, the system ends every other process of the namespace.
The kernel itself cannot be the first process, because a first process ignores signals from inside
its namespace, even ``SIGKILL``. Without namespaces the waiter collects those processes itself (as a
*subreaper*) and ends them after the kernel. They outlive the run only if ``SIGKILL`` ends the
waiter.

If the runner is killed, the waiter ends, and with it every other process. Waiter and first process
are forked before any thread starts, and they keep no file open but the pipe between them.
"""

import contextlib
import os
import resource
import select
import signal
import sys
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

from workbench.foundation.confinement.system_calls import prctl

_PARENT_DEATH_SIGNAL, _CHILD_SUBREAPER = 1, 36  # options of prctl

#: Environment variable in which Jupyter gives a kernel the number of the process that started it.
_STARTER = "JPY_PARENT_PID"


def fork_into_namespace(prepare: Callable[[], Iterable[str]]) -> frozenset[str]:
    """Fork a first process and a kernel's process; return only in the kernel's.

    Parameters
    ----------
    prepare : callable
        Function that mounts the kernel's file systems and returns the names of the parts in force;
        it runs in the first process.

    Returns
    -------
    frozenset of str
        The names of the parts in force.
    """
    # ipykernel would look for the starter's number in its own namespace, where it does not exist.
    starter = os.environ.pop(_STARTER, "")
    status_end, write_end = os.pipe()
    first = os.fork()
    if first:
        os.close(write_end)
        _ignore_interrupts(status_end)
        signal.signal(signal.SIGTERM, lambda *_: os.kill(first, signal.SIGTERM))
        _end_with(starter, signal.SIGKILL)
        status = os.read(status_end, 32)
        os.waitpid(first, 0)
        _end_like(int(status) if status else signal.SIGKILL)
    prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    os.close(status_end)
    if _has_no_reader(write_end):  # The waiter ended before the line above asked for its signal.
        os._exit(1)
    parts = frozenset(prepare())
    kernel = os.fork()
    if kernel:
        _ignore_interrupts(write_end)
        status_of_kernel = _await_end(kernel)
        # The system would end the descendants too, but it would not count their CPU time.
        with contextlib.suppress(ProcessLookupError):
            if os.getpid() == 1:  # In its own namespace, -1 means every process of the namespace.
                os.kill(-1, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.wait()
        os.write(write_end, str(status_of_kernel).encode())
        os._exit(0)
    os.close(write_end)
    return parts


def fork_under_subreaper() -> bool:
    """Fork a kernel's process, whose descendants this process ends; return only in the kernel's.

    Returns
    -------
    bool
        False if the system has no subreaper, and then nothing was forked.
    """
    try:
        prctl(_CHILD_SUBREAPER, 1)
    except (AttributeError, OSError):
        return False
    starter = os.environ.get(_STARTER, "")
    waiter = os.getpid()
    kernel = os.fork()
    if kernel == 0:
        prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        os.environ[_STARTER] = str(waiter)
        return True
    _ignore_interrupts()
    _end_with(starter, signal.SIGTERM)
    status = _await_end(kernel)
    _end_descendants()
    _end_like(status)


def _ignore_interrupts(*kept: int) -> None:
    """Ignore interrupts, which also reach the kernel, and close every file but ``kept``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The list of open files in /proc cannot be used, because the first process may mount a /proc
    # that does not contain this process.
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    edges = [2, *sorted(kept), most]
    for before, after in pairwise(edges):
        os.closerange(before + 1, after)


def _await_end(kernel: int) -> int:
    """Collect ended processes until the kernel has ended; return its status.

    When this process receives ``SIGTERM`` it kills the kernel, because a kernel may ignore
    ``SIGTERM``.
    """
    signal.signal(signal.SIGTERM, lambda *_: os.kill(kernel, signal.SIGKILL))
    while True:
        process, status = os.wait()
        if process == kernel:
            return status


def _end_with(starter: str, number: signal.Signals) -> None:
    """Let this process receive the signal ``number`` when its starter ends."""
    prctl(_PARENT_DEATH_SIGNAL, number)
    if starter and os.getppid() != int(starter):  # The starter ended before the call above.
        os.kill(os.getpid(), number)


def _has_no_reader(pipe: int) -> bool:
    """Return whether every process has closed the other end of a pipe."""
    poll = select.poll()
    poll.register(pipe, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _end_descendants() -> None:
    """Kill children until none is left: the children of a killed child become this process's."""
    while True:
        for child in _find_children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        try:
            os.wait()
        except ChildProcessError:
            return


def _find_children() -> list[int]:
    parent, found = str(os.getpid()), []
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            with contextlib.suppress(OSError):
                # The name of a program, in brackets, can itself contain blanks and brackets.
                fields = (place / "stat").read_text().rpartition(")")[2].split()
                if fields[1] == parent:
                    found.append(int(place.name))
    return found


def _end_like(status: int) -> NoReturn:
    """End this process with the exit code or signal of a process that has ended."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    sys.stdout.flush()
    os._exit(os.WEXITSTATUS(status))
