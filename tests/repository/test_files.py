"""What lies in the repository: no outputs, no hosts, no machine paths, nothing personal."""

import re
import subprocess
from pathlib import Path

import nbformat
import pytest

from tests.conftest import PROJECT
from workbench.runs.notebooks import read_notebook
from workbench.runs.parameters import declared_parameters

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
TOP = {
    "pyproject.toml", "README.md", "notebooks", "workbench", "synthetic", "reports", "tests",
    "requirements.lock", ".ci", "Makefile", "LICENSE", ".gitignore",
}  # fmt: skip


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [p for line in listed.stdout.splitlines() if (p := PROJECT / line).is_file()]


def test_only_what_was_agreed_lies_at_the_top() -> None:
    assert {path.relative_to(PROJECT).parts[0] for path in tracked()} <= TOP


def test_no_file_names_a_machine_path_or_a_host() -> None:
    # put together here so that this file does not hold what it looks for
    words = re.compile(
        "|".join(["/wo" + "rk/", "/ro" + "ot/", "pypi" + r"\.", "file" + "s.pythonhosted"])
    )
    found = [
        f"{path.relative_to(PROJECT)}:{number}"
        for path in tracked()
        if path.suffix not in (".png", ".svg")
        for number, line in enumerate(
            path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1
        )
        if words.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_the_agreed_shape(path: Path) -> None:
    node = nbformat.read(path, as_version=4)
    nbformat.validate(node)
    code = [cell for cell in node.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    notebook = read_notebook(path)
    first, second, third, fourth = notebook.cells[:4]
    assert first.source.startswith("# ") and "?" in first.source.splitlines()[0]
    assert (second.tags, third.tags) == (("parameters",), ("setup",))
    assert "wb.show(*" in fourth.source and "verdicts" in fourth.source
    assert any(cell.source.startswith("## What this does not show") for cell in notebook.cells)
    assert notebook.cells[-1].tags == ("record",)
    for cell in notebook.cells:
        if cell.kind == "code":
            assert not re.search(r"^\s*(for|while|def|class|try)\b", cell.source, re.MULTILINE)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_parameter_says_what_it_means_and_draws_have_a_seed(path: Path) -> None:
    notebook = read_notebook(path)
    declared = declared_parameters(notebook)
    assert "study" in declared
    # Where no room that draws is used, there is nothing to seed.
    draws = any(re.search(r"workbench\.(models|fairness)", cell.source) for cell in notebook.cells)
    assert ("seed" in declared) == draws
    assert all(parameter.meaning for parameter in declared.values())
