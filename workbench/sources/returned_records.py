"""Refused records that a user corrected in a file of the quarantine and loads again.

Such a file is comma-separated with a header, whatever the source was. The names of its first
columns begin with ``quarantine_``; they contain the id of each record and descriptions for people.
Cells that a spreadsheet would take for a formula begin with a guard apostrophe, which is removed
here in columns of every type.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

import polars as pl
import polars.selectors as cs

from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.raw_cells import RawCells

#: First column of such a file: the id of the refused record that a record corrects.
RETURNED = "quarantine_id"

#: Prefix of all columns that the quarantine adds to a record's own.
ADDED = "quarantine_"

#: First characters of a cell that a spreadsheet takes for a formula.
FORMULA = r"[=+\-@\t\r]"
#: Negative numbers, which begin like a formula of a spreadsheet but are none.
_NEGATIVE = r"^-\d[\d.,]*$"

_HEAD = len('\ufeff"') + len(RETURNED) + 4  # number of bytes that contain the first column's name


def guard_formulas(cells: pl.DataFrame) -> pl.DataFrame:
    """Put an apostrophe before texts that a spreadsheet would take for a formula."""
    texts = [name for name, kind in cells.schema.items() if kind == pl.String]
    return cells.with_columns(
        pl.when(pl.col(name).str.contains(rf"^{FORMULA}") & ~pl.col(name).str.contains(_NEGATIVE))
        .then(pl.concat_str(pl.lit("'"), name))
        .otherwise(name)
        .alias(name)
        for name in texts
    )


def is_returned(data: bytes) -> bool:
    """Return whether a file is a list of refused records, by the name of its first column."""
    head = data[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip(b'"')
    return head.startswith(RETURNED.encode())


def choose_file_rule(data: bytes, rule: FileRule) -> FileRule:
    """Return the rule for reading a file: a file of the quarantine has the rule of such files."""
    return FileRule(empty=rule.empty) if is_returned(data) else rule


def separate_added_columns(
    cells: RawCells, mapped: Collection[str]
) -> tuple[RawCells, Mapping[int, str]]:
    """Separate the columns that the quarantine added from the records' own cells.

    Parameters
    ----------
    cells : RawCells
        Cells of the file.
    mapped : collection of str
        Columns that the mapping names, which are the source's own.

    Returns
    -------
    RawCells
        The cells without the added columns and without guard apostrophes; unchanged if the file is
        not a list of refused records.
    mapping of int to str
        Ids of refused records by record number; empty if the file is not such a list.
    """
    if RETURNED not in cells.columns or RETURNED in mapped:
        return cells, {}
    added = [name for name in cells.columns if name.startswith(ADDED) and name not in mapped]
    own = cells.records.drop(added)
    ids = cells.records.select("source_row", pl.col(RETURNED).cast(pl.String).str.strip_chars())
    bare = own.with_columns(cs.string().str.replace(rf"^'({FORMULA})", "$1"))
    return replace(cells, records=bare), dict(ids.drop_nulls().iter_rows())
