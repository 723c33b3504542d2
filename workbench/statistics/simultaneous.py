"""The critical value with which the limits of all differences of several shares hold together.

The largest of many differences is above 0 by chance alone. Its percentile bootstrap interval covers
the truth in 0 % of audits in which all groups are equal (ten groups, at 1,000 and at 50,000 persons
alike). Limits that hold for all pairs together do cover it.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.foundation.streams import Stream
from workbench.statistics.intervals import LEVEL, wilson_interval

_DRAWS = 20_000


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


def share_standard_errors(
    x: NDArray[np.float64], n: NDArray[np.float64], *, noise: ArrayLike = 0.0
) -> NDArray[np.float64]:
    """Return the standard error of each share, from the width of its Wilson interval."""
    low, high = wilson_interval(x, n, level=0.95, noise=noise)
    return (high - low) / (2 * 1.959963984540054)
