"""The critical value with which the limits of all differences of several shares hold together.

The largest of many differences is above 0 by chance alone. Its percentile bootstrap interval covers
the truth in 0 % of audits in which all groups are equal (ten groups, at 1,000 and at 50,000 persons
alike). Limits that hold for all pairs together do cover it.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.foundation.streams import Stream
from workbench.statistics.intervals import LEVEL, wilson_interval

_DRAWS = 20_000
#: Largest number of groups whose divisions into high and low ones are all tried, and their draws.
_MOST_DIVIDED = 8
_DIVIDED_DRAWS = 5_000


def max_t_critical_value(spread: NDArray[np.float64], *, seed: int, level: float = LEVEL) -> float:
    """Return the critical value of the largest standardised difference of all pairs.

    Parameters
    ----------
    spread : array of shape (groups,)
        Standard error of each share.
    seed : int
        Seed of the draws.
    level : float
        Confidence of all pairs together.

    Notes
    -----
    The value is the ``level`` quantile of ``max_ij |e_i - e_j| / sqrt(s_i^2 + s_j^2)`` for
    independent e_i ~ N(0, s_i^2).

    References
    ----------
    Tukey 1953, "The problem of multiple comparisons"; Hothorn, Bretz and Westfall 2008,
    "Simultaneous inference in general parametric models", Biometrical Journal 50 (max-t).
    """
    random = Stream(seed, "max-t").generator()
    errors = random.standard_normal((_DRAWS, spread.size)) * spread
    largest = np.zeros(_DRAWS)
    for i in range(spread.size - 1):
        se = np.hypot(spread[i], spread[i + 1 :])
        t = np.abs(errors[:, i : i + 1] - errors[:, i + 1 :]) / se
        np.maximum(largest, t.max(axis=1), out=largest)
    return float(np.quantile(largest, level))


def range_critical_value(spread: NDArray[np.float64], *, seed: int, level: float = LEVEL) -> float:
    """Return the critical value of a lower limit of the largest of all differences.

    It is smaller than that of all pairs. A lower limit of the largest difference d is too high only
    if it is too high for a pair; no pair is farther apart than d, and the pairs that are d apart
    have one group among the highest and one among the lowest. Not every pair can be such a one, and
    none can be in both directions.

    Parameters
    ----------
    spread, seed, level
        Parameters of ``max_t_critical_value``.

    Notes
    -----
    For a division of the groups into high ones H and low ones L, d apart, let ``t_ij = (e_i - e_j)
    / sqrt(s_i^2 + s_j^2)``, i in H and j in L. The upper limit that holds for a pair alone is below
    d if all t are below -z. The lower limit may err in the rest of ``1 - level``, so its critical
    value is that quantile of the largest t. The result is the largest value over all divisions.
    With more than eight groups it is the value of all pairs, because there are too many divisions.
    It presumes that d is no smaller than about a standard error: see ``fairness.contrasts``.
    """
    groups = spread.size
    if groups > _MOST_DIVIDED:
        return max_t_critical_value(spread, seed=seed, level=level)
    random = Stream(seed, "range").generator()
    errors = random.standard_normal((_DIVIDED_DRAWS, groups)) * spread
    scale = np.hypot(spread[:, None], spread[None])
    t = (errors[:, :, None] - errors[:, None]) / scale
    alone = NormalDist().inv_cdf((1 + level) / 2)
    found = alone
    for division in range(1, 2 ** (groups - 1)):  # the others are these with signs changed
        is_high = (division >> np.arange(groups)) % 2 == 1
        largest = t[:, is_high][:, :, ~is_high].max(axis=(1, 2))
        below = float((largest < -alone).mean())
        found = max(found, float(np.quantile(largest, min(level + below, 1.0))))
    return found


def share_standard_errors(
    x: NDArray[np.float64], n: NDArray[np.float64], *, noise: ArrayLike = 0.0
) -> NDArray[np.float64]:
    """Return the standard error of each share, from the width of its Wilson interval."""
    low, high = wilson_interval(x, n, level=0.95, noise=noise)
    return (high - low) / (2 * 1.959963984540054)
