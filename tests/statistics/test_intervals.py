"""Intervals against hand computation, scipy and their own coverage."""

from collections.abc import Iterable

import numpy as np
import pytest
from scipy import stats

from tests.statistics.exact_difference import exact_limits
from workbench.foundation.errors import ParameterError
from workbench.statistics.intervals import newcombe_interval, share_interval, wilson_interval


@pytest.mark.parametrize(("x", "n"), [(0, 15), (3, 30), (7, 10), (30, 30), (412, 9000)])
def test_wilson_is_scipys(x: int, n: int) -> None:
    expected = stats.binomtest(x, n).proportion_ci(method="wilson")
    assert np.allclose(wilson_interval(x, n), expected, atol=1e-12)


def test_wilson_of_two_small_groups() -> None:
    low, high = wilson_interval([0, 3], [15, 30])
    assert low.round(3).tolist() == [0.0, 0.035]
    assert high.round(3).tolist() == [0.204, 0.256]


def test_newcombe_reproduces_the_published_example() -> None:
    # Newcombe 1998, table II, method 10: 56/70 against 48/80 gives .0524 to .3339.
    low, high = newcombe_interval(56, 70, 48, 80)
    assert (round(float(low), 4), round(float(high), 4)) == (0.0524, 0.3339)


def test_nobody_has_no_interval() -> None:
    for interval in (wilson_interval(0, 0),):
        assert np.isnan(interval.low)
        assert np.isnan(interval.high)


def test_more_successes_than_persons_are_refused() -> None:
    with pytest.raises(ParameterError, match="successes must be between 0 and n"):
        wilson_interval(4, 3)


def test_wilson_covers_in_small_groups_at_low_rates() -> None:
    n, p = 50, 0.03
    x = np.arange(n + 1)
    low, high = wilson_interval(x, np.full(n + 1, n))
    covered = stats.binom.pmf(x, n, p)[(low <= p) & (p <= high)].sum()
    assert 0.93 < covered < 0.99


@pytest.mark.parametrize(("x", "n"), [(0, 15), (3, 30), (12, 4000), (30, 30), (25, 34)])
def test_a_share_with_few_on_one_side_has_the_exact_interval(x: int, n: int) -> None:
    expected = stats.binomtest(x, n).proportion_ci(method="exact")
    assert np.allclose(share_interval(x, n), expected, atol=1e-9)


def test_a_share_with_many_on_both_sides_has_wilsons_interval() -> None:
    assert np.allclose(
        share_interval([13, 412], [30, 9000]), wilson_interval([13, 412], [30, 9000])
    )


def test_noise_only_widens_the_interval_of_a_share() -> None:
    exact, noisy = share_interval([0, 3, 50], 60), share_interval([0, 3, 50], 60, noise=4.0)
    assert (noisy.low <= exact.low).all()
    assert (noisy.high >= exact.high).all()


@pytest.mark.parametrize("sizes", [range(10, 71), range(71, 131), (150, 400, 2000)])
def test_the_interval_of_a_share_covers_it_at_every_rate(sizes: Iterable[int]) -> None:
    rates = np.linspace(0.0005, 0.5, 700)[:, None]
    for n in sizes:
        x = np.arange(n + 1)
        low, high = share_interval(x, np.full(n + 1, n))
        chance = stats.binom.pmf(x, n, rates)
        covered = (chance * ((low <= rates) & (rates <= high))).sum(axis=1)
        assert covered.min() >= 0.93, n


def test_a_scaled_difference_is_about_the_ratio() -> None:
    # 10 of 100 against 20 of 100: the ratio is .5, so p1 - .5 p2 is 0 and p1 - .2 p2 above 0
    low, high = newcombe_interval(1000, 10_000, 2000, 10_000, scale=0.5)
    assert low < 0 < high
    assert newcombe_interval(1000, 10_000, 2000, 10_000, scale=0.2).low > 0


@pytest.mark.parametrize(("n", "other_n"), [(20, 15), (12, 40)])
def test_the_interval_of_a_difference_is_hardly_wider_than_the_exact_one(
    n: int, other_n: int
) -> None:
    exact = exact_limits(n, other_n)
    widths = [
        np.subtract(*newcombe_interval(x, n, y, other_n)[::-1]) / np.subtract(*limits[::-1])
        for (x, y), limits in exact.items()
    ]
    assert 0.9 < np.median(widths) <= 1.15
    # the exact interval covers at least 95 % of any truth, up to the steps that are tried
    for p, other_p in ((0.1, 0.3), (0.5, 0.5), (0.02, 0.05)):
        chance = np.outer(
            stats.binom.pmf(np.arange(n + 1), n, p),
            stats.binom.pmf(np.arange(other_n + 1), other_n, other_p),
        )
        step = 2 / 400
        covered = sum(
            chance[at]
            for at, (low, high) in exact.items()
            if low - step <= p - other_p <= high + step
        )
        assert covered >= 0.95
