"""Every notebook runs as it is, cell by cell, on the dataset ``demo``, and shows the same again."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import PROJECT
from tests.worlds import Place

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a project with the dataset ``demo``, its workspace found as in the lab."""
    root = tmp_path_factory.mktemp("lab")
    (root / "pyproject.toml").touch()
    (root / "notebooks").mkdir()
    for path in NOTEBOOKS:
        (root / "notebooks" / path.name).write_bytes(path.read_bytes())
    (root / "reports").mkdir()
    (root / "reports" / "studies").symlink_to(PROJECT / "reports" / "studies")
    place = Place(root)
    place.workspace = root / ".workbench"
    assert place.do("init") == 0
    place.world("retail", "demo", customers=3_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("WORKBENCH_WORKSPACE", raising=False)
        yield root


@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS])
def test_a_notebook_runs_in_the_lab_and_shows_the_same_again(name: str, lab: Path) -> None:  # P11
    path = lab / "notebooks" / f"{name}.ipynb"
    node: Any = nbformat.read(path, as_version=4)
    client = NotebookClient(node, timeout=300, resources={"metadata": {"path": str(path.parent)}})
    client.execute()
    nbformat.write(node, path)  # nbval compares only what is stored
    code = [cell for cell in node.cells if cell.cell_type == "code"]
    shown = [output for cell in code for output in cell.outputs]
    assert sum(output.output_type == "display_data" for output in shown) >= 6
    # on stderr stand progress bars, which are not compared
    assert {o.get("name") for o in shown if o.output_type != "display_data"} <= {"stderr"}
    # what a set would be ordered by, and when and where it is
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:xdist", "-p",
         "no:cacheprovider", "--nbval-cell-timeout", "300", "-o", "addopts=", str(path)],
        cwd=lab,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert f"{len(code)} passed" in done.stdout
