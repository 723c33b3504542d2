"""Whom single values find, on columns whose answer is known by construction."""

import numpy as np
import polars as pl
import pytest

from workbench.privacy.risk.known_values import frequent_values, nearest_values, rare_values

PERSONS = pl.Series(range(1_000))


def test_persons_with_rare_values_are_counted_once() -> None:
    owners = pl.Series([1, 1, 2, 3, 4])
    cells = pl.Series("plan", ["x", "y", "a", "a", None])
    assert rare_values(owners, cells, k=2).value == 1 / 4


@pytest.mark.parametrize(
    ("cells", "share"),
    [
        (["f"] * 400 + ["m"] * 600, 1.0),
        (["f"] * 500 + ["m"] * 500, 0.0),  # nobody knows which number is which
        ([f"household {i // 2}" for i in range(1_000)], 0.0),
        (["only"] * 1_000, 0.0),
        (["a"] * 100 + ["b"] * 450 + ["c"] * 450, 0.1),
    ],
)
def test_numbers_for_values_are_told_by_how_often_they_occur(
    cells: list[str], share: float
) -> None:
    assert frequent_values(PERSONS, pl.Series("who", cells)).value == share


def test_noise_protects_dense_numbers_and_not_sparse_ones() -> None:
    draw = np.random.default_rng(1)
    factors = np.exp(draw.normal(0, 0.05, 1_000))
    dense, sparse = draw.normal(1_000, 100, 1_000), np.geomspace(1, 1e60, 1_000)
    assert (nearest_values(pl.Series(dense), pl.Series(dense * factors)).value or 0) < 0.05
    assert (nearest_values(pl.Series(sparse), pl.Series(sparse * factors)).value or 0) > 0.5


def test_a_guess_among_equal_numbers_counts_as_its_chance() -> None:
    same = pl.Series([5.0, 5.0, 5.0, 5.0])
    assert nearest_values(same, same).value == pytest.approx(1 / 4)
    found = nearest_values(pl.Series([5.0, 9.0]), pl.Series([4.0, 6.0])).value
    assert found == pytest.approx((1 / 2 + 1) / 2)


def test_without_a_value_nothing_is_found() -> None:
    nothing = pl.Series("x", [None, None], dtype=pl.Float64)
    assert nearest_values(nothing, nothing).value is None
    assert rare_values(pl.Series([1, 2]), nothing, k=5).value == 0.0
