"""Figures of models, rounded so coarsely that a withdrawal seldom changes them.

The area under a curve or a loss is computed from all persons together and has no cells to which
noise could be added. It is rounded to a step of 1, 2 or 5 times a power of ten that is at least
half its standard error. A step of a tenth of the standard error reveals 37 to 100 % of influential
withdrawals, a step of half of it 6 to 44 %, and it adds 2 to 6 % to the variance.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.privacy.release.released_figures import Release, one_digit_up

_Z = 1.959963984540054


def model_origin(origin: str) -> str:
    """Return the mark of tables of model figures, whose rows count no persons.

    A table with the mark of a release must keep its column of persons, unlike these tables.
    """
    return f"{origin} models"


class RoundedFigure(NamedTuple):
    """Figure with the limits of its interval."""

    value: float
    low: float
    high: float


def rounded_figure(value: float, low: float, high: float, *, release: Release) -> RoundedFigure:
    """Round a figure, and its limits outwards; figures of an exact release are not rounded.

    Parameters
    ----------
    value, low, high : float
        Figure and limits of its 95 % interval, which gives the standard error.

    Examples
    --------
    >>> rounded_figure(0.7434, 0.7213, 0.7655, release=Release(view="a", secret=b"s"))
    RoundedFigure(value=0.74, low=0.72, high=0.77)
    """
    step = rounding_step((high - low) / 2 / _Z)
    if release.is_exact or step == 0:
        return RoundedFigure(value, low, high)
    return RoundedFigure(
        _on_grid(round(value / step), step),
        _on_grid(math.floor(low / step + 1e-9), step),
        _on_grid(math.ceil(high / step - 1e-9), step),
    )


def calibration_gap(
    observed: float, predicted: float, scores: NDArray[np.float64], *, release: Release
) -> RoundedFigure:
    """Return calibration in the large: the observed share less the mean score, with its limits.

    Parameters
    ----------
    observed, predicted : float
        Share and mean score from the release.
    scores : array of float, shape (n,)
        Scores of all persons, for the variance.

    Notes
    -----
    ``se^2 = sum p (1 - p) / n^2`` (Cox 1958), and ``V(1 + p^2)/n^2`` for noise of variance V; the
    half-width is rounded up to one digit.
    """
    variance = float((scores * (1 - scores)).sum()) + release.variance * (1 + observed**2)
    half = _Z * math.sqrt(variance) / scores.size
    half = half if release.is_exact else one_digit_up(half)
    gap = observed - predicted
    return RoundedFigure(gap, gap - half, gap + half)


def rounding_step(standard_error: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is half a standard error or more."""
    if not standard_error > 0:
        return 0.0
    least = standard_error / 2
    power = 10.0 ** math.floor(math.log10(least))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= least * (1 - 1e-9))


def _on_grid(number: int, step: float) -> float:
    return float(f"{number * step:.9g}") + 0.0
