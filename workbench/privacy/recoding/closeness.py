"""t-closeness: the sensitive values of every class are distributed nearly as in the whole table.

All figures are an earth mover's distance between the shares p of a class and the shares q of the
whole table, from 0 to 1. The distances between values differ: all values are equally far from each
other, or have an order, or a hierarchy.

References
----------
Li, Li and Venkatasubramanian 2007, "t-closeness", section 4.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.foundation.errors import ParameterError
from workbench.privacy.recoding.class_counts import ClassCounts, Codes, Numbers, ValueCounts
from workbench.privacy.recoding.criteria import (
    TOLERANCE,
    Criterion,
    refuse_unless,
)
from workbench.privacy.recoding.diversity import DistinctDiversity
from workbench.privacy.recoding.hierarchies import Hierarchy

_BISECTIONS = 10
_CELLS_AT_A_TIME = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _CloseShares(Criterion):
    """Sensitive values of every class are distributed nearly as in the whole table."""

    name: ClassVar[str] = "t"
    larger_is_safer: ClassVar[bool] = False
    survives_merging: ClassVar[bool] = False
    column: str
    t: float

    def __post_init__(self) -> None:
        """Refuse a distance outside 0 to 1."""
        refuse_unless(0 <= self.t < 1, f"t is {self.t:g}; name a distance from 0 to less than 1")

    @property
    def limit(self) -> float:
        """Return t."""
        return self.t

    @property
    def sensitive(self) -> str:
        """Sensitive column that the criterion reads."""
        return self.column


@dataclass(frozen=True, slots=True, kw_only=True)
class Closeness(_CloseShares):
    """The values of every class are distributed nearly as in the whole table (t-closeness).

    The figure is the earth mover's distance between the shares p of a class and the shares q of the
    whole table, from 0 to 1, where all values are equally far from each other::

        D = (1/2) sum |p_i - q_i|

    Where some values are nearer to each other than others, see `OrderedCloseness` and
    `HierarchicalCloseness`.
    """

    def implied(self, shares: Numbers) -> DistinctDiversity | None:
        """Return the number of values that a class needs: values that it lacks add to D."""
        most_frequent_first = np.cumsum(np.sort(shares)[::-1])
        needed = 1 + int((most_frequent_first < 1 - self.t - TOLERANCE).sum())
        return DistinctDiversity(column=self.column, l=needed) if needed > 1 else None

    @property
    def sensitive(self) -> str:
        """Sensitive column that the criterion reads."""
        return self.column

    def most_kept(self, counts: ClassCounts) -> Numbers:
        """Return how many rows of each class its parts can keep, if parts that fail are left out.

        Parts within t are within t together, since D is convex. So m rows can be kept only if
        sum min(c_s, q_s m) >= (1 - t) m for the counts c and shares q. The left side is concave
        in m, and the largest such m is found by bisection.
        """
        values = counts.values[self.column]
        share = values.shares[values.value]
        low, high = np.zeros(len(counts.sizes)), counts.sizes.astype(np.float64)
        for _ in range(_BISECTIONS):
            middle = np.ceil((low + high) / 2)
            alike = np.minimum(values.count, share * middle[values.group])
            sums = np.bincount(values.group, weights=alike, minlength=len(low))
            is_enough = sums >= (1 - self.t) * middle - TOLERANCE * middle
            low, high = np.where(is_enough, middle, low), np.where(is_enough, high, middle)
        return high

    def measure(self, counts: ClassCounts) -> Numbers:
        """Return the distance of each class, as the sum of what exceeds the table's shares."""
        values = counts.values[self.column]
        groups = len(counts.sizes)
        rows = np.bincount(values.group, weights=values.count, minlength=groups)
        excess = values.count / rows[values.group] - values.shares[values.value]
        distances = np.bincount(values.group, weights=np.maximum(excess, 0), minlength=groups)
        return distances.astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedCloseness(_CloseShares):
    """The values of every class are distributed nearly as in the whole table, on an ordered scale.

    For m values in ascending order, of which a missing value is the last::

        D = 1 / (m - 1) * sum over i of |r_1 + ... + r_i|,  r_i = p_i - q_i

    Numbers, dates and truth values have an order of their own. A text column needs ``order``.

    Attributes
    ----------
    order : Hierarchy, optional
        Hierarchy whose leaves are the values in ascending order.
    """

    order: Hierarchy | None = None
    place: Codes | None = None

    def for_values(self, values: pl.Series) -> "OrderedCloseness":
        """Return the criterion for a column with these values, numbered in their order."""
        if self.order is not None:
            return replace(self, place=_leaf_places(self.order, values, self.column))
        if values.dtype == pl.String:
            raise ParameterError(
                f"the values of column {self.column!r} are texts without an order; name a "
                "hierarchy whose values are in ascending order, or another distance"
            )
        return replace(self, place=np.arange(len(values)))

    def measure(self, counts: ClassCounts) -> Numbers:
        """Return the distance of each class."""
        assert self.place is not None  # noqa: S101 recode and measure_table call for_values
        rank = np.unique(self.place, return_inverse=True)[1]
        values = counts.values[self.column]
        found = [
            np.abs(np.cumsum(r, axis=1)[:, :-1]).sum(axis=1) / max(r.shape[1] - 1, 1)
            for r in _differences(values, len(counts.sizes), rank)
        ]
        return np.concatenate([np.zeros(0), *found])


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchicalCloseness(_CloseShares):
    """The values of every class are distributed nearly as in the whole table, in a hierarchy.

    Two values are as far from each other as the level of their lowest common label, divided by the
    last level. Shares move between values over their common label::

        D = sum over labels N of level(N) / height * min(pos(N), neg(N))

    pos and neg are the sums of the positive and the negative differences of the labels below N.

    Attributes
    ----------
    hierarchy : Hierarchy
        Hierarchy of the sensitive column.
    """

    hierarchy: Hierarchy
    place: Codes | None = None

    def for_values(self, values: pl.Series) -> "HierarchicalCloseness":
        """Return the criterion for a column with these values, numbered in their order."""
        return replace(self, place=_leaf_places(self.hierarchy, values, self.column))

    def measure(self, counts: ClassCounts) -> Numbers:
        """Return the distance of each class."""
        assert self.place is not None  # noqa: S101 recode and measure_table call for_values
        height = self.hierarchy.height
        values = counts.values[self.column]
        found = []
        for difference in _differences(
            values, len(counts.sizes), self.place, self.hierarchy.leaves + 1
        ):
            below, distance = difference, np.zeros(len(difference))
            for level, start in enumerate(self._starts(), start=1):
                positive = np.add.reduceat(np.maximum(below, 0), start, axis=1)
                negative = np.add.reduceat(np.maximum(-below, 0), start, axis=1)
                distance += level / height * np.minimum(positive, negative).sum(axis=1)
                below = positive - negative
            found.append(distance)
        return np.concatenate([np.zeros(0), *found])

    def _starts(self) -> Iterator[Codes]:
        """Yield for each level the first label of the level below that each label has.

        A missing value is a leaf behind the others that shares only the last label with them.
        """
        groups = self.hierarchy.groups
        for finer, coarser in pairwise(groups):
            first_leaf = np.flatnonzero(np.diff(coarser, prepend=-1))
            start = finer[first_leaf]
            is_last = coarser is groups[-1]
            yield start if is_last else np.append(start, int(finer.max()) + 1)


def _differences(
    values: ValueCounts, groups: int, place: Codes, places: int | None = None
) -> Iterator[NDArray[np.float64]]:
    """Yield the differences of shares, one line per class and one column per place, in batches."""
    width = int(place.max(initial=0)) + 1 if places is None else places
    whole = np.bincount(place, weights=values.shares, minlength=width)
    rows = np.bincount(values.group, weights=values.count, minlength=groups)
    batch = max(_CELLS_AT_A_TIME // width, 1)
    for start in range(0, groups, batch):
        first, last = np.searchsorted(values.group, [start, start + batch])
        group = values.group[first:last]
        lines = min(batch, groups - start)
        cells = (group - start) * width + place[values.value[first:last]]
        shares = values.count[first:last] / rows[group]
        table = np.bincount(cells, weights=shares, minlength=lines * width)
        yield np.asarray(table.reshape(lines, width) - whole, dtype=np.float64)


def _leaf_places(hierarchy: Hierarchy, values: pl.Series, column: str) -> Codes:
    """Return the leaf of each value; a missing value is behind the leaves."""
    leaves = hierarchy.labels[0]
    texts = values.cast(pl.String)
    places = texts.cast(pl.Enum(leaves), strict=False).to_physical().cast(pl.Int64, strict=False)
    uncovered = places.null_count() - texts.null_count()
    if uncovered:
        raise ParameterError(
            f"the hierarchy of column {column!r} does not cover {uncovered} values; add them"
        )
    return places.fill_null(len(leaves)).to_numpy().copy()
