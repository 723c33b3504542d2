"""Leave rows of too frequent sensitive values out of a group until it is t-close.

Let c_s be the number of rows of value s in a group of n rows, and q_s its share in the table. The
excess of a value is e_s = max(0, c_s - n q_s). Trimming keeps ``floor(c_s - b e_s)`` rows of each
value, with the smallest b in [0, 1] that a bisection finds to bring the group within t.
"""

from dataclasses import replace

import numpy as np

from workbench.privacy.recoding.class_counts import Codes, Flags, Numbers, ValueCounts

_BISECTIONS = 8


def trim(values: ValueCounts, groups: int, *, t: float, at_least: Codes) -> ValueCounts:
    """Return the counts of values that remain in each group.

    Parameters
    ----------
    values : ValueCounts
        Counts of the groups.
    groups : int
        Number of groups.
    t : float
        Largest distance.
    at_least : array
        For each pair of group and value the rows that must remain.

    Returns
    -------
    ValueCounts
        Counts after trimming; a group that cannot be brought within t has the counts of b = 1.
    """
    low, high = np.zeros(groups), np.ones(groups)
    rows = np.bincount(values.group, weights=values.count, minlength=groups)
    excess = np.maximum(values.count - rows[values.group] * values.shares[values.value], 0)

    def kept(strength: Numbers) -> Codes:
        left = np.floor(values.count - strength[values.group] * excess + 1e-9)
        return np.maximum(left.astype(np.int64), at_least)

    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        is_close = _distances(replace(values, count=kept(middle)), groups) <= t
        high = np.where(is_close, middle, high)
        low = np.where(is_close, low, middle)
    strength = np.where(_distances(values, groups) <= t, 0.0, high)
    return replace(values, count=kept(strength))


def can_be_close(values: ValueCounts, groups: int, *, t: float) -> Flags:
    """Return whether the values that a group has make up enough of the table to come within t."""
    present = np.bincount(values.group, weights=values.shares[values.value], minlength=groups)
    return np.asarray(present >= 1 - t - 1e-9)


def _distances(values: ValueCounts, groups: int) -> Numbers:
    rows = np.bincount(values.group, weights=values.count, minlength=groups)
    share = values.count / np.maximum(rows, 1)[values.group]
    excess = np.maximum(share - values.shares[values.value], 0)
    return np.bincount(values.group, weights=excess, minlength=groups).astype(np.float64)
