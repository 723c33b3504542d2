"""Calibration: of the persons with score .3, three in ten should have left.

The expected calibration error (ECE) is never 0: a *perfectly* calibrated model has a mean ECE of
.041 at n = 500 and .009 at n = 10,000. So the ECE is given beside the 95th percentile of the ECE
that a perfectly calibrated model with the same scores has.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.foundation.streams import Stream

#: Number of groups of equal size into which scores are divided.
BINS = 10
#: Number of draws for the null distribution; its 95th percentile then has an error of about 2 %.
DRAWS = 1000


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
