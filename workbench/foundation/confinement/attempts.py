"""Try on this machine what a confined process can do, instead of reading it from versions.

    python -m workbench.foundation.confinement.attempts

A container can forbid any part of the confinement, whatever the version of its system. So a child
process confines itself as a kernel does, in a temporary folder, and tries to reach files and
processes outside. The command prints one JSON object that maps each attempt to ``refused`` or
``possible``.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from workbench.foundation.confinement import confine

#: Longest time in which descendants must end, counted from the end of the confined process.
_SECONDS = 2.0
_MOST_SECONDS = 60
_LONGEST_REPORT = 65_536  # bytes
_NETLINK = 16  # family of sockets that list networks

#: Description of each attempt, as a clause that follows "a notebook can".
CLAUSES = {
    "read": "read files outside its folder",
    "write": "write files outside its folder",
    "remove": "remove files outside its folder",
    "permissions": "change permissions of files outside its folder",
    "times": "change times of files outside its folder",
    "network": "open a network connection",
    "networks": "ask which networks there are",
    "datagram": "send datagrams to programs outside",
    "connect": "connect to programs outside",
    "see": "look at processes outside",
    "signal": "send signals to processes outside",
    "shared_memory": "read other programs' shared memory",
    "outlive": "leave processes running after the run",
}


def try_confinement() -> dict[str, bool]:
    """Confine a child process, let it make every attempt and return the outcomes.

    Returns
    -------
    dict of str to bool
        For each name in ``CLAUSES``, whether the attempt was possible. All are true if the child
        could not be started.
    """
    command = [sys.executable, "-m", __name__]
    try:
        done = subprocess.run(  # noqa: S603 - this module, with this Python
            command, capture_output=True, check=True, timeout=_MOST_SECONDS
        )
        outcomes = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return dict.fromkeys(CLAUSES, True)
    return {name: outcomes.get(name) != "refused" for name in CLAUSES}


def possible_attempts() -> list[str]:
    """Return a clause for each attempt that was possible; none if confinement is complete."""
    return [CLAUSES[name] for name, is_possible in try_confinement().items() if is_possible]


def main() -> None:
    """Make every attempt and print the outcomes."""
    # No Jupyter server started this process, so it must not end with the one in the variable.
    os.environ.pop("JPY_PARENT_PID", None)
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps(_try_all(Path(name))))  # noqa: T201 - read by ``try_confinement``


def _try_all(place: Path) -> dict[str, str]:
    folder, outside = place / "own", place / "outside"
    folder.mkdir()
    outside.write_text("outside", encoding="utf-8")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(place / "socket"))
    listener.listen()
    report, report_end = os.pipe()
    # Every descendant keeps ``life_end`` open while it lives; the pipe ends with the last of them.
    life, life_end = os.pipe()
    with _shared_memory() as shared:
        child = os.fork()
        if child == 0:
            # The waiter and the first process close these files; only the confined one goes on.
            outcomes = _make_attempts(place, folder, shared)
            _start_daemon()
            os.write(report_end, json.dumps(outcomes).encode())
            os._exit(0)
        os.close(report_end)
        os.close(life_end)
        content = os.read(report, _LONGEST_REPORT)
        os.waitpid(child, 0)
    all_ended = bool(select.select([life], [], [], _SECONDS)[0])
    listener.close()
    reported: dict[str, str] = json.loads(content) if content else {}
    return {**reported, "outlive": "refused" if all_ended else "possible"}


def _make_attempts(place: Path, folder: Path, shared: Path) -> dict[str, str]:
    """Confine this process and return whether each attempt was ``possible`` or ``refused``."""
    parent = os.getppid()
    confine(folder, reads=[])
    outside, local = place / "outside", str(place / "socket")
    attempts: dict[str, Callable[[], object]] = {
        "read": outside.read_bytes,
        "write": lambda: (place / "made").write_text("made", encoding="utf-8"),
        "permissions": lambda: outside.chmod(0o600),
        "times": lambda: os.utime(outside),
        "network": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "networks": lambda: socket.socket(_NETLINK, socket.SOCK_RAW),
        "datagram": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM),
        "connect": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).connect(local),
        "see": lambda: os.listdir(f"/proc/{parent}"),
        "signal": lambda: os.kill(parent, 0),
        "shared_memory": shared.read_bytes,
        "remove": outside.unlink,
    }
    return {name: "possible" if _succeeds(each) else "refused" for name, each in attempts.items()}


def _succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


def _start_daemon() -> None:
    """Start a process that leaves its group and session and ignores every signal that it can."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            for file in range(3):  # ``subprocess.run`` would wait until these are closed.
                os.close(file)
            time.sleep(2 * _SECONDS)
        os._exit(0)


@contextlib.contextmanager
def _shared_memory() -> Iterator[Path]:
    """Make a file in ``/dev/shm``, where programs share memory, or yield a path without a file."""
    memory = Path("/dev/shm")  # noqa: S108 - the attempt is to read another program's memory
    if not os.access(memory, os.W_OK):
        yield memory / "absent"
        return
    with tempfile.NamedTemporaryFile(dir=memory) as file:
        yield Path(file.name)


if __name__ == "__main__":
    main()
