"""Parts of Vega-Lite specifications that several forms of picture share."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from workbench.charts.exhibits import Figure, Table
from workbench.charts.style import LINE, MUTED, NARROW, SMALL, TYPE, WIDE, Layout
from workbench.charts.wording import axis_form, cell_text, finite, name_lines, text_width

_ROW = "_row"  # number of a group in the table, from 1: names may be equal, or anything
_MARKS = 30  # height that the marks of a group take, pixels
_GAP = 16  # between names, plot and values
_MOST_NAMES = 0.42  # share of the drawing's width that names beside a plot may take
_MOST_TICKS = 6
#: What d3 rounds a step to, and from which multiple of a power of ten on.
_STEPS = ((10, math.sqrt(50)), (5, math.sqrt(10)), (2, math.sqrt(2)))
_DECIMALS = re.compile(r"\.\d+")
_FREE = 22  # free part of a scale at each end: no mark is on its edge, no label beyond it, pixels
_NOTHING_BELOW = 6  # characters that fit on a line in any case


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """One row per group: where names, marks and values of a table's groups are.

    Attributes
    ----------
    y : dict
        Encoding of the groups, with their names as an axis.
    size : dict
        ``transform``, ``width`` and ``height`` of the specification.
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


def rows_of(
    table: Table, group: str, layout: Layout, *, values: float, note: str | None = None
) -> Rows:
    """Place the groups of a table from top to bottom, in their order.

    Every group has its place, whether or not there is something to draw in it; long names are
    broken into several lines.

    Parameters
    ----------
    table : Table
        One row per group.
    group : str
        Column of the groups' names.
    layout : Layout
        Whether names and values are beside the plot or above each group's marks.
    values : float
        Width that the values at the right take, pixels.
    note : str, optional
        Column of a remark on a group ("too small to judge"), written below its name.
    """
    free = layout.width - values - _GAP
    free = free if layout.is_stacked else min(free, layout.width * _MOST_NAMES)
    characters = max(_NOTHING_BELOW, int(free / (TYPE * 0.52)))
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
            "labelOffset": _by_lines(
                names,
                (lambda n: first + (most - n) * LINE)
                if layout.is_stacked
                else (lambda n: -(n - 1) * LINE / 2),
            ),
        },
    }
    return Rows(
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


def _by_lines(names: Sequence[list[str]], offset: Callable[[int], float]) -> dict[str, Any]:
    """Lift each name by what its number of lines needs."""
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


def scale_of(values: Sequence[float], pixels: float, *, has_zero: bool = False) -> dict[str, Any]:
    """Return a scale that reaches a little beyond its values: no mark is on its edge."""
    held = [*values, *([0.0] if has_zero else [])]
    low, high = min(held, default=0.0), max(held, default=1.0)
    spread = (high - low) or abs(high) or 1.0
    free = spread * _FREE / max(pixels - 2 * _FREE, _FREE)
    ends = [low - free, high + free]
    return {"domain": [float(f"{end:.9g}") for end in ends], "nice": False, "zero": False}


def axis_of(form: str, scale: dict[str, Any], pixels: float) -> dict[str, Any]:
    """Return an axis with so many ticks that their labels cannot meet."""
    ends = scale["domain"]
    whole = _DECIMALS.sub(".0", form)  # an axis has the decimals that its ticks need, no more
    ticks = _MOST_TICKS
    while ticks > 2:  # fewer ticks can need fewer decimals, so the widths are measured anew
        told = axis_form(whole, ends, ticks)
        widest = max(text_width(cell_text(float(end), told), SMALL) for end in ends)
        if _apart(ends, ticks) * pixels >= widest + _GAP:
            break
        ticks -= 1
    told = picture_form(axis_form(whole, ends, ticks))
    return {"format": told, "tickCount": ticks, "grid": True}


def _apart(ends: Sequence[float], ticks: int) -> float:
    """Return the distance between ticks as a share of the scale, by d3's rule of steps."""
    step = (ends[1] - ends[0]) / ticks
    power = 10.0 ** math.floor(math.log10(step))
    times = next((n for n, from_ in _STEPS if step / power >= from_), 1)
    return times * power / (ends[1] - ends[0])


def line_at(value: float) -> dict[str, Any]:
    """Return the layer of a dashed line across the value axis."""
    return {
        "data": {"values": [{}]},  # its own single row: else it is drawn once per group
        "mark": {"type": "rule", "strokeDash": [4, 4], "color": MUTED, "strokeWidth": 1.5},
        "encoding": {"x": {"datum": value, "type": "quantitative"}},
    }


def line_in_rows(value: float, rows: Rows) -> dict[str, Any]:
    """Return the layer of a line across the value axis that is drawn at the marks of each row."""
    mark = {"type": "tick", "thickness": 1.5, "size": 24, "color": MUTED, "yOffset": rows.marks}
    return {
        "mark": mark,
        "encoding": {"y": rows.y, "x": {"datum": value, "type": "quantitative"}},
    }


def name_of_line(value: float, text: str, scale: dict[str, Any], plot: float) -> dict[str, Any]:
    """Return the layer of the name of a line across the value axis, above the plot."""
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


def written(
    rows: Rows, *, right: float, column: str, form: str, is_known: str, is_quiet: bool = False
) -> dict[str, Any]:
    """Return the layer that writes a column's values, aligned at the right."""
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
            "text": {"field": field(column), "type": "quantitative", "format": picture_form(form)},
        },
    }


def picture_form(form: str) -> str:
    """Return a Python number format as d3 takes it, which never writes a negative zero."""
    return form.replace("z", "")


def numbers(rows: pl.DataFrame, *columns: str) -> list[float]:
    """Return all finite numbers of some columns."""
    return [v for name in columns for v in finite(rows, name)[name].cast(pl.Float64).to_list()]


def column_width(rows: pl.DataFrame, column: str, form: str, size: int) -> float:
    """Return the width of the widest value of a column, pixels."""
    texts = (cell_text(value, form) for value in numbers(rows, column))
    return math.ceil(max((text_width(text, size) for text in texts), default=0.0))


def field(name: str) -> str:
    """Return a column's name as Vega-Lite takes it: dots and brackets would mean a path."""
    return "".join(f"\\{sign}" if sign in ".[]\\'\"" else sign for sign in name)


def datum(name: str) -> str:
    """Return the expression of a column's value in the row at hand."""
    return f"datum[{json.dumps(name)}]"


def known(*columns: str) -> str:
    """Return the expression that tells whether a row has a value in all these columns."""
    return " && ".join(f"isValid({datum(name)})" for name in columns)


def drawn_twice(
    table: Table,
    spec: Callable[[Layout], Mapping[str, Any]],
    description: str,
    redraw: Callable[[Table], Figure],
) -> Figure:
    """Make a figure from its specification for each layout, the text column's and a phone's."""
    return Figure(
        table=table,
        spec=spec(WIDE),
        narrow=spec(NARROW),
        description=description,
        redraw=redraw,
    )
