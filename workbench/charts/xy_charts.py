"""Charts on two axes: points, lines, and observed against expected shares.

Like charts with one row per group (``row_charts``) they are drawn twice, for the text column and
for a phone.
"""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import polars as pl

from workbench.charts.encoding import (
    datum_expression,
    draw_in_both_layouts,
    escape_field,
    finite_numbers,
    is_valid_expression,
    value_axis,
    value_scale,
)
from workbench.charts.exhibits import Figure, Table
from workbench.charts.formatting import (
    describe_extremes,
    finite_rows,
    text_width,
)
from workbench.charts.style import (
    CAP,
    COLOURS,
    DASHES,
    MUTED,
    SMALL,
    Layout,
)

_BELOW_LINE = 40  # distance from a line to its name, pixels


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
        One row per group of customers with similar expected shares.
    expected, observed, low, high : str
        Columns of the table, shares in 0 to 1.
    axes : (str, str)
        Titles of the horizontal (expected) and the vertical axis.
    equality : str
        Name of the line of equality, written at it.
    """
    rows = finite_rows(table.rows, expected, observed)
    end = min(1.0, max([0.05, *finite_numbers(rows, expected, observed, high)]))

    def spec(layout: Layout) -> dict[str, Any]:
        plot = _plot_width(layout)
        across, up = value_scale([0.0, end], plot), value_scale([0.0, end], layout.height)
        x: dict[str, Any] = {"type": "quantitative", "scale": across, "title": axes[0]}
        x |= {"field": escape_field(expected), "axis": value_axis(".0%", across, plot)}
        y: dict[str, Any] = {"type": "quantitative", "scale": up, "title": axes[1]}
        y |= {
            "field": escape_field(observed),
            "axis": {**value_axis(".0%", up, 2 * layout.height), **_UPRIGHT},
        }
        limits = {"transform": [{"filter": is_valid_expression(expected, low, high)}]}
        # The name of the line ends at the right edge of the plot, just below the line.
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
                        "y": {**y, "field": escape_field(low)},
                        "y2": {"field": escape_field(high)},
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
                        "encoding": {"x": x, "y": {**y, "field": escape_field(limit)}},
                    }
                    for limit in (low, high)
                ),
                {
                    "transform": [{"filter": is_valid_expression(expected, observed)}],
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
    return draw_in_both_layouts(table, spec, described, redraw)


#: Options that write the title of a vertical axis horizontally above the axis.
_UPRIGHT: Mapping[str, Any] = {
    "titleAngle": 0,
    "titleAlign": "left",
    "titleAnchor": "end",
    "titleBaseline": "bottom",
    "titleX": 0,
    "titleY": -10,
}
_LABELS = 56  # width of the labels of a vertical axis, pixels


def _plot_width(layout: Layout) -> int:
    return layout.width - _LABELS


def scatter(
    table: Table, *, x: str, y: str, group: str, size: str, axes: tuple[str, str], log: bool = False
) -> Figure:
    """Draw one labelled disc per group, whose area is a share.

    Parameters
    ----------
    table : Table
        One row per group.
    x, y, group, size : str
        Columns of the table; ``size`` is a share in 0 to 1.
    axes : (str, str)
        Titles of the horizontal and the vertical axis.
    log : bool
        Whether both axes are logarithmic; groups at zero or below are then left out.
    """
    shown = finite_rows(table.rows, x, y, size)
    log = log and not shown.filter(pl.col(x) > 0, pl.col(y) > 0).is_empty()
    above = f" && {datum_expression(x)} > 0 && {datum_expression(y)} > 0" if log else ""
    across = [value for value in finite_numbers(shown, x) if value > 0 or not log]
    ends = min(across, default=0.0), max(across, default=0.0)
    # Names are written towards the middle of the plot, where they have room.
    middle = float(f"{math.sqrt(ends[0] * ends[1]) if log else sum(ends) / 2:.9g}")

    def spec(layout: Layout) -> dict[str, Any]:
        plot = _plot_width(layout)
        pixels = {"x": plot, "y": 2 * layout.height}
        place: dict[str, Any] = {}
        for name, column, title in (("x", x, axes[0]), ("y", y, axes[1])):
            scale = value_scale(
                finite_numbers(shown, column), pixels[name] / (1 if name == "x" else 2)
            )
            axis: dict[str, Any] = {"tickCount": 5, "grid": False}
            if not log:
                axis = value_axis(table.formats.get(column, ",.0f"), scale, pixels[name])
            upright: Mapping[str, Any] = _UPRIGHT if name == "y" else {}
            place[name] = {
                "field": escape_field(column),
                "type": "quantitative",
                "title": title,
                "scale": {"type": "log", "nice": False, "padding": 24} if log else scale,
                "axis": {**axis, **upright},
            }
        area = {"field": escape_field(size), "type": "quantitative", "legend": None}
        named = {**place, "text": {"field": escape_field(group), "type": "nominal"}}
        return {
            "width": plot,
            "height": layout.height,
            "transform": [{"filter": is_valid_expression(x, y, size) + above}],
            "layer": [
                {
                    "mark": {"type": "point"},
                    "encoding": {**place, "size": {**area, "scale": {"range": [60, 700]}}},
                },
                *(
                    {
                        "transform": [{"filter": f"{datum_expression(x)} {side} {middle!r}"}],
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
    ) + describe_extremes(table, group=group, value=size, form=".0%", words=("Largest", "smallest"))
    redraw = partial(scatter, x=x, y=y, group=group, size=size, axes=axes, log=log)
    return draw_in_both_layouts(table, spec, described, redraw)


def lines(
    table: Table, *, x: str, y: str, series: str | None, axes: tuple[str, str], form: str = ".0%"
) -> Figure:
    """Draw one line per series; the series differ in dashes as well as in colours.

    Parameters
    ----------
    table : Table
        One row per point; ``x`` contains numbers, dates, or names in their order.
    x, y, series : str
        Columns of the table.
    axes : (str, str)
        Titles of the horizontal and the vertical axis.
    form : str
        Number format of ``y``.
    """
    kind = table.rows.schema[x]
    type_ = "quantitative" if kind.is_numeric() else "temporal" if kind.is_temporal() else "ordinal"
    # Without this scale Vega would show dates in the time zone of the machine that draws.
    extra = {"scale": {"type": "utc"}} if type_ == "temporal" else {}
    whole = {"format": ",d", "tickMinStep": 1} if kind.is_integer() else {}
    number_format = table.formats.get(y, form)

    def spec(layout: Layout) -> dict[str, Any]:
        plot = _plot_width(layout)
        scale = value_scale(finite_numbers(table.rows, y), layout.height, has_zero=True)
        across: dict[str, Any] = {}
        if type_ == "quantitative":
            across["scale"] = value_scale(finite_numbers(table.rows, x), plot)
        encoding: dict[str, Any] = {
            "x": {
                "field": escape_field(x),
                "type": type_,
                "title": axes[0],
                "axis": {"tickCount": plot // 110, "labelAngle": 0, **whole},
                **across,
                **extra,
                **({"sort": None} if type_ == "ordinal" else {}),
            },
            "y": {
                "field": escape_field(y),
                "type": "quantitative",
                "title": axes[1],
                "scale": scale,
                "axis": {**value_axis(number_format, scale, 2 * layout.height), **_UPRIGHT},
            },
        }
        if series is not None:
            named = {"field": escape_field(series), "type": "nominal", "title": None, "sort": None}
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

    described = f"Lines: {axes[1]} over {axes[0]}. " + describe_extremes(
        table, group=x, value=y, form=form, series=series
    )
    redraw = partial(lines, x=x, y=y, series=series, axes=axes, form=form)
    return draw_in_both_layouts(table, spec, described, redraw)
