"""Charts of rows: one group below the other, its value beside it.

A form draws its table twice, for the text column and for a phone (``style.Layout``). Values are
written where they can be read, lines to compare with have their names, and no mark is on an edge.
"""

from functools import partial
from typing import Any

import polars as pl

from workbench.charts.encoding import (
    axis_of,
    column_width,
    datum,
    drawn_twice,
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
    CAP,
    COLOURS,
    GROUND,
    SMALL,
    TYPE,
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

_APART = 10  # between the value, the limits and the word between them
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
    said = f"Dots with 95 % intervals: {axis} by {table.label(group)}. "
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
    return drawn_twice(table, spec, described, redraw)


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
                "mark": {"type": "tick", "thickness": 2, "size": CAP, "yOffset": rows.marks},
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

    said = f"Bars: {axis} by {table.label(group)}. "
    described = said + extremes(table, group=group, value=value, form=form)
    return drawn_twice(
        table, spec, described, partial(bars, group=group, value=value, axis=axis, form=form)
    )
