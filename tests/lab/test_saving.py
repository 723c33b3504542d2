"""A notebook saved in JupyterLab holds nothing that it printed."""

import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from tornado.web import HTTPError

from workbench.lab import strip_outputs

SECRET = "Jo Doe, 4711 EUR"
TOKEN = "a-token-of-the-test"


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
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Start the server of this environment, as `make lab` does, on a folder of its own."""
    root = tmp_path_factory.mktemp("lab")
    command = shutil.which("jupyter", path=str(Path(sys.executable).parent))
    assert command is not None
    log = (root / "log").open("w")
    process = subprocess.Popen(
        [command, "server", "--no-browser", "--allow-root", f"--IdentityProvider.token={TOKEN}",
         "--ServerApp.port=0", f"--ServerApp.root_dir={root}"],
        stdout=log, stderr=subprocess.STDOUT, cwd=root,
    )  # fmt: skip
    try:
        address = ""
        for _ in range(600):
            lines = [line for line in (root / "log").read_text().splitlines() if "/?token=" in line]
            if lines:
                address = lines[-1].split("]")[-1].strip().split("/?")[0]
                break
            time.sleep(0.1)
        assert address, (root / "log").read_text()
        yield address[address.index("http") :], root
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def ask(address: str, method: str, content: Any = None) -> Any:
    request = urllib.request.Request(  # noqa: S310 - the server of this test
        address,
        method=method,
        data=None if content is None else json.dumps(content).encode(),
        headers={"Authorization": f"token {TOKEN}"},
    )
    for _ in range(100):  # the server says where it is before it answers
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310 - the server of this test
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError:
            time.sleep(0.2)
    raise AssertionError("the server does not answer")


def test_what_the_server_saves_and_its_checkpoint_hold_no_output(server: tuple[str, Path]) -> None:
    address, root = server
    place = f"{address}/api/contents/probe.ipynb"
    content = json.loads(nbformat.writes(notebook()))
    ask(place, "PUT", {"type": "notebook", "format": "json", "content": content})
    ask(f"{place}/checkpoints", "POST")
    saved = [path for path in root.rglob("*.ipynb") if path.is_file()]
    assert len(saved) == 2  # the notebook and its checkpoint
    for path in saved:
        assert SECRET not in path.read_text()
        assert "print(view)" in path.read_text()
