"""Hostile strings come through the whole way as they are, and run nowhere."""

import polars as pl
import pytest

from tests.conftest import PROJECT
from tests.worlds import Place
from workbench.synthetic.stock.texts.adversarial import hostile_strings
from workbench.vault import Vault


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = Place(tmp_path_factory.mktemp("hostile"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(PROJECT)
        assert made.do("init") == 0
        made.world("adversarial", "hostile", customers=3_000, months=18)
        assert made.run(made.study("demo", "hostile")) == 0
    return made


def test_every_string_is_held_as_it_was_written(place: Place) -> None:
    data = Vault.open(place.workspace).dataset("hostile").data()
    world = place.root / "world-hostile"
    for table, column in (("interactions", "body"), ("answers", "answer")):
        written = pl.read_parquet(world / table / "*.parquet")[column]
        held = data[table].select(column).collect()[column]
        assert written.is_in(list(hostile_strings())).sum() > 100
        assert sorted(written.drop_nulls()) == sorted(held.drop_nulls())


def test_pages_hold_no_markup_of_customers(place: Place) -> None:
    pages = list((place.reports / "site").rglob("*.html"))
    assert len(pages) == 5
    for page in pages:
        text = page.read_text()
        assert "<script" not in text
        assert "onerror=" not in text
        assert "cmd|" not in text


def test_the_study_reaches_its_verdicts(place: Place) -> None:
    records = place.records("hostile")
    assert set(records) == {"segmentation", "churn", "bias_audit", "privacy_risk"}
    assert all(record["verdicts"] for record in records.values())
