"""Widths of classes that grow row by row: the cells that a class loses by adding a row.

A class is labelled by *ranges* of leaves, or by the smallest *subtree* of a hierarchy that contains
its cells. Both are counted for one growing class per block, in a few operations on whole arrays.
"""

from abc import ABC, abstractmethod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.privacy.recoding.class_counts import Codes, Flags
from workbench.privacy.recoding.coded_tables import CodedTable

Labels = Literal["hierarchy", "ranges"]
Places = NDArray[np.float32]

_MISSING = 2.0  # A missing cell is further from every leaf than two leaves from each other.


class Widths(ABC):
    """Widths of one growing class per block; arrays have one line per block."""

    @abstractmethod
    def add_costs(self, cost: Places) -> None:
        """Add for each unit the width of its block's class if the unit were in it."""

    @abstractmethod
    def add(self, lines: Codes, places: Codes) -> None:
        """Add a unit to the class of some blocks."""

    @abstractmethod
    def forget(self, lines: Flags) -> None:
        """Begin a new class in some blocks."""


def leaf_places(table: CodedTable) -> tuple[Places, Places]:
    """Return the first and last leaf of each unit's cells, scaled so that a column spans 1."""
    combination = table.counted.combination
    low, high = [], []
    for column, cells in zip(table.columns, table.cells, strict=True):
        span = max(column.hierarchy.leaves - 1, 1)
        is_missing = column.first >= column.hierarchy.leaves
        first = np.where(is_missing, _MISSING, column.first / span)
        last = np.where(is_missing, _MISSING, column.last / span)
        low.append(first[cells][combination])
        high.append(last[cells][combination])
    return np.array(low, dtype=np.float32), np.array(high, dtype=np.float32)


class RangeWidths(Widths):
    """Widths of ranges of leaves."""

    def __init__(self, low: Places, high: Places) -> None:
        """Prepare blocks without classes from the places of their units."""
        self._low, self._high = low, high
        self._bottom = np.full((len(low), low.shape[1], 1), np.inf, dtype=np.float32)
        self._top = -self._bottom
        self._width, self._least = (np.empty(low.shape[1:], np.float32) for _ in range(2))

    def add_costs(self, cost: Places) -> None:
        """Add the range of each class together with each unit, in all columns."""
        width, least = self._width, self._least
        for column in range(len(self._low)):
            np.maximum(self._high[column], self._top[column], out=width)
            np.minimum(self._low[column], self._bottom[column], out=least)
            width -= least
            cost += width

    def add(self, lines: Codes, places: Codes) -> None:
        """Widen the ranges of some classes."""
        bottom, top = self._bottom, self._top
        bottom[:, lines, 0] = np.minimum(bottom[:, lines, 0], self._low[:, lines, places])
        top[:, lines, 0] = np.maximum(top[:, lines, 0], self._high[:, lines, places])

    def forget(self, lines: Flags) -> None:
        """Begin with empty ranges in some blocks."""
        self._bottom[:, lines], self._top[:, lines] = np.inf, -np.inf


class SubtreeWidths(Widths):
    """Widths of the smallest subtrees of hierarchies that contain the cells of a class.

    A column of height h has h *steps*: a class whose cells differ at a level pays the difference
    between the cost of that level's labels and the next level's. So the width is a sum over the
    steps, and a step that a class has paid costs nothing more.
    """

    def __init__(self, table: CodedTable, units: Codes) -> None:
        """Prepare blocks without classes; empty places of a block are -1."""
        combination = table.counted.combination[units]
        self._labels, self._steps = [], []
        for column, cells in zip(table.columns, table.cells, strict=True):
            cell = cells[combination].astype(np.int32)
            for level in range(column.hierarchy.height):
                label = column.label[level].astype(np.int32)
                step = (column.cost[level + 1] - column.cost[level]).astype(np.float32)
                self._labels.append(label[cell])
                self._steps.append(step[cell])
        blocks = len(units)
        self._mark = np.full((len(self._labels), blocks, 1), -1, dtype=np.int32)
        self._price = np.zeros((len(self._labels), blocks, 1), dtype=np.float32)
        self._is_new = np.ones(blocks, dtype=np.bool_)
        self._differs = np.empty(units.shape, dtype=np.bool_)
        self._width = np.empty(units.shape, dtype=np.float32)

    def add_costs(self, cost: Places) -> None:
        """Add the steps at which each unit differs from the class of its block."""
        for label, mark, price in zip(self._labels, self._mark, self._price, strict=True):
            if price.any():
                np.not_equal(label, mark, out=self._differs)
                np.multiply(self._differs, price, out=self._width)
                cost += self._width

    def add(self, lines: Codes, places: Codes) -> None:
        """Pay the steps at which the units differ; a new class takes the labels of its unit."""
        is_new = self._is_new[lines]
        for label, step, mark, price in zip(
            self._labels, self._steps, self._mark, self._price, strict=True
        ):
            added = label[lines, places]
            price[lines, 0] = np.where(
                is_new, step[lines, places], price[lines, 0] * (added == mark[lines, 0])
            )
            mark[lines, 0] = np.where(is_new, added, mark[lines, 0])
        self._is_new[lines] = False

    def forget(self, lines: Flags) -> None:
        """Begin with classes without labels in some blocks."""
        self._is_new[lines] = True
        self._price[:, lines] = 0
