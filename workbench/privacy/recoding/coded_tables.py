"""Tables as numbers: rows, and the cells of their quasi-identifiers.

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
from workbench.privacy.recoding.coded_columns import CodedColumn, code_column
from workbench.privacy.recoding.hierarchies import (
    SUPPRESSED,
    Hierarchy,
)

Missing = Literal["value", "left out"]


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
    unit_of_row : array
        Unit of each row; -1 for rows that are in no class.
    """

    columns: list[CodedColumn]
    cells: NDArray[np.int64]
    rows: Codes
    combination_of_row: Codes
    is_left_out: Flags
    counted: CountedRows
    unit_of_row: Codes

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
    counted, unit_of_row = count_units(
        table, combination_of_row, sensitive, persons, is_whole=~is_left_out
    )
    return CodedTable(
        columns=columns,
        cells=np.stack([cells[inside][earliest] for cells in cell_of_row]),
        rows=rows,
        combination_of_row=combination_of_row,
        is_left_out=is_left_out,
        counted=counted,
        unit_of_row=unit_of_row,
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
    *,
    is_whole: Flags,
) -> tuple[CountedRows, Codes]:
    """Make the units of a table: equal rows once, persons with several units one by one.

    Parameters
    ----------
    combination_of_row : array
        Combination of each row, -1 for rows that are in no class.
    is_whole : array of bool
        Rows of the table whose shares of sensitive values t-closeness compares classes with.

    Returns
    -------
    tuple
        The units, and the unit of each row, -1 for rows without a combination.
    """
    inside = combination_of_row >= 0
    values = {name: number_cells(table[name]) for name in dict.fromkeys(sensitive)}
    person = number_cells(table[persons]) if persons else None
    parts = [combination_of_row[inside], *(value[inside] for value in values.values())]
    if person is not None:
        parts.append(person[inside])
    _, earliest, unit, weight = np.unique(
        pack(parts), return_index=True, return_inverse=True, return_counts=True
    )
    keys, own = [part[earliest] for part in parts], None
    if person is not None:
        # Persons with a single unit need no number, so their equal units become one.
        own = np.where(np.bincount(keys[-1])[keys[-1]] > 1, keys[-1], -1)
        _, first, merged, weight = np.unique(
            pack([*keys[:-1], own + 1]),
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        keys, own, unit = [key[first] for key in keys[:-1]], own[first], merged[unit]
    unit_of_row = np.full(table.height, -1)
    unit_of_row[inside] = unit
    counted = CountedRows(
        combination=keys[0],
        weight=weight,
        person=own,
        sensitive=dict(zip(values, keys[1:], strict=True)),
        shares={name: _shares(value, person, is_whole) for name, value in values.items()},
    )
    return counted, unit_of_row


def number_cells(cells: pl.Series) -> Codes:
    """Return the number of each cell in the order of the values; a missing cell comes last."""
    if cells.dtype == pl.String:  # Looking values up is several times faster than ranking texts.
        values = cells.drop_nulls().unique().sort()
        numbers, highest = cells.cast(pl.Enum(values), strict=False).to_physical(), len(values)
    else:
        numbers = cells.rank("dense") - 1
        highest = cells.n_unique() - (cells.null_count() > 0)
    return numbers.cast(pl.Int64, strict=False).fill_null(highest).to_numpy().copy()


def numbered_values(cells: pl.Series) -> pl.Series:
    """Return the distinct cells in the order of their numbers; a missing cell comes last."""
    return cells.unique().sort(nulls_last=True)


def _shares(value: Codes, person: Codes | None, is_whole: Flags) -> Numbers:
    """Return the share of each value, in rows or in pairs of a person and a value."""
    spread = int(value.max(initial=0)) + 1
    counted = value[is_whole]
    if person is not None:
        counted = np.unique(person[is_whole] * spread + counted) % spread
    counts = np.bincount(counted, minlength=spread)
    return np.asarray(counts / max(counts.sum(), 1), dtype=np.float64)
