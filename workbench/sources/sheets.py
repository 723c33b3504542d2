"""Excel workbooks, through openpyxl: all sheets, one after another.

Faster readers drop two things that change values: the number format (a zip code stored as the
number 2494 with the format 00000 is 02494) and the workbook's date system (a 1904 workbook read as
1900 is four years and a day off). Cells become text: numbers in their shortest decimal form,
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
from workbench.sources.cells import Cells, header_names, refused
from workbench.sources.rules import FileRule

_ZEROS = re.compile(r"0{2,}")


def read_sheets(data: bytes, *, rule: FileRule, expected: Collection[str], name: str) -> Cells:
    """Read the sheets of a workbook; records count on from sheet to sheet.

    Raises
    ------
    InputError
        It is no workbook, has no record, or its sheets differ in their columns.
    ParameterError
        A sheet that the mapping names is not there.
    """
    workbook = _open(data, name)
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
        rows = _rows(workbook, sheet, name)
        if not rows:
            notes.append(f"sheet {sheet!r} is empty")
            continue
        if rule.header:
            found = header_names(_named(rows.pop(0)), expected=expected, name=name)
            if values and found != header:
                raise InputError(
                    f"{name}: the first row of sheet {sheet!r} differs from that of the first "
                    "sheet: "
                    "name the sheets that belong together under [file] sheets in the mapping"
                )
            header = found
        cells, plain = _columns(rows, header, first=read + 1)
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
    repeated = _repeated(values) if rule.repeats == "sheets" else None
    return Cells(
        records=pl.concat(values),
        refused=refused([]),
        read=read,
        is_plain=True,
        has_header=rule.header,
        numbers=pl.concat(numbers),
        repeated=repeated,
        assumptions=tuple(notes),
    )


def _open(data: bytes, name: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", UserWarning
            )  # styles and extensions that openpyxl leaves out
            return openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, OSError) as error:
        raise InputError(
            f"{name} is not a readable .xlsx workbook: it is damaged, encrypted or an older "
            "format; "
            "save it as .xlsx again"
        ) from error


def _rows(workbook: Any, sheet: str, name: str) -> list[Any]:
    """Return the rows of a sheet that have a cell; a sheet is parsed only when it is read."""
    try:
        return [row for row in workbook[sheet].iter_rows() if any(c.value is not None for c in row)]
    except (SyntaxError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        # damaged XML is a SyntaxError there; its message may quote a cell
        raise InputError(
            f"{name}: sheet {sheet!r} is damaged and cannot be read: save the workbook again "
            f"({type(error).__name__})"
        ) from None


def _named(first_row: Any) -> list[str | None]:
    """Return the cells of the first row up to its last name; formatted empty cells follow it."""
    names = [_text(cell) for cell in first_row]
    while names and names[-1] is None:
        names.pop()
    return names


def _columns(
    rows: list[Any], header: list[str], *, first: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    texts: list[pl.Series] = [
        pl.Series("source_row", range(first, first + len(rows)), dtype=pl.Int64)
    ]
    numbers: list[pl.Series] = []
    for position, field in enumerate(header):
        column = [row[position] if position < len(row) else None for row in rows]
        texts.append(pl.Series(field, [_text(cell) for cell in column], dtype=pl.String))
        numbers.append(
            pl.Series(field, [_is_bare_number(cell) for cell in column], dtype=pl.Boolean)
        )
    return pl.DataFrame(texts), pl.DataFrame(numbers)


def _text(cell: Any) -> str | None:
    value = None if cell is None else cell.value
    if value is None:
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # exact
        value = int(value)
    if isinstance(value, int) and _ZEROS.fullmatch(cell.number_format or ""):
        return str(value).zfill(len(cell.number_format))
    return str(value)


def _is_bare_number(cell: Any) -> bool:
    if cell is None or isinstance(cell.value, bool) or not isinstance(cell.value, int | float):
        return False
    return not _ZEROS.fullmatch(cell.number_format or "")


def _repeated(sheets: list[pl.DataFrame]) -> pl.Series:
    """Mark records that an earlier sheet holds as well, copy by copy.

    Two equal records within one sheet are two; the second of them is repeated only where the
    earlier sheet has two as well.
    """
    cells = [name for name in sheets[0].columns if name != "source_row"]
    copies = pl.concat(
        sheet.with_columns(_copy=pl.int_range(pl.len()).over(cells)) for sheet in sheets
    )
    return copies.select(~pl.struct(*cells, "_copy").is_first_distinct()).to_series()
