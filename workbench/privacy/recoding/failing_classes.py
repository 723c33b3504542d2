"""Classes that fail a criterion are merged into near classes until all criteria are reached."""

from collections.abc import Sequence

import numpy as np

from workbench.privacy.recoding.allocation import Allocation
from workbench.privacy.recoding.class_counts import ClassCounts, Codes, Numbers
from workbench.privacy.recoding.coded_tables import CodedTable
from workbench.privacy.recoding.criteria import Criterion, judge
from workbench.privacy.recoding.nearest import NearClasses

_CLASSES_COMPARED = 4_000
_CLASSES_TRIED = 16


def merge_failing_classes(
    table: CodedTable, criteria: Sequence[Criterion], allocation: Allocation
) -> Allocation:
    """Return the classes that reach the criteria after merging; rows of other classes are left.

    A failing class is merged into the class that loses least by it among those with which it
    reaches the criteria, or else into the one with which it comes nearest to them. Classes that
    are neighbours in number are neighbours in the order of the rows, so a class is compared with
    at most ``_CLASSES_COMPARED`` others.
    """
    units, classes, counts = allocation.members()
    if not len(units):
        return allocation
    number = int(classes.max()) + 1
    failing = np.flatnonzero(~judge(criteria, _counted(table, units, classes, counts, number)))
    merged_into = np.arange(number)
    if len(failing):
        near = NearClasses(table, criteria, units, classes, counts)
        waiting = failing.tolist()[::-1]
        while waiting:
            failed = waiting.pop()
            if merged_into[failed] != failed:
                continue
            chosen, reaches = _best(near, criteria, failed, merged_into)
            if chosen is None:
                continue
            near.merge(failed, chosen)
            merged_into[failed] = chosen
            if not reaches:
                waiting.append(chosen)
    return _kept(table, criteria, allocation, merged_into)


def _best(
    near: NearClasses, criteria: Sequence[Criterion], failed: int, merged_into: Codes
) -> tuple[int | None, bool]:
    """Return the class that a failing class is merged into, and whether both reach the criteria."""
    start = max(failed - _CLASSES_COMPARED // 2, 0)
    others = start + np.flatnonzero(
        merged_into[start : start + _CLASSES_COMPARED]
        == np.arange(start, min(start + _CLASSES_COMPARED, len(merged_into)))
    )
    others = others[others != failed]
    losses = near.losses_of_merging(failed, others)
    order = np.argsort(losses, kind="stable")[:_CLASSES_TRIED]
    tried = others[order[losses[order] < np.inf]]
    if not len(tried):
        return None, False
    counts = near.count_merged(failed, tried)
    reached = judge(criteria, counts)
    if reached.any():
        return int(tried[reached.argmax()]), True
    return int(tried[_shortfall(criteria, counts).argmin()]), False


def _shortfall(criteria: Sequence[Criterion], counts: ClassCounts) -> Numbers:
    """Return how far each class is from the criteria, as a sum of shares of their limits."""
    total = np.zeros(len(counts.sizes))
    for each in criteria:
        sign = 1 if each.larger_is_safer else -1
        lacking = sign * (each.limit - each.measure(counts))
        total += np.maximum(lacking, 0) / max(each.limit, 1e-9)
    return total


def _counted(
    table: CodedTable, units: Codes, classes: Codes, counts: Codes, number: int
) -> ClassCounts:
    return table.counted.part(units, counts).count(classes, number)


def _kept(
    table: CodedTable, criteria: Sequence[Criterion], allocation: Allocation, merged_into: Codes
) -> Allocation:
    """Allocate the merged classes that reach the criteria, numbered without a gap."""
    units, classes, counts = allocation.members()
    while (merged_into[merged_into] != merged_into).any():
        merged_into = merged_into[merged_into]
    _, merged = np.unique(merged_into[classes], return_inverse=True)
    number = int(merged.max()) + 1
    passes = judge(criteria, _counted(table, units, merged, counts, number))
    inside = passes[merged]
    kept = Allocation.of(table)
    kept.take(units[inside], (np.cumsum(passes) - 1)[merged[inside]], counts[inside])
    return kept
