"""Charts that altair makes of a table of groups: ``wb.chart.altair(table, table.plot.bar(...))``.

altair writes the rows that it draws into the chart. A figure draws the rows of its table, which
disclosure control has checked, so of an altair chart only marks, scales and encodings are kept.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from workbench.charts.exhibits import Figure, Table
from workbench.charts.formatting import describe_extremes
from workbench.charts.style import WIDE
from workbench.foundation.errors import ParameterError, unknown_name

_WIDTH = WIDE.width - 104  # without the labels of a vertical axis


def altair_figure(table: Table, chart: Any) -> Figure:
    """Return the figure of a chart that altair made of the rows of a table; see ``chart.altair``.

    Raises
    ------
    ParameterError
        The chart draws several tables, or a column that the table does not have.
    """
    spec = dict(chart.to_dict())
    if len(spec.pop("datasets", {})) > 1:
        raise ParameterError(
            f"figure {table.name}: the chart draws several tables: a figure draws the rows of one"
        )
    for key in ("$schema", "config", "data"):
        spec.pop(key, None)
    spec = _without_rows(spec)
    known = [*table.rows.columns, *_values_of(spec, "as")]
    for column in _values_of(spec, "field"):
        if column not in known:
            raise ParameterError(
                f"figure {table.name}: {unknown_name('column', column, table.rows.columns)}: make "
                "the chart of the table's own rows, with table.plot"
            )
    if "mark" in spec or "layer" in spec:
        spec.setdefault("width", _WIDTH)
    return _figure(table, spec)


def _figure(table: Table, spec: Mapping[str, Any]) -> Figure:
    return Figure(
        table=table,
        spec=spec,
        description=_describe(table, spec),
        redraw=partial(_figure, spec=spec),
    )


def _describe(table: Table, spec: Mapping[str, Any]) -> str:
    """Return the alternative text: the highest and the lowest value of the first drawn column."""
    drawn = [name for name in _values_of(spec, "field") if name in table.rows.columns]
    schema = table.rows.schema
    values = [name for name in drawn if schema[name].is_numeric()]
    groups = [name for name in drawn if not schema[name].is_numeric()]
    if not values or not groups:
        return f"{table.title}: see the data behind it."
    value, group = values[0], groups[0]
    form = ",.0f" if schema[value].is_integer() else ",.1f"
    opening = f"Chart: {table.label(value)} by {table.label(group)}. "
    return opening + describe_extremes(table, group=group, value=value, form=form)


def _without_rows(spec: Any) -> Any:
    """Return a specification without references to altair's rows and without what a mouse does."""
    if isinstance(spec, Mapping):
        return {
            key: _without_rows(part)
            for key, part in spec.items()
            if key not in ("params", "tooltip")
            and not (key == "data" and isinstance(part, Mapping) and set(part) == {"name"})
        }
    if isinstance(spec, list):
        return [_without_rows(part) for part in spec]
    return spec


def _values_of(spec: Any, wanted: str) -> Iterator[str]:
    """Yield the texts that a key has, at any depth of a specification."""
    parts = spec.values() if isinstance(spec, Mapping) else spec if isinstance(spec, list) else ()
    if isinstance(spec, Mapping) and isinstance(spec.get(wanted), str):
        yield spec[wanted]
    for part in parts:
        yield from _values_of(part, wanted)
