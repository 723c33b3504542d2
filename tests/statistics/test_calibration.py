"""Calibration tables and the error beside what right scores would show."""

import numpy as np
import pytest
from scipy import optimize

from workbench.statistics.calibration import (
    calibration_error,
    calibration_intercept,
    calibration_slope,
    equal_groups,
    shift_scores,
)


def test_groups_are_of_equal_size_and_follow_the_scores() -> None:
    assert equal_groups([0.9, 0.1, 0.3, 0.8, 0.2, 1.0], bins=2).tolist() == [2, 1, 1, 2, 1, 2]


def test_error_is_the_mean_gap() -> None:
    found = calibration_error([True, False, True, True], [0.5, 0.5, 0.9, 0.9], seed=1, bins=2)
    assert np.isclose(found.ece, 0.05)


def test_right_scores_stay_within_the_null_in_ninety_five_of_a_hundred() -> None:
    random = np.random.default_rng(4)
    above = 0
    for seed in range(200):
        scores = random.beta(2, 4, 2000)
        found = calibration_error(random.random(2000) < scores, scores, seed=seed, draws=300)
        above += found.ece > found.null_95
    assert above / 200 <= 0.09


def test_null_has_the_known_size() -> None:
    # A perfectly calibrated model has a mean error of about .021 at 2,000 persons.
    random = np.random.default_rng(5)
    scores = random.random(2000)
    found = calibration_error(random.random(2000) < scores, scores, seed=1)
    assert 0.02 < found.null_95 < 0.04


def test_wrong_scores_are_found() -> None:
    random = np.random.default_rng(6)
    scores = random.beta(2, 4, 2000)
    found = calibration_error(random.random(2000) < scores**2, scores, seed=1)
    assert found.ece > found.null_95
    assert found.p_value < 0.01


def test_line_is_the_maximum_of_the_likelihood_and_its_curvature_the_interval() -> None:
    random = np.random.default_rng(7)
    scores = random.beta(2, 4, 1500)
    logits = np.log(scores / (1 - scores))
    y = random.random(1500) < shift_scores(scores, 0.3)

    def loss(a: float, b: float) -> float:
        return float(np.logaddexp(0, (1 - 2 * y) * (a + b * logits)).sum())

    line = optimize.minimize(lambda ab: loss(*ab), [0.0, 1.0], tol=1e-10).x
    shift = optimize.minimize_scalar(lambda a: loss(a, 1.0)).x
    slope, intercept = calibration_slope(y, scores), calibration_intercept(y, scores)
    assert slope is not None
    assert slope.value == pytest.approx(line[1], abs=1e-4)
    assert intercept.value == pytest.approx(shift, abs=1e-4)
    # Where a parameter is one standard error off and the other fits again, the loss is half higher.
    error = (slope.high - slope.low) / 2 / 1.96
    again = optimize.minimize_scalar(lambda a: loss(a, slope.value + error)).fun
    assert again - loss(*line) == pytest.approx(0.5, abs=0.05)
    error = (intercept.high - intercept.low) / 2 / 1.96
    assert loss(shift + error, 1.0) - loss(shift, 1.0) == pytest.approx(0.5, abs=0.05)


def test_scores_without_a_slope_have_none() -> None:
    assert calibration_slope([True, False] * 20, [0.5] * 40) is None
    assert calibration_slope([True] * 20 + [False] * 20, [0.8] * 20 + [0.2] * 20) is None
