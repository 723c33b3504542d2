"""A session finds project, workspace and reports, whoever opens it and wherever."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from workbench.foundation.errors import ParameterError
from workbench.session import Session


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "notebooks").symlink_to(PROJECT / "notebooks")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "studies").symlink_to(PROJECT / "reports" / "studies")
    return tmp_path


def test_a_project_is_named_where_the_current_folder_is_elsewhere(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    for session in (
        Session.open(project=project, environ={}),
        Session.open(environ={"WORKBENCH_PROJECT": str(project)}),
    ):
        assert session.studies == ["demo", "online-retail", "sources", "telco"]
        assert session.place.workspace == project / ".workbench"
        assert session.study("demo").name == "demo"


def test_a_study_that_is_not_there_says_where_it_was_looked_for(project: Path) -> None:
    session = Session.open(project=project, environ={})
    with pytest.raises(ParameterError, match=rf"did you mean 'demo'.*looked in {project}"):
        session.study("dmeo")
    with pytest.raises(ParameterError, match="no project folder"):
        Session.open(project=project / "nowhere", environ={})


def test_the_clock_is_the_one_it_was_opened_with(project: Path) -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert Session.open(project=project, environ={}, clock=lambda: noon).clock() == noon
    assert Session.open(project=project, environ={}).clock().tzinfo is UTC
