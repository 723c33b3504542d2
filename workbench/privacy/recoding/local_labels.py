"""Labels of classes that were made row by row: the finest that cover the rows of each class."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.privacy.recoding.class_counts import Codes
from workbench.privacy.recoding.coded_tables import CodedTable
from workbench.privacy.recoding.hierarchies import (
    SUPPRESSED,
    Hierarchy,
)

#: Largest number of labels that are written one after another for a range.
_MOST_PIECES = 8


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


def range_labels(
    table: CodedTable, combination: Codes, classes: Codes
) -> tuple[list[pl.Series], NDArray[np.int64]]:
    """Return the shortest range of leaves that covers each class in each column.

    A range of numbers or days is written ``[20, 26]``, with both ends. Another range is written as
    the labels that it consists of, such as ``Graduate | Doctorate``; if they are many, it is
    widened to a label of the hierarchy. A class that has both a missing cell and others is ``*``.
    """
    order = np.argsort(classes, kind="stable")
    start = np.flatnonzero(np.diff(classes[order], prepend=-1))
    labels, covered = [], []
    for column, cells in zip(table.columns, table.cells, strict=True):
        cell = cells[combination[order]]
        if not len(start):
            labels.append(pl.Series(column.name, [], pl.String))
            covered.append(np.zeros(0, dtype=np.int64))
            continue
        leaves, height = column.hierarchy.leaves, column.hierarchy.height
        missing = ((column.first >= leaves) & (column.own_level == 0))[cell]
        is_missing = np.logical_and.reduceat(missing, start)
        is_starred = np.logical_or.reduceat(missing, start) & ~is_missing
        is_starred |= np.logical_or.reduceat((column.own_level == height)[cell], start)
        first = np.minimum.reduceat(column.first[cell], start)
        last = np.maximum.reduceat(column.last[cell], start)
        if not column.hierarchy.is_scale:
            first, last = _readable(column.hierarchy, first, last)
        is_range = ~(is_missing | is_starred)
        is_starred |= is_range & (last - first + 1 >= max(leaves, 2))
        is_range &= ~is_starred
        pairs, pair = np.unique(
            np.stack([first[is_range], last[is_range]]), axis=1, return_inverse=True
        )
        texts = [None, SUPPRESSED, *_range_texts(column.hierarchy, *pairs)]
        place = is_starred.astype(np.int64)
        place[is_range] = pair + 2
        labels.append(pl.Series(column.name, texts, pl.String).gather(place))
        width = np.where(is_starred, max(leaves, 1), np.where(is_missing, 1, last - first + 1))
        covered.append(width)
    return labels, np.array(covered)


def _readable(hierarchy: Hierarchy, first: Codes, last: Codes) -> tuple[Codes, Codes]:
    """Widen ranges that consist of many labels to the finest label that covers them."""
    pairs, pair = np.unique(np.stack([first, last]), axis=1, return_inverse=True)
    for place, (low, high) in enumerate(pairs.T.tolist()):
        if high < hierarchy.leaves and len(list(_pieces(hierarchy, low, high))) > _MOST_PIECES:
            groups = next(each for each in hierarchy.groups if each[low] == each[high])
            whole = np.flatnonzero(groups == groups[low])
            pairs[:, place] = whole[0], whole[-1]
    return pairs[0][pair], pairs[1][pair]


def _range_texts(hierarchy: Hierarchy, first: Codes, last: Codes) -> list[str]:
    """Return the label of each range of leaves."""
    leaves = hierarchy.labels[0].to_list()
    texts: list[str] = []
    for low, high in zip(first.tolist(), last.tolist(), strict=True):
        if low == high:
            texts.append(leaves[low])
        elif hierarchy.is_scale:
            texts.append(f"[{leaves[low]}, {leaves[high]}]")
        else:
            texts.append(" | ".join(_pieces(hierarchy, low, high)))
    return texts


def _pieces(hierarchy: Hierarchy, low: int, high: int) -> Iterator[str]:
    """Yield the coarsest labels that make up a range of leaves."""
    while low <= high:
        for labels, groups in zip(
            reversed(hierarchy.labels), reversed(hierarchy.groups), strict=True
        ):
            group = int(groups[low])
            start, end = np.searchsorted(groups, [group, group + 1])
            if start == low and end - 1 <= high:
                yield str(labels[group])
                low = int(end)
                break
