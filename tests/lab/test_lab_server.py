"""The server of the lab: a script that a cell displays can do nothing with it but run kernels."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from tests.lab.running_server import OPTIONS, Server, start_server
from tests.worlds import Place
from workbench.cli import main


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start `workbench lab` in a project of its own."""
    root = tmp_path_factory.mktemp("lab")
    (root / "notebooks").mkdir()
    (root / "reports" / "studies").mkdir(parents=True)
    (root / "reports" / "studies" / "demo.toml").write_text("")
    (root / "customers.csv").write_text("name\nJo Doe\n")
    nbformat.write(nbformat.v4.new_notebook(), root / "notebooks" / "mine.ipynb")
    place = Place(root)
    place.workspace = root / ".workbench"
    assert place.do("init") == 0
    command = [sys.executable, "-m", "workbench", "lab", "--project", str(root), "--", *OPTIONS]
    environ = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(root / "config"),
        "JUPYTER_DATA_DIR": str(root / "data"),
        "WORKBENCH_WORKSPACE": str(place.workspace),
    }
    with start_server(command, root, environ) as server:
        yield server


def test_the_browser_reads_and_writes_notebooks(lab: Server) -> None:
    status, body = lab.ask("GET", "api/contents/")
    assert status == 200
    assert [each["name"] for each in json.loads(body)["content"]] == ["mine.ipynb"]
    content = json.loads(nbformat.writes(nbformat.v4.new_notebook()))
    model = {"type": "notebook", "format": "json", "content": content}
    assert lab.ask("PUT", "api/contents/new.ipynb", model)[0] == 201
    (lab.root / "notebooks" / "new.ipynb").unlink()


@pytest.mark.parametrize("path", ["customers.csv", "../customers.csv", "..%2Fcustomers.csv"])
def test_the_browser_reads_no_export_that_lies_in_the_project(lab: Server, path: str) -> None:
    for place in (f"files/{path}", f"api/contents/{path}"):
        status, body = lab.ask("GET", place)
        assert status in (400, 403, 404), place
        assert b"Jo Doe" not in body


@pytest.mark.parametrize("path", ["reports/studies/demo.toml", "../reports/studies/demo.toml"])
def test_the_browser_changes_no_study(lab: Server, path: str) -> None:
    model = {"type": "file", "format": "text", "content": "min_group = 3"}
    assert lab.ask("PUT", f"api/contents/{path}", model)[0] >= 400
    assert (lab.root / "reports" / "studies" / "demo.toml").read_text() == ""


def test_the_browser_starts_no_program_but_kernels(lab: Server) -> None:
    assert lab.ask("POST", "api/terminals", {})[0] == 404
    assert lab.ask("GET", "lsp/status")[0] == 404
    install = {"cmd": "install", "extension_name": "jupyterlab-night"}
    status, body = lab.ask("POST", "lab/api/extensions", install)
    assert b"installed" not in body.replace(b'"installed": null', b"")
    assert status >= 400 or json.loads(body)["status"] == "error"
    log = (lab.root / "log").read_text()
    assert "Extension Manager is 'readonly'" in log


def test_the_server_that_holds_the_key_exports_no_notebook(lab: Server) -> None:
    for path in ("nbconvert/html/mine.ipynb", "nbconvert/pdf/mine.ipynb"):
        status, _ = lab.ask("GET", path)
        assert status == 403, path
    assert lab.ask("POST", "nbconvert/html", {"content": {}})[0] == 403
    assert lab.ask("GET", "api/nbconvert") == (200, b"{}")  # the menu has no format


def test_the_lab_does_not_start_where_the_browser_could_read_the_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    assert place.do("init") == 0
    assert place.do("lab", "--project", str(tmp_path)) == 2
    assert "no folder notebooks" in capsys.readouterr().err
    (tmp_path / "notebooks").mkdir()
    key = tmp_path / "notebooks" / "mine.key"
    (place.workspace / "keys" / "workspace.key").rename(key)
    assert place.do("lab", "--project", str(tmp_path), "--key", str(key)) == 3
    assert "which notebooks can read" in capsys.readouterr().err
    monkeypatch.setenv("WORKBENCH_KEY", str(key))
    assert main(["lab", "--project", str(tmp_path), "--workspace", str(place.workspace)]) == 3
