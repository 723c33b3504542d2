"""Where a project keeps its state."""

from pathlib import Path

import pytest

from workbench.foundation.errors import ParameterError
from workbench.foundation.settings import Settings, find_file


@pytest.fixture
def project_folder(tmp_path: Path, monkeypatch) -> Path:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    return tmp_path


def test_a_notebook_finds_the_workspace_of_the_project(project_folder: Path):
    assert Settings.read(environ={}) == Settings(
        project=project_folder,
        workspace=project_folder / ".workbench",
        reports=project_folder / "reports",
        workers=1,
    )


def test_options_stand_above_variables_and_these_above_the_project(project_folder: Path):
    environ = {
        "WORKBENCH_WORKSPACE": "/elsewhere",
        "WORKBENCH_REPORTS": "pages",
        "WORKBENCH_WORKERS": "3",
    }
    found = Settings.read(workspace=Path("/named"), environ=environ)
    assert found == Settings(
        project=project_folder,
        workspace=Path("/named"),
        reports=project_folder / "notebooks" / "pages",
        workers=3,
    )


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_a_number_of_workers_that_is_none_is_refused(project_folder: Path, text: str):
    with pytest.raises(ParameterError, match=r"WORKBENCH_WORKERS is .* give the number"):
        Settings.read(environ={"WORKBENCH_WORKERS": text})


def test_a_name_is_looked_up_and_a_path_is_taken_as_it_is(tmp_path: Path):
    file = tmp_path / "demo.toml"
    file.write_text("")
    assert find_file("study", "demo", folder=tmp_path, suffix=".toml") == file
    assert find_file("study", str(file), folder=tmp_path / "other", suffix=".toml") == file


def test_a_name_that_is_not_there_is_told_with_those_that_are(tmp_path: Path):
    (tmp_path / "demo.toml").write_text("")
    with pytest.raises(ParameterError, match=r"no study 'demp'; did you mean 'demo'. Known: demo"):
        find_file("study", "demp", folder=tmp_path, suffix=".toml")
    with pytest.raises(ParameterError, match=r"no study at x/demo\.toml: the file does not exist"):
        find_file("study", "x/demo.toml", folder=tmp_path, suffix=".toml")
