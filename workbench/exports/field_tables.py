"""The cells of a vendor's CSV files, declared as tables in ``fields/``: one file per format.

A row of such a table is a column of the vendor's file, in the vendor's order: ``column`` (its
header), ``source`` (the column of the prepared rows from which the cell is made) and ``format``
(how it is written, see ``FORMATS``). A column without a source is there and empty in every row,
since the world knows nothing of it. A constant has its text as its source. The
table of Qualtrics also has what its two further header rows contain: ``label`` and ``import_id``.

>>> from workbench.exports.field_tables import columns
>>> columns("stripe_payments")[:3]
['id', 'Created date (UTC)', 'Amount']
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import polars as pl

from workbench.exports.cells import amount, guarded, local, true_false, utc, yes_no
from workbench.foundation.package_data import packaged_csv

#: Columns of prepared rows that are about the record and not in the file.
ABOUT = ("native_id", "record_id")

#: How a cell is made of its source, by the name of the format. ``amount`` takes minor units and the
#: row's ``currency``; ``local`` and ``utc`` are followed by the pattern of the instant.
FORMATS: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {
    "": lambda value: value,
    "amount": lambda value: amount(value, pl.col("currency")),
    "guarded": guarded,
    "number": lambda value: value.cast(pl.String),
    "subdivision": lambda value: value.str.replace("^[A-Z]{2}-", ""),
    "title": lambda value: value.str.to_titlecase(),
    "true_false": true_false,
    "yes_no": yes_no,
}
_INSTANTS: Mapping[str, Callable[[pl.Expr, str], pl.Expr]] = {"local": local, "utc": utc}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column of a vendor's file, see the module."""

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
def fields(table: str) -> tuple[Field, ...]:
    """Return the fields of a table, in the order of the file's columns."""
    rows = packaged_csv("workbench.exports", f"fields/{table}.csv")
    return tuple(Field(**row) for row in rows)


def columns(table: str) -> list[str]:
    """Return the headers of a table's file."""
    return [field.column for field in fields(table)]


def cells(rows: pl.DataFrame, table: str, *, further: Sequence[str] = ()) -> pl.DataFrame:
    """Return prepared rows as they are in the vendor's file, with ``native_id`` and ``record_id``.

    Parameters
    ----------
    rows : DataFrame
        One row per record, with every source of the table, ``native_id`` and ``record_id``.
    table : str
        Name of a table in ``fields/``.
    further : sequence of str
        Columns of the rows that follow those of the table as they are, such as a survey's answers.
    """
    return rows.select(*(field.cell() for field in fields(table)), *further, *ABOUT)
