"""Resampling from counts."""

import numpy as np
import pytest

from workbench.foundation.errors import InputError
from workbench.statistics.resampling import percentile_interval, resample_cells


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
