"""Calibration: of the persons with score .3, three in ten should have left.

The expected calibration error (ECE) is never 0: a *perfectly* calibrated model has a mean ECE of
.041 at n = 500 and .009 at n = 10,000. So the ECE is given beside the 95th percentile of the ECE
that a perfectly calibrated model with the same scores has.

The calibration line tells in which way scores are wrong: ``logit P(y) = a + b logit(score)``. A
slope b below 1 means that scores are too extreme, above 1 that they are too close to the mean. The
intercept a with b = 1 (calibration in the large) is below 0 where scores lie above the outcome.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from workbench.foundation.streams import Stream
from workbench.statistics.intervals import critical_value

#: Number of groups of equal size into which scores are divided.
BINS = 10
#: Number of draws for the null distribution; its 95th percentile then has an error of about 2 %.
DRAWS = 1000
#: Scores closer to 0 or 1 than this count as this, because the logit of 0 is infinite.
SMALLEST_SCORE = 1e-4
#: Newton steps after which a slope is given up: the scores then divide the outcomes.
_MOST_STEPS = 30


class CalibrationError(NamedTuple):
    """The ECE and its null distribution, under which the scores are the true probabilities.

    ``ece`` and ``null_95`` (the 95th percentile under perfect calibration) are shares, 0 to 1;
    ``p_value`` is the share of null draws that are as high or higher.
    """

    ece: float
    null_95: float
    p_value: float


def calibration_error(
    outcomes: ArrayLike,
    scores: ArrayLike,
    *,
    seed: int,
    bins: int = BINS,
    draws: int = DRAWS,
    noise: float = 0.0,
) -> CalibrationError:
    """Return the ECE over groups of equal size, with its null distribution.

    Parameters
    ----------
    outcomes : array of bool, shape (n,)
        True for positives.
    scores : array of float in 0 to 1, shape (n,)
        Predicted probabilities.
    seed : int
        Seed of the null draws, which are outcomes drawn from the scores themselves.
    bins, draws : int
        Number of groups, and number of null draws.
    noise : float
        Variance of the noise that disclosure control added to each count; the null draws get the
        same noise.

    Notes
    -----
    ``ECE = sum_b n_b / n |mean outcome_b - mean score_b|``. The number of positives in a bin
    under the null is drawn as a normal with mean ``sum p`` and variance ``sum p (1 - p)``, cut to
    0 .. n_b, which makes the cost independent of n.

    References
    ----------
    Naeini, Cooper and Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian
    binning", AAAI. Vaicenavicius et al. 2019, "Evaluating model calibration in classification",
    AISTATS, section 4 (consistency resampling).
    """
    y, p = _sort_by_score(outcomes, scores)
    edges = _group_edges(p.size, bins)
    sizes, expected = np.diff(edges), np.add.reduceat(p, edges[:-1])
    observed = np.add.reduceat(y, edges[:-1])
    share = expected / sizes
    spread = np.sqrt(np.add.reduceat(p * (1 - p), edges[:-1]) + noise * (1 + share**2))
    ece = float(np.abs(observed - expected).sum() / p.size)
    random = Stream(seed, "calibration null").generator()
    drawn = expected + spread * random.standard_normal((draws, sizes.size))
    null = np.abs(drawn.clip(0, sizes) - expected).sum(axis=1) / p.size
    return CalibrationError(
        ece=ece,
        null_95=float(np.quantile(null, 0.95)),
        p_value=float((1 + (null >= ece).sum()) / (1 + draws)),
    )


class Coefficient(NamedTuple):
    """A coefficient on the logit scale with its 95 % interval."""

    value: float
    low: float
    high: float


def calibration_intercept(outcomes: ArrayLike, scores: ArrayLike) -> Coefficient:
    """Return what has to be added to the logits of scores so that their mean is the outcomes'.

    Parameters
    ----------
    outcomes : array of bool, shape (n,)
        True for positives; both outcomes occur.
    scores : array of float in 0 to 1, shape (n,)
        Predicted probabilities.

    Notes
    -----
    The maximum likelihood estimate of a in ``logit P(y) = a + logit(score)``, with Wald's interval.

    References
    ----------
    Cox 1958, "Two further applications of a model for binary regression", Biometrika 45. Van
    Calster et al. 2019, "Calibration: the Achilles heel of predictive analytics", BMC Medicine 17.
    """
    y, x = np.asarray(outcomes, dtype=np.float64), _logits(scores)
    a = special.logit(y.mean()) - special.logit(special.expit(x).mean())
    for _ in range(_MOST_STEPS):
        p = special.expit(x + a)
        step = float((y - p).sum() / (p * (1 - p)).sum())
        a += step
        if abs(step) < 1e-9:
            break
    p = special.expit(x + a)
    return _with_interval(float(a), 1 / float((p * (1 - p)).sum()))


def calibration_slope(outcomes: ArrayLike, scores: ArrayLike) -> Coefficient | None:
    """Return the slope of the calibration line; parameters as in ``calibration_intercept``.

    The result is None if there is no slope: all scores are equal, or they divide the outcomes.

    Notes
    -----
    The maximum likelihood estimate of b in ``logit P(y) = a + b logit(score)``, with Wald's
    interval.
    """
    y, x = np.asarray(outcomes, dtype=np.float64), _logits(scores)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    design = np.column_stack([np.ones(x.size), x - x.mean()])
    line = np.array([calibration_intercept(y, scores).value + x.mean(), 1.0])
    for _ in range(_MOST_STEPS):
        p = special.expit(design @ line)
        information = (design * (p * (1 - p))[:, None]).T @ design
        if np.linalg.det(information) <= 0:
            return None
        step = np.linalg.solve(information, design.T @ (y - p))
        line += step
        if np.abs(step).max() < 1e-9:
            return _with_interval(float(line[1]), float(np.linalg.inv(information)[1, 1]))
    return None


def shift_scores(scores: NDArray[np.float64], shift: float) -> NDArray[np.float64]:
    """Return scores with ``shift`` added to their logits; 0 and 1 stay.

    Examples
    --------
    >>> shift_scores(np.array([0.0, 0.5]), 1.0).round(3).tolist()
    [0.0, 0.731]
    """
    with np.errstate(divide="ignore"):
        shifted: NDArray[np.float64] = special.expit(special.logit(scores) + shift)
    return shifted


def _logits(scores: ArrayLike) -> NDArray[np.float64]:
    p = np.asarray(scores, dtype=np.float64).clip(SMALLEST_SCORE, 1 - SMALLEST_SCORE)
    logits: NDArray[np.float64] = special.logit(p)
    return logits


def _with_interval(value: float, variance: float) -> Coefficient:
    half = critical_value() * math.sqrt(variance)
    return Coefficient(value, value - half, value + half)


def equal_groups(scores: ArrayLike, *, bins: int = BINS) -> NDArray[np.int64]:
    """Return the number of each person's score group; groups have equal size, 1 has low scores.

    There are never more groups than persons. Persons with equal scores are divided in the order of
    the rows.
    """
    p = np.asarray(scores, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    sizes = np.diff(_group_edges(p.size, bins))
    found = np.empty(p.size, dtype=np.int64)
    found[order] = np.repeat(np.arange(1, sizes.size + 1), sizes)
    return found


def squared_errors(outcomes: ArrayLike, scores: ArrayLike) -> NDArray[np.float64]:
    """Return each person's squared error; the mean is the Brier score (Brier 1950)."""
    y, p = np.asarray(outcomes, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    return (y - p) ** 2


def _sort_by_score(
    outcomes: ArrayLike, scores: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, p = np.asarray(outcomes, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    # A stable sort keeps tied scores in the order of the rows, which the caller sorts by customer.
    order = np.argsort(p, kind="stable")
    return y[order], p[order]


def _group_edges(n: int, bins: int) -> NDArray[np.int64]:
    return np.unique(np.round(np.linspace(0, n, min(bins, n) + 1)).astype(np.int64))
