"""Read Excel workbooks with openpyxl: all sheets, one after another.

Faster readers ignore two properties that change values: the number format (a zip code stored as the
number 2494 with the format 00000 is 02494) and the workbook's date system (a 1904 workbook read as
a 1900 one is four years and a day off). Cells become text: numbers in their shortest decimal form,
instants in ISO form.
"""

import re
import warnings
import zipfile
from collections.abc import Collection
from datetime import date, datetime, time
from io import BytesIO
from typing import Any

import openpyxl
import polars as pl
from openpyxl.utils.exceptions import InvalidFileException

from workbench.foundation.errors import InputError, ParameterError, unknown_name
from workbench.sources.formats.column_names import name_columns
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.raw_cells import RawCells, malformed_records

_ZEROS = re.compile(r"0{2,}")


def read_sheets(data: bytes, *, rule: FileRule, expected: Collection[str], name: str) -> RawCells:
    """Read the sheets of a workbook; the numbers of records continue from sheet to sheet.

    Raises
    ------
    InputError
        The file is not a workbook, has no record, or its sheets differ in their columns.
    ParameterError
        A sheet that the mapping names does not exist.
    """
    workbook = _open_workbook(data, name)
    chosen = rule.sheets or tuple(workbook.sheetnames)
    for sheet in chosen:
        if sheet not in workbook.sheetnames:
            raise ParameterError(f"{name}: {unknown_name('sheet', sheet, workbook.sheetnames)}")
    header = list(rule.columns)
    values: list[pl.DataFrame] = []
    numbers: list[pl.DataFrame] = []
    notes: list[str] = []
    read = 0
    for sheet in chosen:
        rows = _sheet_rows(workbook, sheet, name)
        if not rows:
            notes.append(f"sheet {sheet!r} is empty")
            continue
        if rule.header:
            found = name_columns(_header_cells(rows.pop(0)), expected=expected, name=name)
            if values and found != header:
                raise InputError(
                    f"{name}: the first row of sheet {sheet!r} differs from that of the first "
                    "sheet: "
                    "name the sheets that belong together under [file] sheets in the mapping"
                )
            header = found
        cells, plain = _sheet_columns(rows, header, first=read + 1)
        values.append(cells)
        numbers.append(plain)
        if len(chosen) > 1:
            notes.append(f"sheet {sheet!r}: records {read + 1:,} to {read + len(rows):,}")
        read += len(rows)
        beyond = sum(any(c.value is not None for c in row[len(header) :]) for row in rows)
        if beyond:
            notes.append(
                f"sheet {sheet!r}: {beyond:,} records have cells beyond the last named column"
            )
    if not read:
        raise InputError(f"{name} has no record on any sheet: nothing to load")
    repeated = _repeated_records(values) if rule.repeats == "sheets" else None
    return RawCells(
        records=pl.concat(values),
        refused=malformed_records([]),
        read=read,
        is_plain=True,
        has_header=rule.header,
        numbers=pl.concat(numbers),
        repeated=repeated,
        assumptions=tuple(notes),
    )


def _open_workbook(data: bytes, name: str) -> Any:
    try:
        with warnings.catch_warnings():
            # openpyxl warns about styles and extensions that it ignores.
            warnings.simplefilter("ignore", UserWarning)
            return openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, OSError) as error:
        raise InputError(
            f"{name} is not a readable .xlsx workbook: it is damaged, encrypted or an older "
            "format; "
            "save it as .xlsx again"
        ) from error


def _sheet_rows(workbook: Any, sheet: str, name: str) -> list[Any]:
    """Return the rows of a sheet that have a filled cell."""
    try:
        return [row for row in workbook[sheet].iter_rows() if any(c.value is not None for c in row)]
    except (SyntaxError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        # openpyxl raises SyntaxError for damaged XML, and its message may contain a cell.
        raise InputError(
            f"{name}: sheet {sheet!r} is damaged and cannot be read: save the workbook again "
            f"({type(error).__name__})"
        ) from None


def _header_cells(first_row: Any) -> list[str | None]:
    """Return the cells of the first row up to its last name; empty formatted cells may follow."""
    names = [_cell_text(cell) for cell in first_row]
    while names and names[-1] is None:
        names.pop()
    return names


def _sheet_columns(
    rows: list[Any], header: list[str], *, first: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    texts: list[pl.Series] = [
        pl.Series("source_row", range(first, first + len(rows)), dtype=pl.Int64)
    ]
    numbers: list[pl.Series] = []
    for position, field in enumerate(header):
        column = [row[position] if position < len(row) else None for row in rows]
        texts.append(pl.Series(field, [_cell_text(cell) for cell in column], dtype=pl.String))
        numbers.append(
            pl.Series(field, [_is_bare_number(cell) for cell in column], dtype=pl.Boolean)
        )
    return pl.DataFrame(texts), pl.DataFrame(numbers)


def _cell_text(cell: Any) -> str | None:
    value = None if cell is None else cell.value
    if value is None:
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # exact as integer
        value = int(value)
    if isinstance(value, int) and _ZEROS.fullmatch(cell.number_format or ""):
        return str(value).zfill(len(cell.number_format))
    return str(value)


def _is_bare_number(cell: Any) -> bool:
    if cell is None or isinstance(cell.value, bool) or not isinstance(cell.value, int | float):
        return False
    return not _ZEROS.fullmatch(cell.number_format or "")


def _repeated_records(sheets: list[pl.DataFrame]) -> pl.Series:
    """Mark records that an earlier sheet contains as well.

    Two equal records within one sheet are two records. The second of them is marked only if the
    earlier sheet has two as well.
    """
    cells = [name for name in sheets[0].columns if name != "source_row"]
    copies = pl.concat(
        sheet.with_columns(_copy=pl.int_range(pl.len()).over(cells)) for sheet in sheets
    )
    return copies.select(~pl.struct(*cells, "_copy").is_first_distinct()).to_series()
