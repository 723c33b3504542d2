"""What a confined process can really do on this machine: it is tried, not read from versions.

    python -m workbench.foundation.confinement.attempts

A container can forbid any part of the confinement whatever the version of its system. So a child
confines itself as a kernel does, in a folder made for it, and tries to reach what lies outside. The
command prints one JSON object: for each attempt whether it was ``refused`` or was ``possible``.
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

_SECONDS = 2.0  # for what was started to end, once the confined process has ended
_MOST_SECONDS = 60
_LONGEST_REPORT = 65_536  # bytes
_NETLINK = 16  # family of the sockets that tell of networks

#: What each attempt does, as a clause that follows "a notebook can".
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
    """Confine a child process and let it try; return which attempts were possible.

    Returns
    -------
    dict of str to bool
        By the names of ``CLAUSES``. All are true where the child could not be started.
    """
    command = [sys.executable, "-m", __name__]
    try:
        done = subprocess.run(  # noqa: S603 - this module, with this Python
            command, capture_output=True, check=True, timeout=_MOST_SECONDS
        )
        told = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return dict.fromkeys(CLAUSES, True)
    return {name: told.get(name) != "refused" for name in CLAUSES}


def possible_attempts() -> list[str]:
    """Return a clause for each attempt that was possible; none where confinement is complete."""
    return [CLAUSES[name] for name, is_possible in try_confinement().items() if is_possible]


def main() -> None:
    """Try everything and print what came of it."""
    os.environ.pop("JPY_PARENT_PID", None)  # nothing to wait for: this is no kernel of Jupyter's
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps(_try_all(Path(name))))  # noqa: T201 - read by ``try_confinement``


def _try_all(place: Path) -> dict[str, str]:
    folder, outside = place / "own", place / "outside"
    folder.mkdir()
    outside.write_text("outside", encoding="utf-8")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(place / "socket"))
    listener.listen()
    told, report = os.pipe()
    living, life = os.pipe()  # what is started keeps ``life`` open for as long as it lives
    with _shared_memory() as shared:
        child = os.fork()
        if child == 0:
            # the processes that stay behind close everything; only the confined one gets here
            outcome = _outcome(place, folder, shared)
            _start_daemon()
            os.write(report, json.dumps(outcome).encode())
            os._exit(0)
        os.close(report)
        os.close(life)
        content = os.read(told, _LONGEST_REPORT)
        os.waitpid(child, 0)
    is_over = bool(select.select([living], [], [], _SECONDS)[0])
    listener.close()
    made: dict[str, str] = json.loads(content) if content else {}
    return {**made, "outlive": "refused" if is_over else "possible"}


def _outcome(place: Path, folder: Path, shared: Path) -> dict[str, str]:
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
    """Start a process that leaves its group and session and ignores what it can."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            for file in range(3):  # what it was started from waits for these to be closed
                os.close(file)
            time.sleep(2 * _SECONDS)
        os._exit(0)


@contextlib.contextmanager
def _shared_memory() -> Iterator[Path]:
    """Put a file where programs share memory; where there is no such place there is no file."""
    memory = Path("/dev/shm")  # noqa: S108 - another program's memory is what is looked for
    if not os.access(memory, os.W_OK):
        yield memory / "absent"
        return
    with tempfile.NamedTemporaryFile(dir=memory) as file:
        yield Path(file.name)


if __name__ == "__main__":
    main()
