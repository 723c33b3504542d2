"""Cells of typed files: which of their types can be read as which type of a mapping.

The cells of a text file are text. Those of a Parquet file have types, and a type that does not
suit the declared one is refused for the column as a whole, with what to do.
"""

from collections.abc import Mapping

import polars as pl

from workbench.sources.formats.raw_cells import count_text
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
    pl.List: "store one value in a cell",
    pl.Array: "store one value in a cell",
    pl.Struct: "store each member in a column of its own",
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


def plain_cells(cells: pl.Series) -> tuple[pl.Series, tuple[str, ...]]:
    """Return categories and bytes as text and NaN as empty, and what was assumed.

    Bytes are the texts of writers that do not mark columns as text; where they are not UTF-8, the
    cell becomes the replacement character, which ``is_unreadable`` finds.
    """
    if cells.dtype in (pl.Categorical, pl.Enum):
        return cells.cast(pl.String), ()
    if cells.dtype == pl.Binary:
        texts = [None if cell is None else cell.decode(errors="replace") for cell in cells]
        return pl.Series(cells.name, texts, dtype=pl.String), ()
    if cells.dtype.is_float():
        is_nan = cells.is_nan().fill_null(value=False)
        if count := int(is_nan.sum()):
            return cells.set(is_nan, None), (f"{count_text(count, 'cell')} NaN: taken as empty",)
    return cells, ()


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
