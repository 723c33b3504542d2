"""Every notebook runs as it is, cell by cell, on the dataset ``demo``."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.worlds import Place

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("lab"))
    assert place.do("init") == 0
    place.world("retail", "demo", customers=4_000)
    return place


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_in_the_lab(notebook: Path, demo: Place) -> None:
    environment = {**os.environ, "WORKBENCH_WORKSPACE": str(demo.workspace)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:xdist", "-p",
         "no:cacheprovider", "--nbval-cell-timeout", "300", "-o", "addopts=", str(notebook)],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
