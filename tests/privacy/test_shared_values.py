"""Numbers in bands of k persons: in their order, and hardly moved by any single person."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bench.bands import DRAWS, changed, share_changed, shown
from workbench.privacy import shared_values as shared_values_module
from workbench.privacy.shared_values import SharedValues, common_values, shared_values, show_shared

K = 5
SECRET = b"secret" * 4


def stated(values: list[Any], people: list[int] | None = None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "customer_id": pl.Series(people or range(1, len(values) + 1), dtype=pl.UInt64),
            "about": ["income"] * len(values),
            "v": values,
        }
    )


def made(rows: pl.DataFrame, *, k: int = K, secret: bytes = SECRET) -> SharedValues:
    return shared_values(rows.lazy(), "v", k=k, secret=secret, within=("about",))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-40, 40), max_size=60),
    st.integers(2, 6),
)
def test_bands_have_k_persons_and_the_order_of_the_numbers(numbers: list[float], k: int) -> None:
    rows = stated([float(each) for each in numbers]).with_columns(pl.col("v").cast(pl.Float64))
    found = show_shared(rows.lazy(), "v", shared=made(rows, k=k)).collect().sort("customer_id")
    both = rows.with_columns(shown=found["v"]).drop_nulls("shown").sort("v")
    assert both["shown"].is_sorted()
    sizes = both["shown"].value_counts()["count"]
    assert sizes.is_empty() or sizes.min() >= k
    again = show_shared(rows.lazy(), "v", shared=made(rows.reverse(), k=k)).collect()
    assert again.sort("customer_id").equals(found)


@pytest.mark.parametrize("most", [1e20, 1.7e308])
def test_numbers_of_any_size_can_be_put_into_bands(most: float) -> None:
    rows = stated([-most, -most / 2, -1e-300, 0.0, 1e-300, 0.1, 1.0, most / 2, most])
    assert made(rows, k=2).about["cells"][0] == 9


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize(("persons", "most"), [(60, 0.1), (300, 0.08), (3_000, 0.02)])
def test_leaving_one_person_out_seldom_moves_a_limit(name: str, persons: int, most: float) -> None:
    samples = 4 if persons == 60 else 1
    if persons < 3_000:
        assert share_changed(DRAWS[name], persons, samples=samples) <= most
        return
    numbers = DRAWS[name](np.random.default_rng(1), persons)
    assert changed(numbers, secret=SECRET, left_out=np.arange(0, persons, 60)) <= most * 50


@pytest.mark.parametrize("outlier", [0.0, 95_000.0, 412_000.0, 1e12, -3.0])
def test_a_person_far_away_moves_nothing(outlier: float) -> None:
    numbers = DRAWS["even in 20,000 to 60,000"](np.random.default_rng(2), 300)
    before = shown(numbers, secret=SECRET)
    after = shown(np.append(numbers, outlier), secret=SECRET)
    assert np.array_equal(before, after[:-1])
    assert after[-1] in before


def test_a_rare_number_changes_nothing_of_numbers_that_many_share() -> None:
    sizes = [1] * 30 + [2] * 40 + [3] * 25 + [4] * 20
    for rows in (stated(sizes), stated([*sizes, 11])):
        found = show_shared(rows.lazy(), "v", shared=made(rows)).collect().sort("customer_id")
        assert found["v"].head(len(sizes)).to_list() == sizes
    assert found["v"][-1] == 4


def test_numbers_stated_in_decimals_stay_as_they_are_stated() -> None:
    rows = stated(["4.5", "4.0", "5.0", "3.5"] * 12)
    found = show_shared(rows.lazy(), "v", shared=made(rows)).collect()
    assert found["v"].unique().sort().to_list() == ["3.5", "4", "4.5", "5"]


@pytest.mark.parametrize("value", [1e20, -1e20, 1.7e308, 10.0**24])
@pytest.mark.parametrize("as_text", [False, True])
def test_a_number_too_large_for_a_band_is_suppressed_and_counted(
    value: float, as_text: bool
) -> None:
    usual: list[Any] = [*range(1, 11)] * 4
    values = [str(each) for each in [*usual, value]] if as_text else [*map(float, usual), value]
    rows = stated(values)
    shared = made(rows)
    found = show_shared(rows.lazy(), "v", shared=shared).collect().sort("customer_id")
    assert found["v"].null_count() == 1
    assert found["v"][-1] is None
    assert shared.about.select("cells", "suppressed").row(0) == (41, 1)


def test_other_secrets_draw_other_limits() -> None:
    numbers = DRAWS["lognormal around 30,000"](np.random.default_rng(3), 60)
    found = {tuple(shown(numbers, secret=bytes([each]) * 16)) for each in range(6)}
    assert len(found) > 1


def test_who_stated_several_numbers_does_not_empty_the_bands_of_the_others() -> None:
    rows = [(n, "30000") for n in range(1, 101)] + [(n, "90000") for n in range(1, 101)]
    frame = pl.DataFrame(rows, schema={"customer_id": pl.UInt64, "value": pl.String}, orient="row")
    shared = shared_values(frame.lazy(), "value", k=5, secret=b"s")
    shown = dict(shared.shown.select("value", "_shown").iter_rows())
    assert float(shown["30000"]) < 60_000 < float(shown["90000"])


def test_a_name_is_common_whoever_states_it() -> None:
    """Customers 64 and 128 are in the sample that is counted first; the others are not."""
    rows = pl.LazyFrame(
        {
            "customer_id": [64, 128, 1, 2, 3, 3, 64, None],
            "name": ["in sample", "in sample", "outside", "outside", "rare", "rare", None, "rare"],
        },
        schema={"customer_id": pl.UInt64, "name": pl.String},
    )
    found = common_values(rows, {"name": ()}, k=2)["name"]
    assert found.shown["name"].to_list() == ["in sample", "outside"]
    assert found.about.select("cells", "suppressed").row(0) == (7, 3)
    assert found.about["persons"].item() >= 2


def test_names_of_rare_subjects_are_counted_apart() -> None:
    rows = pl.LazyFrame(
        {
            "customer_id": [1, 2, 3, 4],
            "about": ["a", "a", "b", "b"],
            "name": ["yes", "yes", "yes", "no"],
        },
        schema={"customer_id": pl.UInt64, "about": pl.String, "name": pl.String},
    )
    found = common_values(rows, {"name": ("about",)}, k=2)["name"]
    assert found.shown.rows() == [("a", "yes", "yes")]
    assert found.about.select("about", "persons", "cells", "suppressed").rows() == [
        ("a", 2, 2, 0),
        ("b", 2, 2, 2),
    ]


@pytest.mark.parametrize("most_held", [1_000, 100])
def test_persons_counted_in_several_ranges_are_those_counted_at_once(
    monkeypatch: pytest.MonkeyPatch, most_held: int
) -> None:
    random = np.random.default_rng(3)
    rows = pl.DataFrame(
        {
            "customer_id": random.integers(0, 2**64, 60, dtype=np.uint64)[
                random.integers(0, 60, 400)
            ],
            "about": random.choice(["income", "city"], 400),
            "v": random.choice(["10", "20", "30", "x"], 400),
        }
    ).with_columns(
        customer_id=pl.when(pl.int_range(400) % 7 != 0).then("customer_id"),  # others are guests
    )
    whole = made(rows)
    monkeypatch.setattr(shared_values_module, "_MOST_CELLS", 50)
    monkeypatch.setattr(shared_values_module, "_MOST_HELD", most_held)
    parts = made(rows)
    assert parts.shown.equals(whole.shown)
    assert parts.about.equals(whole.about)
