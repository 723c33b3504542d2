"""A notebook saved in JupyterLab holds nothing that it printed."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from tornado.web import HTTPError

from tests.lab.running_server import OPTIONS, Server, start_server
from workbench.lab import strip_outputs

SECRET = "Jo Doe, 4711 EUR"


def notebook() -> Any:
    """Return a notebook with an output that holds a customer."""
    node = nbformat.v4.new_notebook()
    cell = nbformat.v4.new_code_cell("print(view)", execution_count=3)
    cell.outputs = [nbformat.v4.new_output("stream", text=SECRET)]
    cell.metadata["execution"] = {"iopub.execute_input": "2026-01-01T00:00:00Z"}
    node.cells = [nbformat.v4.new_markdown_cell("# Words stay"), cell]
    return node


def test_outputs_counts_and_times_go_and_sources_stay() -> None:
    model = {"type": "notebook", "content": json.loads(nbformat.writes(notebook()))}
    strip_outputs(model=model, path="a.ipynb")
    text = json.dumps(model)
    assert SECRET not in text
    assert "execute_input" not in text
    assert "print(view)" in text
    assert "# Words stay" in text


def test_other_files_are_left_alone() -> None:
    model = {"type": "file", "content": SECRET}
    strip_outputs(model=model, path="a.txt")
    assert model["content"] == SECRET


def test_a_notebook_that_cannot_be_read_is_not_saved() -> None:
    with pytest.raises(HTTPError, match=r"a\.ipynb is not saved"):
        strip_outputs(model={"type": "notebook", "content": {"cells": [3]}}, path="a.ipynb")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start the server of this environment, as `make lab` does, on a folder of its own."""
    root = tmp_path_factory.mktemp("lab")
    jupyter = shutil.which("jupyter", path=str(Path(sys.executable).parent))
    assert jupyter is not None
    options = ("--allow-root", f"--ServerApp.root_dir={root}", *OPTIONS)
    with start_server([jupyter, "server", *options], root) as started:
        yield started


def test_what_the_server_saves_and_its_checkpoint_hold_no_output(server: Server) -> None:
    place = "api/contents/probe.ipynb"
    model = {
        "type": "notebook",
        "format": "json",
        "content": json.loads(nbformat.writes(notebook())),
    }
    assert server.ask("PUT", place, model)[0] == 201
    assert server.ask("POST", f"{place}/checkpoints")[0] == 201
    saved = [path for path in server.root.rglob("*.ipynb") if path.is_file()]
    assert len(saved) == 2  # the notebook and its checkpoint
    for path in saved:
        assert SECRET not in path.read_text()
        assert "print(view)" in path.read_text()
