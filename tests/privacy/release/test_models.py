"""Figures of models are rounded to a step that hides one person."""

import numpy as np
import pytest

from workbench.privacy.release import EXACT, Release, calibration_gap, rounded_figure, rounding_step

RULES = Release(view="a", secret=b"s")


@pytest.mark.parametrize(
    ("standard_error", "step"),
    [(0.0113, 0.01), (0.0201, 0.02), (0.004, 0.002), (0.009, 0.005), (3.0, 2.0), (0.0, 0.0)],
)
def test_the_step_is_half_a_standard_error_at_least(standard_error: float, step: float) -> None:
    assert rounding_step(standard_error) == pytest.approx(step)
    assert rounding_step(standard_error) >= standard_error / 2


def test_limits_are_rounded_outwards() -> None:
    found = rounded_figure(0.7434, 0.7213, 0.7655, release=RULES)
    assert found == (0.74, 0.72, 0.77)
    assert rounded_figure(0.7434, 0.7213, 0.7655, release=EXACT) == (0.7434, 0.7213, 0.7655)


def test_scores_that_are_too_high_have_a_gap_below_zero() -> None:
    scores = np.full(2000, 0.4)
    gap, low, high = calibration_gap(0.2, 0.4, scores, release=EXACT)
    assert gap == pytest.approx(-0.2)
    assert high - gap == pytest.approx(1.959963984540054 * np.sqrt(0.24 / 2000))
    noisy = calibration_gap(0.2, 0.4, scores, release=RULES)
    assert noisy.low <= low <= high <= noisy.high < 0
