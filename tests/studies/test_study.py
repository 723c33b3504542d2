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
    assert "has 7 faults" in text
    assert "basis:" in text
    assert "ownr: no such key; did you mean owner?" in text
    assert "owner: missing" in text
    assert "no column 'knid'; did you mean 'kind'?" in text
    assert "identifier names a person and is in no view" in text
    assert "columns.identities: the table is in no view" in text
    assert "no notebook 'chrun'; did you mean 'churn'?" in text


def test_what_is_no_toml_is_refused_with_its_place(tmp_path: Path, notebooks: Path) -> None:
    with pytest.raises(ParameterError, match=r"study shop.toml cannot be read: Invalid value"):
        read_study(write(tmp_path, "question = "), notebooks=notebooks)


def test_no_file_takes_another_study_s_name(tmp_path: Path, notebooks: Path) -> None:
    with pytest.raises(ParameterError, match="name: a study is named by its file, leave it out"):
        read_study(write(tmp_path, f'name = "demo"{GOOD}'), notebooks=notebooks)


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ('customers = ["birth_year"]', "birth_year is too exact for any view: use a band instead"),
        ('orders = ["source_row"]', "source_row is about the origin of rows and is in no view"),
        ('consents = ["decision"]', "columns.consents: the table is in no view"),
        ('sources = ["system"]', "columns.sources: the table is in no view"),
    ],
)
def test_what_no_view_holds_is_refused_in_the_file(
    tmp_path: Path, notebooks: Path, columns: str, fault: str
) -> None:
    bad = GOOD.replace('orders = ["ordered_at", "total_minor", "currency", "kind"]', columns)
    with pytest.raises(ParameterError, match=fault):
        read_study(write(tmp_path, bad), notebooks=notebooks)


def test_only_generalised_columns_of_the_view_can_be_spared(
    tmp_path: Path, notebooks: Path
) -> None:
    policy = '[policy]\nkeep = ["gendr", "income_band"]\n[columns]\n'
    bad = GOOD.replace("[columns]\n", policy + 'customers = ["gender", "income_band"]\n')
    with pytest.raises(ParameterError) as told:
        read_study(write(tmp_path, bad), notebooks=notebooks)
    assert "has 2 faults" in str(told.value)
    assert "policy.keep: no quasi-identifier among columns.customers 'gendr'; did you mean" in str(
        told.value
    )
    good = GOOD.replace(
        "[columns]\n",
        policy.replace('"gendr", "income_band"', '"gender"') + 'customers = ["gender"]\n',
    )
    assert read_study(write(tmp_path, good), notebooks=notebooks).policy.keep == ("gender",)


def test_the_studies_in_the_project_are_without_fault(project: Path) -> None:
    files = sorted((project / "reports" / "studies").glob("*.toml"))
    assert files
    for path in files:
        assert read_study(path, notebooks=project / "notebooks").name == path.stem
