"""Figures of models, rounded so coarsely that one person's leaving seldom shows.

An area under a curve or a loss is made of all persons at once and has no cells to add noise to. It
is rounded to a step of 1, 2 or 5 times a power of ten that is at least half its standard error: a
step of a tenth shows 37 to 100 % of influential withdrawals, of half 6 to 44 %, and adds 2 to 6 %
to the variance.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.privacy.release.released_figures import Release, one_digit_up

_Z = 1.959963984540054


def model_origin(origin: str) -> str:
    """Return the mark of tables of model figures, which count nobody in their rows.

    A table of persons under a release's own mark has to keep its column of persons.
    """
    return f"{origin} models"


class Rounded(NamedTuple):
    """A figure with the limits of its interval."""

    value: float
    low: float
    high: float


def rounded_figure(value: float, low: float, high: float, *, release: Release) -> Rounded:
    """Round a figure and, outwards, its limits; exact figures stay as they are.

    Parameters
    ----------
    value, low, high : float
        The figure and its 95 % interval, from which the standard error is taken.

    Examples
    --------
    >>> rounded_figure(0.7434, 0.7213, 0.7655, release=Release(view="a", secret=b"s"))
    Rounded(value=0.74, low=0.72, high=0.77)
    """
    step = rounding_step((high - low) / 2 / _Z)
    if release.is_exact or step == 0:
        return Rounded(value, low, high)
    return Rounded(
        _on_grid(round(value / step), step),
        _on_grid(math.floor(low / step + 1e-9), step),
        _on_grid(math.ceil(high / step - 1e-9), step),
    )


def calibration_gap(
    observed: float, predicted: float, scores: NDArray[np.float64], *, release: Release
) -> Rounded:
    """Return calibration in the large: the observed share less the mean score, with its limits.

    Parameters
    ----------
    observed, predicted : float
        Share and mean score as the release made them.
    scores : array of float, shape (n,)
        Every person's score, for the variance.

    Notes
    -----
    ``se^2 = sum p (1 - p) / n^2`` (Cox 1958), and ``V(1 + p^2)/n^2`` for noise of variance V; the
    half-width is rounded up to one digit.
    """
    variance = float((scores * (1 - scores)).sum()) + release.variance * (1 + observed**2)
    half = _Z * math.sqrt(variance) / scores.size
    half = half if release.is_exact else one_digit_up(half)
    gap = observed - predicted
    return Rounded(gap, gap - half, gap + half)


def rounding_step(standard_error: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is half a standard error or more."""
    if not standard_error > 0:
        return 0.0
    least = standard_error / 2
    power = 10.0 ** math.floor(math.log10(least))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= least * (1 - 1e-9))


def _on_grid(number: int, step: float) -> float:
    return float(f"{number * step:.9g}") + 0.0
