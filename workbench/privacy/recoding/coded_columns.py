"""Quasi-identifiers as numbers: distinct cells as intervals of the leaves of a hierarchy."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.foundation.errors import ParameterError
from workbench.privacy.recoding.class_counts import Codes, Numbers
from workbench.privacy.recoding.hierarchies import Hierarchy


@dataclass(frozen=True, slots=True, eq=False)
class CodedColumn:
    """Distinct cells of one quasi-identifier, sorted by leaf; a missing cell comes last.

    A cell may be a label of an inner level. Such a cell keeps its label up to that level.

    Attributes
    ----------
    name : str
    hierarchy : Hierarchy
    first, last : arrays
        Positions of the first and the last leaf of each cell; a missing cell lies behind all.
    own_level : array
        Level of the cell's label, 0 for a leaf and a missing cell.
    label : list of arrays
        For each level the number of each cell's label. Cells have equal numbers if, and only if,
        their labels are equal texts.
    cost : list of arrays
        For each level the share of the other leaves that each cell's label covers, 0 to 1.
    texts : Series
        Label of each number; null for a missing cell.
    """

    name: str
    hierarchy: Hierarchy
    first: Codes
    last: Codes
    own_level: Codes
    label: list[Codes]
    cost: list[Numbers]
    texts: pl.Series

    def leaves_covered(self, level: int) -> Codes:
        """Return the number of leaves that each cell's label covers at a level."""
        others = self.cost[level] * max(self.hierarchy.leaves - 1, 1)
        return np.rint(others).astype(np.int64) + 1


def code_column(cells: pl.Series, hierarchy: Hierarchy) -> tuple[CodedColumn, Codes]:
    """Code a column; return also the position of each row's cell among the distinct cells.

    Raises
    ------
    ParameterError
        The hierarchy does not cover a cell.
    """
    nodes = _Nodes.of(hierarchy)
    is_finest = nodes.text.is_first_distinct()
    finest = np.flatnonzero(is_finest.to_numpy())
    located = cells.cast(pl.String).cast(pl.Enum(nodes.text.filter(is_finest)), strict=False)
    if located.null_count() > cells.null_count():
        values, rows = hierarchy.uncovered(cells)
        raise ParameterError(
            f"the hierarchy of column {cells.name!r} does not cover {values} values in {rows} "
            "rows; add these values to the hierarchy or recode them before"
        )
    order = finest[np.lexsort((nodes.level[finest], -nodes.last[finest], nodes.first[finest]))]
    rank = np.empty(len(finest) + 1, dtype=np.int64)
    rank[np.searchsorted(finest, order)] = np.arange(len(order))
    rank[-1] = len(order)
    physical = located.to_physical().fill_null(len(finest)).to_numpy()
    found, cell_of_row = np.unique(rank[physical], return_inverse=True)
    has_missing = bool(len(found)) and found[-1] == len(order)
    used = order[found[: len(found) - has_missing]]
    return nodes.code(cells.name, hierarchy, used, has_missing=has_missing), cell_of_row


@dataclass(frozen=True, slots=True, eq=False)
class _Nodes:
    """Labels of all levels of a hierarchy, with the leaves that they cover."""

    text: pl.Series
    level: Codes
    first: Codes
    last: Codes
    of_leaf: Codes

    @classmethod
    def of(cls, hierarchy: Hierarchy) -> "_Nodes":
        """List the labels from the leaves up."""
        sizes = np.array([len(labels) for labels in hierarchy.labels])
        start = np.cumsum(sizes) - sizes
        groups = np.stack(hierarchy.groups)
        if not hierarchy.leaves:  # Only missing cells occur, and the label of all is "*".
            groups = np.zeros((len(sizes), 1), dtype=np.int64)
        return cls(
            text=pl.concat([labels.alias("text") for labels in hierarchy.labels]),
            level=np.repeat(np.arange(len(sizes)), sizes),
            first=np.concatenate([np.flatnonzero(np.diff(each, prepend=-1)) for each in groups]),
            last=np.concatenate([np.flatnonzero(np.diff(each, append=-1)) for each in groups]),
            of_leaf=groups + start[:, None],
        )

    def code(
        self, name: str, hierarchy: Hierarchy, used: Codes, *, has_missing: bool
    ) -> CodedColumn:
        """Return the column that has these labels, numbered and priced at every level."""
        top = hierarchy.height
        first, level = self.first[used], self.level[used]
        label_of = [self.of_leaf[np.maximum(level, each), first] for each in range(top + 1)]
        if has_missing:
            missing = len(self.text)
            label_of = [np.append(nodes, missing) for nodes in label_of]
            label_of[top][-1] = self.of_leaf[top, 0]
            first = np.append(first, hierarchy.leaves)
            level = np.append(level, 0)
        last = np.append(self.last[used], hierarchy.leaves)[: len(first)]
        covered = np.append(self.last - self.first, 0) / max(hierarchy.leaves - 1, 1)
        cost = [covered[nodes] for nodes in label_of]
        if has_missing:
            cost[top][-1] = (hierarchy.leaves > 1) * 1.0
        every = np.concatenate(label_of)
        texts = pl.concat([self.text, pl.Series("text", [None], pl.String)]).gather(every)
        distinct = texts.unique(maintain_order=True)
        numbers = (
            texts.cast(pl.Enum(distinct.drop_nulls()), strict=False)
            .to_physical()
            .cast(pl.Int64, strict=False)
        )
        labels = np.split(numbers.fill_null(len(distinct) - 1).to_numpy().copy(), top + 1)
        shown = pl.concat([distinct.drop_nulls(), distinct.filter(distinct.is_null())])
        return CodedColumn(
            name, hierarchy, first, last, level, list(labels), cost, shown.alias(name)
        )
