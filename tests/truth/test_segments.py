"""The segments that are found are those that were planted, not only as many."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import adjusted_rand_score

from tests.conftest import PROJECT
from workbench.models import segmentation
from workbench.schema import CustomerData
from workbench.synthetic import read_recipe
from workbench.synthetic.blocks import make_block

pytestmark = pytest.mark.slow

CUSTOMERS = 20_000


def agreement(contrast: float) -> tuple[int, float]:
    """Return how many segments are found at a contrast, and their agreement with those planted."""
    changes = {"contrast": contrast, "visitors": {"anonymous_per_month": 0.0}}
    made = make_block(read_recipe(PROJECT / "synthetic" / "retail.toml", changes), 0, CUSTOMERS)
    # in an order of their own, as pseudonyms put them
    ids = pl.DataFrame(
        {
            "record_id": made.tables["customers"]["record_id"],
            "customer_id": np.random.default_rng(5).permutation(CUSTOMERS).astype(np.uint64),
        }
    )
    seen = {
        name: rows.join(ids, on="record_id").lazy()
        for name, rows in made.tables.items()
        if "record_id" in rows.columns
    }
    found = segmentation(CustomerData(seen), as_of=date(2025, 7, 1), currency="EUR", seed=7)
    planted = made.truth["customers"].join(ids, on="record_id")
    both = found.assignments.join(planted, on="customer_id", suffix="_planted")
    assert both.height == found.assignments.height > CUSTOMERS / 2
    return found.k, float(adjusted_rand_score(both["segment_planted"], both["segment"]))


def test_sharp_segments_are_found_as_they_were_planted() -> None:
    number, found = agreement(3.0)
    assert number == 4
    assert found > 0.9


def test_the_less_segments_differ_the_less_of_them_is_found() -> None:
    none, lifelike = agreement(0.0)[1], agreement(1.0)[1]
    assert abs(none) < 0.02
    assert 0.25 < lifelike < 0.75
