"""Read a single table from a file of any format, and write an anonymised one."""

import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import InputError, ParameterError
from workbench.foundation.files import write_whole
from workbench.sources.formats.columnar import read_parquet
from workbench.sources.formats.delimited import read_delimited
from workbench.sources.formats.file_kinds import format_of
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.raw_cells import RawCells
from workbench.sources.formats.sheets import read_sheets
from workbench.sources.places import StoredFile
from workbench.sources.returned_records import guard_formulas

_READERS: Mapping[str, Callable[..., RawCells]] = {
    "delimited": read_delimited,
    "sheets": read_sheets,
    "parquet": read_parquet,
}
#: Numbers, days and e-mail addresses, which are cells and no names of columns.
_CELL = re.compile(r"[-+]?\d[\d.,:/ -]*|[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
#: Number of further lines of a header that are looked for.
_MOST_HEADERS = 2
#: Suffixes of files that can be written.
SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFile:
    """The table in a file.

    Attributes
    ----------
    name : str
        Name of the file.
    rows : DataFrame
        Cells in the order of the file; text columns without outer blanks, empty cells are null.
    read, refused : int
        Number of records in the file, and of those that are no rows of the table, because they have
        another number of fields or cannot be decoded.
    notes : tuple of str
        Assumptions about delimiter and encoding.
    """

    name: str
    rows: pl.DataFrame = field(repr=False)
    read: int
    refused: int
    notes: tuple[str, ...]


def read_table(path: Path) -> TableFile:
    """Read the table of a delimited file, a workbook or a Parquet file.

    Raises
    ------
    InputError
        The file is missing, empty, damaged or of another kind, or has no line of names.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}: check the path")
    data = StoredFile(path).read()
    kind = format_of(data, path.name)
    if kind not in _READERS:
        raise InputError(
            f"{path.name} is no single table: give a delimited file, a workbook or Parquet"
        )
    cells = _READERS[kind](data, rule=FileRule(), expected=(), name=path.name)
    rows = cells.records.drop("source_row")
    _require_names(rows.columns, path.name)
    if rows.is_empty():
        raise InputError(f"{path.name} has names of columns and no row: nothing to anonymise")
    return TableFile(
        name=path.name,
        rows=rows.select(_plain(name, dtype, path.name) for name, dtype in rows.schema.items()),
        read=cells.read,
        refused=cells.refused.height,
        notes=(*cells.assumptions, *_further_headers(rows)),
    )


def _further_headers(rows: pl.DataFrame) -> Iterator[str]:
    """Say how many of the first records look like further lines of a header, as surveys have."""
    numbers = rows.select(pl.col(pl.String).str.strip_chars().cast(pl.Float64, strict=False))
    found = []
    for column in numbers.iter_columns():
        words = (column.is_null() & rows[column.name].is_not_null()).arg_true()
        if len(words) and words[-1] < _MOST_HEADERS and column.count() > len(words):
            found.append(words[-1] + 1)
    if found:
        yield (
            f"{count_text(max(found), 'record')} at the top may belong to the header, as "
            f"{count_text(len(found), 'column', 'have')} numbers in all others: if so, delete them "
            "in the file, since each counts as a person"
        )


def _plain(name: str, dtype: pl.DataType, file: str) -> pl.Expr:
    """Return a column as texts, numbers, truth values, days or instants; null where it is empty."""
    cell = pl.col(name)
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        raise InputError(
            f"{file}: column {name} has lists or bytes, which cannot be generalised: leave it out"
        )
    if dtype.is_float():
        return cell.fill_nan(None)
    if dtype.is_decimal():
        return cell.cast(pl.Float64, strict=False)
    if dtype == pl.Duration:
        return cell.dt.total_microseconds() / 1_000_000
    if dtype in (pl.Categorical, pl.Enum, pl.Time):
        cell, dtype = cell.cast(pl.String), pl.String()
    if dtype == pl.String:
        text = cell.str.strip_chars()
        return pl.when(text != "").then(text).alias(name)
    return cell


def _require_names(columns: list[str], name: str) -> None:
    """Refuse a file without a header: its first record would leave as the names of columns."""
    cells = sum(_CELL.fullmatch(each) is not None for each in columns)
    if 2 * cells > len(columns):
        raise InputError(
            f"{name}: {cells} of {count_text(len(columns), 'column')} are named by a number, a day "
            "or an e-mail address, as if the first line were a record: begin the file with a line "
            "of names"
        )


def require_suffix(path: Path) -> None:
    """Refuse a file of a kind that cannot be written.

    Raises
    ------
    ParameterError
        The suffix is not known.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ParameterError(f"--out {path.name}: give it the suffix {' or '.join(SUFFIXES)}")


def write_table(path: Path, rows: pl.DataFrame) -> None:
    """Write a table as CSV or Parquet, by the suffix of the name; a crash leaves no fragment.

    In CSV, texts and names that a spreadsheet would take for a formula begin with an apostrophe.

    Raises
    ------
    InputError
        The disk is full or the folder cannot be written.
    """
    content = io.BytesIO()
    if path.suffix.lower() == ".csv":
        names = guard_formulas(pl.DataFrame({"name": rows.columns}))["name"]
        guard_formulas(rows).rename(dict(zip(rows.columns, names, strict=True))).write_csv(content)
    else:
        rows.write_parquet(content, compression="zstd")
    write_whole(path, content.getvalue(), mode=0o600)
