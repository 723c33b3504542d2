"""Test whether values have a valley between two groups, for groups of unequal size and spread.

The dip test allows every distribution with one peak, so it needs many customers to find a small
group beside a large one. This test allows fewer shapes and needs fewer customers. It compares three
windows of equal width and equal distance: the middle one in the valley, the others at either group.
If one cloud made the values, the middle window has at least the harmonic mean of the shares of the
two others. This inequality holds for all normal, exponential, uniform and logistic distributions,
for t with one degree of freedom or more, and for all linear projections of such clouds in several
dimensions (Borell's convex measures with exponent -1). A narrow spike on a broad base can break it,
so the middle window must not have clearly more values than the lower of the two others. A shoulder
of the distribution can therefore count as a valley. Whether the groups' centres are far enough
apart is for the caller to check.

References
----------
Borell 1975, "Convex set functions in d-space", Periodica Mathematica Hungarica 6 (measures whose
projections and restrictions to convex sets are of the same class).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]

#: The middle window has to have so many times fewer customers than one cloud would have there.
MARGIN = 1.25
#: Smallest difference of the lower outer window from the middle one, in standard errors. It is
#: below 0 because a tenth of the customers at four deviations often has no significant dent.
LEAST_DROP = -1.0
#: Half the width of a window, in standard deviations of the group with the smaller spread.
_HALF_WIDTH = 0.5
#: How far windows lie beyond the centres, in standard deviations of the group.
_BEYOND = 0.25
_PLACES = 49


class ValleyWindows(NamedTuple):
    """Middles of the left, middle and right window, and half their width."""

    left: float
    middle: float
    right: float
    half: float


class Valley(NamedTuple):
    """How many times fewer values than one cloud has the middle window, and the p-value."""

    depth: float
    p_value: float


class Group(NamedTuple):
    """Number, mean and standard deviation of the values of a group."""

    size: int
    mean: float
    spread: float


def find_windows(one: Group, other: Group) -> ValleyWindows | None:
    """Return the windows that would show the valley best if both groups were normal.

    The windows reach from one centre to the other and a quarter of the group's spread beyond. In a
    bent cloud, there is no valley between the centres of two neighbouring parts, but the parts'
    far ends look like two groups. None where the centres are too close for three windows.
    """
    left, right = sorted((one, other), key=lambda group: group.mean)
    half = _HALF_WIDTH * min(left.spread, right.spread)
    low = left.mean - _BEYOND * left.spread
    high = right.mean + _BEYOND * right.spread
    if half <= 0 or high - low < 4 * half:
        return None
    step = (high - low) / (_PLACES - 1)
    places = low + step * np.arange(_PLACES)
    counts = np.zeros(_PLACES)
    for group in (left, right):
        upper, lower = ((places + side - group.mean) / group.spread for side in (half, -half))
        counts += group.size * (ndtr(upper) - ndtr(lower))
    middle, away = np.meshgrid(np.arange(_PLACES), np.arange(1, _PLACES // 2 + 1), indexing="ij")
    fits = (middle - away >= 0) & (middle + away < _PLACES) & (away * step >= 2 * half)
    middle, away = middle[fits], away[fits]
    depth, _ = _compare(counts[middle - away], counts[middle], counts[middle + away])
    best = int(depth.argmax())
    at, far = places[middle[best]], away[best] * step
    return ValleyWindows(float(at - far), float(at), float(at + far), half)


def valley_test(values: Floats, windows: ValleyWindows) -> Valley:
    """Test for a valley in windows that were learned from other customers.

    Notes
    -----
    With counts l, v and r in the windows, h = 2 / (1/l + 1/r) is their harmonic mean. ``log(h / v)
    - log(MARGIN)`` is divided by its standard error (delta method on Poisson counts) and compared
    with the normal distribution. The p-value is 1 where ``log(min(l, r) / v)`` is less than
    ``LEAST_DROP`` standard errors.

    Examples
    --------
    >>> found = np.concatenate([np.linspace(-1, 1, 900), np.linspace(3, 5, 100)])
    >>> valley_test(found, ValleyWindows(0.5, 2.0, 3.5, 0.4)).p_value < 0.001
    True
    """
    left, middle, right = (
        np.array([np.count_nonzero(np.abs(values - at) <= windows.half)], dtype=float)
        for at in windows[:3]
    )
    depth, drop = _compare(left, middle, right)
    share = 2 / (1 / (left[0] + 0.5) + 1 / (right[0] + 0.5)) / (middle[0] + 0.5)
    p_value = float(ndtr(-depth[0])) if drop[0] >= LEAST_DROP else 1.0
    return Valley(float(share), p_value)


def _compare(left: Floats, middle: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Return depth and drop of the middle window in standard errors."""
    one, valley, other = (counts + 0.5 for counts in (left, middle, right))
    total = 1 / one + 1 / other
    error = np.sqrt(1 / valley + (1 / one**3 + 1 / other**3) / total**2)
    depth = (np.log(2 / total / valley) - math.log(MARGIN)) / error
    lower = np.minimum(one, other)
    drop = np.log(lower / valley) / np.sqrt(1 / lower + 1 / valley)
    return depth, drop
