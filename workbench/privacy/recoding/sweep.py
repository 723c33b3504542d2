"""Local recoding by a sweep: classes of one table have labels of different levels.

The *sweep* goes through the nodes of the lattice (one level per column), the cheapest first. At
each node, the rows that are not yet in a class are grouped by their labels there, and every group
that reaches the criteria becomes a class. So a row gets the cheapest labels at which enough others
are left, and rare rows are generalised without the common ones. Three details matter:

1. A group that is too far from the table's distribution for t-closeness is *trimmed*: rows of its
   too frequent values are left for coarser nodes.
2. Rows that are left at the end join the cheapest class whose labels cover them, where the class
   still reaches the criteria.
3. The work is limited: if too many rows are left for the nodes ahead, nodes are skipped evenly. So
   the time grows with the number of rows, not with the number of nodes.
"""

from collections.abc import Sequence
from math import prod

import numpy as np

from workbench.privacy.recoding.allocation import Allocation
from workbench.privacy.recoding.cheapest_nodes import cheapest_nodes
from workbench.privacy.recoding.class_counts import ClassCounts, Codes, Flags, ValueCounts, pack
from workbench.privacy.recoding.closeness import Closeness
from workbench.privacy.recoding.coded_tables import CodedTable
from workbench.privacy.recoding.criteria import (
    Criterion,
    judge,
    smallest_size,
    surviving,
)
from workbench.privacy.recoding.node_losses import Levels
from workbench.privacy.recoding.trimming import can_be_close, trim

_MOST_NODES = 20_000
_KEYS_PER_ROW, _KEYS_AT_LEAST = 1_000, 60_000_000
_SHRINKS = 16  # The rows left shrink on the way, so the work ahead is less than it seems.


def reach_of_sweep(table: CodedTable) -> float:
    """Return the share of the lattice's nodes that a sweep can try."""
    nodes = prod(column.hierarchy.height + 1 for column in table.columns)
    return min(_MOST_NODES / nodes, 1.0)


def sweep(table: CodedTable, criteria: Sequence[Criterion]) -> Allocation:
    """Give the rows of a table classes that reach the criteria."""
    allocation = Allocation.of(table)
    nodes = cheapest_nodes(table, _MOST_NODES)
    taker = _Taker(table, tuple(criteria), allocation)
    keys = _Keys(table)
    work = _KEYS_AT_LEAST + _KEYS_PER_ROW * len(allocation.left)
    number = 0
    while number < len(nodes) and len(keys.units):
        levels = nodes[number]
        taken = taker.take_groups(keys.at(levels), keys.units)
        work -= len(keys.units)
        if taken:
            keys.keep(allocation.left[keys.units] > 0)
        ahead = (len(nodes) - number) * len(keys.units)
        number += 1 + ahead // (_SHRINKS * max(work, 1))
    return allocation


class _Keys:
    """Labels of the units that are left, as one number per unit and node."""

    def __init__(self, table: CodedTable) -> None:
        self.units = np.arange(len(table.counted.weight))
        combination = table.counted.combination
        spread = 1
        self._labels: list[list[Codes]] = []
        for column, cells in zip(table.columns, table.cells, strict=True):
            width = len(column.texts)
            self._labels.append([label[cells[combination]] for label in column.label])
            spread *= width
        self._widths = [len(column.texts) for column in table.columns]
        if spread < 2**62:  # The labels of all columns fit into one number.
            step = 1
            for labels, width in zip(self._labels, self._widths, strict=True):
                for label in labels:
                    label *= step
                step *= width
        self._fits = spread < 2**62

    def at(self, levels: Levels) -> Codes:
        """Return a number for each unit, equal where all labels are equal."""
        labels = [labels[level] for labels, level in zip(self._labels, levels, strict=True)]
        if not self._fits:
            return pack(labels)
        key: Codes = labels[0].copy()
        for label in labels[1:]:
            key += label
        return key

    def keep(self, which: Flags) -> None:
        """Forget units of which no row is left."""
        self.units = self.units[which]
        self._labels = [[label[which] for label in labels] for labels in self._labels]


class _Taker:
    """Makes classes of the groups that reach the criteria."""

    def __init__(
        self, table: CodedTable, criteria: tuple[Criterion, ...], allocation: Allocation
    ) -> None:
        self._counted = table.counted
        self._criteria = criteria
        self._allocation = allocation
        self._smallest = smallest_size(
            surviving(criteria, table.counted.shares, in_persons=table.counted.person is not None)
        )
        self._only_sizes = table.counted.person is None and all(
            each.name == "k" for each in criteria
        )
        self._trimmed = closeness_to_trim(table, criteria)
        self.classes = 0

    def take_groups(self, key: Codes, units: Codes) -> bool:
        """Make classes of the groups of equal keys; return whether there was one."""
        ordered = np.sort(key)
        if not (ordered[1:] == ordered[:-1]).any() and self._allocation.left[units].max() < (
            self._smallest
        ):
            return False
        _, group = np.unique(key, return_inverse=True)
        weight = self._allocation.left[units]
        is_large = np.bincount(group, weights=weight) >= self._smallest
        if not is_large.any():
            return False
        number = np.cumsum(is_large) - 1
        inside = is_large[group]
        units, group, weight = units[inside], number[group[inside]], weight[inside]
        groups = int(is_large.sum())
        if self._only_sizes:
            self._take(units, group, weight, np.ones(groups, dtype=np.bool_))
            return True
        counts = self._counted.part(units, weight).count(group, groups)
        passes = judge(self._criteria, counts)
        if self._trimmed is not None and not passes.all():
            weight, passes = self._trim(self._trimmed, units, group, weight, counts, passes)
        self._take(units, group, weight, passes)
        return bool(passes.any())

    def _trim(
        self,
        closeness: Closeness,
        units: Codes,
        group: Codes,
        weight: Codes,
        counts: ClassCounts,
        passes: Flags,
    ) -> tuple[Codes, Flags]:
        """Leave rows of too frequent values out of groups that fail; return what remains."""
        values = counts.values[closeness.column]
        can_pass = ~passes & can_be_close(values, len(passes), t=closeness.t)
        if not can_pass.any():
            return weight, passes
        spread, groups = len(values.shares), int(can_pass.sum())
        number = np.cumsum(can_pass) - 1
        here, inside = can_pass[values.group], can_pass[group]
        tried = ValueCounts(
            number[values.group[here]], values.value[here], values.count[here], values.shares
        )
        nothing = np.zeros(len(tried.count), dtype=np.int64)
        remaining = trim(tried, groups, t=closeness.t, at_least=nothing)
        group, units = number[group[inside]], units[inside]
        pair = group * spread + self._counted.sensitive[closeness.column][units]
        kept = hand_out(pair, weight[inside], tried.group * spread + tried.value, remaining.count)
        some = kept > 0
        trimmed = self._counted.part(units[some], kept[some]).count(group[some], groups)
        weight, passes = weight.copy(), passes.copy()
        weight[inside] = kept
        passes[can_pass] = judge(self._criteria, trimmed)
        return weight, passes

    def _take(self, units: Codes, group: Codes, kept: Codes, passes: Flags) -> None:
        number = self.classes + np.cumsum(passes) - 1
        inside = passes[group]
        self._allocation.take(units[inside], number[group[inside]], kept[inside])
        self.classes += int(passes.sum())


def hand_out(pair: Codes, weight: Codes, pairs: Codes, count: Codes) -> Codes:
    """Return how many rows of each unit remain so that each pair keeps its count.

    Parameters
    ----------
    pair, weight : arrays
        Pair and rows of each unit; units that come first keep their rows.
    pairs, count : arrays
        Pairs in ascending order, and the rows that remain of them.
    """
    order = np.argsort(pair, kind="stable")
    place = np.searchsorted(pairs, pair[order])
    before = np.cumsum(weight[order]) - weight[order]
    start = np.flatnonzero(np.diff(place, prepend=-1))
    before -= np.repeat(before[start], np.diff(np.append(start, len(place))))
    kept = np.empty(len(pair), dtype=np.int64)
    kept[order] = np.clip(count[place] - before, 0, weight[order])
    return kept


def closeness_to_trim(table: CodedTable, criteria: Sequence[Criterion]) -> Closeness | None:
    """Return the criterion by which groups can be trimmed: the only one that reads a column."""
    close = [each for each in criteria if isinstance(each, Closeness)]
    columns = {each.sensitive for each in criteria if each.sensitive is not None}
    if len(close) == len(columns) == 1 and table.counted.person is None:
        return close[0]
    return None
