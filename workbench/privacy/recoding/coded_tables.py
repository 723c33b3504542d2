"""Tables as numbers: the cells of quasi-identifiers as positions in their hierarchies.

Equal combinations of quasi-identifiers are kept once, with the number of rows that have them. So a
million rows take little more time than their distinct combinations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.foundation.errors import ParameterError, unknown_name
from workbench.privacy.recoding.class_counts import Codes, CountedRows, Flags, Numbers, pack
from workbench.privacy.recoding.hierarchies import SUPPRESSED, Hierarchy

Missing = Literal["value", "left out"]


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
    of_leaf: NDArray[np.int64]

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
        numbers = texts.cast(pl.Enum(distinct.drop_nulls())).to_physical().cast(pl.Int64)
        labels = np.split(numbers.fill_null(len(distinct) - 1).to_numpy().copy(), top + 1)
        shown = pl.concat([distinct.drop_nulls(), distinct.filter(distinct.is_null())])
        return CodedColumn(
            name, hierarchy, first, last, level, list(labels), cost, shown.alias(name)
        )


@dataclass(frozen=True, slots=True, eq=False)
class CodedTable:
    """Distinct combinations of quasi-identifiers and the rows that have them.

    Attributes
    ----------
    columns : list of CodedColumn
        Quasi-identifiers.
    cells : array, columns × combinations
        Position of each combination's cell in its column.
    rows : array
        Number of rows of each combination.
    combination_of_row : array
        Combination of each row; -1 for rows that are in no class: suppressed before, or left out.
    is_left_out : array of bool
        Whether the row is left out since a quasi-identifier is missing.
    counted : CountedRows
        Units that criteria are counted on.
    """

    columns: list[CodedColumn]
    cells: NDArray[np.int64]
    rows: Codes
    combination_of_row: Codes
    is_left_out: Flags
    counted: CountedRows

    def is_starred(self, levels: Sequence[int], combination: Codes) -> Flags:
        """Return for combinations whether they read ``*`` in every column at the levels."""
        starred = np.ones(len(combination), dtype=np.bool_)
        for column, level, cells in zip(self.columns, levels, self.cells, strict=True):
            if level < column.hierarchy.height:
                starred &= (column.own_level == column.hierarchy.height)[cells[combination]]
            if not starred.any():
                break
        return starred

    def spread(self, of_combination: Codes) -> Codes:
        """Return the number of each row's combination; -1 for rows without one."""
        return np.append(of_combination, -1)[self.combination_of_row]


def code_table(
    table: pl.DataFrame,
    *,
    hierarchies: Mapping[str, Hierarchy],
    sensitive: Sequence[str],
    persons: str | None,
    missing: Missing,
) -> CodedTable:
    """Code the quasi-identifiers of a table, and count what criteria read."""
    _refuse_names(table, hierarchies, sensitive, persons)
    columns, cell_of_row = [], []
    for name, hierarchy in hierarchies.items():
        column, cells = code_column(table[name], hierarchy)
        columns.append(column)
        cell_of_row.append(cells)
    outside = np.ones(table.height, dtype=np.bool_)
    for column, cells in zip(columns, cell_of_row, strict=True):
        outside &= column.texts.eq_missing(SUPPRESSED).to_numpy()[column.label[0][cells]]
    is_left_out = np.zeros(table.height, dtype=np.bool_)
    if missing == "left out":
        for name in hierarchies:
            is_left_out |= table[name].is_null().to_numpy()
    inside = np.flatnonzero(~(outside | is_left_out))
    packed = pack([cells[inside] for cells in cell_of_row])
    _, earliest, combination, rows = np.unique(
        packed, return_index=True, return_inverse=True, return_counts=True
    )
    combination_of_row = np.full(table.height, -1)
    combination_of_row[inside] = combination
    return CodedTable(
        columns=columns,
        cells=np.stack([cells[inside][earliest] for cells in cell_of_row]),
        rows=rows,
        combination_of_row=combination_of_row,
        is_left_out=is_left_out,
        counted=count_units(table, combination_of_row, sensitive, persons),
    )


def _refuse_names(
    table: pl.DataFrame,
    hierarchies: Mapping[str, Hierarchy],
    sensitive: Sequence[str],
    persons: str | None,
) -> None:
    if not hierarchies:
        raise ParameterError("no quasi-identifier is named; give at least one column a hierarchy")
    for name in (*hierarchies, *sensitive, *([persons] if persons else [])):
        if name not in table.columns:
            raise ParameterError(unknown_name("column", name, table.columns))
    for name in (*sensitive, *([persons] if persons else [])):
        if name in hierarchies:
            raise ParameterError(
                f"column {name!r} is a quasi-identifier and also the column of a criterion or of "
                "the persons; name it in one place only"
            )


def count_units(
    table: pl.DataFrame,
    combination_of_row: Codes,
    sensitive: Sequence[str],
    persons: str | None,
) -> CountedRows:
    """Make the units of a table: equal rows once, persons with several units one by one."""
    inside = combination_of_row >= 0
    values = {name: number_cells(table[name]) for name in dict.fromkeys(sensitive)}
    person = number_cells(table[persons]) if persons else None
    parts = [combination_of_row[inside], *(value[inside] for value in values.values())]
    if person is not None:
        parts.append(person[inside])
    _, earliest, weight = np.unique(pack(parts), return_index=True, return_counts=True)
    if person is None:
        keys, own = [part[earliest] for part in parts], None
    else:
        own = parts[-1][earliest]
        own = np.where(np.bincount(own)[own] > 1, own, -1)
        _, first, weight = np.unique(
            pack([*(part[earliest] for part in parts[:-1]), own + 1]),
            return_index=True,
            return_counts=True,
        )
        keys, own = [part[earliest][first] for part in parts[:-1]], own[first]
    return CountedRows(
        combination=keys[0],
        weight=weight,
        person=own,
        sensitive=dict(zip(values, keys[1:], strict=True)),
        shares={name: _shares(value, person) for name, value in values.items()},
    )


def number_cells(cells: pl.Series) -> Codes:
    """Return the number of each cell in the order of the values; a missing cell comes last."""
    ranks = cells.rank("dense").cast(pl.Int64) - 1
    highest = ranks.max()
    return ranks.fill_null(0 if highest is None else int(str(highest)) + 1).to_numpy().copy()


def _shares(value: Codes, person: Codes | None) -> Numbers:
    """Return the share of each value, in rows or in pairs of a person and a value."""
    if person is not None:
        pairs = np.unique(pack([person, value]))
        value = pairs % (int(value.max(initial=0)) + 1)
    counts = np.bincount(value)
    return np.asarray(counts / max(counts.sum(), 1), dtype=np.float64)
