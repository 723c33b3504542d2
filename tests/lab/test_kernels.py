"""Kernels of the lab: they get views, and reach neither the key nor the vault."""

import json
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.lab.conftest import executed
from tests.worlds import Place
from workbench.foundation.errors import AccessError, InputError
from workbench.lab.broker import Broker
from workbench.runs.view_requests import request_view
from workbench.session import Session

VIEW = "import workbench as wb; wb.view('demo').data['customers'].collect().height > 100"


def test_a_kernel_gets_a_view_and_can_reach_neither_key_nor_vault(project: Path) -> None:
    key = project / ".workbench" / "keys" / "workspace.key"
    seen, again, cell, names, vault, world, command, where = executed(
        VIEW,
        "wb.view('demo') is wb.view('demo')",
        f"open({str(key)!r}).read()",
        "import os; sorted(name for name in os.environ if 'WORKBENCH' in name)",
        "from workbench.session import Session\n"
        f"from pathlib import Path; Session.open(workspace=Path({str(key.parents[1])!r})).vault",
        "import socket; socket.create_connection(('127.0.0.1', 80), 1)",
        "!ls",
        "import os; os.path.basename(os.getcwd()), 'churn.ipynb' in os.listdir()",
        beside=project / "notebooks",
    )
    assert (seen, again) == ("True", "True")
    assert "PermissionError" in cell
    assert names == "['WORKBENCH_BROKER']"
    assert "Error" in vault
    assert "OSError" in world
    assert "confined" in command
    assert where == "('notebooks', True)"


def test_refusals_of_the_broker_are_those_of_the_command(project: Path) -> None:
    unknown, date, future = executed(
        "import workbench as wb; wb.view('dmeo')",
        "wb.view('demo', as_of='tomorrow')",
        "wb.view('demo', as_of='2099-01-01')",
        beside=project,
    )
    assert "ParameterError" in unknown
    assert "did you mean 'demo'" in unknown
    assert "write a date as" in date
    assert "lies outside the data" in future


def test_a_kernel_that_starts_again_asks_again(project: Path) -> None:
    assert executed(VIEW, VIEW, beside=project, restart_after=0) == ["True", "True"]


def test_a_newer_version_is_another_view(project: Path, tmp_path: Path) -> None:
    broker = Broker(Session.open(), tmp_path)
    first = broker.answer({"study": "demo", "as_of": None})
    assert broker.answer({"study": "demo", "as_of": None}) == first
    place = Place(project)
    place.workspace = project / ".workbench"
    place.world("retail", "demo", customers=60, seed=9)
    assert broker.answer({"study": "demo", "as_of": None}) != first


def test_without_a_broker_nobody_gives_a_view(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKBENCH_BROKER", raising=False)
    with pytest.raises(AccessError, match="workbench lab"):
        request_view("demo", None)


def test_a_fault_is_told_without_words_of_other_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("a cell of somebody")

    monkeypatch.setattr("workbench.lab.broker._open_view", fail)
    answer = Broker(Session.open(), tmp_path).answer({"study": "demo", "as_of": None})
    assert "somebody" not in json.dumps(answer)
    assert "ValueError" in answer["words"]


def test_no_folder_that_kernels_read_may_hold_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "notebooks" / ".workbench").mkdir(parents=True)
    session = Session.open(project=tmp_path, workspace=tmp_path / "notebooks" / ".workbench")
    with pytest.raises(InputError, match="which notebooks can read: move it"):
        session.folders_of_lab()
    more = {"WORKBENCH_LAB_READS": str(tmp_path / "data")}
    (tmp_path / "data").mkdir()
    named = Session.open(project=tmp_path, environ=more)
    assert tmp_path / "data" in named.folders_of_lab()


def test_a_study_that_requires_confinement_gets_no_view_without_it(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (PROJECT / "reports" / "studies" / "demo.toml").read_text()
    place = project / "reports" / "studies" / "strict.toml"
    place.write_text(f"require_confinement = true\n{text}")
    question = {"study": "strict", "as_of": None}
    monkeypatch.setenv("WORKBENCH_LAB_UNCONFINED", "1")
    loose = Broker(Session.open(), tmp_path / "views").answer(question)
    assert loose["error"] == "PrivacyError"
    assert "not confined" in loose["words"]
    monkeypatch.delenv("WORKBENCH_LAB_UNCONFINED")
    monkeypatch.setattr("workbench.runs.kernel_checks.possible_attempts", lambda: ["read files"])
    assert "can read files" in Broker(Session.open(), tmp_path / "views").answer(question)["words"]
    monkeypatch.setattr("workbench.runs.kernel_checks.possible_attempts", lambda: [])
    assert "error" not in Broker(Session.open(), tmp_path / "views").answer(question)
