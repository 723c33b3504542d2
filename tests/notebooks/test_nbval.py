"""Every notebook runs as it is, cell by cell, on the dataset ``demo``, and shows the same again."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from tests.conftest import PROJECT
from tests.worlds import Place
from workbench.lab.kernels import KERNEL, LabKernels

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
    spec = root / "jupyter" / "kernels" / KERNEL / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(LabKernels().get_kernel_spec(KERNEL).to_json())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_PROJECT", str(root))
        patch.setenv("WORKBENCH_WORKSPACE", str(place.workspace))
        patch.setenv("JUPYTER_PATH", str(root / "jupyter"))  # nbval starts the lab's kernels too
        yield root


@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS])
def test_a_notebook_runs_in_the_lab_and_shows_the_same_again(name: str, lab: Path) -> None:  # P11
    path = lab / "notebooks" / f"{name}.ipynb"
    node: Any = nbformat.read(path, as_version=4)
    kernel = AsyncKernelManager(kernel_spec_manager=LabKernels(), kernel_name=KERNEL)
    beside = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(node, km=kernel, timeout=300, resources=beside)
    client.owns_km = True  # ends it, and closes what was opened to it
    client.execute()
    nbformat.write(node, path)  # nbval compares only what is stored
    code = [cell for cell in node.cells if cell.cell_type == "code"]
    shown = [output for cell in code for output in cell.outputs]
    assert sum(output.output_type == "display_data" for output in shown) >= 6
    assert {output.output_type for output in shown} == {"display_data"}  # and no red bar
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
