"""An attacker who reads two tables, and knows the method and how common each answer is."""

from collections.abc import Mapping, Sequence

import numpy as np

from workbench.privacy.release.noise import noise_table

_DEVIATION = 5
_P = np.diff(noise_table(_DEVIATION, 2.0)[-1], prepend=0)
#: Distribution of the difference of two independent noises, from -10 to 10.
_DIFFERENCE = np.convolve(_P, _P[::-1])


def _chance(difference: int, *, is_exact: bool) -> float:
    if is_exact:
        return 1.0 if difference == 0 else 1e-9
    place = difference + 2 * _DEVIATION
    return float(_DIFFERENCE[place]) if 0 <= place < _DIFFERENCE.size else 1e-9


def group_of_leaver(
    before: Mapping[str, int],
    after: Mapping[str, int],
    priors: Mapping[str, float],
    *,
    is_exact: bool = False,
) -> str:
    """Name the group that one person most likely left, by the counts of all groups."""
    best, highest = "", -1.0
    for candidate, prior in priors.items():
        likelihood = prior
        for group in before:
            change = after.get(group, 0) - before[group]
            likelihood *= _chance(change + (group == candidate), is_exact=is_exact)
        if likelihood > highest:
            best, highest = candidate, likelihood
    return best


def guess(priors: Mapping[str, float]) -> str:
    """Name the most common group."""
    return max(priors, key=lambda group: priors[group])


def amount_of_leaver(before: float, after: float, usual: Sequence[float]) -> float:
    """Estimate what a person contributed to a sum, never beyond what is usual."""
    return float(np.clip(before - after, min(usual), max(usual)))


def is_near(found: float, truth: float, within: float = 0.1) -> bool:
    """Return whether an estimate is within a tenth of the truth."""
    return abs(found - truth) <= within * abs(truth)
