"""The largest difference between groups, and resampling from counts."""

import numpy as np
import pytest

from workbench.foundation.errors import InputError
from workbench.statistics.ranges import range_interval
from workbench.statistics.resampling import percentile_interval, resample_cells


def coverage(true: np.ndarray, sizes: np.ndarray, worlds: int) -> tuple[float, float]:
    random = np.random.default_rng(7)
    inside = above = 0
    for seed in range(worlds):
        found = range_interval(random.binomial(sizes, true), sizes, seed=seed)
        inside += found.low <= true.max() - true.min() <= found.high
        above += found.low > 0
    return inside / worlds, above / worlds


def test_interval_holds_when_all_groups_are_equal() -> None:
    # The percentile bootstrap covers 0 % here.
    sizes = np.array([950, 850, 750, 650, 500, 450, 300, 250, 200, 100])
    inside, above = coverage(np.full(10, 0.2), sizes, 200)
    assert inside >= 0.91
    assert above <= 0.09


def test_interval_holds_when_groups_differ() -> None:
    inside, above = coverage(np.array([0.2, 0.25, 0.35]), np.array([900, 500, 400]), 100)
    assert inside >= 0.93
    assert above == 1.0


def test_the_highest_and_the_lowest_are_named() -> None:
    found = range_interval([10, 50, 30], [100, 100, 100], seed=1)
    assert (found.highest, found.lowest, found.difference) == (1, 0, 0.4)


def test_one_group_has_no_range() -> None:
    with pytest.raises(InputError, match="at least two groups with persons"):
        range_interval([3], [10], seed=1)


def test_resampled_counts_keep_the_number_of_persons_and_the_mean() -> None:
    counts = np.array([[50, 150], [0, 800]])
    drawn = resample_cells(counts, seed=1)
    assert drawn.shape == (2000, 2, 2)
    assert (drawn.sum(axis=(1, 2)) == 1000).all()
    assert np.allclose(drawn.mean(axis=0), counts, atol=1)
    assert (drawn[:, 1, 0] == 0).all()
    assert (drawn == resample_cells(counts, seed=1)).all()


def test_percentile_interval_agrees_with_the_normal_one() -> None:
    low, high = percentile_interval([300, 700], lambda c: c[:, 0] / c.sum(axis=1), seed=1)
    assert low == pytest.approx(0.3 - 1.96 * np.sqrt(0.3 * 0.7 / 1000), abs=0.003)
    assert high == pytest.approx(0.3 + 1.96 * np.sqrt(0.3 * 0.7 / 1000), abs=0.003)


def test_nobody_cannot_be_resampled() -> None:
    with pytest.raises(InputError, match="there are no persons to resample"):
        resample_cells([0, 0], seed=1)
