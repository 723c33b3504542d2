"""Charts with one row per group: the groups from top to bottom, each with its value beside it.

Each function draws its table twice, for the text column and for a phone (``style.Layout``). Values
are written beside the marks, reference lines have names, and no mark is on an edge.
"""

from functools import partial
from typing import Any

import polars as pl

from workbench.charts.encoding import (
    column_width,
    datum_expression,
    draw_in_both_layouts,
    escape_field,
    finite_numbers,
    is_valid_expression,
    place_rows,
    reference_line,
    reference_line_in_rows,
    reference_line_name,
    value_axis,
    value_layer,
    value_scale,
)
from workbench.charts.exhibits import Figure, Table
from workbench.charts.formatting import (
    axis_format,
    cell_text,
    column_format,
    describe_extremes,
    finite_rows,
    group_name,
    text_width,
    value_format,
)
from workbench.charts.style import (
    CAP,
    COLOURS,
    GROUND,
    SMALL,
    TYPE,
    Layout,
)

_APART = 10  # distance between the value, the limits and the word between them, pixels
_TO = "to"
_INTERVAL = "95 % interval"


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
    range_name: str = _INTERVAL,
    note: str | None = None,
) -> Figure:
    """Draw one dot with its interval per group, groups from top to bottom.

    Parameters
    ----------
    table : Table
        One row per group, drawn in this order.
    group, value, low, high : str
        Columns of the table.
    axis : str
        Title of the value's axis, with its unit.
    form : str
        Number format of the value if the table has none; the axis adds the decimals it needs.
    reference : float, optional
        Value to compare with, drawn as a dashed line.
    reference_name : str
        Name of the reference ("everybody"), written at its line.
    range_name : str
        Name of the range from ``low`` to ``high``, if it is not a confidence interval.
    note : str, optional
        Column of remarks; a group with one ("too small to judge") is drawn hollow and has the
        remark below its name.
    """
    drawn = finite_numbers(table.rows, value, low, high) + (
        [] if reference is None else [reference]
    )
    number_format = column_format(table, value, (low, high), form)
    line = "" if reference is None else cell_text(reference, number_format)
    named = f"{reference_name} {line}".strip() if reference else reference_name
    spec = partial(
        _interval_specification,
        table, group=group, value=value, limits=(low, high), axis=axis, form=number_format,
        drawn=drawn, reference=reference, named=named, range_name=range_name, note=note,
    )  # fmt: skip
    opening = f"Dots with {range_name}s: {axis} by {table.label(group)}. "
    described = opening + describe_extremes(
        table, group=group, value=value, form=form, limits=(low, high)
    )
    if finite_rows(table.rows, low, high).is_empty():
        described += " No interval can be given."
    if note is not None:
        described += _describe_remarks(table, group, note)
    if reference is not None:
        what = f", {reference_name}" if reference_name else ""
        described += f" The dashed line is at {line}{what}."
    redraw = partial(
        intervals,
        group=group, value=value, low=low, high=high, axis=axis, form=form, reference=reference,
        reference_name=reference_name, range_name=range_name, note=note,
    )  # fmt: skip
    return draw_in_both_layouts(table, spec, described, redraw)


def _interval_specification(
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
    range_name: str,
    note: str | None,
) -> dict[str, Any]:
    low, high = limits
    has_limits = not finite_rows(table.rows, low, high).is_empty()
    widths = {
        name: column_width(table.rows, name, form, size)
        for name, size in ((value, TYPE), (low, SMALL), (high, SMALL))
    }
    to = text_width(_TO, SMALL) + _APART
    span = widths[low] + to + widths[high] + 2 * _APART if has_limits else 0.0
    if has_limits and not layout.is_stacked:
        span = max(span, text_width(range_name, SMALL) + 2 * _APART)
    counted = _persons_column(table, layout, value)
    room = 0.0
    if counted is not None:
        room = max(column_width(table.rows, counted, ",.0f", SMALL), text_width("persons", SMALL))
        span += room + 2 * _APART
    rows = place_rows(table, group, layout, values=widths[value] + span, note=note)
    end = rows.right - (room + 2 * _APART if counted is not None else 0.0)  # of the interval
    scale = value_scale(drawn, rows.plot)
    place = {"field": escape_field(value), "type": "quantitative", "scale": scale}
    # In the stacked layout grid lines would cross names and values.
    ticks = {**value_axis(form, scale, rows.plot), "grid": not layout.is_stacked}
    x = {**place, "title": axis, "axis": ticks}
    ends = [{**x, "field": escape_field(end)} for end in limits]
    has_note = (
        "false"
        if note is None
        else f"isValid({datum_expression(note)}) && {datum_expression(note)} != ''"
    )
    layers: list[dict[str, Any]] = []
    if reference is not None:
        layers.append(
            reference_line_in_rows(reference, rows)
            if layout.is_stacked
            else reference_line(reference)
        )
    layers += [
        {
            "transform": [{"filter": is_valid_expression(low, high)}],
            "mark": {"type": "rule", "strokeWidth": 2, "yOffset": rows.marks},
            "encoding": {"y": rows.y, "x": ends[0], "x2": {"field": escape_field(high)}},
        },
        # The ticks show the ends of an interval that is shorter than its dot.
        *(
            {
                "transform": [{"filter": is_valid_expression(low, high)}],
                "mark": {"type": "tick", "thickness": 2, "size": CAP, "yOffset": rows.marks},
                "encoding": {"y": rows.y, "x": end},
            }
            for end in ends
        ),
        {
            "transform": [{"filter": f"{is_valid_expression(value)} && !({has_note})"}],
            "mark": {"type": "point", "yOffset": rows.marks},
            "encoding": {"y": rows.y, "x": x},
        },
    ]
    if note is not None:
        hollow = {"fill": GROUND, "stroke": COLOURS[0], "strokeWidth": 2}
        layers.append(
            {
                "transform": [{"filter": f"{is_valid_expression(value)} && {has_note}"}],
                "mark": {"type": "point", "yOffset": rows.marks, **hollow},
                "encoding": {"y": rows.y, "x": x},
            }
        )
    write = partial(value_layer, rows, form=form, is_known=is_valid_expression(value))
    layers.append(write(right=rows.right - span, column=value))
    if has_limits:
        write = partial(
            value_layer, rows, form=form, is_known=is_valid_expression(*limits), is_quiet=True
        )
        layers.append(write(right=end - widths[high] - to, column=low))
        layers.append(write(right=end, column=high))
        between = write(right=end - widths[high] - _APART / 2, column=low)
        between["encoding"]["text"] = {"value": _TO}
        layers.append(between)
        if not layout.is_stacked:
            layers.append(_heading_layer(range_name, end))
    if counted is not None:
        write = partial(
            value_layer, rows, form=",.0f", is_known=is_valid_expression(counted), is_quiet=True
        )
        layers += [write(right=rows.right, column=counted), _heading_layer("persons", rows.right)]
    if reference is not None and named:
        layers.append(reference_line_name(reference, named, scale, rows.plot))
    return {**rows.size, "layer": layers}


def _persons_column(table: Table, layout: Layout, value: str) -> str | None:
    """Return the column of persons to write beside the values, or None if there is no room."""
    return None if layout.is_stacked or table.persons == value else table.persons


def _heading_layer(text: str, right: float) -> dict[str, Any]:
    """Return the layer of a heading above values."""
    return {
        "data": {"values": [{}]},
        "mark": {"type": "text", "align": "right", "baseline": "bottom", "fontSize": SMALL},
        "encoding": {"x": {"value": right}, "y": {"value": -4}, "text": {"value": text}},
    }


def _describe_remarks(table: Table, group: str, note: str) -> str:
    """Return a sentence for each group with a remark."""
    rows = table.rows.filter(pl.col(note).fill_null("") != "")
    return "".join(
        f" {group_name(name)}: {remark}." for name, remark in rows.select(group, note).iter_rows()
    )


def bars(table: Table, *, group: str, value: str, axis: str, form: str = ".0%") -> Figure:
    """Draw one bar per group from top to bottom; parameters are those of ``intervals``."""
    axis_format(form, ())  # This call refuses a number format that charts cannot use.
    number_format = value_format(table, value, form)

    def spec(layout: Layout) -> dict[str, Any]:
        room = column_width(table.rows, value, number_format, TYPE)
        rows = place_rows(table, group, layout, values=room)
        ends = [0.0, max([1e-9, *finite_numbers(table.rows, value)])]
        x = {
            "field": escape_field(value),
            "type": "quantitative",
            "axis": None,  # The value is written beside each bar.
            "scale": {"domain": ends, "nice": False},
        }
        return {
            **rows.size,
            "layer": [
                {
                    "mark": {"type": "bar", "height": 18, "yOffset": rows.marks},
                    "encoding": {"y": rows.y, "x": x},
                },
                value_layer(
                    rows,
                    right=rows.right,
                    column=value,
                    form=number_format,
                    is_known=is_valid_expression(value),
                ),
                _heading_layer(axis, rows.right),
            ],
        }

    opening = f"Bars: {axis} by {table.label(group)}. "
    described = opening + describe_extremes(table, group=group, value=value, form=form)
    return draw_in_both_layouts(
        table, spec, described, partial(bars, group=group, value=value, axis=axis, form=form)
    )
