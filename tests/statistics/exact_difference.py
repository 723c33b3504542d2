"""The exact unconditional interval of a difference of two shares, to hold others against.

It contains each difference that the exact test of the score statistic does not reject at 5 %, for
any share of the second group. References: Agresti and Min 2001, "On small-sample confidence
intervals for parameters in discrete distributions", Biometrics 57; Farrington and Manning 1990,
"Test statistics and sample size formulae for comparative binomial trials", Statistics in Medicine 9
(the restricted estimates in closed form).
"""

from collections.abc import Mapping
from functools import cache

import numpy as np
from scipy import stats

_STEPS = 400  # differences that are tried between -1 and 1
_SHARES = 60  # shares of the second group that are tried for each of them


@cache
def exact_limits(n: int, other_n: int) -> Mapping[tuple[int, int], tuple[float, float]]:
    """Return the limits of p1 - p2 for every pair of counts (x1, x2)."""
    x, y = np.arange(n + 1), np.arange(other_n + 1)
    tried = np.linspace(-1, 1, _STEPS + 1)[1:-1]
    holds = np.zeros((tried.size, x.size, y.size), dtype=bool)
    for at, difference in enumerate(tried):
        statistic = np.abs(_score_statistic(n, other_n, difference)).round(9)
        share = np.linspace(max(0, -difference), min(1, 1 - difference), _SHARES)
        first = stats.binom.pmf(x[:, None], n, (share + difference).clip(0, 1))
        second = stats.binom.pmf(y[:, None], other_n, share)
        chance = (first[:, None] * second[None]).reshape(-1, _SHARES)
        order = np.argsort(-statistic, axis=None, kind="stable")
        ordered = statistic.ravel()[order]
        last = np.searchsorted(-ordered, -ordered, side="right") - 1  # equal tables count together
        p_value = chance[order].cumsum(axis=0)[last].max(axis=1)
        holds[at].ravel()[order] = p_value > 0.05
    low, high = tried[holds.argmax(axis=0)], tried[::-1][holds[::-1].argmax(axis=0)]
    return {(i, j): (float(low[i, j]), float(high[i, j])) for i in x for j in y}


def _score_statistic(n: int, other_n: int, difference: float) -> np.ndarray:
    """Return the score statistic of a difference for all counts, with restricted estimates."""
    p1 = np.arange(n + 1)[:, None] / n
    p2 = np.arange(other_n + 1)[None, :] / other_n
    ratio = other_n / n
    a = 1 + ratio
    b = -(a + p1 + ratio * p2 + difference * (ratio + 2))
    c = difference**2 + difference * (2 * p1 + a) + p1 + ratio * p2
    d = -p1 * difference * (1 + difference)
    v = b**3 / (3 * a) ** 3 - b * c / (6 * a**2) + d / (2 * a)
    u = np.where(v < 0, -1, 1) * np.sqrt(np.maximum(b**2 / (3 * a) ** 2 - c / (3 * a), 1e-16))
    angle = (np.pi + np.arccos(np.clip(v / u**3, -1, 1))) / 3
    q1 = (2 * u * np.cos(angle) - b / (3 * a)).clip(max(0, difference), min(1, 1 + difference))
    q2 = (q1 - difference).clip(0, 1)
    error = np.sqrt(np.maximum(q1 * (1 - q1) / n + q2 * (1 - q2) / other_n, 1e-12))
    statistic: np.ndarray = (p1 - p2 - difference) / error
    return statistic
