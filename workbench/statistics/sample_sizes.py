"""How much more data would settle a question that the data at hand leave open."""

from collections.abc import Callable, Sequence
from math import ceil, inf, log10, prod
from statistics import NormalDist

#: Share of new samples in which the stated number of persons settles the question.
POWER = 0.8

#: Largest factor by which a sample is asked to grow. A figure that needs more lies on the limit.
MOST_GROWTH = 100.0


def growth_needed(
    value: float, low: float, high: float, *, limit: float, power: float = POWER
) -> float:
    """Return how many times as many persons would tell on which side of a limit a figure lies.

    Parameters
    ----------
    value, low, high : float
        The figure and its 95 % interval, which contains the limit.
    limit : float
        Limit of the rule.
    power : float
        Share of new samples that are to tell.

    Returns
    -------
    float
        Factor by which the number of persons has to grow so that the interval lies on one side of
        the limit in that share of new samples, if the true figure is ``value``. Infinite where the
        figure lies on the limit.

    Notes
    -----
    Half the width h of the interval shrinks with the root of the number of persons, and the figure
    of a new sample has the standard error h / z, with z the normal quantile of the interval. So the
    factor is ``(h (1 + z_power / z) / |value - limit|)^2``.

    Examples
    --------
    >>> round(growth_needed(0.02, -0.01, 0.05, limit=0.04), 1)
    4.6
    """
    distance = abs(value - limit)
    if distance == 0:
        return inf
    z, z_power = NormalDist().inv_cdf(0.975), NormalDist().inv_cdf(power)
    return float(((high - low) / 2 * (1 + z_power / z) / distance) ** 2)


def growth_needed_within(
    figures: Sequence[tuple[float, float, float, float, float]],
    *,
    chance: Callable[[float], float] = lambda growth: 1.0,
) -> float:
    """Return how many times as many persons would settle whether all figures lie within limits.

    Parameters
    ----------
    figures : sequence of (value, low, high, least, most)
        Each figure, its 95 % interval, and the limits that its interval has to lie within.
    chance : callable
        Returns the chance, 0 to 1, that the other conditions of a "yes" hold in a sample that has
        grown by a factor.

    Returns
    -------
    float
        Factor by which the number of persons has to grow so that in ``POWER`` of new samples all
        intervals lie within their limits, or one lies outside, if the true figures are as found.
        Infinite where no growth up to ``MOST_GROWTH`` is enough.

    Examples
    --------
    >>> round(growth_needed_within([(1.0, 0.8, 1.2, 0.9, 1.1)]), 1)
    11.5
    """
    growth = 1.0
    while growth <= MOST_GROWTH:
        ends = [_chances_of_ends(*figure, growth) for figure in figures]
        within = chance(growth) * prod(inside for inside, _ in ends)
        if within + 1 - prod(1 - outside for _, outside in ends) >= POWER:
            return growth
        growth *= 1.05
    return inf


def growth_needed_beyond(
    value: float, low: float, high: float, *, above: float, below: float
) -> float:
    """Return how many times as many persons would settle on which of two sides a figure lies.

    Parameters
    ----------
    value, low, high : float
        The figure and its 95 % interval.
    above, below : float
        The question is settled where the interval lies above the one limit, or below the other,
        which is not smaller.

    Returns
    -------
    float
        Factor by which the number of persons has to grow so that this is so in ``POWER`` of new
        samples, if the true figure is as found. Infinite where no growth up to ``MOST_GROWTH`` is
        enough.

    Examples
    --------
    An AUC between .5 (chance) and .55 (useless):

    >>> round(growth_needed_beyond(0.53, 0.48, 0.58, above=0.5, below=0.55), 1)
    3.1
    """
    growth = 1.0
    while growth <= MOST_GROWTH:
        half = (high - low) / 2 / growth**0.5
        new = NormalDist(value, half / NormalDist().inv_cdf(0.975))
        if new.cdf(min(below - half, above + half)) + 1 - new.cdf(above + half) >= POWER:
            return growth
        growth *= 1.05
    return inf


def _chances_of_ends(
    value: float, low: float, high: float, least: float, most: float, growth: float
) -> tuple[float, float]:
    """Return the chances that a new interval lies within the limits, and outside of them."""
    half = (high - low) / 2 / growth**0.5
    new = NormalDist(value, half / NormalDist().inv_cdf(0.975))
    within = new.cdf(most - half) - new.cdf(least + half)
    return max(within, 0.0), new.cdf(least - half) + 1 - new.cdf(most + half)


def more_data_needed(growth: float, persons: int) -> str | None:
    """Return in words how much more data would be needed; None where no data would settle it.

    Examples
    --------
    >>> more_data_needed(4.6, 400)
    'about 1,900 persons would be needed, 5 times as many'
    """
    if growth > MOST_GROWTH:
        return None
    needed = round_up_two_digits(growth * persons)
    times = ceil(growth) if growth > 2 else round(growth + 0.05, 1)
    return f"about {needed:,} persons would be needed, {times:g} times as many"


def round_up_two_digits(count: float) -> int:
    """Round a needed number of persons up to two digits: it is an extrapolation.

    Examples
    --------
    >>> round_up_two_digits(1832)
    1900
    """
    if count < 100:
        return ceil(count)
    step = 10 ** (int(log10(count)) - 1)
    return int(ceil(count / step) * step)
