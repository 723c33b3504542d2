"""Charts in one call: ``wb.chart.dots(table)`` draws a table of groups with its intervals.

What a table of ``view.table`` says of itself is taken: the column of the groups is the one before
``persons``, a value ``NAME`` has its interval in ``NAME_low`` and ``NAME_high``, and words and
number formats are the table's.

>>> import polars as pl
>>> from workbench.charts.exhibits import Table
>>> rows = pl.DataFrame({"channel": ["app", "web"], "persons": [120, 300],
...                      "euros": [20.0, 31.0], "euros_low": [18.0, 30.0],
...                      "euros_high": [22.0, 32.0]})
>>> table = Table(name="spent", title="Spending by channel", rows=rows, persons="persons")
>>> dots(table).description
'Dots with 95 % intervals: euros by channel. Highest: web with 31.0 (30.0 to 32.0, ...
"""

from workbench.charts import forms, planes
from workbench.charts.exhibits import Figure, Table
from workbench.foundation.errors import ParameterError, unknown_name

__all__ = ["bar", "dots", "line", "scatter"]

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
        Column of the value; the only one with an interval unless given.
    group : str, optional
        Column of the groups; the one before ``persons`` unless given.
    axis, form : str, optional
        What the value is, and its number format; the table's unless given.
    reference : float, optional
        A value to compare with, drawn as a dashed line.

    Examples
    --------
    ``wb.show(wb.chart.dots(view.table(people, ["gender"], name="spending",
    title="Spending by gender", means={"euros": 0.01})))``
    """
    value = value or _only(_with_intervals(table), table, "value", "has an interval")
    low, high = (f"{value}{end}" for end in _ENDS)
    _require(table, value, low, high)
    return forms.intervals(
        table,
        group=group or _group(table),
        value=value,
        low=low,
        high=high,
        axis=axis or table.label(value),
        form=form or _form(table, value),
        reference=reference,
    )


def bar(
    table: Table,
    value: str = "persons",
    *,
    group: str | None = None,
    axis: str | None = None,
    form: str | None = None,
) -> Figure:
    """Draw one bar per group, from zero; parameters as of ``dots``.

    Examples
    --------
    ``wb.show(wb.chart.bar(view.table(people, ["country"], name="countries",
    title="Customers by country")))``
    """
    _require(table, value)
    return forms.bars(
        table,
        group=group or _group(table),
        value=value,
        axis=axis or table.label(value),
        form=form or _form(table, value),
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
        Column of the value; the only one with an interval unless given.
    x : str, optional
        Column of numbers, dates or names in their order; the first unless given.
    series : str, optional
        Column that tells the lines apart.
    axis, form : str, optional
        As of ``dots``.

    Examples
    --------
    ``wb.show(wb.chart.line(by_month, "persons", x="month"))``
    """
    value = value or _only(_with_intervals(table), table, "value", "has an interval")
    x = x or table.rows.columns[0]
    _require(table, value, x, *([series] if series else []))
    return planes.lines(
        table,
        x=x,
        y=value,
        series=series,
        axes=(table.label(x), axis or table.label(value)),
        form=form or _form(table, value),
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
        Column of the groups; the one before ``persons`` unless given.
    axes : (str, str), optional
        What x and y are; the table's words unless given.
    log : bool
        Whether both axes are logarithmic.

    Examples
    --------
    ``wb.show(wb.chart.scatter(segments, "orders", "euros"))``
    """
    _require(table, x, y, size)
    return planes.scatter(
        table,
        x=x,
        y=y,
        group=group or _group(table),
        size=size,
        axes=axes or (table.label(x), table.label(y)),
        log=log,
    )


def _with_intervals(table: Table) -> list[str]:
    columns = table.rows.columns
    return [c for c in columns if all(f"{c}{end}" in columns for end in _ENDS)]


def _group(table: Table) -> str:
    columns = table.rows.columns
    before = columns[: columns.index(table.persons)] if table.persons in columns else columns[:1]
    return _only(before, table, "group", "names the groups")


def _only(found: list[str], table: Table, what: str, does: str) -> str:
    if len(found) == 1:
        return found[0]
    if found:
        raise ParameterError(f"table {table.name}: say which column is meant: {what}={found[0]!r}")
    raise ParameterError(
        f"table {table.name}: no column {does}; it has {', '.join(table.rows.columns)}"
    )


def _require(table: Table, *columns: str) -> None:
    for column in columns:
        if column not in table.rows.columns:
            known = unknown_name("column", column, table.rows.columns)
            raise ParameterError(f"table {table.name}: {known}")


def _form(table: Table, column: str) -> str:
    whole = table.rows.schema[column].is_integer()
    return table.formats.get(column, ",.0f" if whole else ",.1f")
