"""An hour of a newcomer: two exports with columns of their own, from the first draft to a report.

``tests/sources/newcomer`` has the files, the mappings and the transcript, which is replayed here.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import PROJECT

from .conftest import Command

NEWCOMER = PROJECT / "tests" / "sources" / "newcomer"


def replay(transcript: str, workbench: Command, home: Path) -> str:
    """Return the transcript with what its commands print today."""
    lines = []
    for line in transcript.splitlines():
        if line.startswith("#"):
            lines.append(line)
        elif line.startswith("$ workbench "):
            done = workbench(*line.split()[2:])
            said = [*done.out.splitlines(), *done.err.splitlines()]
            lines += [line, *(each for each in said if not re.match(r"run \w+: \d+ of", each))]
            lines += [f"[exit {done.code}]"] if done.code else []
        elif line.startswith("$ "):
            subprocess.run(["sh", "-c", line[2:]], cwd=home, check=True)
            lines.append(line)
    # ids depend on the key, which is made anew each time
    return re.sub(r"\b[0-9a-f]{8,}\b", "ID", "\n".join(lines).replace(str(home), "PROJECT")) + "\n"


def test_the_transcript_is_what_a_newcomer_reads_today(
    workbench: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    for path in NEWCOMER.iterdir():
        shutil.copy(path, home)
    (home / "reports" / "studies").unlink()  # of this project, to which a newcomer adds one
    (home / "reports" / "studies").mkdir()
    shutil.move(home / "branch.toml", home / "reports" / "studies")
    kept = (NEWCOMER / "transcript.txt").read_text(encoding="utf-8")
    today = replay(kept, workbench, home)
    # Copy this file over the kept one, once its changes are meant.
    (home / "today.txt").write_text(today, encoding="utf-8")
    assert today == kept
