"""Whether scores mean what they say: of those scored .3, three in ten should have left.

The expected calibration error (ECE) is never 0: a *perfectly* calibrated model has a mean ECE of
.041 at n = 500 and .009 at n = 10,000. So it is given beside the 95th percentile of what a
perfectly calibrated model with the same scores would show.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.foundation.streams import Stream

#: Groups of equal size into which scores are cut.
BINS = 10
#: Draws for the null distribution: its 95th percentile is then good to about 2 %.
DRAWS = 1000


class CalibrationError(NamedTuple):
    """ECE and what would be seen if the scores were right.

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
    """Return the ECE over groups of equal size, with its null.

    Parameters
    ----------
    outcomes : array of bool, shape (n,)
    scores : array of float in 0 to 1, shape (n,)
    seed : int
        Of the null draws: outcomes drawn from the scores themselves.
    noise : float
        Variance of the noise in each count that the error is compared with: it is in the null too.

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
    y, p = _sorted(outcomes, scores)
    edges = _edges(p.size, bins)
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
    """Return the group of each person by its score, groups of equal size, 1 the lowest scores.

    Fewer groups where there are fewer persons; persons of equal score keep the order of the rows.
    """
    p = np.asarray(scores, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    sizes = np.diff(_edges(p.size, bins))
    found = np.empty(p.size, dtype=np.int64)
    found[order] = np.repeat(np.arange(1, sizes.size + 1), sizes)
    return found


def brier(outcomes: ArrayLike, scores: ArrayLike) -> NDArray[np.float64]:
    """Return each person's squared error; the mean is the Brier score (Brier 1950)."""
    y, p = np.asarray(outcomes, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    return (y - p) ** 2


def _sorted(
    outcomes: ArrayLike, scores: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, p = np.asarray(outcomes, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    # Stable: tied scores keep the order of the rows, which the caller fixes (by customer).
    order = np.argsort(p, kind="stable")
    return y[order], p[order]


def _edges(n: int, bins: int) -> NDArray[np.int64]:
    return np.unique(np.round(np.linspace(0, n, min(bins, n) + 1)).astype(np.int64))
