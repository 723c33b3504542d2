"""Run a command as an ordinary user: ``python as_user.py NUMBER COMMAND…``, as root.

Python and the project may be installed in a folder of root's that nobody else may enter. In a mount
namespace of its own such a folder is replaced by an empty one in which only Python and the project
are mounted, so the command reads the same files as everybody else.
"""

import os
import sys
from pathlib import Path

from workbench.foundation.confinement.system_calls import call, mount

_NEW_MOUNTS, _BIND, _RECURSIVE, _PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000
PROJECT = Path(__file__).parents[2]


def main() -> None:
    """Open the way to Python and the project, and become the user and the command."""
    user, command = int(sys.argv[1]), sys.argv[2:]
    call("unshare", _NEW_MOUNTS)
    mount(None, "/", None, _RECURSIVE | _PRIVATE)
    needed = [Path(sys.base_prefix), Path(sys.prefix), PROJECT]
    for folder in sorted({place for path in needed for place in closed(path)}):
        inside = [path for path in needed if path.is_relative_to(folder)]
        held = {path: os.open(path, os.O_PATH) for path in inside}
        mount("tmpfs", str(folder), "tmpfs", 0, "mode=755")
        for path, number in held.items():
            path.mkdir(parents=True, exist_ok=True)
            mount(f"/proc/self/fd/{number}", str(path), None, _BIND)
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    os.execv(command[0], command)  # noqa: S606 - the command that the test names


def closed(path: Path) -> list[Path]:
    """Return the topmost folder above a path that others may not enter, where there is one."""
    above = [folder for folder in reversed(path.parents) if not folder.stat().st_mode & 0o001]
    return above[:1]


if __name__ == "__main__":
    main()
