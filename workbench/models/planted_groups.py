"""Measure on the customers at hand how often a group of a stated size and distance would be found.

A tenth of the customers is moved four standard deviations in a random direction, and the valleys
are tested as in ``separation``; this is repeated up to 200 times. The standard deviation is that of
the core of the customers, where it is smaller: a group that was missed widens the whole, so that a
planted one would be farther away than it and found more often.

After each 20 trials the measurement ends if all 200 would give another answer with a probability
below 1 %. At a true share of .5, .8, .95 and .99 this takes 20, 41, 154 and 74 trials on average
(20,000 simulated measurements). The answer is that of 200 trials in 99.7 % of them at a true share
of .9, and in 99.4 % at .95.

References
----------
Lee and Liu 2008, "A predictive probability design for phase II cancer clinical trials", Clinical
Trials 5.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import betabinom, chi2

from workbench.foundation.streams import Stream
from workbench.models.latent import Floats
from workbench.models.mixtures import Spreads, Whitening, fit_mixture, most_components
from workbench.models.separation import (
    MOST_TESTED,
    Separation,
    compare_components,
    divide_rows,
)

#: Share of the customers in a planted group, and its distance in standard deviations.
PLANTED_SHARE = 0.1
PLANTED_DISTANCE = 4.0
#: Share of planted groups that has to be found for "no groups". A group that is there is missed
#: with the probability 1 - p, and 186 of 200 planted ones are found by chance: (1 - p) times the
#: chance of 186 or more of 200 is at most .047, whatever p is; with 184 of 200 it can be .055.
PLANTED_POWER = 0.93
#: Largest number of planted groups, number of them after which the answer is looked at, and
#: probability of another answer below which it is final.
MOST_TRIALS = 200
_LOOK_AFTER = 20
_DOUBT = 0.01
#: Share of the customers in the core, and steps of the search for it.
_CORE = 2 / 3
_CORE_STEPS = 4
#: Numbers of customers for which the power is measured where that of the data is too small, and
#: number of trials before such a measurement.
_LARGER = (500, 1000, 2000, 3000, 5000, 8000)
_FIRST_TRIALS = 40


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
        return self.found >= PLANTED_POWER * self.trials


def plant_groups(draw: Floats, *, without: Separation, seed: int) -> PlantedGroups:
    """Plant a group in the customers again and again, and count how often it is found.

    Parameters
    ----------
    draw : array of float, shape (customers, traits)
        Draws of the latent traits of customers without groups.
    without : Separation
        Tests of these customers. Mixtures with as many components as theirs and with one more are
        fitted, and that with the lower BIC is tested.
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
    planted = _plant_until_sure(
        n, lambda: rows[random.choice(len(rows), n, replace=False)], components, spreads, random
    )
    if planted.is_enough:
        return planted
    for size in _LARGER:
        if size > n and _is_enough(rows, size, components, spreads, random):
            return replace(planted, needed=size)
    return planted


def _plant_until_sure(
    customers: int,
    draw: Callable[[], Floats],
    components: int,
    spreads: Spreads,
    random: np.random.Generator,
) -> PlantedGroups:
    """Plant groups in one sample after another until the share that is found is sure."""
    found = trials = 0
    while trials < MOST_TRIALS and not _is_settled(found, trials):
        found += _finds_planted(draw(), components, spreads, random)
        trials += 1
    return PlantedGroups(found=found, trials=trials, customers=customers)


def _is_settled(found: int, trials: int) -> bool:
    """Return whether all ``MOST_TRIALS`` would hardly give another answer.

    Every share is equally likely before the first trial, so the number found in the trials that are
    left has a beta-binomial distribution.
    """
    if trials == 0 or trials % _LOOK_AFTER:
        return False
    needed, left = math.ceil(PLANTED_POWER * MOST_TRIALS) - found, MOST_TRIALS - trials
    enough = float(betabinom.sf(needed - 1, left, found + 1, trials - found + 1))
    return min(enough, 1 - enough) < _DOUBT


def _is_enough(
    rows: Floats, size: int, components: int, spreads: Spreads, random: np.random.Generator
) -> bool:
    """Return whether planted groups are found often enough among so many customers.

    The measurement ends early where too many are missed in the first trials, which spares most of
    it.
    """

    def draw() -> Floats:
        drawn = rows[random.integers(0, len(rows), size)]
        moved: Floats = drawn + 0.2 * random.standard_normal(drawn.shape)
        return moved

    missed = 0
    for _ in range(_FIRST_TRIALS):
        missed += not _finds_planted(draw(), components, spreads, random)
        if missed > (1 - PLANTED_POWER) * _FIRST_TRIALS:
            return False
    return _plant_until_sure(size, draw, components, spreads, random).is_enough


def _finds_planted(
    rows: Floats, components: int, spreads: Spreads, random: np.random.Generator
) -> bool:
    """Return whether a planted group is apart from the other customers.

    It is not enough that any two groups are apart: where the customers have groups that were missed
    once, another division of the customers may show these, and the power would seem too high.
    """
    direction: Floats = random.standard_normal((rows.shape[1],))
    direction = direction / np.linalg.norm(direction)
    moved = rows.copy()
    is_planted = np.zeros(len(rows), dtype=bool)
    is_planted[random.permutation(len(rows))[: round(PLANTED_SHARE * len(rows))]] = True
    moved[is_planted] += PLANTED_DISTANCE * _core_spread(rows, direction) * direction
    learnt, held = divide_rows(Whitening.of(moved).apply(moved))
    seed, most = int(random.integers(1 << 31)), most_components(learnt)
    fits = [
        fit_mixture(learnt, k, seed=seed, spreads=spreads)
        for k in (components, components + 1)
        if 1 < k <= most
    ]
    if not fits:
        return False
    mixture = min(fits, key=lambda fit: fit.bic(learnt))
    component_groups = compare_components(mixture, learnt, held, with_dips=False).groups
    groups, is_planted = component_groups[mixture.predict(held)], is_planted[len(learnt) :]
    own, other = (
        np.bincount(groups[some & (groups >= 0)], minlength=1).argmax()
        for some in (is_planted, ~is_planted)
    )
    return bool(own != other)


def _core_spread(rows: Floats, direction: Floats) -> float:
    """Return the standard deviation of the core of whitened rows in a direction, at most 1.

    Notes
    -----
    The core are the two thirds of the rows with the smallest Mahalanobis distances by their own
    covariance, found by repetition (Rousseeuw and Van Driessen 1999, "A fast algorithm for the
    minimum covariance determinant estimator", Technometrics 41). The factor makes the covariance
    that of all rows if they are normal.
    """
    traits = rows.shape[1]
    factor = _CORE / float(chi2.cdf(chi2.ppf(_CORE, traits), traits + 2))
    precision: Floats = np.eye(traits)
    distance = np.einsum("nd,nd->n", rows, rows)
    for _ in range(_CORE_STEPS):
        core = rows[distance <= np.quantile(distance, _CORE)]
        covariance = np.cov(core.T).reshape(traits, traits).astype(np.float64)
        precision = np.linalg.pinv(covariance * factor).astype(np.float64)
        away = rows - core.mean(axis=0)
        distance = np.einsum("nd,nd->n", away @ precision, away)
    return float(max(np.einsum("i,ij,j->", direction, precision, direction), 1.0) ** -0.5)
