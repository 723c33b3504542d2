"""AUC and its intervals against scikit-learn, a hand computation and their own coverage."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from workbench.foundation.errors import InputError
from workbench.statistics.auc import auc_difference, auc_interval


def test_auc_counts_pairs_and_ties_half() -> None:
    # positives .9 and .5, negatives .5 and .1: three pairs right, one tied
    found = auc_interval([True, True, False, False], [0.9, 0.5, 0.5, 0.1])
    assert found.auc == 0.875


def test_auc_is_scikit_learns() -> None:
    random = np.random.default_rng(1)
    y, scores = random.random(500) < 0.3, random.integers(0, 20, 500)
    assert auc_interval(y, scores).auc == pytest.approx(roc_auc_score(y, scores), abs=1e-12)


def test_variance_is_delongs() -> None:
    # DeLong by its definition, pair by pair
    random = np.random.default_rng(2)
    y = random.random(60) < 0.4
    scores = random.normal(size=60) + y
    pairs = (scores[y][:, None] > scores[~y][None, :]).astype(float)
    auc = pairs.mean()
    by_positive, by_negative = pairs.mean(axis=1), pairs.mean(axis=0)
    variance = by_positive.var(ddof=1) / y.sum() + by_negative.var(ddof=1) / (~y).sum()
    half = 1.959963984540054 * np.sqrt(variance) / (auc * (1 - auc))
    centre = np.log(auc / (1 - auc))
    expected = 1 / (1 + np.exp(-(centre + np.array([-half, half]))))
    assert np.allclose(auc_interval(y, scores)[1:], expected, atol=1e-12)


def test_interval_covers() -> None:
    random = np.random.default_rng(3)
    true = 0.76024994  # Phi(1 / sqrt 2) for normal scores one standard deviation apart
    inside = 0
    for _ in range(400):
        y = random.random(300) < 0.3
        _, low, high = auc_interval(y, random.normal(size=300) + y)
        inside += low <= true <= high
    assert 0.92 < inside / 400 < 0.98


def test_perfect_ranking_is_not_certain() -> None:
    auc, low, high = auc_interval([True] * 4 + [False] * 4, [8, 7, 6, 5, 4, 3, 2, 1])
    assert (auc, high) == (1.0, 1.0)
    assert low < 0.9  # eight persons do not prove much


def test_gain_of_a_score_over_itself_is_nothing() -> None:
    y, scores = [True, False, True, False], [0.9, 0.2, 0.4, 0.6]
    assert auc_difference(y, scores, scores) == (0.0, 0.0, 0.0, 0.0)
    better = auc_difference(y, [4, 1, 3, 2], scores)
    assert better.difference == pytest.approx(0.25)


def test_one_outcome_has_no_auc() -> None:
    with pytest.raises(InputError, match="found 3 positives and 0 negatives"):
        auc_interval([True] * 3, [1, 2, 3])
