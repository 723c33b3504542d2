"""The few forms of picture that reports need, each a figure over a table of group results."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import polars as pl

from workbench.charts.encoding import datum, field, groups, known, line_at, numbers
from workbench.charts.exhibits import Figure, Table
from workbench.charts.style import COLOURS, DASHES, MUTED, WIDTH
from workbench.charts.wording import axis_form, cell_text, extremes, finite

_PLOT = WIDTH - 120  # pixels left for a plot beside numbers of usual length


def intervals(
    table: Table,
    *,
    group: str,
    value: str,
    low: str,
    high: str,
    axis: str,
    form: str = ".0%",
    reference: float | None = None,
) -> Figure:
    """Draw one dot with its interval per group, groups from top to bottom.

    Parameters
    ----------
    table : Table
        One row per group; groups appear in its order.
    group, value, low, high : str
        Its columns.
    axis : str
        What the value is, with its unit.
    form : str
        Number format of the value; the axis takes more decimals where it needs them.
    reference : float, optional
        A value to compare with, drawn as a dashed line.
    """
    drawn = numbers(table.rows, value, low, high) + ([] if reference is None else [reference])
    y, size = groups(table, group)
    x = {
        "field": field(value),
        "type": "quantitative",
        "title": axis,
        "axis": {"format": axis_form(form, drawn), "tickCount": 5},
        "scale": {"zero": False, "nice": True},
    }
    ends = [{**x, "field": field(end)} for end in (low, high)]
    layers: list[dict[str, Any]] = [
        {
            "transform": [{"filter": known(low, high)}],
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {"y": y, "x": ends[0], "x2": {"field": field(high)}},
        },
        # ends of an interval that is shorter than its dot stay visible
        *(
            {
                "transform": [{"filter": known(low, high)}],
                "mark": {"type": "tick", "thickness": 2, "size": 12},
                "encoding": {"y": y, "x": end},
            }
            for end in ends
        ),
        {
            "transform": [{"filter": known(value)}],
            "mark": {"type": "point"},
            "encoding": {"y": y, "x": x},
        },
    ]
    if reference is not None:
        layers.append(line_at(reference))
    said = f"Dots with 95 % intervals: {axis} by {table.labels.get(group, group)}. "
    described = said + extremes(table, group=group, value=value, form=form, limits=(low, high))
    if finite(table.rows, low, high).is_empty():
        described += " No interval can be given."
    if reference is not None:
        told = cell_text(reference, table.formats.get(value, form))
        described += f" The dashed line is at {told}."
    redraw = partial(
        intervals,
        group=group, value=value, low=low, high=high, axis=axis, form=form, reference=reference,
    )  # fmt: skip
    return _figure(table, {**size, "layer": layers}, described, redraw)


def bars(table: Table, *, group: str, value: str, axis: str, form: str = ".0%") -> Figure:
    """Draw one bar per group, groups from top to bottom; parameters as of ``intervals``."""
    y, size = groups(table, group)
    x = {
        "field": field(value),
        "type": "quantitative",
        "title": axis,
        "axis": {
            "format": axis_form(form, [0.0, *numbers(table.rows, value)]),
            "tickCount": 5,
        },
    }
    spec = {
        **size,
        "mark": {"type": "bar", "height": 18},
        "encoding": {"y": y, "x": x},
    }
    said = f"Bars: {axis} by {table.labels.get(group, group)}. "
    described = said + extremes(table, group=group, value=value, form=form)
    return _figure(
        table, spec, described, partial(bars, group=group, value=value, axis=axis, form=form)
    )


def observed_against_expected(
    table: Table, *, expected: str, observed: str, low: str, high: str, axes: tuple[str, str]
) -> Figure:
    """Draw observed shares with intervals over expected ones, and the line of equality.

    Parameters
    ----------
    table : Table
        One row per group of similar expectation.
    expected, observed, low, high : str
        Its columns, shares in 0 to 1.
    axes : (str, str)
        Titles of the horizontal (expected) and the vertical axis.
    """
    rows = finite(table.rows, expected, observed)
    end = min(1.0, max([0.05, *numbers(rows, expected, observed, high)]) * 1.05)
    shared = {
        "type": "quantitative",
        "scale": {"domain": [0, end]},
        "axis": {"format": axis_form(".0%", [0.0, end]), "tickCount": 5},
    }
    x = {**shared, "field": field(expected), "title": axes[0]}
    y = {**shared, "field": field(observed), "title": axes[1]}
    equality = {
        "data": {"values": [{"e": 0, "o": 0}, {"e": end, "o": end}]},
        "mark": {"type": "line", "strokeDash": [4, 4], "color": MUTED, "strokeWidth": 1.5},
        "encoding": {"x": {**x, "field": "e"}, "y": {**y, "field": "o"}},
    }
    spec = {
        "width": _PLOT,
        "height": 280,
        "layer": [
            equality,
            {
                "transform": [{"filter": known(expected, low, high)}],
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {
                    "x": x,
                    "y": {**y, "field": field(low)},
                    "y2": {"field": field(high)},
                },
            },
            *(
                {
                    "transform": [{"filter": known(expected, low, high)}],
                    "mark": {"type": "tick", "thickness": 2, "size": 10, "orient": "horizontal"},
                    "encoding": {"x": x, "y": {**y, "field": field(limit)}},
                }
                for limit in (low, high)
            ),
            {
                "transform": [{"filter": known(expected, observed)}],
                "mark": {"type": "point"},
                "encoding": {"x": x, "y": y},
            },
        ],
    }
    inside = rows.filter((pl.col(low) <= pl.col(expected)) & (pl.col(expected) <= pl.col(high)))
    described = (
        f"Dots with 95 % intervals: {axes[1]} over {axes[0]}, with the line of equality. "
        + (
            f"In {inside.height} of {rows.height} groups the interval contains the expected share."
            if rows.height
            else "Nothing can be shown."
        )
    )
    redraw = partial(
        observed_against_expected,
        expected=expected, observed=observed, low=low, high=high, axes=axes,
    )  # fmt: skip
    return _figure(table, spec, described, redraw)


def scatter(
    table: Table, *, x: str, y: str, group: str, size: str, axes: tuple[str, str], log: bool = False
) -> Figure:
    """Draw one labelled disc per group, its area a share.

    Parameters
    ----------
    table : Table
        One row per group.
    x, y, group, size : str
        Its columns; ``size`` is a share in 0 to 1.
    axes : (str, str)
        Titles of the horizontal and the vertical axis.
    log : bool
        Whether both axes are logarithmic; groups at zero or below are then left out.
    """
    shown = finite(table.rows, x, y, size)
    log = log and not shown.filter(pl.col(x) > 0, pl.col(y) > 0).is_empty()
    kind = {"type": "log", "nice": False} if log else {"zero": False}
    above = f" && {datum(x)} > 0 && {datum(y)} > 0" if log else ""
    place: Mapping[str, Any] = {
        name: {
            "field": field(column),
            "type": "quantitative",
            "title": title,
            "scale": {**kind, "padding": 24},
            "axis": {"tickCount": 5, "grid": not log},
        }
        for name, column, title in (("x", x, axes[0]), ("y", y, axes[1]))
    }
    area = {"field": field(size), "type": "quantitative", "legend": None}
    spec = {
        "width": _PLOT,
        "height": 280,
        "transform": [{"filter": known(x, y, size) + above}],
        "layer": [
            {
                "mark": {"type": "point"},
                "encoding": {**place, "size": {**area, "scale": {"range": [40, 500]}}},
            },
            {
                "mark": {"type": "text", "dy": -20},
                "encoding": {**place, "text": {"field": field(group), "type": "nominal"}},
            },
        ],
    }
    described = (
        f"Discs: {axes[1]} over {axes[0]}, one per {table.labels.get(group, group)}, "
        f"area by {table.labels.get(size, size)}. "
    ) + extremes(table, group=group, value=size, form=".0%", words=("Largest", "smallest"))
    redraw = partial(scatter, x=x, y=y, group=group, size=size, axes=axes, log=log)
    return _figure(table, spec, described, redraw)


def lines(
    table: Table, *, x: str, y: str, series: str | None, axes: tuple[str, str], form: str = ".0%"
) -> Figure:
    """Draw one line per series; dashes tell the series apart as well as colours do.

    Parameters
    ----------
    table : Table
        One row per point; ``x`` holds numbers, dates, or names in their order.
    x, y, series : str
        Its columns.
    axes : (str, str)
        Titles of the horizontal and the vertical axis.
    form : str
        Number format of ``y``.
    """
    kind = table.rows.schema[x]
    type_ = "quantitative" if kind.is_numeric() else "temporal" if kind.is_temporal() else "ordinal"
    # without their own scale dates would be read in the zone of the machine that draws
    extra = {"scale": {"type": "utc"}} if type_ == "temporal" else {}
    whole = {"format": ",d", "tickMinStep": 1} if kind.is_integer() else {}
    encoding: dict[str, Any] = {
        "x": {
            "field": field(x),
            "type": type_,
            "title": axes[0],
            "axis": {"tickCount": 6, "labelAngle": 0, "labelOverlap": True, **whole},
            **extra,
            **({"sort": None} if type_ == "ordinal" else {}),
        },
        "y": {
            "field": field(y),
            "type": "quantitative",
            "title": axes[1],
            "axis": {
                "format": axis_form(form, [0.0, *numbers(table.rows, y)]),
                "tickCount": 5,
            },
        },
    }
    if series is not None:
        named = {"field": field(series), "type": "nominal", "title": None, "sort": None}
        encoding["color"] = {
            **named,
            "scale": {"range": list(COLOURS)},
            "legend": {"columns": 4, "symbolType": "stroke", "symbolSize": 400},
        }
        encoding["strokeDash"] = {**named, "scale": {"range": [list(dash) for dash in DASHES]}}
    spec = {
        "width": _PLOT,
        "height": 260,
        "mark": {"type": "line", "point": True},
        "encoding": encoding,
    }
    described = f"Lines: {axes[1]} over {axes[0]}. " + extremes(
        table, group=x, value=y, form=form, series=series
    )
    redraw = partial(lines, x=x, y=y, series=series, axes=axes, form=form)
    return _figure(table, spec, described, redraw)


def _figure(
    table: Table, spec: Mapping[str, Any], description: str, redraw: Callable[[Table], Figure]
) -> Figure:
    return Figure(table=table, spec=spec, description=description, redraw=redraw)
