"""What left is on the list, also where the command that writes it ended early."""

from pathlib import Path

import pytest

from tests.extracts.conftest import shop_policy
from tests.worlds import Place
from workbench.extracts import anonymise_dataset
from workbench.extracts.list_of_extracts import listed_extracts
from workbench.foundation.errors import InputError
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
