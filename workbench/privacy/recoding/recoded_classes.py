"""Equivalence classes that a method of recoding has made, before they are written as a table."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.privacy.recoding.class_counts import Codes, pack
from workbench.privacy.recoding.coded_tables import CodedTable
from workbench.privacy.recoding.criteria import (
    Criterion,
    judge,
)


@dataclass(frozen=True, slots=True, eq=False)
class RecodedClasses:
    """Classes and their labels.

    Attributes
    ----------
    class_of_row : array
        Class of each row; -1 for rows in no class, which are suppressed or left out.
    labels : list of Series
        For each quasi-identifier the label of every class, null for a missing cell.
    covered : array, columns × classes
        Number of leaves that each label covers.
    """

    class_of_row: Codes
    labels: list[pl.Series]
    covered: NDArray[np.int64]


def classes_at_levels(
    table: CodedTable, levels: Sequence[int], criteria: Sequence[Criterion]
) -> RecodedClasses:
    """Generalise every column to its level, and suppress classes that fail a criterion."""
    labels = [
        column.label[level][cells]
        for column, level, cells in zip(table.columns, levels, table.cells, strict=True)
    ]
    _, first, merged = np.unique(pack(labels), return_index=True, return_inverse=True)
    counts = table.counted.count(merged[table.counted.combination], len(first))
    is_kept = judge(criteria, counts) & ~table.is_starred(levels, first)
    class_of_combination = np.where(is_kept, np.cumsum(is_kept) - 1, -1)[merged]
    kept = first[is_kept]
    return RecodedClasses(
        class_of_row=table.spread(class_of_combination),
        labels=[
            column.texts.gather(label[kept])
            for column, label in zip(table.columns, labels, strict=True)
        ],
        covered=np.stack(
            [
                column.leaves_covered(level)[cells[kept]]
                for column, level, cells in zip(table.columns, levels, table.cells, strict=True)
            ]
        ),
    )
