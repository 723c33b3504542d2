"""Parts of Vega-Lite specifications that several forms of picture share."""

import json
from typing import Any

import polars as pl

from workbench.charts.exhibits import Table
from workbench.charts.style import MUTED, WIDTH
from workbench.charts.wording import finite, name_lines

_BAND, _LINE = 26, 15  # pixels per category, and per further line of its name
_CHARACTER = 6.4  # mean width of a character, pixels
_ROW = "_row"  # number of a group in the table, from 1: names may be equal, or anything


def groups(table: Table, group: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the axis of a table's groups, in their order, and the size of the chart.

    Every group has its place, whether or not there is something to draw in it; long names stand on
    several lines.
    """
    names = [name_lines(value) for value in table.rows[group]]
    most = max((len(name) for name in names), default=1)
    widest = max((len(line) for name in names for line in name), default=0)
    y = {
        "field": _ROW,
        "type": "ordinal",
        "sort": "ascending",
        "title": None,
        "scale": {"domain": list(range(1, len(names) + 1))},
        "axis": {
            "labelExpr": f"{json.dumps(names)}[datum.value - 1]",
            "labelLimit": 0,
            "labelLineHeight": _LINE,
            "labelOffset": _centred([len(name) for name in names]),
        },
    }
    size = {
        "transform": [{"window": [{"op": "row_number", "as": _ROW}]}],
        "width": round(WIDTH - 20 - max(60.0, widest * _CHARACTER)),
        "height": {"step": max(_BAND, most * _LINE + 8)},
    }
    return y, size


def _centred(lines: list[int]) -> dict[str, Any]:
    """Lift a name of several lines by half of what it is longer than one."""
    conditions = [
        {
            "test": f"indexof({[row + 1 for row, n in enumerate(lines) if n == size]}, "
            "datum.value) >= 0",
            "value": -(size - 1) * _LINE / 2,
        }
        for size in sorted(set(lines) - {0, 1})
    ]
    return {"condition": conditions, "value": 0}


def line_at(value: float) -> dict[str, Any]:
    """Return the layer of a dashed line across the value axis."""
    return {
        "data": {"values": [{}]},  # its own single row: else it is drawn once per group
        "mark": {"type": "rule", "strokeDash": [4, 4], "color": MUTED, "strokeWidth": 1.5},
        "encoding": {"x": {"datum": value, "type": "quantitative"}},
    }


def numbers(rows: pl.DataFrame, *columns: str) -> list[float]:
    """Return all finite numbers of some columns."""
    return [v for name in columns for v in finite(rows, name)[name].cast(pl.Float64).to_list()]


def field(name: str) -> str:
    """Return a column's name as Vega-Lite takes it: dots and brackets would mean a path."""
    return "".join(f"\\{sign}" if sign in ".[]\\'\"" else sign for sign in name)


def datum(name: str) -> str:
    """Return the expression of a column's value in the row at hand."""
    return f"datum[{json.dumps(name)}]"


def known(*columns: str) -> str:
    """Return the expression that tells whether a row has a value in all these columns."""
    return " && ".join(f"isValid({datum(name)})" for name in columns)
