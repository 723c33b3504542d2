"""The form in which exhibits and records leave a kernel, and how they are read again.

A cell's output of type ``EXHIBIT`` or ``RECORD`` is JSON made here; any other output of a notebook
is kept out of its page. Floats are rounded to nine significant digits on the way, because the last
bits of a sum differ with the number of threads.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import polars as pl

from workbench.charts.exhibits import Figure, Table
from workbench.statistics.estimates import Estimate
from workbench.statistics.verdicts import Outcome, Verdict

EXHIBIT = "application/vnd.workbench.exhibit+json"
RECORD = "application/vnd.workbench.record+json"

_DIGITS = 9


def rounded(value: Any) -> Any:
    """Round floats to nine significant digits, everywhere in a JSON value; NaN becomes null."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return 0.0 if value == 0 else float(f"{value:.{_DIGITS}g}")
    if isinstance(value, Mapping):
        return {str(key): rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return value


def table_json(table: Table, hidden: int = 0) -> dict[str, Any]:
    """Return a table as JSON; ``hidden`` rows had their figures taken away."""
    rows = table.rows.with_columns(
        pl.col(name).cast(pl.String) for name, kind in table.rows.schema.items() if _is_text(kind)
    )
    return {
        "kind": "table",
        "name": table.name,
        "title": table.title,
        "columns": [[name, _json_type(kind)] for name, kind in rows.schema.items()],
        "rows": [[rounded(value) for value in row] for row in rows.iter_rows()],
        "persons": table.persons,
        "margin": table.margin,
        "labels": dict(table.labels),
        "formats": dict(table.formats),
        "origin": table.origin,
        "source": table.source,
        "note": table.note,
        "hidden": hidden,
    }


def table_of(content: Mapping[str, Any]) -> Table:
    """Make a table again from its JSON."""
    schema = {name: _TYPES[kind] for name, kind in content["columns"]}
    return Table(
        name=content["name"],
        title=content["title"],
        rows=pl.DataFrame(content["rows"], schema=schema, orient="row"),
        persons=content["persons"],
        margin=content["margin"],
        labels=content["labels"],
        formats=content["formats"],
        origin=content["origin"],
        source=content["source"],
        note=content.get("note", ""),
    )


def figure_json(figure: Figure) -> dict[str, Any]:
    """Return a figure as JSON, its data as a table's."""
    return {
        **table_json(figure.table, figure.hidden),
        "kind": "figure",
        "spec": rounded(figure.spec),
        "narrow": None if figure.narrow is None else rounded(figure.narrow),
        "description": figure.description,
    }


def figure_of(content: Mapping[str, Any]) -> Figure:
    """Make a figure again from its JSON."""
    return Figure(
        table=table_of(content),
        spec=content["spec"],
        narrow=content.get("narrow"),  # records of earlier versions have one drawing
        description=content["description"],
        hidden=int(content["hidden"]),  # a page prints it: nothing but a number
    )


def estimate_json(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate as JSON."""
    content: dict[str, Any] = rounded(asdict(estimate))
    del content["made"]
    return content


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON."""
    return {
        "kind": "verdict",
        "name": verdict.name,
        "question": verdict.question,
        "outcome": str(verdict.outcome),
        "answer": verdict.answer,
        "concern": verdict.concern,
        "estimates": [estimate_json(each) for each in verdict.estimates],
    }


def verdict_of(content: Mapping[str, Any]) -> Verdict:
    """Make a verdict again from its JSON."""
    return Verdict(
        name=content["name"],
        question=content["question"],
        outcome=Outcome(content["outcome"]),
        answer=content["answer"],
        concern=content["concern"],
        estimates=tuple(Estimate(**each) for each in content["estimates"]),
    )


_TYPES: Mapping[str, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "boolean": pl.Boolean(),
}


def _is_text(kind: pl.DataType) -> bool:
    return not (kind.is_integer() or kind.is_float() or kind == pl.Boolean)


def _json_type(kind: pl.DataType) -> str:
    if kind.is_integer():
        return "integer"
    if kind.is_float():
        return "number"
    return "boolean" if kind == pl.Boolean else "text"
