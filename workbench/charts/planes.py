"""Charts on two axes: points, lines, and what was observed against what was expected.

As charts of rows (``forms``) they are drawn twice, for the text column and for a phone.
"""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import polars as pl

from workbench.charts.encoding import (
    axis_of,
    datum,
    drawn_twice,
    field,
    known,
    numbers,
    scale_of,
)
from workbench.charts.exhibits import Figure, Table
from workbench.charts.style import (
    CAP,
    COLOURS,
    DASHES,
    MUTED,
    SMALL,
    Layout,
)
from workbench.charts.wording import (
    extremes,
    finite,
    text_width,
)

_BELOW_LINE = 40  # from a line to its name, pixels


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
                            "size": CAP,
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
    return drawn_twice(table, spec, described, redraw)


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
        f"Discs: {axes[1]} over {axes[0]}, one per {table.label(group)}, "
        f"area by {table.label(size)}. "
    ) + extremes(table, group=group, value=size, form=".0%", words=("Largest", "smallest"))
    redraw = partial(scatter, x=x, y=y, group=group, size=size, axes=axes, log=log)
    return drawn_twice(table, spec, described, redraw)


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
    return drawn_twice(table, spec, described, redraw)
