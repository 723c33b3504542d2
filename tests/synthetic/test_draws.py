"""Draws have the distributions they are named after."""

import numpy as np
import pytest
from scipy import stats

from workbench.foundation.streams import Stream
from workbench.synthetic.draws import (
    NamedDraws,
    child_rows,
    choose,
    choose_by_segment,
    gamma,
    geometric,
    permute,
    poisson,
)

GRID = (np.arange(20_000) + 0.5) / 20_000  # every quantile once: no noise


@pytest.mark.parametrize("mean", [0.2, 3.0, 60.0, 499.0, 2_000.0])
def test_poisson_is_the_inverse_of_the_distribution(mean: float) -> None:
    counts = poisson(GRID, np.full(GRID.size, mean))
    assert (counts == stats.poisson.ppf(GRID, mean)).all()


def test_a_poisson_count_with_mean_zero_is_zero() -> None:
    assert poisson(np.array([0.5, 0.999]), np.zeros(2)).tolist() == [0, 0]


def test_gamma_has_mean_one_and_the_variance_of_its_shape() -> None:
    values = gamma(GRID, np.full(GRID.size, 4.0))
    assert values.mean() == pytest.approx(1, abs=1e-3)
    assert values.var() == pytest.approx(1 / 4, abs=5e-3)


def test_choice_follows_its_weights() -> None:
    shares = np.bincount(choose(GRID, {"a": 3.0, "b": 0.0, "c": 1.0})) / GRID.size
    assert shares == pytest.approx([0.75, 0.0, 0.25], abs=1e-3)


def test_a_choice_by_kind_follows_the_weights_of_each() -> None:
    weights = [{"a": 3.0, "b": 1.0}, {"a": 0.0, "b": 5.0}]
    for kind, expected in enumerate(([0.75, 0.25], [0.0, 1.0])):
        chosen = choose_by_segment(GRID, np.full(GRID.size, kind), weights)
        assert np.bincount(chosen) / GRID.size == pytest.approx(expected, abs=1e-3)


def test_dice_of_different_names_are_even_and_tell_nothing_of_each_other() -> None:
    names = ("pace", "views", "cart", "channel", "page")
    draws = NamedDraws(Stream(7, "visit").bits(np.arange(50_000, dtype=np.uint64)), names)
    drawn = np.stack([draws[name] for name in names]).astype(float)
    for each in drawn:
        assert stats.kstest(each / 0x10000, "uniform").pvalue > 1e-3
    apart = np.corrcoef(drawn)[~np.eye(len(names), dtype=bool)]
    assert abs(apart).max() < 4 / np.sqrt(50_000)
    assert draws.happens("cart", 0.25).mean() == pytest.approx(0.25, abs=0.01)
    assert (draws.of(np.array([3, 5]))["page"] == draws["page"][[3, 5]]).all()


def test_geometric_has_its_mean_and_its_cap() -> None:
    assert geometric(GRID, 2.0, most=60).mean() == pytest.approx(2, abs=1e-2)
    assert geometric(GRID, 2.0, most=3).max() == 3


@pytest.mark.parametrize("bits", [1, 7, 12])
def test_what_is_permuted_stays_one_for_one(bits: int) -> None:
    values, key = np.arange(1 << bits, dtype=np.uint64), np.array([9], dtype=np.uint64)
    moved = permute(values, key, bits=bits)
    assert sorted(moved.tolist()) == values.tolist()


def test_children_know_their_owner_and_their_place() -> None:
    owner, position = child_rows(np.array([0, 3, 1]))
    assert owner.tolist() == [1, 1, 1, 2]
    assert position.tolist() == [0, 1, 2, 0]
