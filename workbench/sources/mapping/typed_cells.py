"""Cells of typed files: which of their types can be read as which type of a mapping.

The cells of a text file are text. Those of a Parquet file have types, and a type that does not
suit the declared one is refused for the column as a whole, with what to do.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.sources.mapping.mapping_rules import ColumnType

_ALL: tuple[ColumnType, ...] = (
    "text", "code", "category", "integer", "decimal", "money", "instant", "date", "boolean",
)  # fmt: skip

#: Types of a mapping as which a typed column can be read. Types that are not listed can be none.
_READABLE: Mapping[type[pl.DataType], tuple[ColumnType, ...]] = {
    pl.String: _ALL,
    pl.Null: _ALL,
    pl.Boolean: ("boolean", "text", "category"),
    pl.Date: ("date", "instant", "text"),
    pl.Datetime: ("instant", "date", "text"),
    pl.Time: ("text",),
}

_ADVICE: Mapping[type[pl.DataType], str] = {
    pl.Duration: "store a number of seconds and declare integer or decimal",
    pl.Object: "store it as text",
}


def refuse_type(cells: pl.Series, declared: ColumnType) -> str | None:
    """Return why no cell of this type can be read as the declared type, None if it can be."""
    kind = cells.dtype
    readable = _ALL if kind.is_numeric() else _READABLE.get(kind.base_type(), ())
    if declared in readable:
        return None
    advice = _ADVICE.get(kind.base_type(), f"declare {' or '.join(readable)}")
    words = kind.base_type().__name__.lower()
    return f"its cells are of type {words}, which cannot be read as {declared}: {advice}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainCells:
    """Cells without categories, bytes and NaN; which of them are unreadable; assumptions."""

    cells: pl.Series
    is_unreadable: pl.Series
    notes: tuple[str, ...] = ()


def plain_cells(cells: pl.Series) -> PlainCells:
    """Return categories and bytes as text, and NaN as empty.

    Bytes are the texts of writers that do not mark their columns as text.
    """
    never = pl.repeat(value=False, n=len(cells), eager=True)
    if cells.dtype in (pl.Categorical, pl.Enum):
        return PlainCells(cells=cells.cast(pl.String), is_unreadable=never)
    if cells.dtype == pl.Binary:
        text = pl.Series(cells.name, [_decode(cell) for cell in cells], dtype=pl.String)
        return PlainCells(cells=text, is_unreadable=cells.is_not_null() & text.is_null())
    if cells.dtype.is_float():
        is_nan = cells.is_nan().fill_null(value=False)
        if count := int(is_nan.sum()):
            note = f"{count_text(count, 'cell')} NaN: taken as empty"
            return PlainCells(cells=cells.set(is_nan, None), is_unreadable=never, notes=(note,))
    return PlainCells(cells=cells, is_unreadable=never)


def _decode(cell: bytes | None) -> str | None:
    try:
        return None if cell is None else cell.decode()
    except UnicodeDecodeError:
        return None


def to_text(cells: pl.Series) -> pl.Series:
    """Return cells as text: whole numbers without decimals, other floats in their shortest form.

    In a column with gaps pandas writes whole numbers as floats: 17850 becomes 17850.0.
    """
    if cells.dtype == pl.String:
        return cells
    text = cells.cast(pl.String, strict=False)
    if cells.dtype.is_float() or cells.dtype.is_decimal():
        whole = text.str.replace(r"\.0+$", "")
        return text.zip_with(~text.str.contains(r"^-?\d+\.0+$").fill_null(value=False), whole)
    return text
