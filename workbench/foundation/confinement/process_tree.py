"""The processes around a kernel: all that it starts ends with it, and its end is told as it was.

    runner ── waiter ── first process ── kernel ── whatever it starts      with namespaces
    runner ── waiter ── kernel ── whatever it starts                       without

The *waiter* is the process that the runner started. It waits and ends as the kernel ended, by the
same exit code or signal. The *first process* of a process namespace collects processes whose parent
is gone; when it ends, the system ends every process of the namespace, however it was started. The
kernel itself cannot be the first process, because that one ignores signals from inside, ``SIGKILL``
too. Without namespaces the waiter collects those processes itself (a *subreaper*) and ends them
after the kernel; they outlive the run only if the waiter itself is killed by ``SIGKILL``.

If the runner is killed the waiter ends, and with it everything else. Both of them forked off before
any thread was started and hold nothing open but the pipe between them.
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

_PARENT_DEATH_SIGNAL, _CHILD_SUBREAPER = 1, 36  # of prctl

#: Environment variable with the number of the process that started a kernel, as Jupyter sets it.
_STARTER = "JPY_PARENT_PID"


def fork_into_namespace(prepare: Callable[[], Iterable[str]]) -> frozenset[str]:
    """Fork a first process and a kernel's process; return only in the kernel's.

    Parameters
    ----------
    prepare : callable
        Mounts what the kernel sees, in the first process, and names the parts that hold.

    Returns
    -------
    frozenset of str
        The names of the parts.
    """
    starter = os.environ.pop(_STARTER, "")  # ipykernel would look for it in its own namespace
    end, told = os.pipe()
    first = os.fork()
    if first:
        os.close(told)
        _stay_behind(end)
        signal.signal(signal.SIGTERM, lambda *_: os.kill(first, signal.SIGTERM))
        _end_with(starter, signal.SIGKILL)
        status = os.read(end, 32)
        os.waitpid(first, 0)
        _end_as(int(status) if status else signal.SIGKILL)
    prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    os.close(end)
    if _is_unread(told):  # the waiter ended before it could be waited for
        os._exit(1)
    parts = frozenset(prepare())
    kernel = os.fork()
    if kernel:
        _stay_behind(told)
        ended = _await_end(kernel)
        # the system would end them too, but would not count their CPU time
        with contextlib.suppress(ProcessLookupError):
            if os.getpid() == 1:  # all processes, which are those of this namespace
                os.kill(-1, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.wait()
        os.write(told, str(ended).encode())
        os._exit(0)
    os.close(told)
    return parts


def fork_under_subreaper() -> bool:
    """Fork a kernel's process below a waiter that ends its descendants; return in the kernel's.

    Returns
    -------
    bool
        False where the system has no subreaper; nothing was forked then.
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
    _stay_behind()
    _end_with(starter, signal.SIGTERM)
    ended = _await_end(kernel)
    _end_descendants()
    _end_as(ended)


def _stay_behind(*kept: int) -> None:
    """Close every file but ``kept``, and leave interrupts, sent to all three, to the kernel."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # no list of what is open: meanwhile the first process may mount a /proc without this process
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    edges = [2, *sorted(kept), most]
    for before, after in pairwise(edges):
        os.closerange(before + 1, after)


def _await_end(kernel: int) -> int:
    """Collect ended processes until the kernel has ended; return its status.

    Asked to end, this process kills the kernel, which may ignore that signal itself.
    """
    signal.signal(signal.SIGTERM, lambda *_: os.kill(kernel, signal.SIGKILL))
    while True:
        process, status = os.wait()
        if process == kernel:
            return status


def _end_with(starter: str, number: signal.Signals) -> None:
    prctl(_PARENT_DEATH_SIGNAL, number)
    if starter and os.getppid() != int(starter):  # it ended before this process asked for that
        os.kill(os.getpid(), number)


def _is_unread(pipe: int) -> bool:
    """Whether nobody has the other end of a pipe open any more."""
    poll = select.poll()
    poll.register(pipe, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _end_descendants() -> None:
    """Kill children until there is none: a killed one's children become this process's own."""
    while True:
        for child in _children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        try:
            os.wait()
        except ChildProcessError:
            return


def _children() -> list[int]:
    parent, found = str(os.getpid()), []
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            with contextlib.suppress(OSError):
                # the name of a program, in brackets, can hold blanks and brackets itself
                fields = (place / "stat").read_text().rpartition(")")[2].split()
                if fields[1] == parent:
                    found.append(int(place.name))
    return found


def _end_as(status: int) -> NoReturn:
    """End this process as another one ended."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    sys.stdout.flush()
    os._exit(os.WEXITSTATUS(status))
