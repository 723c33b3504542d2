"""The few forms of picture that reports need, each a figure over a table of group results."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from workbench.charts.exhibits import Figure, Table
from workbench.charts.style import COLOURS, MUTED, WIDTH

_BAND = 26  # pixels per category


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
        d3 number format of the axis.
    reference : float, optional
        A value to compare with, drawn as a dashed line.
    """
    rows = table.rows.drop_nulls(value)
    spread = pl.concat([rows[low].drop_nulls(), rows[high].drop_nulls()])
    y = {"field": group, "type": "nominal", "sort": None, "title": None}
    scale = {"zero": False, "nice": True}
    x = {
        "field": value,
        "type": "quantitative",
        "title": axis,
        "axis": {"format": form, "tickCount": 5},
        "scale": scale,
    }
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {
                "y": y,
                "x": {"field": low, "type": "quantitative", "scale": scale, "title": axis},
                "x2": {"field": high},
            },
        },
        {"mark": {"type": "point"}, "encoding": {"y": y, "x": x}},
    ]
    if reference is not None:
        layers.append(
            {
                "mark": {"type": "rule", "strokeDash": [4, 4], "color": MUTED},
                "encoding": {"x": {"datum": reference, "type": "quantitative"}},
            }
        )
    spec = {"width": WIDTH - 120, "height": {"step": _BAND}, "layer": layers}
    said = f"Dots with 95 % intervals: {axis} by {table.labels.get(group, group)}. "
    described = said + _extremes(rows, group=group, value=value, form=form)
    if spread.is_empty():
        described += " No interval can be given."
    return Figure(table=table, spec=spec, description=described)


def bars(table: Table, *, group: str, value: str, axis: str, form: str = ".0%") -> Figure:
    """Draw one bar per group, groups from top to bottom."""
    spec = {
        "width": WIDTH - 120,
        "height": {"step": _BAND},
        "mark": {"type": "bar", "height": {"band": 0.7}},
        "encoding": {
            "y": {"field": group, "type": "nominal", "sort": None, "title": None},
            "x": {
                "field": value,
                "type": "quantitative",
                "title": axis,
                "axis": {"format": form, "tickCount": 5},
            },
        },
    }
    said = f"Bars: {axis} by {table.labels.get(group, group)}. "
    described = said + _extremes(table.rows, group=group, value=value, form=form)
    return Figure(table=table, spec=spec, description=described)


def observed_against_expected(
    table: Table, *, expected: str, observed: str, low: str, high: str, axes: tuple[str, str]
) -> Figure:
    """Draw observed shares with intervals over expected ones, and the line of equality.

    Parameters
    ----------
    table : Table
        One row per group of similar expectation.
    axes : (str, str)
        Titles of the horizontal (expected) and the vertical axis.
    """
    rows = table.rows.drop_nulls([expected, observed])
    top = max([0.05, *(float(v) for v in rows[high].drop_nulls()), *(float(v) for v in rows[expected])])
    domain = {"domain": [0, min(1.0, top * 1.05)]}
    x = {
        "field": expected,
        "type": "quantitative",
        "title": axes[0],
        "scale": domain,
        "axis": {"format": ".0%", "tickCount": 5},
    }
    y = {
        "field": observed,
        "type": "quantitative",
        "title": axes[1],
        "scale": domain,
        "axis": {"format": ".0%", "tickCount": 5},
    }
    low_y = {**y, "field": low}
    end = domain["domain"][1]
    equality = {
        "data": {"values": [{"e": 0, "o": 0}, {"e": end, "o": end}]},
        "mark": {"type": "line", "strokeDash": [4, 4], "color": MUTED, "strokeWidth": 1},
        "encoding": {
            "x": {"field": "e", "type": "quantitative", "title": axes[0]},
            "y": {"field": "o", "type": "quantitative", "title": axes[1]},
        },
    }
    spec = {
        "width": WIDTH - 120,
        "height": 280,
        "layer": [
            equality,
            {"mark": {"type": "rule"}, "encoding": {"x": x, "y": low_y, "y2": {"field": high}}},
            {"mark": {"type": "point"}, "encoding": {"x": x, "y": y}},
        ],
    }
    inside = rows.filter((pl.col(low) <= pl.col(expected)) & (pl.col(expected) <= pl.col(high)))
    described = (
        f"Dots with 95 % intervals: {axes[1]} over {axes[0]}, with the line of equality. In "
        f"{inside.height} of {rows.height} groups the interval contains the expected share."
    )
    return Figure(table=table, spec=spec, description=described)


def scatter(
    table: Table, *, x: str, y: str, group: str, size: str, axes: tuple[str, str], log: bool = False
) -> Figure:
    """Draw one labelled disc per group, its area a share."""
    kind = {"type": "log"} if log else {"zero": False}
    base: Mapping[str, Any] = {
        "x": {
            "field": x, "type": "quantitative", "title": axes[0], "scale": kind,
            "axis": {"tickCount": 5},
        },
        "y": {
            "field": y, "type": "quantitative", "title": axes[1], "scale": kind,
            "axis": {"tickCount": 5},
        },
    }  # fmt: skip
    spec = {
        "width": WIDTH - 120,
        "height": 280,
        "layer": [
            {
                "mark": {"type": "point", "opacity": 0.75},
                "encoding": {
                    **base,
                    "size": {
                        "field": size,
                        "type": "quantitative",
                        "legend": None,
                        "scale": {"range": [60, 900]},
                    },
                },
            },
            {
                "mark": {"type": "text", "dy": -16},
                "encoding": {**base, "text": {"field": group}},
            },
        ],
    }
    described = (
        f"Discs: {axes[1]} over {axes[0]}, one per {table.labels.get(group, group)}, "
        f"area by {table.labels.get(size, size)}. "
        + _extremes(table.rows, group=group, value=size, form=".0%")
    )
    return Figure(table=table, spec=spec, description=described)


def lines(
    table: Table, *, x: str, y: str, series: str | None, axes: tuple[str, str], form: str = ".0%"
) -> Figure:
    """Draw one line per series; dashes tell the series apart as well as colours do."""
    encoding: dict[str, Any] = {
        "x": {"field": x, "type": "quantitative", "title": axes[0], "axis": {"tickCount": 6}},
        "y": {
            "field": y,
            "type": "quantitative",
            "title": axes[1],
            "axis": {"format": form, "tickCount": 5},
        },
    }
    if series is not None:
        named = {"field": series, "type": "nominal", "title": None, "sort": None}
        encoding["color"] = {**named, "scale": {"range": list(COLOURS)}}
        encoding["strokeDash"] = named
    spec = {
        "width": WIDTH - 120,
        "height": 260,
        "mark": {"type": "line", "point": True},
        "encoding": encoding,
    }
    described = f"Lines: {axes[1]} over {axes[0]}. " + _extremes(
        table.rows, group=x, value=y, form=form
    )
    return Figure(table=table, spec=spec, description=described)


def _extremes(rows: pl.DataFrame, *, group: str, value: str, form: str) -> str:
    known = rows.drop_nulls(value).sort(value, group)
    if known.is_empty():
        return "Nothing can be shown."
    low, high = known.row(0, named=True), known.row(-1, named=True)
    return (
        f"Highest: {high[group]} with {high[value]:{form}}; "
        f"lowest: {low[group]} with {low[value]:{form}}; {known.height} in all."
    )
