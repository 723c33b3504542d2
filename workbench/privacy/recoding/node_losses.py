"""Losses of full-domain generalisation, with the bounds that make their search short.

A loss of a *node* (one level per column) has three parts: a *base* that is known before any row is
counted, a *penalty* for the rows that are suppressed there, and a *floor*: nodes that are coarser
lose at least that much.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.privacy.recoding.class_counts import Codes, Flags, Numbers
from workbench.privacy.recoding.coded_tables import CodedTable

Levels = NDArray[np.int8]


class NodeLoss(NamedTuple):
    """Loss of one node, and the least loss of coarser nodes."""

    total: float
    floor: float


class Loss(ABC):
    """Loss to be made small."""

    @abstractmethod
    def __init__(self, table: CodedTable) -> None:
        """Count what the loss of every node needs."""

    @abstractmethod
    def bases(self, nodes: Levels) -> Numbers:
        """Return for each node a loss that it has at least, whatever is suppressed."""

    @abstractmethod
    def of_node(self, levels: Levels, classes: Codes, rows: Codes, is_kept: Flags) -> NodeLoss:
        """Return the loss of a node from its classes.

        Parameters
        ----------
        levels : array
            Level of each column.
        classes : array
            A combination of each class.
        rows : array
            Number of rows of each class.
        is_kept : array of bool
            Whether the class is kept; the rows of the others are suppressed.
        """

    def penalty(self, levels: Levels, classes: Codes, lost: Numbers) -> float:
        """Return what lost rows of each class add to the base of the node, or of any finer one."""
        return 0.0

    def penalty_bounds(self, nodes: Levels, suppressed: Numbers) -> Numbers:
        """Return what a number of suppressed rows adds at least to the base of each node."""
        return np.zeros(len(nodes))


class CellLoss(Loss):
    """Mean over all cells of the leaves covered: GCP, or the arithmetic mean of ARX's loss."""

    def __init__(self, table: CodedTable, *, counts_itself: bool = False) -> None:
        """Price every cell at every level; ``counts_itself`` gives leaves / domain, as ARX does."""
        self._cells = table.cells
        share = 1 / (len(table.columns) * max(int(table.rows.sum()), 1))
        self._prices = [
            [_price(cost, column.hierarchy.leaves, counts_itself) * share for cost in column.cost]
            for column in table.columns
        ]
        self._share = share * len(table.columns)
        self._sums = [
            np.array([(table.rows * price[cells]).sum() for price in prices])
            for prices, cells in zip(self._prices, table.cells, strict=True)
        ]
        self._highest = [
            np.array([price.max(initial=0) for price in prices]) for prices in self._prices
        ]

    def bases(self, nodes: Levels) -> Numbers:
        """Return the loss of each node without suppression."""
        return _added(self._sums, nodes)

    def penalty_bounds(self, nodes: Levels, suppressed: Numbers) -> Numbers:
        """Return the difference between suppressed rows and the dearest rows of each node."""
        return suppressed * np.maximum(self._share - _added(self._highest, nodes), 0)

    def penalty(self, levels: Levels, classes: Codes, lost: Numbers) -> float:
        """Return what the lost rows lose more than if they were kept: a lost row loses 1."""
        some = np.flatnonzero(lost)
        at = self._cells[:, classes[some]]
        price = np.zeros(at.shape[1])
        for prices, level, cells in zip(self._prices, levels, at, strict=True):
            price += prices[level][cells]
        return float((lost[some] * (self._share - price)).sum())

    def of_node(self, levels: Levels, classes: Codes, rows: Codes, is_kept: Flags) -> NodeLoss:
        """Return the loss of a node."""
        added = self.penalty(levels, classes, np.where(is_kept, 0, rows))
        return NodeLoss(float(self.bases(levels[None, :])[0]) + added, 0.0)


class EntropyLoss(Loss):
    """Non-uniform entropy in bits: sum over the cells of log2(label's / value's frequency).

    Suppressed rows lose moreover what separates their labels from each other, as in ARX, unless
    ``counts_suppression`` is false, which is the monotonic variant of ARX.
    """

    def __init__(self, table: CodedTable, *, counts_suppression: bool = True) -> None:
        """Count the labels of every level."""
        self._table = table
        self._counts_suppression = counts_suppression
        self._sums = []
        for column, cells in zip(table.columns, table.cells, strict=True):
            bits = []
            for label in column.label:
                frequency = np.bincount(label[cells], weights=table.rows)
                bits.append((table.rows * np.log2(frequency[label[cells]])).sum())
            self._sums.append(np.array(bits) - bits[0])

    def bases(self, nodes: Levels) -> Numbers:
        """Return the loss of each node without suppression."""
        return _added(self._sums, nodes)

    def of_node(self, levels: Levels, classes: Codes, rows: Codes, is_kept: Flags) -> NodeLoss:
        """Return the loss of a node."""
        total = float(self.bases(levels[None, :])[0])
        lost = ~is_kept
        if self._counts_suppression and lost.any():
            suppressed = rows[lost].sum()
            for column, level, cells in zip(
                self._table.columns, levels, self._table.cells, strict=True
            ):
                labels = column.label[level][cells[classes[lost]]]
                counts = np.bincount(labels, weights=rows[lost])
                counts = counts[counts > 0]
                total -= float((counts * np.log2(counts / suppressed)).sum())
        return NodeLoss(total, 0.0)


class Discernibility(Loss):
    """Sum over the rows of the size of their class; a suppressed row is like all rows.

    With ``counts_suppression`` false, suppressed rows keep their class, as in the monotonic variant
    of ARX.
    """

    def __init__(self, table: CodedTable, *, counts_suppression: bool = True) -> None:
        """Remember the number of rows."""
        self._rows = int(table.rows.sum())
        self._least = float((table.rows.astype(np.float64) ** 2).sum())
        self._counts_suppression = counts_suppression

    def bases(self, nodes: Levels) -> Numbers:
        """Return the loss of the finest node."""
        return np.full(len(nodes), self._least)

    def of_node(self, levels: Levels, classes: Codes, rows: Codes, is_kept: Flags) -> NodeLoss:
        """Return the loss of a node; no coarser node has smaller classes."""
        squares = rows.astype(np.float64) ** 2
        floor = float(squares.sum())
        if not self._counts_suppression:
            return NodeLoss(floor, floor)
        total = float(squares[is_kept].sum() + self._rows * rows[~is_kept].sum())
        return NodeLoss(total, floor)


def _price(cost: Numbers, leaves: int, counts_itself: bool) -> Numbers:
    return (cost * (leaves - 1) + 1) / max(leaves, 1) if counts_itself else cost


def _added(by_level: list[Numbers], nodes: Levels) -> Numbers:
    """Return the sum over the columns of the number at each node's level."""
    total = np.zeros(len(nodes))
    for column, numbers in enumerate(by_level):
        total += numbers[nodes[:, column]]
    return total
