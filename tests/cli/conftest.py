"""A command line on a project of its own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import PROJECT
from workbench.cli import main


class Outcome(NamedTuple):
    """What a command left: exit code, what it printed and said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on stdout."""
        return json.loads(self.out)


Command = Callable[..., Outcome]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project folder with the notebooks and studies of this one, and be in it."""
    (tmp_path / "pyproject.toml").touch()
    for name in ("notebooks", "synthetic"):
        (tmp_path / name).symlink_to(PROJECT / name)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "studies").symlink_to(PROJECT / "reports" / "studies")
    for name in ("WORKSPACE", "REPORTS", "KEY", "WORKERS", "HEAD"):
        monkeypatch.delenv(f"WORKBENCH_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def workbench(home: Path, capfd: pytest.CaptureFixture[str]) -> Command:
    """Return the command, run as a user types it."""

    def run(*words: str) -> Outcome:
        capfd.readouterr()
        code = main(list(words))
        out, err = capfd.readouterr()
        return Outcome(code, out, err)

    return run


@pytest.fixture
def loaded(workbench: Command) -> Command:
    """Return the command in a project with a small dataset ``demo``."""
    assert workbench("init").code == 0
    made = workbench("generate", "retail", "--customers", "400", "--out", "world")
    assert made.code == 0, made.err
    assert workbench("load", "world", "--dataset", "demo").code == 0
    return workbench
