"""What no study needs is not stored, or stored as a code by which records are still linked."""

from pathlib import Path
from typing import Any

import pytest

from tests.intake.conftest import SETTINGS
from workbench.foundation.errors import ParameterError
from workbench.intake import load
from workbench.sources import SourceMapping
from workbench.vault import Vault

CONTENT: dict[str, Any] = {
    **SETTINGS,
    "columns": {
        "number": "code", "email": "text", "phone": "code", "born": "integer", "land": "code",
        "branch": "text", "hobby": "text",
    },
    "record": {"id": "number"},
    "identities": {"user_id": "number", "email": "email", "phone": "phone"},
    "attributes": {"profile": {"branch": "branch"}, "interest": {"hobby": "hobby"}},
    "tables": {
        "customers": {
            "first_seen_at": "MIN(data_until_at)", "birth_year": "born", "country": "land",
        },
    },
}  # fmt: skip
LINES = "1,ann@mail.example,+49301,1980,DE,north,chess\n2,bo@mail.example,,1990,NL,north,\n"


def loaded(vault: Vault, path: Path, lines: str = LINES, **more: Any) -> tuple[str, ...]:
    path.write_text("number,email,phone,born,land,branch,hobby\n" + lines)
    mapping = SourceMapping.of({**CONTENT, **more}, name="people")
    settings = {"system": more.get("system", "shop")}
    report = load([path], vault=vault, dataset="d", mapping=mapping, settings=settings)
    return report.files[0].assumptions


def identifiers(vault: Vault) -> dict[str, list[str]]:
    rows = vault.dataset("d").data()["identities"].sort("identifier").collect()
    found: dict[str, list[str]] = {}
    for kind, identifier in rows.select("kind", "identifier").iter_rows():
        found.setdefault(str(kind), []).append(identifier)
    return found


def test_what_is_dropped_is_nowhere_and_said(vault: Vault, tmp_path: Path):
    drop = ["customers.birth_year", "identities.phone", "attributes.interest"]
    said = loaded(vault, tmp_path / "a.csv", drop=drop)
    data = vault.dataset("d").data()
    assert data["customers"].collect()["birth_year"].to_list() == [None, None]
    assert set(identifiers(vault)) == {"user_id", "email"}
    assert data["attributes"].collect()["attribute"].to_list() == ["branch", "branch"]
    for words in (
        "not stored: customers.birth_year, 2 values",
        "not stored: identities.phone, 1 value",
        "not stored: attributes.interest.hobby, 1 value",
    ):
        assert words in said


def test_what_is_kept_leaves_the_rest_of_its_table_out(vault: Vault, tmp_path: Path):
    loaded(vault, tmp_path / "a.csv", keep=["customers.country", "identities.email"])
    data = vault.dataset("d").data()
    customers = data["customers"].sort("country").collect()
    assert customers["country"].to_list() == ["DE", "NL"]
    assert customers["birth_year"].null_count() == 2
    assert set(identifiers(vault)) == {"email"}
    assert data["attributes"].collect().height == 3  # a table without an entry is as it was


def test_codes_still_link_the_records_of_two_systems(vault: Vault, tmp_path: Path):
    code = ["identities.email", "attributes.profile.branch"]
    loaded(vault, tmp_path / "a.csv", code=code)
    loaded(vault, tmp_path / "b.csv", "7,ann@mail.example,,,,south,\n", code=code, system="crm")
    found = identifiers(vault)
    assert all(each.startswith("code:") and "@" not in each for each in found["email"])
    data = vault.dataset("d").data()
    assert data["customers"].collect().height == 2
    values = data["attributes"].collect().sort("value").rows(named=True)
    branches = {row["value"] for row in values if row["attribute"] == "branch"}
    assert len(branches) == 2
    assert all(value.startswith("code:") for value in branches)
    assert [row["value"] for row in values if row["attribute"] == "hobby"] == ["chess"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"drop": ["customers.shoe"]}, "no column of customers 'shoe'"),
        ({"drop": ["customers"]}, "expected table.column"),
        ({"drop": ["identities.mail"]}, "no kind 'mail'"),
        ({"drop": ["customers.kind"]}, "every row of customers needs it"),
        ({"code": ["customers.birth_year"]}, "only texts that are no keys can be coded"),
        ({"drop": ["identities.email"], "code": ["identities.email"]}, "also kept or coded"),
    ],
)
def test_an_entry_that_cannot_be_is_refused(more: dict[str, Any], message: str):
    with pytest.raises(ParameterError, match=message):
        SourceMapping.of({**CONTENT, **more}, name="people")
