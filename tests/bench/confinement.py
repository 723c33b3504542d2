"""The demo study with confined kernels and, beside it, with kernels as they were before.

CPU time is that of the command and of all processes below it: every kernel's waiter collects its
processes before it ends, so ``os.times`` counts them. Runs alternate, so that a busy machine slows
both alike. Everything that a run writes but ``execution.json`` must be equal byte by byte.
"""

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from timing import REPEATS

WORKBENCH = [sys.executable, "-m", "workbench"]
UNCONFINED = [sys.executable, str(Path(__file__).with_name("unconfined.py"))]
LIMIT = 1.1


def confinement(command: Callable[[list[str]], Any]) -> list[tuple[str, str, str, str]]:
    """Run the demo study in pairs and return the rows of the table."""
    used: dict[str, list[Any]] = {"confined": [], "unconfined": []}
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        base = ["--workspace", str(place / "workspace")]
        world = str(place / "world")
        for words in (
            ["init", *base],
            ["generate", "retail", "--out", world],
            ["load", world, "--dataset", "demo", *base],
        ):
            subprocess.run([*WORKBENCH, *words], check=True, capture_output=True)
        for _ in range(REPEATS):
            for how, start in (("confined", WORKBENCH), ("unconfined", UNCONFINED)):
                reports = ["--reports", str(place / how)]
                used[how].append(command([*start, "run", "demo", "--again", *base, *reports]))
        files = [_files(place / how / "runs") for how in used]
    if files[0] != files[1]:
        differing = sorted({path for path, _ in set(files[0].items()) ^ set(files[1].items())})
        sys.exit(f"confined and unconfined runs differ: {', '.join(differing)}")
    cpu, wall = (
        [statistics.median(getattr(each, kind) for each in used[how]) for how in used]
        for kind in ("cpu", "wall")
    )
    return [
        (
            f"run demo, three confined notebooks, {len(files[0])} equal files",
            f"{cpu[0]:.1f} CPU s",
            f"not confined: {cpu[1]:.1f} CPU s (limit {LIMIT} times)",
            f"{cpu[0] / cpu[1]:.2f}",
        ),
        (
            "the same, wall time",
            f"{wall[0]:.1f} s",
            f"not confined: {wall[1]:.1f} s",
            f"{wall[0] / wall[1]:.2f}",
        ),
    ]


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "execution.json"
    }
