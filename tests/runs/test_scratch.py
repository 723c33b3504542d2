"""Private folders end with their process, however it ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from workbench.foundation.errors import InputError
from workbench.runs.scratch import Scratch
from workbench.vault import Vault

HOLD = """
import sys, time
from pathlib import Path
from workbench.runs.scratch import Scratch
from workbench.vault import Vault
scratch = Scratch(Vault.open(Path(sys.argv[1])))
(scratch.folder / "view").mkdir()
print(scratch.folder.name, flush=True)
time.sleep(300)
"""


def test_the_folder_of_a_living_process_stays_and_a_dead_ones_is_swept(tmp_path: Path) -> None:
    vault = Vault.init(tmp_path / "workspace")
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(vault.workspace)], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    with other:
        try:
            theirs = vault.private_folder(other.stdout.readline().strip())
            with Scratch(vault) as mine:
                assert mine.folder.stat().st_mode & 0o777 == 0o700
                assert theirs.is_dir()
            assert theirs.is_dir()
        finally:
            other.kill()
    with Scratch(vault):
        assert not theirs.exists()
    assert list(theirs.parent.iterdir()) == []


def test_a_workspace_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    vault = Vault.init(tmp_path / "workspace")
    vault.scratch.write_text("in the way")
    try:
        with pytest.raises(InputError, match=r"cannot make a folder in .*: "):
            Scratch(vault)
    finally:
        vault.scratch.unlink()
