"""Local recoding by clusters: classes contain rows that are near each other.

Every class grows from one row by adding the row that widens the class least, until it reaches the
criteria (k-member clustering, Byun et al. 2007). Comparing a row with all others would take a time
that is quadratic in the rows, so rows are sorted and cut into *blocks*, and classes stay within
their block. All blocks grow their classes at the same time: one step adds one row to one class of
every block, in a few operations on whole arrays.

The sort compares columns with few values first, since neighbouring values of such a column are far
from each other: two rows of different sex never have a cheap class, but two of different age may.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from workbench.privacy.recoding.allocation import Allocation
from workbench.privacy.recoding.class_counts import Codes, Flags, Numbers
from workbench.privacy.recoding.closeness import Closeness
from workbench.privacy.recoding.coded_tables import CodedTable
from workbench.privacy.recoding.criteria import (
    Criterion,
    KAnonymity,
    judge,
    smallest_size,
    surviving,
)
from workbench.privacy.recoding.diversity import DistinctDiversity
from workbench.privacy.recoding.widths import (
    Labels,
    Places,
    RangeWidths,
    SubtreeWidths,
    Widths,
    leaf_places,
)

_COMPARISONS_PER_UNIT, _COMPARISONS_AT_LEAST = 128, 40_000_000
_FORBIDDEN, _UNWANTED = np.float32(1_000.0), np.float32(100.0)


def can_cluster(criteria: Sequence[Criterion]) -> bool:
    """Return whether classes can grow row by row until they reach the criteria."""
    return all(isinstance(each, KAnonymity | DistinctDiversity) for each in criteria)


def cluster(
    table: CodedTable, criteria: Sequence[Criterion], labels: Labels, allocation: Allocation
) -> None:
    """Give the rows that are left classes of near rows, of which few or none fail the criteria."""
    counted = table.counted
    combination = counted.combination
    made = allocation.classes
    rest = np.flatnonzero(allocation.left > 0)
    if not made:  # Combinations that reach the criteria remain as they are.
        reaches = judge(criteria, counted.count(combination, len(table.rows)))
        alone = np.flatnonzero(reaches[combination])
        _, classes = np.unique(combination[alone], return_inverse=True)
        allocation.take(alone, classes, counted.weight[alone])
        made = int(reaches.sum())
        rest = np.flatnonzero(~reaches[combination])
    low, high = leaf_places(table)
    order = np.argsort([column.hierarchy.leaves for column in table.columns], kind="stable")
    growing = _criteria_of_growth(table, criteria)
    while len(rest):
        rest = rest[np.lexsort([low[column][rest] for column in order[::-1]])]
        units = _cut(rest, smallest_size(growing))
        places = (low[:, units], high[:, units]) if labels == "ranges" else None
        widths = SubtreeWidths(table, units) if places is None else RangeWidths(*places)
        blocks = _Blocks(table, growing, units, allocation.left, widths)
        made = blocks.hand_over(blocks.grow(), allocation, made, places)
        left = allocation.left[rest] > 0
        if left.all():
            break
        rest = rest[left]


def _criteria_of_growth(table: CodedTable, criteria: Sequence[Criterion]) -> tuple[Criterion, ...]:
    """Return the criteria that say which row a class may add, with those that they imply."""
    in_persons = table.counted.person is not None
    growing = surviving(criteria, table.counted.shares, in_persons=in_persons)
    return (*growing, *(each for each in criteria if isinstance(each, Closeness)))


def _cut(units: Codes, smallest: int) -> Codes:
    """Cut sorted units into blocks of nearly equal size, one per line, filled up with -1."""
    budget = _COMPARISONS_AT_LEAST + _COMPARISONS_PER_UNIT * len(units)
    size = max(budget // len(units), 8 * smallest, 64)
    count = -(-len(units) // size)
    ends = np.linspace(0, len(units), count + 1).astype(np.int64)
    sizes = np.diff(ends)
    blocks = np.full((count, int(sizes.max())), -1)
    filled = np.arange(blocks.shape[1]) < sizes[:, None]
    blocks[filled] = units
    return blocks


class _Blocks:
    """Blocks whose classes grow side by side; arrays have one line per block."""

    def __init__(
        self,
        table: CodedTable,
        criteria: Sequence[Criterion],
        units: Codes,
        left: Codes,
        widths: Widths,
    ) -> None:
        counted = table.counted
        self._units = units
        self._weight = np.where(units >= 0, left[units], 0)
        self._smallest = smallest_size(criteria)
        self._widths = widths
        # Values of which a class needs a number of different ones, and those that it has.
        self._needs: list[_Need | _Balance] = [
            _Need(counted.sensitive[each.column][units], each.l)
            for each in criteria
            if isinstance(each, DistinctDiversity)
        ]
        self._needs += [
            _Balance(counted.sensitive[each.column][units], self._weight, counted.shares, each)
            for each in criteria
            if isinstance(each, Closeness)
        ]
        if counted.person is not None:
            alone = int(counted.person.max(initial=0)) + 1
            person = counted.person[units]
            everybody = alone + np.arange(units.size).reshape(units.shape)
            self._needs.append(_Need(np.where(person < 0, everybody, person), None))

    def grow(self) -> Codes:
        """Return the class of each unit within its block, -1 for a unit of no complete class.

        Each step adds one unit to one class of every block.
        """
        blocks, size = self._units.shape
        line = np.arange(blocks)
        class_of_unit = np.full(self._units.shape, -1)
        sizes, number = np.zeros(blocks, dtype=np.int64), np.zeros(blocks, dtype=np.int64)
        taken = np.where(self._units < 0, np.float32(np.inf), np.float32(0))
        cost = np.empty((blocks, size), np.float32)
        for _ in range(size):
            np.copyto(cost, taken)
            self._widths.add_costs(cost)
            for need in self._needs:
                cost += need.penalty * need.forbids(self._smallest - sizes)
            chosen = cost.argmin(axis=1)
            lines = line[cost[line, chosen] < _FORBIDDEN]
            if not len(lines):
                break
            chosen = chosen[lines]
            taken[lines, chosen] = np.inf
            class_of_unit[lines, chosen] = number[lines]
            self._widths.add(lines, chosen)
            sizes[lines] += self._weight[lines, chosen]
            is_done = sizes >= self._smallest
            for need in self._needs:
                is_done &= need.add(lines, chosen)
            number += is_done
            sizes[is_done] = 0
            self._widths.forget(is_done)
            for need in self._needs:
                need.forget(is_done)
        return np.where(class_of_unit < number[:, None], class_of_unit, -1)

    def hand_over(
        self,
        class_of_unit: Codes,
        allocation: Allocation,
        made: int,
        places: tuple[Places, Places] | None,
    ) -> int:
        """Allocate the classes, numbered from ``made``; return the next free number.

        Where the places of leaves are given, a unit of no class joins the class of its block whose
        ranges lose least by it.
        """
        per_block = class_of_unit.max(axis=1) + 1
        start = made + np.cumsum(per_block) - per_block
        has_class = class_of_unit >= 0
        numbered = np.where(has_class, class_of_unit + start[:, None], -1)
        total = int(per_block.sum())
        if total and places is not None:
            self._join_nearest(numbered, made, places, start, per_block)
        inside = numbered >= 0
        units = self._units[inside]
        allocation.take(units, numbered[inside], allocation.left[units])
        return made + total

    def _join_nearest(
        self,
        numbered: Codes,
        made: int,
        places: tuple[Places, Places],
        start: Codes,
        per_block: Codes,
    ) -> None:
        every_low, every_high = places
        inside = numbered >= 0
        order = np.argsort(numbered[inside], kind="stable")
        first = np.flatnonzero(np.diff(numbered[inside][order], prepend=-1))
        bottom = np.minimum.reduceat(every_low[:, inside][:, order], first, axis=1)
        top = np.maximum.reduceat(every_high[:, inside][:, order], first, axis=1)
        sizes = np.add.reduceat(self._weight[inside][order], first).astype(np.float64)
        for block, place in zip(*np.nonzero((numbered < 0) & (self._units >= 0)), strict=True):
            if not per_block[block]:
                continue
            here = slice(start[block] - made, start[block] - made + per_block[block])
            low, high = every_low[:, block, place, None], every_high[:, block, place, None]
            lower, higher = np.minimum(bottom[:, here], low), np.maximum(top[:, here], high)
            wide = (higher - lower).sum(axis=0)
            weight = self._weight[block, place]
            loss = sizes[here] * (wide - (top - bottom)[:, here].sum(axis=0)) + weight * wide
            chosen = int(loss.argmin())
            numbered[block, place] = start[block] + chosen
            nearest = start[block] - made + chosen
            bottom[:, nearest], top[:, nearest] = lower[:, chosen], higher[:, chosen]
            sizes[nearest] += weight


class _Need:
    """Values of which each class must have a number of different ones, or no value twice."""

    penalty = _FORBIDDEN

    def __init__(self, values: Codes, least: int | None) -> None:
        """Prepare blocks without classes; ``least`` is None if no value may repeat."""
        order = np.argsort(values, axis=1, kind="stable")
        ordered = np.take_along_axis(values, order, axis=1)
        is_next = np.diff(ordered, axis=1, prepend=ordered[:, :1]) != 0
        self._codes = np.empty_like(values)
        np.put_along_axis(self._codes, order, np.cumsum(is_next, axis=1), axis=1)
        self._seen = np.zeros(values.shape, dtype=np.bool_)
        self._least = least

    def forbids(self, rows_wanting: Codes) -> Flags:
        """Return the units whose value the class has, where it must take other values now.

        That is so where the class wants no more rows than different values.
        """
        repeats = np.take_along_axis(self._seen, self._codes, axis=1)
        if self._least is None:
            return repeats
        values_wanting = self._least - self._seen.sum(axis=1)
        is_urgent = (values_wanting > 0) & (values_wanting >= rows_wanting)
        return np.asarray(repeats & is_urgent[:, None])

    def add(self, lines: Codes, places: Codes) -> Flags:
        """Add a unit to the class of some blocks; return the blocks with enough values."""
        self._seen[lines, self._codes[lines, places]] = True
        if self._least is None:
            return np.ones(len(self._seen), dtype=np.bool_)
        return np.asarray(self._seen.sum(axis=1) >= self._least)

    def forget(self, lines: Flags) -> None:
        """Begin a new class in some blocks."""
        self._seen[lines] = False


class _Balance:
    """Sensitive values of which no class may have many more than the table's shares.

    A class that will have m rows stays within t if sum over the values of max(0, c - q m) is at
    most t m, for the counts c and the shares q of the whole table. Where a block has no fitting row
    left, a class is completed beyond t, and is merged with others later.
    """

    penalty = _UNWANTED

    def __init__(
        self, values: Codes, weight: Codes, shares: Mapping[str, Numbers], closeness: Closeness
    ) -> None:
        """Prepare blocks without classes."""
        self._values, self._weight, self._t = values, weight, closeness.t
        self._shares = shares[closeness.column]
        self._counts = np.zeros((len(values), len(self._shares)))

    def forbids(self, rows_wanting: Codes) -> Flags:
        """Return the units whose value would bring the class further than t from the table."""
        rows = self._counts.sum(axis=1) + np.maximum(rows_wanting, 1)
        expected = self._shares * rows[:, None]
        excess = np.maximum(self._counts - expected, 0)
        added = np.maximum(self._counts + 1 - expected, 0) - excess
        room = self._t * rows - excess.sum(axis=1)
        is_forbidden = (added > 1e-9) & (added > room[:, None] + 1e-9)
        return np.asarray(np.take_along_axis(is_forbidden, self._values, axis=1))

    def add(self, lines: Codes, places: Codes) -> Flags:
        """Add a unit to the class of some blocks; a class is complete however far it is from t."""
        self._counts[lines, self._values[lines, places]] += self._weight[lines, places]
        return np.ones(len(self._counts), dtype=np.bool_)

    def forget(self, lines: Flags) -> None:
        """Begin a new class in some blocks."""
        self._counts[lines] = 0
