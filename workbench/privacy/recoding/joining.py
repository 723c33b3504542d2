"""Rows that a sweep has left join classes whose labels cover them."""

from collections.abc import Sequence

import numpy as np

from workbench.privacy.recoding.allocation import Allocation
from workbench.privacy.recoding.class_counts import Codes, CountedRows, Flags, pack
from workbench.privacy.recoding.closeness import Closeness
from workbench.privacy.recoding.coded_tables import CodedTable
from workbench.privacy.recoding.criteria import (
    Criterion,
    judge,
)
from workbench.privacy.recoding.local_labels import class_levels
from workbench.privacy.recoding.sweep import closeness_to_trim, hand_out
from workbench.privacy.recoding.trimming import trim


def join_covering_classes(
    table: CodedTable, criteria: Sequence[Criterion], allocation: Allocation
) -> None:
    """Add rows to the finest classes whose labels cover them, as long as the criteria hold."""
    units, classes, counts = allocation.members()
    combination = table.counted.combination
    found = class_levels(table, combination[units], classes)
    joined = _Joined(table, criteria, allocation, units, classes, counts)
    nodes, node_of_class = np.unique(found.levels, axis=1, return_inverse=True)
    leaves = [
        [float((column.cost[level][cells] * table.rows).sum()) for level in range(len(column.cost))]
        for column, cells in zip(table.columns, table.cells, strict=True)
    ]
    cost = sum(np.array(each)[levels] for each, levels in zip(leaves, nodes, strict=True))
    for node in np.argsort(cost, kind="stable"):
        left = np.flatnonzero(allocation.left > 0)
        if not len(left):
            return
        here = np.flatnonzero(node_of_class == node)
        both = np.concatenate([found.combination[here], combination[left]])
        labels = [
            column.label[level][cells[both]]
            for column, level, cells in zip(table.columns, nodes[:, node], table.cells, strict=True)
        ]
        keys = pack(labels)
        known, unknown = keys[: len(here)], keys[len(here) :]
        order = np.argsort(known, kind="stable")
        place = np.minimum(np.searchsorted(known, unknown, sorter=order), len(here) - 1)
        is_covered = known[order[place]] == unknown
        if is_covered.any():
            joined.add(left[is_covered], here[order[place[is_covered]]])


class _Joined:
    """Classes with their members, to which rows are added."""

    def __init__(
        self,
        table: CodedTable,
        criteria: Sequence[Criterion],
        allocation: Allocation,
        units: Codes,
        classes: Codes,
        counts: Codes,
    ) -> None:
        order = np.argsort(classes, kind="stable")
        self._counted = table.counted
        self._criteria = criteria
        self._allocation = allocation
        self._units, self._counts = units[order], counts[order]
        self._ends = np.cumsum(np.bincount(classes))
        self._is_certain = all(each.survives_merging for each in criteria)
        self._trimmed = closeness_to_trim(table, criteria)

    def add(self, units: Codes, classes: Codes) -> None:
        """Add the rows that are left of units to classes, as many as the criteria allow."""
        weight = self._allocation.left[units]
        if self._is_certain:
            self._allocation.take(units, classes, weight)
            return
        target, group = np.unique(classes, return_inverse=True)
        starts = self._ends[target] - np.diff(self._ends, prepend=0)[target]
        sizes = self._ends[target] - starts
        inside = np.repeat(starts - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())
        every_unit = np.concatenate([self._units[inside], units])
        every_weight = np.concatenate([self._counts[inside], weight])
        every_group = np.concatenate([np.repeat(np.arange(len(target)), sizes), group])
        is_new = np.arange(len(every_unit)) >= len(inside)
        if self._trimmed is not None:
            every_weight = _trim(
                self._counted, self._trimmed, every_unit, every_weight, every_group, is_new
            )
        some = every_weight > 0
        counts = self._counted.part(every_unit[some], every_weight[some]).count(
            every_group[some], len(target)
        )
        passes = judge(self._criteria, counts)[every_group] & is_new
        self._allocation.take(every_unit[passes], target[every_group[passes]], every_weight[passes])


def _trim(
    counted: CountedRows,
    closeness: Closeness,
    units: Codes,
    weight: Codes,
    group: Codes,
    is_new: Flags,
) -> Codes:
    """Leave new rows out, so that the classes stay within t; return what remains of each unit."""
    groups = int(group.max()) + 1
    values = counted.part(units, weight).count(group, groups).values[closeness.column]
    spread = len(values.shares)
    pairs = values.group * spread + values.value
    pair = group * spread + counted.sensitive[closeness.column][units]
    place = np.searchsorted(pairs, pair[~is_new])
    old = np.bincount(place, weights=weight[~is_new], minlength=len(pairs)).astype(np.int64)
    kept = trim(values, groups, t=closeness.t, at_least=old)
    return hand_out(pair, weight, pairs, kept.count)
