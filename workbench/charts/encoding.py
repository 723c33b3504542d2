"""Parts of Vega-Lite specifications that several kinds of charts share."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from workbench.charts.exhibits import Figure, Table
from workbench.charts.formatting import axis_format, cell_text, finite_rows, name_lines, text_width
from workbench.charts.style import LINE, MUTED, NARROW, SMALL, TYPE, WIDE, Layout

#: Field with the number of a group in the table, from 1; names of groups may repeat.
_ROW = "_row"
_MARKS = 30  # height of the marks of a group, pixels
_GAP = 16  # distance between names, plot and values, pixels
_MOST_NAMES = 0.42  # largest share of the drawing's width for names beside a plot
_MOST_TICKS = 6
#: Steps to which d3 rounds, each with the smallest multiple of a power of ten for which it is used.
_STEPS = ((10, math.sqrt(50)), (5, math.sqrt(10)), (2, math.sqrt(2)))
_DECIMALS = re.compile(r"\.\d+")
#: Empty part of a scale at each end, pixels, so that no mark or label crosses the edge.
_FREE = 22
_FEWEST_CHARACTERS = 6  # smallest number of characters on a line of names


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPlacement:
    """Positions of the names, marks and values of a table's groups, one row per group.

    Attributes
    ----------
    y : dict
        Encoding of the groups, with their names as an axis.
    size : dict
        Keys ``transform``, ``width`` and ``height`` of the specification.
    plot : float
        Width of the plot, pixels.
    marks, texts : float
        Distance of marks and of values from the middle of a row, pixels downwards.
    right : float
        Right edge of the values, pixels from the left edge of the plot.
    """

    y: dict[str, Any]
    size: dict[str, Any]
    plot: float
    marks: float
    texts: float
    right: float


def place_rows(
    table: Table, group: str, layout: Layout, *, values: float, note: str | None = None
) -> RowPlacement:
    """Place the groups of a table from top to bottom, in their order.

    Every group has a row, even if it has no value to draw; long names have several lines.

    Parameters
    ----------
    table : Table
        One row per group.
    group : str
        Column of the groups' names.
    layout : Layout
        Layout that decides whether names and values are beside the plot or above the marks.
    values : float
        Width of the values at the right, pixels.
    note : str, optional
        Column of remarks on groups ("too small to judge"), written below their names.
    """
    free = layout.width - values - _GAP
    free = free if layout.is_stacked else min(free, layout.width * _MOST_NAMES)
    characters = max(_FEWEST_CHARACTERS, int(free / (TYPE * 0.52)))
    remarks = table.rows[note] if note is not None else [None] * table.rows.height
    names = [
        [*name_lines(name, characters), *([str(remark)] if remark else [])]
        for name, remark in zip(table.rows[group], remarks, strict=True)
    ]
    most = max((len(name) for name in names), default=1)
    widest = max((text_width(line, TYPE) for name in names for line in name), default=0)
    left = 0.0 if layout.is_stacked else round(max(60.0, widest) + _GAP)
    step = most * LINE + _MARKS if layout.is_stacked else max(_MARKS, most * LINE + 10)
    plot = layout.width if layout.is_stacked else round(layout.width - left - values - _GAP)
    first = -step / 2 + LINE / 2  # middle of a stacked row's first line
    y = {
        "field": _ROW,
        "type": "ordinal",
        "sort": "ascending",
        "title": None,
        "scale": {"domain": list(range(1, len(names) + 1))},
        "axis": {
            "labelExpr": f"{json.dumps(names)}[datum.value - 1]",
            "labelFontSize": TYPE,
            "labelAlign": "left",
            "labelPadding": left,
            "labelLimit": 0,
            "labelOverlap": False,
            "labelLineHeight": LINE,
            "labelOffset": _offsets_by_line_count(
                names,
                (lambda n: first + (most - n) * LINE)
                if layout.is_stacked
                else (lambda n: -(n - 1) * LINE / 2),
            ),
        },
    }
    return RowPlacement(
        y=y,
        size={
            "transform": [{"window": [{"op": "row_number", "as": _ROW}]}],
            "width": plot,
            "height": {"step": step},
        },
        plot=plot,
        marks=(most * LINE) / 2 if layout.is_stacked else 0.0,
        texts=first + (most - 1) * LINE if layout.is_stacked else 0.0,
        right=layout.width - left,
    )


def _offsets_by_line_count(
    names: Sequence[list[str]], offset: Callable[[int], float]
) -> dict[str, Any]:
    """Return the vertical offset of each name, which depends on its number of lines."""
    lines = [len(name) for name in names]
    conditions = [
        {
            "test": f"indexof({[row + 1 for row, n in enumerate(lines) if n == size]}, "
            "datum.value) >= 0",
            "value": offset(size),
        }
        for size in sorted(set(lines) - {0, 1})
    ]
    return {"condition": conditions, "value": offset(1)}


#: Share of a number below which a difference from it is rounding.
_ROUNDING = 1e-7


def value_scale(
    values: Sequence[float], pixels: float, *, has_zero: bool = False
) -> dict[str, Any]:
    """Return a scale that extends a little beyond its values, so that no mark is on its edge."""
    held = [*values, *([0.0] if has_zero else [])]
    low, high = min(held, default=0.0), max(held, default=1.0)
    size = max(abs(low), abs(high))
    # Values that differ by rounding alone are one value.
    spread = high - low if high - low > _ROUNDING * size else size or 1.0
    free = spread * _FREE / max(pixels - 2 * _FREE, _FREE)
    ends = [low - free, high + free]
    return {"domain": [float(f"{end:.9g}") for end in ends], "nice": False, "zero": False}


def value_axis(form: str, scale: dict[str, Any], pixels: float) -> dict[str, Any]:
    """Return an axis with as many ticks as fit without their labels touching."""
    ends = scale["domain"]
    whole = _DECIMALS.sub(".0", form)  # ``axis_format`` adds the decimals that the ticks need.
    ticks = _MOST_TICKS
    while ticks > 2:  # Fewer ticks can need fewer decimals, so the width is measured each time.
        tick_format = axis_format(whole, ends, ticks)
        widest = max(text_width(cell_text(float(end), tick_format), SMALL) for end in ends)
        if _tick_distance(ends, ticks) * pixels >= widest + _GAP:
            break
        ticks -= 1
    tick_format = d3_format(axis_format(whole, ends, ticks))
    return {"format": tick_format, "tickCount": ticks, "grid": True}


def _tick_distance(ends: Sequence[float], ticks: int) -> float:
    """Return the distance between ticks as a share of the scale, by d3's rule of steps."""
    step = (ends[1] - ends[0]) / ticks
    power = 10.0 ** math.floor(math.log10(step))
    times = next((n for n, from_ in _STEPS if step / power >= from_), 1)
    return times * power / (ends[1] - ends[0])


def reference_line(value: float) -> dict[str, Any]:
    """Return the layer of a dashed line across the value axis."""
    return {
        "data": {"values": [{}]},  # Without this single row the line is drawn once per group.
        "mark": {"type": "rule", "strokeDash": [4, 4], "color": MUTED, "strokeWidth": 1.5},
        "encoding": {"x": {"datum": value, "type": "quantitative"}},
    }


def reference_line_in_rows(value: float, rows: RowPlacement) -> dict[str, Any]:
    """Return the layer of a line across the value axis, drawn as a short piece in each row."""
    mark = {"type": "tick", "thickness": 1.5, "size": 24, "color": MUTED, "yOffset": rows.marks}
    return {
        "mark": mark,
        "encoding": {"y": rows.y, "x": {"datum": value, "type": "quantitative"}},
    }


def reference_line_name(
    value: float, text: str, scale: dict[str, Any], plot: float
) -> dict[str, Any]:
    """Return the layer with the name of a reference line, above the plot."""
    low, high = scale["domain"]
    at = (value - low) / (high - low) * plot
    half = text_width(text, SMALL) / 2
    align = "left" if at < half else "right" if at > plot - half else "center"
    return {
        "data": {"values": [{}]},
        "mark": {"type": "text", "align": align, "fontSize": SMALL, "baseline": "bottom"},
        "encoding": {
            "x": {"datum": value, "type": "quantitative"},
            "y": {"value": -4},
            "text": {"value": text},
        },
    }


def value_layer(
    rows: RowPlacement,
    *,
    right: float,
    column: str,
    form: str,
    is_known: str,
    is_quiet: bool = False,
) -> dict[str, Any]:
    """Return the layer that writes the values of a column, aligned at the right."""
    return {
        "transform": [{"filter": is_known}],
        "mark": {
            "type": "text",
            "align": "right",
            "baseline": "middle",
            "dy": rows.texts,
            **({"fontSize": SMALL} if is_quiet else {}),
        },
        "encoding": {
            "y": rows.y,
            "x": {"value": right},
            "text": {
                "field": escape_field(column),
                "type": "quantitative",
                "format": d3_format(form),
            },
        },
    }


def d3_format(form: str) -> str:
    """Return a Python number format in d3's notation, without the ``z`` that d3 does not need."""
    return form.replace("z", "")


def finite_numbers(rows: pl.DataFrame, *columns: str) -> list[float]:
    """Return all finite numbers of some columns."""
    return [v for name in columns for v in finite_rows(rows, name)[name].cast(pl.Float64).to_list()]


def column_width(rows: pl.DataFrame, column: str, form: str, size: int) -> float:
    """Return the width of the widest value of a column, pixels."""
    texts = (cell_text(value, form) for value in finite_numbers(rows, column))
    return math.ceil(max((text_width(text, size) for text in texts), default=0.0))


def escape_field(name: str) -> str:
    """Return a column's name with dots and brackets escaped, which Vega-Lite reads as a path."""
    return "".join(f"\\{sign}" if sign in ".[]\\'\"" else sign for sign in name)


def datum_expression(name: str) -> str:
    """Return the Vega expression of a column's value in the current row."""
    return f"datum[{json.dumps(name)}]"


def is_valid_expression(*columns: str) -> str:
    """Return the Vega expression that is true if a row has a value in all these columns."""
    return " && ".join(f"isValid({datum_expression(name)})" for name in columns)


def draw_in_both_layouts(
    table: Table,
    spec: Callable[[Layout], Mapping[str, Any]],
    description: str,
    redraw: Callable[[Table], Figure],
) -> Figure:
    """Return a figure with one specification for the text column of a page and one for a phone."""
    return Figure(
        table=table,
        spec=spec(WIDE),
        narrow=spec(NARROW),
        description=description,
        redraw=redraw,
    )
