"""The largest difference between groups, with an interval that is valid even if all are equal.

The largest of many differences is above 0 by chance alone. Its percentile bootstrap interval covers
the truth in 0 % of audits in which all groups are equal (ten groups, at 1,000 and at 50,000 persons
alike). Simultaneous intervals for all pairs cover it: .948 / .953 / .950 under equality.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.foundation.errors import InputError
from workbench.foundation.streams import Stream
from workbench.statistics.intervals import LEVEL, wilson_interval

_DRAWS = 20_000


class ShareRange(NamedTuple):
    """The highest less the lowest share, with simultaneous limits and the places of both groups."""

    difference: float
    low: float
    high: float
    highest: int
    lowest: int


def range_interval(
    successes: ArrayLike,
    n: ArrayLike,
    *,
    seed: int,
    level: float = LEVEL,
    noise: ArrayLike = 0.0,
) -> ShareRange:
    """Return the range of several shares with its max-t interval.

    Parameters
    ----------
    successes, n : array of int, shape (groups,)
        Counts of at least two groups, none of them empty.
    seed : int
        Seed of the draws from which the critical value is computed.
    noise : float or array of shape (groups,)
        Variance of the noise in each count, see ``wilson_interval``.

    Raises
    ------
    InputError
        There are fewer than two groups or one is empty.

    Notes
    -----
    With d_ij = p_i - p_j and se_ij^2 = s_i^2 + s_j^2, the value c is the ``level`` quantile of
    ``max_ij |e_i - e_j| / se_ij`` for e_i ~ N(0, s_i^2). All true differences then lie within
    ``d_ij -+ c se_ij`` together, so the true range lies within ``[max(0, max_ij (d_ij - c se_ij)),
    max_ij (d_ij + c se_ij)]``. Under equality the lower limit is above 0 in 1 - level of cases,
    and the upper one always holds. s_i is half the width of the Wilson interval over z, so that a
    share of 0 in a small group has an error above 0.

    References
    ----------
    Tukey 1953, "The problem of multiple comparisons"; Hothorn, Bretz and Westfall 2008,
    "Simultaneous inference in general parametric models", Biometrical Journal 50 (max-t).
    """
    x, size = np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if x.size < 2 or bool((size < 1).any()):
        raise InputError("a range needs at least two groups with persons")
    shares = np.minimum(x / size, 1.0)
    spread = share_standard_errors(x, size, noise=noise)
    c = max_t_critical_value(spread, seed=seed, level=level)
    difference = shares[:, None] - shares[None, :]
    half = c * np.hypot(spread[:, None], spread[None, :])
    return ShareRange(
        difference=float(shares.max() - shares.min()),
        low=max(0.0, float((difference - half).max())),
        high=min(1.0, float((difference + half).max())),
        highest=int(shares.argmax()),
        lowest=int(shares.argmin()),
    )


def max_t_critical_value(spread: NDArray[np.float64], *, seed: int, level: float = LEVEL) -> float:
    """Return the critical value of the largest standardised difference of all pairs."""
    random = Stream(seed, "max-t").generator()
    errors = random.standard_normal((_DRAWS, spread.size)) * spread
    largest = np.zeros(_DRAWS)
    for i in range(spread.size - 1):
        se = np.hypot(spread[i], spread[i + 1 :])
        t = np.abs(errors[:, i : i + 1] - errors[:, i + 1 :]) / se
        np.maximum(largest, t.max(axis=1), out=largest)
    return float(np.quantile(largest, level))


def share_standard_errors(
    x: NDArray[np.float64], n: NDArray[np.float64], *, noise: ArrayLike = 0.0
) -> NDArray[np.float64]:
    """Return the standard error of each share, from the width of its Wilson interval."""
    low, high = wilson_interval(x, n, level=0.95, noise=noise)
    return (high - low) / (2 * 1.959963984540054)
