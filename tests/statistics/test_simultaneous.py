"""Critical values of all pairs and of the largest difference."""

import numpy as np
import pytest

from workbench.statistics.simultaneous import max_t_critical_value, range_critical_value


def test_the_range_of_equal_groups_needs_the_studentised_range_for_all_pairs() -> None:
    # Tukey's studentised range, infinite degrees of freedom, 5 groups: 3.858 / sqrt(2)
    assert max_t_critical_value(np.ones(5), seed=1) == pytest.approx(3.858 / 2**0.5, abs=0.03)


def test_a_lower_limit_of_the_range_needs_less_than_that_of_all_pairs() -> None:
    assert range_critical_value(np.ones(2), seed=1) == pytest.approx(1.96, abs=0.01)
    for spread in (np.ones(5), np.array([1.0, 2.0, 3.0]), np.ones(8)):
        found = range_critical_value(spread, seed=1)
        assert 1.95 < found < max_t_critical_value(spread, seed=1) - 0.2
    many = np.ones(9)
    assert range_critical_value(many, seed=1) == max_t_critical_value(many, seed=1)


@pytest.mark.parametrize("distance", [0.0, 0.25, 0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("high", [1, 2, 4])
def test_the_interval_of_a_range_covers_it_wherever_groups_lie(distance: float, high: int) -> None:
    """Limits of ``fairness.contrasts`` for normal estimates whose differences have error 1."""
    true = np.where(np.arange(5) < high, distance, 0.0)
    spread = np.full(5, 0.5**0.5)
    drawn = true + spread * np.random.default_rng(high).standard_normal((10_000, 5))
    largest = drawn.max(axis=1) - drawn.min(axis=1)
    together = largest - max_t_critical_value(spread, seed=1)
    low = np.minimum(2 * together.clip(0), largest - range_critical_value(spread, seed=1))
    covers = (low.clip(0) <= distance) & (distance <= largest + 1.96)
    assert covers.mean() > 0.94
