"""Refused records that come back corrected, in the file that the quarantine wrote out.

Such a file is comma-separated with a header, whatever the source was. Its first columns begin with
``quarantine_``: the id of each record, and words for people. Cells that a spreadsheet would take
for a formula carry a guard apostrophe, which comes off here, in columns of every type.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

import polars as pl
import polars.selectors as cs

from workbench.sources.cells import Cells
from workbench.sources.rules import FileRule

#: First column of such a file: the id of the refused record that a record stands for.
RETURNED = "quarantine_id"

#: How the names of all columns begin that the quarantine adds to a record's own.
ADDED = "quarantine_"

#: What a spreadsheet takes for a formula at the start of a cell.
FORMULA = r"[=+\-@\t\r]"

_HEAD = len('\ufeff"') + len(RETURNED) + 4  # bytes in which the first column's name is found


def rule_for(data: bytes, rule: FileRule) -> FileRule:
    """Return the rule by which a file is read: its own if the quarantine wrote it."""
    head = data[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip(b'"')
    return FileRule(empty=rule.empty) if head.startswith(RETURNED.encode()) else rule


def returned(cells: Cells, mapped: Collection[str]) -> tuple[Cells, Mapping[int, str]]:
    """Part what the quarantine added from the records' own cells.

    Parameters
    ----------
    cells : Cells
        As found in the file.
    mapped : collection of str
        Columns that the mapping names; those are the source's own.

    Returns
    -------
    Cells
        Without the added columns and without guard apostrophes; as they were where the file is no
        list of refused records.
    mapping of int to str
        Ids by record number, empty where the file is no such list.
    """
    if RETURNED not in cells.columns or RETURNED in mapped:
        return cells, {}
    added = [name for name in cells.columns if name.startswith(ADDED) and name not in mapped]
    own = cells.records.drop(added)
    ids = cells.records.select("source_row", pl.col(RETURNED).cast(pl.String).str.strip_chars())
    bare = own.with_columns(cs.string().str.replace(rf"^'({FORMULA})", "$1"))
    return replace(cells, records=bare), dict(ids.drop_nulls().iter_rows())
