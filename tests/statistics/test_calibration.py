"""Calibration tables and the error beside what right scores would show."""

import numpy as np

from workbench.statistics.calibration import calibration_error, equal_groups


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
