"""Texts of values, axes and group names in figures and tables."""

import math
import textwrap
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from workbench.charts.exhibits import Table
from workbench.foundation.errors import ParameterError
from workbench.statistics.figure_texts import MOST_DECIMALS, format_beside_interval

#: Text of a value that is hidden or does not exist.
NOTHING = "–"
_MINUS = "\u2212"  # the minus sign of the drawings, as wide as a plus and a digit

_LINE = 32  # largest number of characters of a group's name on one line of a chart
#: Largest number of lines of a name; the data behind the figure contains the whole name.
_LINES = 5

#: Characters that no text of a page may contain; drawing fails on some of them.
_CONTROLS = dict.fromkeys([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F])

#: Marks that change the direction of the text after them; in a name they would affect the sentence.
_DIRECTION_MARKS = dict.fromkeys([0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def cell_text(value: Any, form: str | None) -> str:
    """Return the text of a value in a table or chart."""
    if isinstance(value, Decimal):
        value = float(value)
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        text = format(value, form or ("," if isinstance(value, int) else ",.3f"))
        return text.replace("-", _MINUS)
    if isinstance(value, date):
        return value.isoformat()
    return remove_control_characters(str(value))


def remove_control_characters(text: str) -> str:
    """Return a text without control characters."""
    return text.translate(_CONTROLS)


def group_name(value: Any) -> str:
    """Return a group's name for a sentence: on one line, without marks of direction."""
    return " ".join(cell_text(value, None).translate(_DIRECTION_MARKS).split()) or NOTHING


def name_lines(value: Any, characters: int = _LINE) -> list[str]:
    """Return a group's name divided into lines for a chart."""
    most = min(characters, _LINE)
    return textwrap.wrap(group_name(value), most, max_lines=_LINES, placeholder=" …")


def text_width(text: str, size: float) -> float:
    """Return the approximate width of a text in the charts' font, in the unit of its size.

    The widths are advance widths of Arial and Liberation Sans in four classes; characters that are
    not Latin count as wide.
    """
    wide = sum(_WIDTHS.get(sign, 0.56 if sign.isascii() and not sign.isupper() else 0.7)
               for sign in text)  # fmt: skip
    return wide * size


_WIDTHS = {
    **dict.fromkeys("ijl'|.,:;!/ftI \u00a0-()[]", 0.31),
    **dict.fromkeys("mwMW%@…", 0.87),
    **dict.fromkeys("–−+=<>", 0.585),
}


def axis_format(form: str, values: Iterable[float], ticks: int = 5) -> str:
    """Return the number format of an axis, with as many decimals as its ticks need.

    Parameters
    ----------
    form : str
        Format of the values: ``.0%``, ``.2f``, ``,.0f``.
    values : iterable of float
        Values along the axis.
    ticks : int
        Approximate number of ticks.

    Raises
    ------
    ParameterError
        The format is not one that both Python and d3 understand.
    """
    try:
        format(0.5, form)
    except ValueError as error:
        raise ParameterError(f"number format {form!r}: write it like '.0%' or ',.2f'") from error
    known = [value for value in values if math.isfinite(value)]
    spread = max(known, default=0.0) - min(known, default=0.0)
    head, point, tail = form.partition(".")
    if not point or tail[-1:] not in ("%", "f") or not tail[:-1].isdecimal() or spread <= 0:
        return form
    step = spread / ticks * (100 if tail[-1] == "%" else 1)
    decimals = min(MOST_DECIMALS, max(int(tail[:-1]), math.ceil(-math.log10(step))))
    return f"{head}.{decimals}{tail[-1]}"


def column_format(table: Table, value: str, limits: tuple[str, str], form: str = ".3f") -> str:
    """Return the number format of a table's column beside the limits of its interval."""
    rows = finite_rows(table.rows, *limits).select(
        (pl.col(limits[1]).cast(pl.Float64) - pl.col(limits[0]).cast(pl.Float64)) / 2
    )
    return format_beside_interval(table.formats.get(value, form), rows.to_series().to_list())


def value_format(table: Table, value: str, form: str = ".3f") -> str:
    """Return the number format of a column, as ``column_format`` where it has an interval.

    Every form in which a table is shown writes a value with the same digits.
    """
    columns = table.rows.columns
    after = columns.index(value) + 1
    own = (f"{value}_low", f"{value}_high")
    if own[0] in columns and own[1] in columns:
        return column_format(table, value, own, form)
    if columns[after : after + 2] == ["low", "high"]:
        return column_format(table, value, ("low", "high"), form)
    return table.formats.get(value, form)


def describe_extremes(
    table: Table,
    *,
    group: str,
    value: str,
    form: str,
    limits: tuple[str, str] | None = None,
    series: str | None = None,
    words: tuple[str, str] = ("Highest", "lowest"),
) -> str:
    """Return a sentence with the highest and the lowest group and the number of groups.

    Parameters
    ----------
    table : Table
        One row per group; the table's format of the value, if any, replaces ``form``.
    group, value : str
        Columns of the table.
    limits : (str, str), optional
        Columns of the interval's limits.
    series : str, optional
        Column of the names of lines.
    """
    rows = finite_rows(table.rows, value).sort(value, group, maintain_order=True, nulls_last=True)
    if rows.is_empty():
        return "Nothing can be shown."
    form = (
        value_format(table, value, form)
        if limits is None
        else column_format(table, value, limits, form)
    )

    def describe(row: dict[str, Any]) -> str:
        name = group_name(row[group]) + (f" of {group_name(row[series])}" if series else "")
        more = []
        if limits is not None and None not in (row[limits[0]], row[limits[1]]):
            low, high = (cell_text(row[limit], form) for limit in limits)
            more.append(f"{low} to {high}")
        if table.persons is not None and table.persons != value:
            more.append(f"{cell_text(row[table.persons], ',.0f')} persons")
        return f"{name} with {cell_text(row[value], form)}" + (
            f" ({', '.join(more)})" if more else ""
        )

    high, low = rows.row(-1, named=True), rows.row(0, named=True)
    if rows.height == 1:
        return f"Only {describe(high)}."
    return f"{words[0]}: {describe(high)}; {words[1]}: {describe(low)}; {rows.height} in all."


def finite_rows(rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Return the rows that have a finite number in each of these columns."""
    return rows.filter(*(pl.col(name).cast(pl.Float64).is_finite() for name in columns))
