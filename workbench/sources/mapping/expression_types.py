"""Refuse expressions whose type cannot be that of the column, or condition, which they state.

No record of a text could become an instant, so a mapping that states one is refused as a whole. A
number in place of an instant would become a time after 1970 without a word. Texts in place of
numbers are read cell by cell, because they may contain digits.
"""

from collections.abc import Mapping

import polars as pl

from workbench.foundation.errors import ParameterError
from workbench.schema import Column
from workbench.sources.mapping.part_context import PartContext

#: Types of expressions in words; numbers are "a number".
_WORDS: Mapping[type[pl.DataType], str] = {
    pl.String: "text",
    pl.Boolean: "yes or no",
    pl.Date: "a date",
    pl.Datetime: "an instant",
    pl.Time: "a time of the day",
    pl.Duration: "a length of time",
}
_TIMES = ("a date", "an instant")
#: What an expression may be, by what is needed.
_FITTING: Mapping[str, tuple[str, ...]] = {
    "an instant": _TIMES,
    "a date": _TIMES,
    "yes or no": ("yes or no",),
    "a number": ("a number", "text"),
    "one of the column's texts": ("text",),
    "text": ("text", "a number", "yes or no", "a time of the day", *_TIMES),
}


def check_column(
    value: pl.Expr, rows: pl.DataFrame, column: Column, *, place: str, context: PartContext
) -> None:
    """Refuse a mapping whose expression cannot be the value of a column of the schema.

    Parameters
    ----------
    value : Expr
        The expression, over ``rows``.
    rows : DataFrame
        Typed records.
    column : Column
        The column.
    place : str
        Place of the expression in the mapping.
    context : PartContext
        Mapping and file.

    Raises
    ------
    ParameterError
        No value of the expression can be one of the column.
    """
    needed = _need_of(column)
    found = _type_of(value, rows)
    if found is not None and found not in _FITTING[needed]:
        raise _refusal(found, needed=needed, place=place, context=context)


def check_condition(
    condition: pl.Expr, rows: pl.DataFrame, *, place: str, context: PartContext
) -> None:
    """Refuse a mapping whose condition is not yes or no, see ``check_column``."""
    found = _type_of(condition, rows)
    if found is not None and found != "yes or no":
        raise _refusal(found, needed="yes or no", place=place, context=context)


def _type_of(value: pl.Expr, rows: pl.DataFrame) -> str | None:
    """Return the type of an expression in words; None of one that is always null."""
    kind = rows.lazy().select(value).collect_schema().dtypes()[0]
    return None if kind == pl.Null else _words_of(kind)


def _refusal(found: str, *, needed: str, place: str, context: PartContext) -> ParameterError:
    return ParameterError(
        f"mapping {context.title}: {place} is {found}, where {needed} is needed: correct the "
        "expression, or the types of the columns that it uses"
    )


def _need_of(column: Column) -> str:
    if column.id is not None:
        return "text"
    if isinstance(column.type, pl.Enum):
        return "one of the column's texts"
    return _words_of(column.type)


def _words_of(kind: pl.DataType) -> str:
    if kind.is_numeric():
        return "a number"
    return _WORDS.get(kind.base_type(), f"a {kind.base_type().__name__.lower()}")
