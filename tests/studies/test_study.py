"""The study file: one frozen object, or all faults at once."""

from pathlib import Path

import pytest

from workbench.foundation.errors import ParameterError
from workbench.studies import read_study

GOOD = """
question = "Who stops buying?"
decision = "Whom to write to in spring"
purpose = "analytics"
basis = "contract"
owner = "Analytics team"
contact = "analytics@company.example"
dataset = "shop"
currency = "GBP"
[columns]
orders = ["ordered_at", "total_minor", "currency", "kind"]
[[notebooks]]
name = "churn"
[notebooks.parameters]
horizon_days = 90
"""


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / "churn.ipynb").touch()
    return folder


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "shop.toml"
    path.write_text(text)
    return path


def test_a_study_is_named_by_its_file(tmp_path: Path, notebooks: Path) -> None:
    study = read_study(write(tmp_path, GOOD), notebooks=notebooks)
    assert study.name == "shop"
    assert study.notebooks[0].parameters == {"horizon_days": 90}
    assert study.policy.k == 5


def test_all_faults_are_told_at_once(tmp_path: Path, notebooks: Path) -> None:
    bad = (
        GOOD.replace('basis = "contract"', 'basis = "consnet"')
        .replace('owner = "Analytics team"', 'ownr = "Analytics team"')
        .replace('"kind"]', '"knid"]\nidentities = ["identifier"]')
        .replace('name = "churn"', 'name = "chrun"')
    )
    with pytest.raises(ParameterError) as told:
        read_study(write(tmp_path, bad), notebooks=notebooks)
    text = str(told.value)
    assert "has 6 faults" in text
    assert "basis:" in text
    assert "ownr: no such key; did you mean owner?" in text
    assert "owner: missing" in text
    assert "no column 'knid'; did you mean 'kind'?" in text
    assert "identifier names a person and is in no view" in text
    assert "no notebook 'chrun'; did you mean 'churn'?" in text


def test_what_is_no_toml_is_refused_with_its_place(tmp_path: Path, notebooks: Path) -> None:
    with pytest.raises(ParameterError, match=r"study shop.toml cannot be read: Invalid value"):
        read_study(write(tmp_path, "question = "), notebooks=notebooks)
