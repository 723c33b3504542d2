"""The last rows join the classes that lose least by it, although their labels become coarser."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.privacy.recoding.allocation import Allocation
from workbench.privacy.recoding.class_counts import ClassCounts, Codes, Numbers
from workbench.privacy.recoding.coded_tables import CodedTable
from workbench.privacy.recoding.criteria import (
    Criterion,
    judge,
)
from workbench.privacy.recoding.local_labels import class_levels

_MOST_JOINED = 20_000
_CLASSES_TRIED = 32


def join_nearest_classes(
    table: CodedTable,
    criteria: Sequence[Criterion],
    allocation: Allocation,
    *,
    most_suppressed: int,
) -> None:
    """Add the rows that are left to classes, or leave them to be suppressed.

    Rows are left if no class can take them, or if suppressing them loses less and does not suppress
    more rows than allowed. More rows than ``_MOST_JOINED`` are left altogether, since each of
    them is compared with all classes.
    """
    left = np.flatnonzero(allocation.left > 0)
    units, classes, counts = allocation.members()
    if not len(left) or not len(units) or allocation.left[left].sum() > _MOST_JOINED:
        return
    near = NearClasses(table, criteria, units, classes, counts)
    rows = np.bincount(table.unit_of_row[table.unit_of_row >= 0], minlength=len(allocation.left))
    for unit, count, rows_of_part in _parts(table, criteria, allocation.left, rows, left):
        losses = near.losses(unit, rows_of_part)
        chosen = near.nearest(unit, count, losses)
        too_dear = chosen is not None and losses[chosen] > rows_of_part * len(table.columns)
        if chosen is None or (too_dear and rows_of_part <= most_suppressed):
            most_suppressed -= rows_of_part
            continue
        near.add(unit, count, rows_of_part, chosen)
        allocation.take(np.array([unit]), np.array([chosen]), np.array([count]))


def _parts(
    table: CodedTable, criteria: Sequence[Criterion], left: Codes, rows: Codes, units: Codes
) -> Iterator[tuple[int, int, int]]:
    """Yield units with the persons or rows to add at once, and the rows among them.

    Rows are added one by one where a class may have room for some of them only.
    """
    is_certain = all(each.survives_merging for each in criteria)
    for unit in units.tolist():
        if is_certain or table.counted.person is not None:
            yield unit, int(left[unit]), int(rows[unit])
        else:
            yield from ((unit, 1, 1) for _ in range(int(left[unit])))


class NearClasses:
    """Classes with their labels, sizes and members."""

    def __init__(
        self,
        table: CodedTable,
        criteria: Sequence[Criterion],
        units: Codes,
        classes: Codes,
        counts: Codes,
    ) -> None:
        self._table, self._criteria = table, criteria
        found = class_levels(table, table.counted.combination[units], classes)
        self._levels, self._combination = found.levels, found.combination
        self._sizes = np.bincount(classes, weights=counts)
        self._costs = [np.stack(column.cost) for column in table.columns]
        self._labels = [
            np.stack(column.label)[:, cells]
            for column, cells in zip(table.columns, table.cells, strict=True)
        ]
        order = np.argsort(classes, kind="stable")
        ends = np.cumsum(np.bincount(classes))[:-1]
        self._members = np.split(units[order], ends)
        self._counts = np.split(counts[order], ends)
        self._is_certain = all(each.survives_merging for each in criteria)

    def _common_levels(self, unit: int, classes: slice | list[int]) -> NDArray[np.int64]:
        """Return the levels that classes need to cover a unit."""
        combination = self._table.counted.combination[unit]
        members = self._combination[classes]
        common = [
            (label[:, members] != label[:, [combination]]).sum(axis=0) for label in self._labels
        ]
        return np.maximum(self._levels[:, classes], common)

    def losses(self, unit: int, rows: int) -> Numbers:
        """Return what each class and the rows of a unit lose by joining, in cells.

        A class that would be ``*`` in all columns loses without limit: it would be suppressed.
        """
        combination = self._table.counted.combination[unit]
        loss, own = np.zeros(len(self._sizes)), np.zeros(len(self._sizes))
        every = self._common_levels(unit, slice(None))
        for common, levels, cost, cells in zip(
            every, self._levels, self._costs, self._table.cells, strict=True
        ):
            price = cost[common, cells[combination]]
            own += price
            loss += self._sizes * (price - cost[levels, cells[self._combination]])
        loss += own * rows
        loss[own >= len(self._costs) - 1e-9] = np.inf
        return loss

    def losses_of_merging(self, one: int, others: Codes) -> Numbers:
        """Return what a class and each of the others lose by being merged, in cells."""
        loss, own = np.zeros(len(others)), np.zeros(len(others))
        here, there = self._combination[one], self._combination[others]
        for label, levels, cost, cells in zip(
            self._labels, self._levels, self._costs, self._table.cells, strict=True
        ):
            common = (label[:, there] != label[:, [here]]).sum(axis=0)
            common = np.maximum(np.maximum(levels[others], levels[one]), common)
            price = cost[common, cells[there]]
            own += price
            loss += self._sizes[others] * (price - cost[levels[others], cells[there]])
            loss += self._sizes[one] * (price - cost[levels[one], cells[here]])
        loss[own >= len(self._costs) - 1e-9] = np.inf
        return loss

    def count_merged(self, one: int, others: Codes) -> ClassCounts:
        """Count a class together with each of the others."""
        both = [(one, other) for other in others.tolist()]
        units = [np.concatenate([self._members[each] for each in pair]) for pair in both]
        counts = [np.concatenate([self._counts[each] for each in pair]) for pair in both]
        group = np.repeat(np.arange(len(both)), [len(each) for each in units])
        merged = self._table.counted.part(np.concatenate(units), np.concatenate(counts))
        return merged.count(group, len(both))

    def merge(self, one: int, other: int) -> None:
        """Merge a class into another one, which gets the labels that cover both."""
        here, there = self._combination[one], self._combination[other]
        for label, levels in zip(self._labels, self._levels, strict=True):
            common = int((label[:, there] != label[:, here]).sum())
            levels[other] = max(levels[one], levels[other], common)
        self._sizes[other] += self._sizes[one]
        self._members[other] = np.concatenate([self._members[other], self._members[one]])
        self._counts[other] = np.concatenate([self._counts[other], self._counts[one]])

    def nearest(self, unit: int, count: int, losses: Numbers) -> int | None:
        """Return the class that loses least and still reaches the criteria; None without one."""
        if self._is_certain:
            best = int(losses.argmin())
            return best if losses[best] < np.inf else None
        order = np.argsort(losses, kind="stable")
        order = order[: np.searchsorted(losses[order], np.inf)]
        for start in range(0, len(order), _CLASSES_TRIED):
            tried = order[start : start + _CLASSES_TRIED]
            members = [self._members[each] for each in tried]
            numbers = np.arange(len(tried))
            group = np.append(np.repeat(numbers, [len(each) for each in members]), numbers)
            units = np.concatenate([*members, np.full(len(tried), unit)])
            weight = np.concatenate(
                [*(self._counts[each] for each in tried), np.full(len(tried), count)]
            )
            counts = self._table.counted.part(units, weight).count(group, len(tried))
            reached = judge(self._criteria, counts)
            if reached.any():
                return int(tried[reached.argmax()])
        return None

    def add(self, unit: int, count: int, rows: int, chosen: int) -> None:
        """Add rows of a unit to a class, which gets coarser labels."""
        self._levels[:, [chosen]] = self._common_levels(unit, [chosen])
        self._sizes[chosen] += rows
        self._members[chosen] = np.append(self._members[chosen], unit)
        self._counts[chosen] = np.append(self._counts[chosen], count)
