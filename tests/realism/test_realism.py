"""Measures count what their definitions say, checked by hand, and facts are well declared."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import PROJECT
from tests.realism.facts import FACTS
from tests.realism.measured import held_against, measured_on_real
from workbench.synthetic import generate

pytestmark = pytest.mark.slow


def orders() -> pl.DataFrame:
    """Return three buyers: of one day, of three days 10 and 30 apart, of two days 100 apart."""
    start = datetime(2024, 1, 1, 12, tzinfo=UTC)
    days = {"a": [0], "b": [0, 10, 40], "c": [5, 105]}
    rows = [
        {"buyer": buyer, "at": start + timedelta(days=day), "value": 10.0 * (1 + place)}
        for buyer, each in days.items()
        for place, day in enumerate(each)
    ]
    return pl.DataFrame(rows)


def test_purchases_are_counted_by_day() -> None:
    found = dict(measured_on_real(orders()).iter_rows())
    assert found["one_day_only"] == pytest.approx(1 / 3)
    assert found["mean_purchase_days"] == pytest.approx(2)
    assert found["median_gap_days"] == 30
    assert found["mean_gap_days"] == pytest.approx((10 + 30 + 100) / 3)
    # revenue 10, 60, 30: the top fifth is one of three, Gini 2 (1 10 + 2 30 + 3 60) / 300 - 4 / 3
    assert found["top_fifth_revenue"] == pytest.approx(0.6)
    assert found["revenue_gini"] == pytest.approx(2 * 250 / 300 - 4 / 3)
    # the first third of buyers is one, and the first of two on the same day is a
    assert found["back_in_30_days"] == 0


def test_facts_have_a_range_a_source_and_a_world_that_exists() -> None:
    assert len({fact.name for fact in FACTS}) == len(FACTS) >= 40
    for fact in FACTS:
        assert fact.low < fact.high, fact.name
        assert fact.sure in ("high", "medium", "low"), fact.name
        assert fact.source, fact.name
        assert (PROJECT / "synthetic" / f"{fact.world}.toml").is_file(), fact.name


def test_worlds_are_like_what_is_published(tmp_path: Path) -> None:
    worlds = {}
    for name in sorted({fact.world for fact in FACTS}):
        recipe = PROJECT / "synthetic" / f"{name}.toml"
        worlds[name] = generate(recipe, out=tmp_path / name, customers=6_000).out
    held = held_against(worlds)
    assert held.height == len(FACTS)
    assert held.filter(~pl.col("is_inside"))["fact"].to_list() == []
