"""Local recoding: every class has labels of its own."""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from workbench.privacy.recoding.allocation import Allocation
from workbench.privacy.recoding.clustering import can_cluster, cluster
from workbench.privacy.recoding.coded_tables import CodedTable
from workbench.privacy.recoding.criteria import Criterion
from workbench.privacy.recoding.failing_classes import merge_failing_classes
from workbench.privacy.recoding.hierarchies import SUPPRESSED
from workbench.privacy.recoding.joining import join_covering_classes
from workbench.privacy.recoding.local_labels import (
    class_levels,
    hierarchy_labels,
    range_labels,
)
from workbench.privacy.recoding.nearest import join_nearest_classes
from workbench.privacy.recoding.recoded_classes import RecodedClasses
from workbench.privacy.recoding.sweep import reach_of_sweep, sweep
from workbench.privacy.recoding.widths import Labels

_SHARE_WORTH_A_SWEEP = 0.2


def local_classes(
    table: CodedTable,
    rows: pl.DataFrame,
    *,
    criteria: Sequence[Criterion],
    labels: Labels,
    most_suppressed: int,
) -> RecodedClasses | None:
    """Make classes of little loss; None if more rows than allowed would be suppressed.

    Ranges are made by clustering where the criteria allow it. Labels of hierarchies are made by a
    sweep, and by clustering where the lattice has too many nodes for a sweep: it would leave the
    coarse nodes out, which rare rows need.
    """
    for allocation in _attempts(table, criteria, labels):
        join_nearest_classes(table, criteria, allocation, most_suppressed=most_suppressed)
        made = _labelled(table, rows, allocation, labels)
        if _suppressed(table, made) <= most_suppressed:
            return made
    return None


def _attempts(
    table: CodedTable, criteria: Sequence[Criterion], labels: Labels
) -> Iterator[Allocation]:
    """Yield the classes of each way that may reach the criteria, the way of least loss first."""
    clusters_first = labels == "ranges" and can_cluster(criteria)
    if clusters_first:
        yield _clustered(table, criteria, labels, Allocation.of(table))
    reach = reach_of_sweep(table)
    if reach > _SHARE_WORTH_A_SWEEP:
        swept = sweep(table, criteria)
        join_covering_classes(table, criteria, swept)
        yield swept if reach == 1 else _clustered(table, criteria, labels, swept)
    if not clusters_first:
        yield _clustered(table, criteria, labels, Allocation.of(table))


def _clustered(
    table: CodedTable, criteria: Sequence[Criterion], labels: Labels, allocation: Allocation
) -> Allocation:
    """Return classes with clusters of the rows that are left, all of which reach the criteria."""
    cluster(table, criteria, labels, allocation)
    merged = merge_failing_classes(table, criteria, allocation)
    return _without_starred(table, merged) if labels == "hierarchy" else merged


def _suppressed(table: CodedTable, classes: RecodedClasses) -> int:
    """Return the rows that recoding has suppressed, without those that were suppressed before."""
    return int((classes.class_of_row < 0).sum() - (table.combination_of_row < 0).sum())


def _labelled(
    table: CodedTable, rows: pl.DataFrame, allocation: Allocation, kind: Labels
) -> RecodedClasses:
    """Label the classes, and suppress a class whose labels are all ``*``."""
    units, classes, _ = allocation.members()
    combination = table.counted.combination[units]
    if kind == "ranges":
        labels, covered = range_labels(table, combination, classes)
    else:
        labels, covered = hierarchy_labels(table, class_levels(table, combination, classes))
    starred = np.ones(covered.shape[1], dtype=np.bool_)
    for label in labels:
        starred &= (label == SUPPRESSED).fill_null(False).to_numpy()
    class_of_row = allocation.class_of_row(table, rows)
    suppressed = np.append(starred, True)[class_of_row]
    return RecodedClasses(np.where(suppressed, -1, class_of_row), labels, covered)


def _without_starred(table: CodedTable, allocation: Allocation) -> Allocation:
    """Return the classes with a label other than ``*``; rows of the others are left."""
    units, classes, counts = allocation.members()
    combination = table.counted.combination[units]
    found = class_levels(table, combination, classes)
    starred = np.ones(len(found.combination), dtype=np.bool_)
    for column, cells, level in zip(table.columns, table.cells, found.levels, strict=True):
        own = np.maximum(level, column.own_level[cells[found.combination]])
        starred &= own == column.hierarchy.height
    if not starred.any():
        return allocation
    inside = ~starred[classes]
    kept = Allocation.of(table)
    kept.take(units[inside], (np.cumsum(~starred) - 1)[classes[inside]], counts[inside])
    return kept
