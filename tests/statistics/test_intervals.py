"""Intervals against hand computation, scipy and their own coverage."""

import numpy as np
import pytest
from scipy import stats

from workbench.foundation.errors import ParameterError
from workbench.statistics.intervals import newcombe_interval, wilson_interval


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
