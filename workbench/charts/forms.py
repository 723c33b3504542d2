"""The few forms of picture that reports need, each a figure over a table of group results.

A form draws its table twice, for the text column and for a phone (``style.Layout``). Values are
written where they can be read, lines to compare with have their names, and no mark is on an edge.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import polars as pl

from workbench.charts.encoding import (
    axis_of,
    column_width,
    datum,
    field,
    known,
    line_at,
    line_in_rows,
    name_of_line,
    numbers,
    rows_of,
    scale_of,
    written,
)
from workbench.charts.exhibits import Figure, Table
from workbench.charts.style import (
    COLOURS,
    DASHES,
    GROUND,
    MUTED,
    NARROW,
    SMALL,
    TYPE,
    WIDE,
    Layout,
)
from workbench.charts.wording import (
    axis_form,
    cell_text,
    column_form,
    extremes,
    finite,
    group_name,
    text_width,
)

_CAP = 8  # length of the ends of an interval, pixels
_APART = 10  # between the value, the limits and the word between them
_TO = "to"
_INTERVAL = "95 % interval"
_BELOW_LINE = 40  # from a line to its name, pixels


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
    reference_name: str = "",
    note: str | None = None,
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
        Number format of the value where the table has none; the axis takes the decimals it needs.
    reference : float, optional
        A value to compare with, drawn as a dashed line.
    reference_name : str
        What the reference is ("everybody"), written at its line.
    note : str, optional
        Column of remarks; a group with one ("too small to judge") is drawn hollow and has the
        remark below its name.
    """
    drawn = numbers(table.rows, value, low, high) + ([] if reference is None else [reference])
    told = column_form(table, value, (low, high), form)
    line = "" if reference is None else cell_text(reference, told)
    named = f"{reference_name} {line}".strip() if reference else reference_name
    spec = partial(
        _intervals,
        table, group=group, value=value, limits=(low, high), axis=axis, form=told,
        drawn=drawn, reference=reference, named=named, note=note,
    )  # fmt: skip
    said = f"Dots with 95 % intervals: {axis} by {_label(table, group)}. "
    described = said + extremes(table, group=group, value=value, form=form, limits=(low, high))
    if finite(table.rows, low, high).is_empty():
        described += " No interval can be given."
    if note is not None:
        described += _remarks(table, group, note)
    if reference is not None:
        what = f", {reference_name}" if reference_name else ""
        described += f" The dashed line is at {line}{what}."
    redraw = partial(
        intervals,
        group=group, value=value, low=low, high=high, axis=axis, form=form, reference=reference,
        reference_name=reference_name, note=note,
    )  # fmt: skip
    return _figure(table, spec, described, redraw)


def _intervals(
    table: Table,
    layout: Layout,
    *,
    group: str,
    value: str,
    limits: tuple[str, str],
    axis: str,
    form: str,
    drawn: list[float],
    reference: float | None,
    named: str,
    note: str | None,
) -> dict[str, Any]:
    low, high = limits
    has_limits = not finite(table.rows, low, high).is_empty()
    widths = {
        name: column_width(table.rows, name, form, size)
        for name, size in ((value, TYPE), (low, SMALL), (high, SMALL))
    }
    to = text_width(_TO, SMALL) + _APART
    span = widths[low] + to + widths[high] + 2 * _APART if has_limits else 0.0
    if has_limits and not layout.is_stacked:
        span = max(span, text_width(_INTERVAL, SMALL) + 2 * _APART)
    counted = _counted(table, layout, value)
    room = 0.0
    if counted is not None:
        room = max(column_width(table.rows, counted, ",.0f", SMALL), text_width("persons", SMALL))
        span += room + 2 * _APART
    rows = rows_of(table, group, layout, values=widths[value] + span, note=note)
    end = rows.right - (room + 2 * _APART if counted is not None else 0.0)  # of the interval
    scale = scale_of(drawn, rows.plot)
    place = {"field": field(value), "type": "quantitative", "scale": scale}
    # without lines through names and values
    ticks = {**axis_of(form, scale, rows.plot), "grid": not layout.is_stacked}
    x = {**place, "title": axis, "axis": ticks}
    ends = [{**x, "field": field(end)} for end in limits]
    has_note = "false" if note is None else f"isValid({datum(note)}) && {datum(note)} != ''"
    layers: list[dict[str, Any]] = []
    if reference is not None:
        layers.append(line_in_rows(reference, rows) if layout.is_stacked else line_at(reference))
    layers += [
        {
            "transform": [{"filter": known(low, high)}],
            "mark": {"type": "rule", "strokeWidth": 2, "yOffset": rows.marks},
            "encoding": {"y": rows.y, "x": ends[0], "x2": {"field": field(high)}},
        },
        # ends of an interval that is shorter than its dot stay visible
        *(
            {
                "transform": [{"filter": known(low, high)}],
                "mark": {"type": "tick", "thickness": 2, "size": _CAP, "yOffset": rows.marks},
                "encoding": {"y": rows.y, "x": end},
            }
            for end in ends
        ),
        {
            "transform": [{"filter": f"{known(value)} && !({has_note})"}],
            "mark": {"type": "point", "yOffset": rows.marks},
            "encoding": {"y": rows.y, "x": x},
        },
    ]
    if note is not None:
        hollow = {"fill": GROUND, "stroke": COLOURS[0], "strokeWidth": 2}
        layers.append(
            {
                "transform": [{"filter": f"{known(value)} && {has_note}"}],
                "mark": {"type": "point", "yOffset": rows.marks, **hollow},
                "encoding": {"y": rows.y, "x": x},
            }
        )
    write = partial(written, rows, form=form, is_known=known(value))
    layers.append(write(right=rows.right - span, column=value))
    if has_limits:
        write = partial(written, rows, form=form, is_known=known(*limits), is_quiet=True)
        layers.append(write(right=end - widths[high] - to, column=low))
        layers.append(write(right=end, column=high))
        between = write(right=end - widths[high] - _APART / 2, column=low)
        between["encoding"]["text"] = {"value": _TO}
        layers.append(between)
        if not layout.is_stacked:
            layers.append(_head(_INTERVAL, end))
    if counted is not None:
        write = partial(written, rows, form=",.0f", is_known=known(counted), is_quiet=True)
        layers += [write(right=rows.right, column=counted), _head("persons", rows.right)]
    if reference is not None and named:
        layers.append(name_of_line(reference, named, scale, rows.plot))
    return {**rows.size, "layer": layers}


def _counted(table: Table, layout: Layout, value: str) -> str | None:
    """Return the column of persons that is written beside the values, where there is room."""
    return None if layout.is_stacked or table.persons == value else table.persons


def _head(text: str, right: float) -> dict[str, Any]:
    """Return the layer of a heading over values."""
    return {
        "data": {"values": [{}]},
        "mark": {"type": "text", "align": "right", "baseline": "bottom", "fontSize": SMALL},
        "encoding": {"x": {"value": right}, "y": {"value": -4}, "text": {"value": text}},
    }


def _remarks(table: Table, group: str, note: str) -> str:
    """Say which groups have a remark, and which one."""
    rows = table.rows.filter(pl.col(note).fill_null("") != "")
    return "".join(
        f" {group_name(name)}: {remark}." for name, remark in rows.select(group, note).iter_rows()
    )


def bars(table: Table, *, group: str, value: str, axis: str, form: str = ".0%") -> Figure:
    """Draw one bar per group, groups from top to bottom; parameters as of ``intervals``."""
    axis_form(form, ())  # refuses a format that a picture cannot have
    told = table.formats.get(value, form)

    def spec(layout: Layout) -> dict[str, Any]:
        room = column_width(table.rows, value, told, TYPE)
        rows = rows_of(table, group, layout, values=room)
        ends = [0.0, max([1e-9, *numbers(table.rows, value)])]
        x = {
            "field": field(value),
            "type": "quantitative",
            "axis": None,  # every bar has its value written
            "scale": {"domain": ends, "nice": False},
        }
        return {
            **rows.size,
            "layer": [
                {
                    "mark": {"type": "bar", "height": 18, "yOffset": rows.marks},
                    "encoding": {"y": rows.y, "x": x},
                },
                written(rows, right=rows.right, column=value, form=told, is_known=known(value)),
                _head(axis, rows.right),
            ],
        }

    said = f"Bars: {axis} by {_label(table, group)}. "
    described = said + extremes(table, group=group, value=value, form=form)
    return _figure(
        table, spec, described, partial(bars, group=group, value=value, axis=axis, form=form)
    )


def observed_against_expected(
    table: Table,
    *,
    expected: str,
    observed: str,
    low: str,
    high: str,
    axes: tuple[str, str],
    equality: str = "as expected",
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
    equality : str
        What is true on the line of equality, written at it.
    """
    rows = finite(table.rows, expected, observed)
    end = min(1.0, max([0.05, *numbers(rows, expected, observed, high)]))

    def spec(layout: Layout) -> dict[str, Any]:
        plot = _plot(layout)
        across, up = scale_of([0.0, end], plot), scale_of([0.0, end], layout.height)
        x: dict[str, Any] = {"type": "quantitative", "scale": across, "title": axes[0]}
        x |= {"field": field(expected), "axis": axis_of(".0%", across, plot)}
        y: dict[str, Any] = {"type": "quantitative", "scale": up, "title": axes[1]}
        y |= {
            "field": field(observed),
            "axis": {**axis_of(".0%", up, 2 * layout.height), **_UPRIGHT},
        }
        limits = {"transform": [{"filter": known(expected, low, high)}]}
        # the name of the line ends at the plot's right and begins just below the line
        begins = 1 - text_width(equality, SMALL) / plot - _BELOW_LINE / layout.height
        return {
            "width": plot,
            "height": layout.height,
            "layer": [
                {
                    "data": {"values": [{"e": 0, "o": 0}, {"e": end, "o": end}]},
                    "mark": {
                        "type": "line",
                        "strokeDash": [4, 4],
                        "color": MUTED,
                        "strokeWidth": 1.5,
                    },
                    "encoding": {"x": {**x, "field": "e"}, "y": {**y, "field": "o"}},
                },
                {
                    "data": {"values": [{"e": end, "o": float(f"{begins * end:.9g}")}]},
                    "mark": {"type": "text", "align": "right", "fontSize": SMALL},
                    "encoding": {
                        "x": {**x, "field": "e"},
                        "y": {**y, "field": "o"},
                        "text": {"value": equality},
                    },
                },
                {
                    **limits,
                    "mark": {"type": "rule", "strokeWidth": 2},
                    "encoding": {
                        "x": x,
                        "y": {**y, "field": field(low)},
                        "y2": {"field": field(high)},
                    },
                },
                *(
                    {
                        **limits,
                        "mark": {
                            "type": "tick",
                            "thickness": 2,
                            "size": _CAP,
                            "orient": "horizontal",
                        },
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
        expected=expected, observed=observed, low=low, high=high, axes=axes, equality=equality,
    )  # fmt: skip
    return _figure(table, spec, described, redraw)


#: Title of a vertical axis, horizontal and above it.
_UPRIGHT: Mapping[str, Any] = {
    "titleAngle": 0,
    "titleAlign": "left",
    "titleAnchor": "end",
    "titleBaseline": "bottom",
    "titleX": 0,
    "titleY": -10,
}
_LABELS = 56  # pixels left of a plot for the labels of its vertical axis


def _plot(layout: Layout) -> int:
    return layout.width - _LABELS


def _label(table: Table, column: str) -> str:
    return table.labels.get(column, column.replace("_", " "))


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
    above = f" && {datum(x)} > 0 && {datum(y)} > 0" if log else ""
    across = [value for value in numbers(shown, x) if value > 0 or not log]
    ends = min(across, default=0.0), max(across, default=0.0)
    # a name is written towards the middle, where there is room for it
    middle = float(f"{math.sqrt(ends[0] * ends[1]) if log else sum(ends) / 2:.9g}")

    def spec(layout: Layout) -> dict[str, Any]:
        plot = _plot(layout)
        pixels = {"x": plot, "y": 2 * layout.height}
        place: dict[str, Any] = {}
        for name, column, title in (("x", x, axes[0]), ("y", y, axes[1])):
            scale = scale_of(numbers(shown, column), pixels[name] / (1 if name == "x" else 2))
            axis: dict[str, Any] = {"tickCount": 5, "grid": False}
            if not log:
                axis = axis_of(table.formats.get(column, ",.0f"), scale, pixels[name])
            upright: Mapping[str, Any] = _UPRIGHT if name == "y" else {}
            place[name] = {
                "field": field(column),
                "type": "quantitative",
                "title": title,
                "scale": {"type": "log", "nice": False, "padding": 24} if log else scale,
                "axis": {**axis, **upright},
            }
        area = {"field": field(size), "type": "quantitative", "legend": None}
        named = {**place, "text": {"field": field(group), "type": "nominal"}}
        return {
            "width": plot,
            "height": layout.height,
            "transform": [{"filter": known(x, y, size) + above}],
            "layer": [
                {
                    "mark": {"type": "point"},
                    "encoding": {**place, "size": {**area, "scale": {"range": [60, 700]}}},
                },
                *(
                    {
                        "transform": [{"filter": f"{datum(x)} {side} {middle!r}"}],
                        "mark": {"type": "text", "align": align, "dx": away, "limit": plot * 0.6},
                        "encoding": named,
                    }
                    for side, align, away in (("<=", "left", 18), (">", "right", -18))
                ),
            ],
        }

    described = (
        f"Discs: {axes[1]} over {axes[0]}, one per {_label(table, group)}, "
        f"area by {_label(table, size)}. "
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
    told = table.formats.get(y, form)

    def spec(layout: Layout) -> dict[str, Any]:
        plot = _plot(layout)
        scale = scale_of(numbers(table.rows, y), layout.height, has_zero=True)
        across: dict[str, Any] = {}
        if type_ == "quantitative":
            across["scale"] = scale_of(numbers(table.rows, x), plot)
        encoding: dict[str, Any] = {
            "x": {
                "field": field(x),
                "type": type_,
                "title": axes[0],
                "axis": {"tickCount": plot // 110, "labelAngle": 0, **whole},
                **across,
                **extra,
                **({"sort": None} if type_ == "ordinal" else {}),
            },
            "y": {
                "field": field(y),
                "type": "quantitative",
                "title": axes[1],
                "scale": scale,
                "axis": {**axis_of(told, scale, 2 * layout.height), **_UPRIGHT},
            },
        }
        if series is not None:
            named = {"field": field(series), "type": "nominal", "title": None, "sort": None}
            encoding["color"] = {
                **named,
                "scale": {"range": list(COLOURS)},
                "legend": {
                    "columns": 2 if layout.is_stacked else 4,
                    "symbolType": "stroke",
                    "symbolSize": 400,
                    "offset": 32,
                },
            }
            encoding["strokeDash"] = {**named, "scale": {"range": [list(dash) for dash in DASHES]}}
        return {
            "width": plot,
            "height": layout.height,
            "mark": {"type": "line", "point": True},
            "encoding": encoding,
        }

    described = f"Lines: {axes[1]} over {axes[0]}. " + extremes(
        table, group=x, value=y, form=form, series=series
    )
    redraw = partial(lines, x=x, y=y, series=series, axes=axes, form=form)
    return _figure(table, spec, described, redraw)


def _figure(
    table: Table,
    spec: Callable[[Layout], Mapping[str, Any]],
    description: str,
    redraw: Callable[[Table], Figure],
) -> Figure:
    return Figure(
        table=table,
        spec=spec(WIDE),
        narrow=spec(NARROW),
        description=description,
        redraw=redraw,
    )
