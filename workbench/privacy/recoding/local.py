"""Local recoding: every class has labels of its own."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl

from workbench.privacy.recoding.allocation import Allocation
from workbench.privacy.recoding.clustering import can_cluster, cluster
from workbench.privacy.recoding.coded_tables import CodedTable
from workbench.privacy.recoding.criteria import Criterion
from workbench.privacy.recoding.hierarchies import SUPPRESSED
from workbench.privacy.recoding.joining import join_covering_classes
from workbench.privacy.recoding.local_labels import (
    class_levels,
    hierarchy_labels,
    range_labels,
)
from workbench.privacy.recoding.nearest import join_nearest_classes
from workbench.privacy.recoding.recoded_classes import RecodedClasses
from workbench.privacy.recoding.sweep import sweep

Labels = Literal["hierarchy", "ranges"]


def local_classes(
    table: CodedTable,
    rows: pl.DataFrame,
    *,
    criteria: Sequence[Criterion],
    labels: Labels,
    most_suppressed: int,
) -> RecodedClasses | None:
    """Make classes of little loss; None if more rows than allowed would be suppressed.

    Ranges are made by clustering where the criteria allow it. A sweep is the other way.
    """
    if labels == "ranges" and can_cluster(criteria):
        clustered = _labelled(table, rows, cluster(table, criteria), labels)
        if _suppressed(table, clustered) <= most_suppressed:
            return clustered
    allocation = sweep(table, criteria)
    join_covering_classes(table, criteria, allocation)
    join_nearest_classes(table, criteria, allocation, most_suppressed=most_suppressed)
    swept = _labelled(table, rows, allocation, labels)
    return swept if _suppressed(table, swept) <= most_suppressed else None


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
