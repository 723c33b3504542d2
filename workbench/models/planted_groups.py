"""Measure on the customers at hand how often a group of a stated size and distance would be found.

A tenth of the customers is moved four standard deviations in a random direction, and the valleys
are tested as in ``separation``; this is repeated up to 200 times. After each 20 trials the
measurement ends if the 99 % interval of the share that was found lies on one side of 80 %.
At a true share of .5, .9 and .99 this takes 29, 115 and 41 trials on average, and 80 % or more are
found as often as in 200 trials (28 % at a true share of .78, 80 % at .82, both ways, of 20,000
simulated measurements).
"""

from dataclasses import dataclass

import numpy as np

from workbench.foundation.streams import Stream
from workbench.models.latent import Floats
from workbench.models.mixtures import Spreads, Whitening, fit_mixture, most_components
from workbench.models.separation import (
    MOST_TESTED,
    Separation,
    compare_components,
    divide_rows,
)
from workbench.statistics.intervals import share_interval
from workbench.statistics.sample_sizes import POWER

#: Share of the customers in a planted group, and its distance in standard deviations.
PLANTED_SHARE = 0.1
PLANTED_DISTANCE = 4.0
#: Largest number of planted groups, and number of them after which the interval is looked at.
MOST_TRIALS = 200
_LOOK_AFTER = 20
_LEVEL = 0.99
#: Numbers of customers for which the power is measured where that of the data is too small.
_LARGER = (500, 1000, 2000, 3000, 5000)
_LARGER_TRIALS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedGroups:
    """How often a planted group is found.

    Attributes
    ----------
    found, trials : int
        Number of planted groups that were found, and that were planted.
    customers : int
        Number of customers in each trial.
    needed : int, optional
        Number of customers with which a planted group would be found often enough; None where
        it is found often enough, or where no number up to ``MOST_TESTED`` would do.
    """

    found: int
    trials: int
    customers: int
    needed: int | None = None

    @property
    def is_enough(self) -> bool:
        """Whether planted groups are found often enough for "no groups" to mean something."""
        return self.found >= POWER * self.trials


def plant_groups(draw: Floats, *, without: Separation, seed: int) -> PlantedGroups:
    """Plant a group in the customers again and again, and count how often it is found.

    Parameters
    ----------
    draw : array of float, shape (customers, traits)
        Draws of the latent traits of customers without groups.
    without : Separation
        Tests of these customers. A mixture like theirs with one more component is fitted.
    seed : int
        Seed of samples, planted groups and starts of mixtures.

    Notes
    -----
    Where the power is too small, it is measured again on larger samples: customers are drawn with
    replacement and moved by a fifth of a standard deviation.
    """
    random = Stream(seed, "planted groups").generator()
    components, spreads = without.components, without.spreads
    rows = Whitening.of(draw).apply(draw)
    n = min(len(rows), MOST_TESTED)
    if rows.shape[1] == 0:
        return PlantedGroups(found=0, trials=0, customers=n)
    found = trials = 0
    while trials < MOST_TRIALS and not _is_settled(found, trials):
        sample = rows[random.permutation(len(rows))[:n]]
        found += _finds_planted(sample, components, spreads, random)
        trials += 1
    planted = PlantedGroups(found=found, trials=trials, customers=n)
    if planted.is_enough:
        return planted
    for size in _LARGER:
        if size > n and _is_enough(rows, size, components, spreads, random):
            return PlantedGroups(found=found, trials=trials, customers=n, needed=size)
    return planted


def _is_settled(found: int, trials: int) -> bool:
    """Return whether the interval of the share found lies on one side of the demanded power."""
    if trials == 0 or trials % _LOOK_AFTER:
        return False
    low, high = share_interval(found, trials, level=_LEVEL)
    return bool(low > POWER or high < POWER)


def _is_enough(
    rows: Floats, size: int, components: int, spreads: Spreads, random: np.random.Generator
) -> bool:
    """Return whether so many customers are enough; trials end where more cannot change it."""
    found = missed = 0
    while found < POWER * _LARGER_TRIALS <= _LARGER_TRIALS - missed:
        again = rows[random.integers(0, len(rows), size)]
        moved = again + 0.2 * random.standard_normal(again.shape)
        is_found = _finds_planted(moved, components, spreads, random)
        found, missed = found + is_found, missed + (not is_found)
    return found >= POWER * _LARGER_TRIALS


def _finds_planted(
    rows: Floats, components: int, spreads: Spreads, random: np.random.Generator
) -> bool:
    direction = random.standard_normal(rows.shape[1])
    moved = rows.copy()
    planted = random.permutation(len(rows))[: round(PLANTED_SHARE * len(rows))]
    moved[planted] += PLANTED_DISTANCE * direction / np.linalg.norm(direction)
    learnt, held = divide_rows(Whitening.of(moved).apply(moved))
    k = min(components + 1, most_components(learnt))
    if k == 1:
        return False
    seed = int(random.integers(1 << 31))
    mixture = fit_mixture(learnt, k, seed=seed, spreads=spreads)
    return bool(compare_components(mixture, learnt, held, with_dips=False).groups.max() > 0)
