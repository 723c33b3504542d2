"""Optimal levels for whole columns: every cell of a column is generalised to the same level.

A *node* of the lattice has one level per column. The search returns a node of least loss among
those that reach the criteria with at most the allowed number of suppressed rows. It is exact and
counts only a few hundred nodes, for four reasons:

1. The loss of a node without suppression is known from the frequencies of its columns, and
   suppression only adds to it. Nodes are tried in the order of this lower bound, and the search
   ends when the bound exceeds the best loss found.
2. Where the criteria survive merging, rows that must be suppressed at a node must also be
   suppressed at all finer nodes. They are added to the bound of the finer nodes, or rule them out
   (predictive tagging, El Emam et al. 2009). For t-closeness, these are the rows of each class that
   no finer classes can keep together.
3. The same holds for a node and its projection onto two or three columns, whose few classes are
   counted quickly.
4. After a node that is no better than the best one, the next one is coarser, halfway up to the top:
   if it is no better either, it bounds more nodes than the first.

A node is counted from the classes of a finer node that was counted before. A lattice of more than
``MOST_NODES`` nodes is not searched, and the result need not be optimal. Levels are then lowered
from the top, one column at a time: first the step that suppresses the fewest rows, since all rows
are suppressed where every cell reads ``*``, and as soon as few enough rows are suppressed the step
that loses least, as long as the loss falls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from workbench.privacy.recoding.class_counts import ClassCounts, Codes, CountedRows, Numbers, pack
from workbench.privacy.recoding.coded_tables import CodedTable
from workbench.privacy.recoding.criteria import (
    Criterion,
    judge,
    smallest_size,
    surviving,
)
from workbench.privacy.recoding.node_losses import Levels, Loss, NodeLoss
from workbench.privacy.recoding.projections import suppressed_at_least

MOST_NODES = 300_000
_CLASSES_KEPT = 2_000_000
_EPSILON = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class CountedNode:
    """Classes of a node.

    Attributes
    ----------
    levels : array
        Level of each column.
    combination : array
        One combination of each class.
    rows : array
        Number of rows of each class.
    counted : CountedRows
        Units, whose combination is the class.
    """

    levels: Levels
    combination: Codes
    rows: Codes
    counted: CountedRows


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLevels:
    """Result of a search.

    Attributes
    ----------
    levels : tuple of int
        Level of each column.
    is_optimal : bool
        Whether no other levels lose less.
    loss : float
        Loss of the levels.
    counted_nodes : int
        Number of nodes whose classes were counted.
    """

    levels: tuple[int, ...]
    loss: float
    is_optimal: bool
    counted_nodes: int


def find_levels(
    table: CodedTable, *, criteria: Sequence[Criterion], most_suppressed: int, loss: Loss
) -> FoundLevels | None:
    """Return the levels of least loss, or None if no levels reach the criteria."""
    search = _Search(table, tuple(criteria), most_suppressed, loss)
    heights = [column.hierarchy.height for column in table.columns]
    if prod(height + 1 for height in heights) > MOST_NODES:
        return search.descend(np.array(heights, dtype=np.int8))
    return search.run()


class _Search:
    """Search of one lattice."""

    def __init__(
        self, table: CodedTable, criteria: tuple[Criterion, ...], most_suppressed: int, loss: Loss
    ) -> None:
        self._table = table
        self._criteria = criteria
        self._most_suppressed = most_suppressed
        self._loss = loss
        # Criteria that do not survive merging prune nothing, unless no row may be suppressed: two
        # classes that both reach them still do when they are merged.
        self._surviving = surviving(
            criteria, table.counted.shares, in_persons=table.counted.person is not None
        )
        self._prunes = most_suppressed == 0 or all(each.survives_merging for each in criteria)
        start = CountedNode(
            np.zeros(len(table.columns), dtype=np.int8),
            np.arange(len(table.rows)),
            table.rows,
            table.counted,
        )
        self._counted = [start]
        self._nodes_counted = 0

    def run(self) -> FoundLevels | None:
        """Search the whole lattice."""
        sizes = [column.hierarchy.height + 1 for column in self._table.columns]
        nodes = np.indices(sizes, dtype=np.int8).reshape(len(sizes), -1).T.copy()
        heights = nodes.sum(axis=1, dtype=np.int64)
        suppressed = suppressed_at_least(self._table, smallest_size(self._surviving), nodes)
        bases = self._loss.bases(nodes)
        bound = bases + self._loss.penalty_bounds(nodes, suppressed)
        is_open = suppressed <= self._most_suppressed
        best, found, failed = np.inf, None, None
        while True:
            candidates = np.flatnonzero(is_open & (bound < best * (1 - _EPSILON)))
            if not len(candidates):
                break
            if failed is not None:
                candidates = _halfway_up(candidates, nodes, heights, failed)
            chosen = int(candidates[np.argmin(bound[candidates])])
            is_open[chosen], levels = False, nodes[chosen]
            node_loss, certain, total_suppressed = self._try(levels)
            finer = np.flatnonzero(is_open & (nodes <= levels).all(axis=1))
            failed = None
            if certain.rows > self._most_suppressed:
                is_open[finer] = False
            else:
                bound[finer] = np.maximum(bound[finer], bases[finer] + certain.penalty)
            if node_loss.floor:
                coarser = np.flatnonzero(is_open & (nodes >= levels).all(axis=1))
                bound[coarser] = np.maximum(bound[coarser], node_loss.floor)
            if total_suppressed <= self._most_suppressed and node_loss.total < best:
                best, found = node_loss.total, levels
            else:
                failed = levels
        return self._result(found, best, is_optimal=True)

    def descend(self, levels: Levels) -> FoundLevels | None:
        """Lower the levels from the top as long as the loss falls."""
        best, _, suppressed = self._try(levels)
        too_many = max(suppressed - self._most_suppressed, 0)
        while True:
            tried = []
            for column in np.flatnonzero(levels):
                lower = levels.copy()
                lower[column] -= 1
                node_loss, _, suppressed = self._try(lower)
                remaining = max(suppressed - self._most_suppressed, 0)
                if too_many or (not remaining and node_loss.total < best.total):
                    tried.append((remaining, node_loss.total, column, node_loss))
            if not tried:
                break
            too_many, _, column, best = min(tried, key=lambda each: each[:3])
            levels = levels.copy()
            levels[column] -= 1
        return None if too_many else self._result(levels, best.total, is_optimal=False)

    def _result(
        self, levels: Levels | None, loss: float, *, is_optimal: bool
    ) -> FoundLevels | None:
        if levels is None:
            return None
        return FoundLevels(
            levels=tuple(int(level) for level in levels),
            loss=loss,
            is_optimal=is_optimal,
            counted_nodes=self._nodes_counted,
        )

    def _try(self, levels: Levels) -> tuple[NodeLoss, "_Certain", int]:
        """Count a node; return its loss, what finer nodes suppress too, and the suppressed rows."""
        node = self._count(levels)
        counts = node.counted.count(node.counted.combination, len(node.rows))
        passes = judge(self._criteria, counts)
        is_kept = passes & ~self._table.is_starred(levels.tolist(), node.combination)
        suppressed = int(node.rows[~is_kept].sum())
        node_loss = self._loss.of_node(levels, node.combination, node.rows, is_kept)
        lost = np.where(passes, 0.0, node.rows) if self._prunes else self._lost(node, counts)
        certain = _Certain(float(lost.sum()), self._loss.penalty(levels, node.combination, lost))
        return node_loss, certain, suppressed

    def _lost(self, node: CountedNode, counts: ClassCounts) -> Numbers:
        """Return the rows of each class that every finer node suppresses, at least."""
        lost = np.where(judge(self._surviving, counts), 0.0, node.rows)
        if self._table.counted.person is None:
            for criterion in self._criteria:
                if not criterion.survives_merging:
                    lost = np.maximum(lost, node.rows - criterion.most_kept(counts))
        return lost

    def _count(self, levels: Levels) -> CountedNode:
        """Merge the classes of the smallest finer node that is kept."""
        self._nodes_counted += 1
        finer = min(
            (node for node in self._counted if (node.levels <= levels).all()),
            key=lambda node: len(node.rows),
        )
        cells = self._table.cells[:, finer.combination]
        labels = [
            column.label[level][cell]
            for column, level, cell in zip(self._table.columns, levels, cells, strict=True)
        ]
        _, first, merged = np.unique(pack(labels), return_index=True, return_inverse=True)
        node = CountedNode(
            levels,
            finer.combination[first],
            np.bincount(merged, weights=finer.rows).astype(np.int64),
            finer.counted.merged(merged[finer.counted.combination]),
        )
        self._keep(node)
        return node

    def _keep(self, node: CountedNode) -> None:
        """Keep the classes of recent nodes, within a limit on memory."""
        self._counted.append(node)
        while len(self._counted) > 100 or (
            len(self._counted) > 2
            and sum(len(each.rows) for each in self._counted[1:]) > _CLASSES_KEPT
        ):
            del self._counted[1]


@dataclass(frozen=True, slots=True)
class _Certain:
    """What every finer node suppresses too."""

    rows: float
    penalty: float


def _halfway_up(
    candidates: NDArray[np.intp], nodes: Levels, heights: Codes, failed: Levels
) -> NDArray[np.intp]:
    """Return the candidates that are coarser than a failed node, at half of their heights."""
    coarser = candidates[(nodes[candidates] >= failed).all(axis=1)]
    if not len(coarser):
        return candidates
    height = heights[coarser]
    middle = (height.min() + height.max()) // 2
    return coarser[height == middle] if (height == middle).any() else coarser
