"""Tests of two shares, and adjustment for several tests."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


def adjust_p_values(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return p-values adjusted for the number of tests by Holm's method; a NaN is not a test.

    Without adjustment, a third of fair audits with nine contrasts report a difference; with it, one
    in twenty.

    Notes
    -----
    With p sorted upwards, ``adjusted_i = max_{j<=i} min(1, (m - j + 1) p_j)``.

    References
    ----------
    Holm 1979, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6.

    Examples
    --------
    >>> adjust_p_values([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    factors = np.arange(order.size, 0, -1)
    adjusted[order] = np.maximum.accumulate(np.minimum(1.0, factors * p[order]))
    return adjusted


def two_share_test(
    successes: ArrayLike,
    n: ArrayLike,
    other_successes: ArrayLike,
    other_n: ArrayLike,
    *,
    noise: float = 0.0,
) -> NDArray[np.float64]:
    """Return the two-sided p-value that two independent shares are equal.

    If an expected count is below 5 the test is Fisher's exact test, otherwise the pooled z test,
    which equals Pearson's chi-squared without correction. If a group is empty the p-value is NaN.
    With noise of variance V in each count, ``V(1 + p^2)/n^2`` is added to the variance of each
    share, and the z test is always used, because Fisher's test needs exact counts.

    References
    ----------
    Cochran 1954, "Some methods for strengthening the common chi-squared tests", Biometrics 10
    (the rule of five).
    """
    x1, n1, x2, n2 = np.broadcast_arrays(
        *(np.asarray(a, dtype=np.float64) for a in (successes, n, other_successes, other_n))
    )
    found = np.empty(x1.shape)
    for at in np.ndindex(x1.shape):
        counts = (float(x1[at]), float(n1[at]), float(x2[at]), float(n2[at]))
        found[at] = _share_p_value(*counts) if noise == 0 else _noisy_share_p_value(*counts, noise)
    return found


def _share_p_value(x1: float, n1: float, x2: float, n2: float) -> float:
    if n1 == 0 or n2 == 0:
        return math.nan
    pooled = (x1 + x2) / (n1 + n2)
    if pooled in (0.0, 1.0):
        return 1.0
    if min(pooled, 1 - pooled) * min(n1, n2) < 5:
        return float(stats.fisher_exact([[int(x1), int(n1 - x1)], [int(x2), int(n2 - x2)]]).pvalue)
    z = (x1 / n1 - x2 / n2) / math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return float(2 * stats.norm.sf(abs(z)))


def _noisy_share_p_value(x1: float, n1: float, x2: float, n2: float, noise: float) -> float:
    if n1 == 0 or n2 == 0:
        return math.nan
    p1, p2 = min(x1 / n1, 1.0), min(x2 / n2, 1.0)
    pooled = min((x1 + x2) / (n1 + n2), 1.0)
    variance = pooled * (1 - pooled) * (1 / n1 + 1 / n2)
    variance += noise * ((1 + p1**2) / n1**2 + (1 + p2**2) / n2**2)
    return float(2 * stats.norm.sf(abs(p1 - p2) / math.sqrt(variance)))
