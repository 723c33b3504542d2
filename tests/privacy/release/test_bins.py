"""Medians and comparisons from released counts in fixed bins."""

import numpy as np
import polars as pl
import pytest

from workbench.privacy.release import EXACT, Release, bin_counts, binned_delta, binned_median
from workbench.privacy.release.bins import ladder


def spread(n: int, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "customer_id": random.choice(2**62, n, replace=False).astype(np.uint64),
            "group": random.choice(["a", "b"], n),
            "value": random.lognormal(8, 1, n),
        }
    )


def test_edges_depend_on_no_data_and_whole_numbers_have_bins_of_their_own() -> None:
    edges = ladder(is_whole=True)
    assert (np.diff(edges) >= 1).all()
    assert set(range(-20, 21)) <= set(edges.astype(int))
    assert (np.diff(ladder(is_whole=False)) > 0).all()


def test_a_median_of_whole_numbers_is_exact() -> None:
    rows = pl.DataFrame({"group": ["a"] * 5, "value": [1, 2, 2, 7, 9]})
    counts, edges = bin_counts(rows, "group", "value", ["a"], is_whole=True, release=EXACT)
    assert binned_median(counts[0], edges) == 2


def test_a_binned_median_is_near_the_exact_one() -> None:
    misses = []
    for seed in range(60):
        rows = spread(600, seed)
        rules = Release(view=str(seed), secret=b"s")
        counts, edges = bin_counts(
            rows, "group", "value", ["a", "b"], is_whole=False, release=rules
        )
        exact = float(rows.filter(pl.col("group") == "a")["value"].median())  # type: ignore[arg-type]  # a number
        found = binned_median(counts[0], edges)
        assert found is not None
        misses.append(found / exact - 1)
    assert np.abs(misses).mean() < 0.05


def test_the_delta_is_cliffs() -> None:
    rows = spread(500, 4).with_columns(value=pl.col("value").round().cast(pl.Int64) % 15)
    counts, _ = bin_counts(rows, "group", "value", ["a", "b"], is_whole=True, release=EXACT)
    one, other = (rows.filter(pl.col("group") == g)["value"].to_numpy() for g in "ab")
    signs = np.sign(one[:, None] - other[None, :])
    assert binned_delta(counts[0], counts[1]) == pytest.approx(signs.mean())
