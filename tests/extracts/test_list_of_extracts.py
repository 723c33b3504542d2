"""What left is on the list, also where the command that writes it ended early."""

import json
from pathlib import Path

import pytest

from tests.extracts.conftest import shop_policy
from tests.worlds import Place
from workbench.cli import main
from workbench.extracts import anonymise_dataset
from workbench.extracts.list_of_extracts import enter_extract, listed_extracts
from workbench.extracts.written_extract import describe_extract
from workbench.foundation.errors import InputError
from workbench.foundation.files import canonical_json
from workbench.session import Session


def test_an_extract_is_listed_before_it_is_written_and_marked_after(
    shop: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session.open(workspace=shop.workspace)
    policy = shop_policy(tables={"customers": ["age_band", "gender", "country"]})
    made = anonymise_dataset(session.vault.dataset("shop"), policy)
    before = len(listed_extracts(session.vault))
    session.hand_out(made, tmp_path / "whole", suffix=".parquet")

    def refuse(*_: object, **__: object) -> None:
        raise InputError("the disk is full")

    monkeypatch.setattr("workbench.extracts.written_extract.write_table", refuse)
    with pytest.raises(InputError):
        session.hand_out(made, tmp_path / "broken", suffix=".parquet")
    entries = {
        Path(each["out"]).name: each["is_written"] for each in listed_extracts(session.vault)
    }
    assert entries["whole"] is True
    assert not (tmp_path / "broken").exists()
    assert len(listed_extracts(session.vault)) == before + 2
    assert entries["broken"] is False


def test_an_extract_of_an_earlier_version_is_listed_without_the_mark(
    shop: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    vault = Session.open(workspace=shop.workspace).vault
    policy = shop_policy(tables={"customers": ["age_band", "gender", "country"]})
    made = anonymise_dataset(vault.dataset("shop"), policy)
    description = {"made_at": "2026-01-01T00:00:00+00:00", **describe_extract(made)}
    name = enter_extract(vault, made, description, by="somebody", out=Path("gone"))
    entry = json.loads(vault.open_kept("extracts", name))
    del entry["is_written"]
    vault.keep("extracts", name, canonical_json(entry))
    assert main(["status", "--workspace", str(shop.workspace), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["extracts"]
    assert "not noted" in {each["written"] for each in listed}
