"""Charts in one call: ``wb.chart.dots(table)`` draws a table of groups with its intervals.

A table of ``view.table`` determines most options. The column of the groups is the one before
``persons``, a value ``NAME`` has its interval in ``NAME_low`` and ``NAME_high``, and labels and
number formats are those of the table.

>>> import polars as pl
>>> from workbench.charts.exhibits import Table
>>> rows = pl.DataFrame({"channel": ["app", "web"], "persons": [120, 300],
...                      "euros": [20.0, 31.0], "euros_low": [18.0, 30.0],
...                      "euros_high": [22.0, 32.0]})
>>> table = Table(name="spent", title="Spending by channel", rows=rows, persons="persons")
>>> dots(table).description
'Dots with 95 % intervals: euros by channel. Highest: web with 31.0 (30.0 to 32.0, ...
"""

from typing import Any

from workbench.charts import row_charts, xy_charts
from workbench.charts.altair_charts import altair_figure
from workbench.charts.exhibits import Figure, Table
from workbench.foundation.errors import ParameterError, unknown_name

__all__ = ["altair", "bar", "dots", "line", "scatter"]

_ENDS = ("_low", "_high")


def dots(
    table: Table,
    value: str | None = None,
    *,
    group: str | None = None,
    axis: str | None = None,
    form: str | None = None,
    reference: float | None = None,
) -> Figure:
    """Draw one dot with its 95 % interval per group.

    Parameters
    ----------
    table : Table
        One row per group, as ``view.table`` makes it.
    value : str, optional
        Column of the value; by default the only one with an interval.
    group : str, optional
        Column of the groups; by default the one before ``persons``.
    axis, form : str, optional
        Title of the value's axis, and its number format; by default those of the table.
    reference : float, optional
        Value to compare with, drawn as a dashed line.

    Examples
    --------
    ``wb.show(wb.chart.dots(view.table(people, ["gender"], name="spending",
    title="Spending by gender", means={"euros": 0.01})))``
    """
    value = value or _require_one(_columns_with_interval(table), table, "value", "has an interval")
    low, high = (f"{value}{end}" for end in _ENDS)
    _require_columns(table, value, low, high)
    return row_charts.intervals(
        table,
        group=group or _group_column(table),
        value=value,
        low=low,
        high=high,
        axis=axis or table.label(value),
        form=form or _number_format(table, value),
        reference=reference,
    )


def bar(
    table: Table,
    value: str | None = None,
    *,
    group: str | None = None,
    axis: str | None = None,
    form: str | None = None,
) -> Figure:
    """Draw one bar per group, from zero.

    Parameters
    ----------
    table : Table
        One row per group, as ``view.table`` makes it.
    value : str, optional
        Column of the value; by default the only mean, share or sum, and the number of persons in a
        table without any.
    group, axis, form : str, optional
        As in ``dots``.

    Examples
    --------
    ``wb.show(wb.chart.bar(view.table(people, ["country"], name="countries",
    title="Customers by country")))``
    """
    value = value or _value_column(table)
    _require_columns(table, value)
    return row_charts.bars(
        table,
        group=group or _group_column(table),
        value=value,
        axis=axis or table.label(value),
        form=form or _number_format(table, value),
    )


def line(
    table: Table,
    value: str | None = None,
    *,
    x: str | None = None,
    series: str | None = None,
    axis: str | None = None,
    form: str | None = None,
) -> Figure:
    """Draw values over time or another order, one line per series.

    Parameters
    ----------
    table : Table
        One row per point.
    value : str, optional
        Column of the value; by default as in ``bar``.
    x : str, optional
        Column of numbers, dates or names in their order; by default the first.
    series : str, optional
        Column of the names of the lines.
    axis, form : str, optional
        Title of the value's axis, and its number format; by default those of the table.

    Examples
    --------
    ``wb.show(wb.chart.line(by_month, "persons", x="month"))``
    """
    x = x or table.rows.columns[0]
    value = value or _value_column(table, x)
    _require_columns(table, value, x, *([series] if series else []))
    return xy_charts.lines(
        table,
        x=x,
        y=value,
        series=series,
        axes=(table.label(x), axis or table.label(value)),
        form=form or _number_format(table, value),
    )


def scatter(
    table: Table,
    x: str,
    y: str,
    *,
    size: str = "persons",
    group: str | None = None,
    axes: tuple[str, str] | None = None,
    log: bool = False,
) -> Figure:
    """Draw one circle per group, its area by ``size``.

    Parameters
    ----------
    table : Table
        One row per group.
    x, y, size : str
        Columns of numbers.
    group : str, optional
        Column of the groups; by default the one before ``persons``.
    axes : (str, str), optional
        Titles of the axes of x and y; by default the labels of the table.
    log : bool
        Whether both axes are logarithmic.

    Examples
    --------
    ``wb.show(wb.chart.scatter(segments, "orders", "euros"))``
    """
    _require_columns(table, x, y, size)
    return xy_charts.scatter(
        table,
        x=x,
        y=y,
        group=group or _group_column(table),
        size=size,
        axes=axes or (table.label(x), table.label(y)),
        log=log,
    )


def altair(table: Table, chart: Any) -> Figure:
    """Return the figure of a chart that altair made of a table's rows.

    The figure draws the rows of the table, without the groups that may not be shown, whatever rows
    the chart was made of.

    Parameters
    ----------
    table : Table
        One row per group, as ``view.table`` makes it.
    chart : altair.Chart
        A chart of ``table.plot`` or ``altair.Chart(table.rows)``.

    Examples
    --------
    ``wb.show(wb.chart.altair(table, table.plot.bar(x="channel", y="euros")))``
    """
    return altair_figure(table, chart)


def _columns_with_interval(table: Table) -> list[str]:
    columns = table.rows.columns
    return [c for c in columns if all(f"{c}{end}" in columns for end in _ENDS)]


def _value_column(table: Table, *keys: str) -> str:
    """Return the only column with a figure about the groups, or refuse with the names to choose.

    The number of persons is the value of a table that has no other figure. ``keys`` are columns
    that are drawn otherwise, for instance as the other axis.
    """
    limits = [f"{name}{end}" for name in _columns_with_interval(table) for end in _ENDS]
    drawn = (*_columns_before_persons(table), *keys, *limits, table.persons)
    numbers = [name for name, kind in table.rows.schema.items() if kind.is_numeric()]
    names = [name for name in numbers if name not in drawn]
    if table.persons is not None and len(names) != 1:
        names.append(table.persons)
    return _require_one(names, table, "value", "has a number")


def _group_column(table: Table) -> str:
    return _require_one(_columns_before_persons(table), table, "group", "names the groups")


def _columns_before_persons(table: Table) -> list[str]:
    """Return the columns that name the groups."""
    columns = table.rows.columns
    return columns[: columns.index(table.persons)] if table.persons in columns else columns[:1]


def _require_one(found: list[str], table: Table, option: str, condition: str) -> str:
    """Return the only column found, or refuse with the option that chooses one."""
    if len(found) == 1:
        return found[0]
    if found:
        raise ParameterError(
            f"table {table.name}: several columns are possible ({', '.join(found)}): choose one, "
            f"for instance {option}={found[0]!r}"
        )
    raise ParameterError(
        f"table {table.name}: no column {condition}; it has {', '.join(table.rows.columns)}"
    )


def _require_columns(table: Table, *columns: str) -> None:
    for column in columns:
        if column not in table.rows.columns:
            known = unknown_name("column", column, table.rows.columns)
            raise ParameterError(f"table {table.name}: {known}")


def _number_format(table: Table, column: str) -> str:
    whole = table.rows.schema[column].is_integer()
    return table.formats.get(column, ",.0f" if whole else ",.1f")
