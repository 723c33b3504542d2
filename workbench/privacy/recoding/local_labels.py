"""Labels of classes that were made row by row: the finest that cover the rows of each class."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.privacy.recoding.class_counts import Codes
from workbench.privacy.recoding.coded_tables import CodedTable


@dataclass(frozen=True, slots=True, eq=False)
class ClassLevels:
    """Common labels of the rows of each class.

    Attributes
    ----------
    levels : array, columns × classes
        Lowest level at which all rows of the class have the same label.
    combination : array
        One combination of each class.
    """

    levels: NDArray[np.int64]
    combination: Codes


def class_levels(table: CodedTable, combination: Codes, classes: Codes) -> ClassLevels:
    """Find the common labels of classes.

    Parameters
    ----------
    table : CodedTable
        Table whose combinations are in the classes.
    combination, classes : arrays
        Combinations and their classes, numbered from 0 without a gap.
    """
    order = np.argsort(classes, kind="stable")
    member = combination[order]
    start = np.flatnonzero(np.diff(classes[order], prepend=-1))
    levels = np.zeros((len(table.columns), len(start)), dtype=np.int64)
    if len(start):
        for place, (column, cells) in enumerate(zip(table.columns, table.cells, strict=True)):
            for label in column.label[:-1]:
                of_member = label[cells[member]]
                lowest = np.minimum.reduceat(of_member, start)
                levels[place] += lowest != np.maximum.reduceat(of_member, start)
    return ClassLevels(levels, member[start])


def hierarchy_labels(
    table: CodedTable, found: ClassLevels
) -> tuple[list[pl.Series], NDArray[np.int64]]:
    """Return the label of each class in each column, and the number of leaves it covers."""
    labels, covered = [], []
    for column, cells, level in zip(table.columns, table.cells, found.levels, strict=True):
        cell = cells[found.combination]
        labels.append(column.texts.gather(np.array(column.label)[level, cell]))
        leaves = np.array([column.leaves_covered(each) for each in range(len(column.label))])
        covered.append(leaves[level, cell])
    return labels, np.array(covered)
