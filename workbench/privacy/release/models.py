"""Figures of models, rounded so coarsely that one person's leaving seldom shows.

An area under a curve or a loss is made of all persons at once and has no cells to add noise to. It
is rounded to a step of 1, 2 or 5 times a power of ten that is at least half its standard error: a
step of a tenth shows 37 to 100 % of influential withdrawals, of half 6 to 44 %, and adds 2 to 6 %
to the variance.
"""

import math
from typing import NamedTuple

from workbench.privacy.release.release import Release

_Z = 1.959963984540054


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


def rounding_step(standard_error: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is half a standard error or more."""
    if not standard_error > 0:
        return 0.0
    least = standard_error / 2
    power = 10.0 ** math.floor(math.log10(least))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= least * (1 - 1e-9))


def _on_grid(number: int, step: float) -> float:
    return float(f"{number * step:.9g}") + 0.0
