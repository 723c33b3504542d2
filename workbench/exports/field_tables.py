"""The columns of vendors' CSV files, declared as tables in ``fields/``: one table per file.

A row of such a table declares a column of the vendor's file, in the vendor's order: ``column`` (the
header), ``source`` (the column of the prepared rows from which the cell is made) and ``format`` (a
name in ``FORMATS``). A column without a source is empty in every row, because a world does not
contain its values. The source of a constant is its text. The table of Qualtrics also declares the
cells of its two further header rows: ``label`` and ``import_id``.

>>> from workbench.exports.field_tables import column_headers
>>> column_headers("stripe_payments")[:3]
['id', 'Created date (UTC)', 'Amount']
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import polars as pl

from workbench.exports.cell_formats import (
    amount_text,
    guard_digits,
    local_time_text,
    true_false,
    utc_text,
    yes_no,
)
from workbench.foundation.package_data import packaged_csv

#: Columns of prepared rows that identify the record and are not in the file.
ABOUT = ("native_id", "record_id")

#: Functions that make a cell from its source, by the name of the format. ``amount`` takes minor
#: units and the row's ``currency``; the pattern of an instant follows ``local`` and ``utc``.
FORMATS: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {
    "": lambda value: value,
    "amount": lambda value: amount_text(value, pl.col("currency")),
    "guarded": guard_digits,
    "number": lambda value: value.cast(pl.String),
    "subdivision": lambda value: value.str.replace("^[A-Z]{2}-", ""),
    "title": lambda value: value.str.to_titlecase(),
    "true_false": true_false,
    "yes_no": yes_no,
}
_INSTANTS: Mapping[str, Callable[[pl.Expr, str], pl.Expr]] = {
    "local": local_time_text,
    "utc": utc_text,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A declared column of a vendor's file; the module describes its attributes."""

    column: str
    source: str
    format: str
    label: str = ""
    import_id: str = ""

    def cell(self) -> pl.Expr:
        """Return the cell, made from the prepared rows."""
        kind, _, pattern = self.format.partition(" ")
        if not self.source:
            made = pl.lit(None, pl.String)
        elif kind == "constant":
            made = pl.lit(self.source)
        elif kind in _INSTANTS:
            made = _INSTANTS[kind](pl.col(self.source), pattern)
        else:
            made = FORMATS[kind](pl.col(self.source))
        return made.alias(self.column)


@cache
def read_fields(table: str) -> tuple[Field, ...]:
    """Read the fields of a table, in the order of the file's columns."""
    rows = packaged_csv("workbench.exports", f"fields/{table}.csv")
    return tuple(Field(**row) for row in rows)


def column_headers(table: str) -> list[str]:
    """Return the headers of a table's file."""
    return [field.column for field in read_fields(table)]


def format_cells(rows: pl.DataFrame, table: str, *, further: Sequence[str] = ()) -> pl.DataFrame:
    """Return the cells of the vendor's file, with ``native_id`` and ``record_id``.

    Parameters
    ----------
    rows : DataFrame
        One row per record, with every source of the table, ``native_id`` and ``record_id``.
    table : str
        Name of a table in ``fields/``.
    further : sequence of str
        Columns of the rows that follow those of the table unchanged, such as a survey's answers.
    """
    return rows.select(*(field.cell() for field in read_fields(table)), *further, *ABOUT)
