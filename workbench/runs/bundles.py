"""The form in which exhibits and records leave a kernel and are stored, and how they are read.

A cell's output of type ``EXHIBIT`` or ``RECORD`` is JSON of one of the models here; any other
output of a notebook is kept out of its page. The same models are the content of ``tables/*.json``
and parts of ``record.json``, so page, site and command line read typed fields.

Floats are rounded to nine significant digits when a model is made from a table, a figure or an
estimate, because the last bits of a sum differ with the number of threads.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal, Self, TypeVar

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from workbench.charts.exhibits import Figure, Table
from workbench.foundation.errors import ParameterError
from workbench.foundation.files import canonical_json
from workbench.statistics.estimates import Estimate
from workbench.statistics.verdicts import Outcome, Verdict

EXHIBIT = "application/vnd.workbench.exhibit+json"
RECORD = "application/vnd.workbench.record+json"

_DIGITS = 9

ColumnType = Literal["text", "integer", "number", "boolean"]
TableCell = str | bool | int | float | None

_POLARS_TYPES: Mapping[ColumnType, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "boolean": pl.Boolean(),
}


class StoredModel(BaseModel):
    """Base of everything stored as JSON: frozen, strict, with finite numbers, no unknown key."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    def as_json(self) -> dict[str, Any]:
        """Return the model as a JSON object."""
        return self.model_dump(mode="json", by_alias=True)

    def to_bytes(self) -> bytes:
        """Return the model as the bytes of a file; equal models give equal bytes."""
        return canonical_json(self.as_json())


class EstimateBundle(StoredModel):
    """An estimate as JSON, see ``statistics.Estimate``."""

    name: str
    value: float | None
    n: int
    unit: str
    label: str
    low: float | None = None
    high: float | None = None
    note: str = ""
    origin: str = ""

    @classmethod
    def of(cls, estimate: Estimate) -> Self:
        """Make the bundle of an estimate."""
        content = round_floats(asdict(estimate))
        del content["original_figures"]
        return cls(**{**content, "n": int(estimate.n)})  # numpy's integers are no int

    def estimate(self) -> Estimate:
        """Return the estimate."""
        return Estimate(**self.model_dump())


class _TableFields(StoredModel):
    """The fields that tables and figures have in common."""

    name: str
    title: str
    columns: tuple[tuple[str, ColumnType], ...]
    rows: tuple[tuple[TableCell, ...], ...]
    persons: str | None
    margin: str | None
    labels: dict[str, str]
    formats: dict[str, str]
    origin: str
    source: str
    note: str
    hidden: int = Field(ge=0)

    def table(self) -> Table:
        """Return the table, for a figure the table of its data."""
        schema = {name: _POLARS_TYPES[kind] for name, kind in self.columns}
        return Table(
            name=self.name,
            title=self.title,
            rows=pl.DataFrame(self.rows, schema=schema, orient="row"),
            persons=self.persons,
            margin=self.margin,
            labels=self.labels,
            formats=self.formats,
            origin=self.origin,
            source=self.source,
            note=self.note,
        )


class TableBundle(_TableFields):
    """A table as JSON, see ``exhibits.Table``.

    Attributes
    ----------
    columns : tuple of (str, ColumnType)
        Name and type of each column.
    rows : tuple of tuple
        Cells of each row, in the order of the columns.
    hidden : int
        Number of rows whose figures were suppressed.
    """

    kind: Literal["table"] = "table"

    @classmethod
    def of(cls, table: Table, hidden: int = 0) -> Self:
        """Make the bundle of a table; the figures of ``hidden`` rows were suppressed."""
        return cls(**_fields_of(table), hidden=hidden)


class FigureBundle(_TableFields):
    """A figure as JSON: the fields of its table, and its drawings, see ``exhibits.Figure``."""

    kind: Literal["figure"] = "figure"
    spec: dict[str, JsonValue]
    narrow: dict[str, JsonValue] | None
    description: str

    @classmethod
    def of(cls, figure: Figure) -> Self:
        """Make the bundle of a figure."""
        return cls(
            **_fields_of(figure.table),
            hidden=figure.hidden,
            spec=round_floats(figure.spec),
            narrow=None if figure.narrow is None else round_floats(figure.narrow),
            description=figure.description,
        )

    def figure(self) -> Figure:
        """Return the figure."""
        return Figure(
            table=self.table(),
            spec=self.spec,
            narrow=self.narrow,
            description=self.description,
            hidden=self.hidden,
        )


class VerdictBundle(StoredModel):
    """A verdict as JSON, see ``statistics.Verdict``."""

    kind: Literal["verdict"] = "verdict"
    name: str
    question: str
    outcome: Outcome
    answer: str
    basis: str
    is_opinion: bool
    concern: bool
    estimates: tuple[EstimateBundle, ...]

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        """Make the bundle of a verdict."""
        return cls(
            name=verdict.name,
            question=verdict.question,
            outcome=verdict.outcome,
            answer=verdict.answer,
            basis=verdict.basis,
            is_opinion=verdict.is_opinion,
            concern=bool(verdict.concern),  # numpy's truth values are no bool
            estimates=tuple(EstimateBundle.of(each) for each in verdict.estimates),
        )


class ResultsBundle(StoredModel):
    """What ``wb.record`` hands over: the metrics by name, their order, and the verdicts."""

    metrics: dict[str, EstimateBundle]
    order: tuple[str, ...]
    verdicts: tuple[VerdictBundle, ...] = Field(min_length=1)


Exhibit = TableBundle | FigureBundle
AnyExhibit = TableBundle | FigureBundle | VerdictBundle

_KIND = Field(discriminator="kind")
_STORED: TypeAdapter[Exhibit] = TypeAdapter(Annotated[Exhibit, _KIND])
_SHOWN: TypeAdapter[AnyExhibit] = TypeAdapter(Annotated[AnyExhibit, _KIND])
_RESULTS: TypeAdapter[ResultsBundle] = TypeAdapter(ResultsBundle)
Bundle = TypeVar("Bundle")


def read_exhibit(content: bytes) -> Exhibit:
    """Return the exhibit of a file ``tables/NAME.json``.

    Raises
    ------
    ValidationError
        The file was changed or damaged.
    """
    return _STORED.validate_json(content)


def shown_exhibit(output: Any) -> AnyExhibit | None:
    """Return what ``wb.show`` put into an output of a cell; None where the output is not of it.

    A cell can display anything under the type ``EXHIBIT``.
    """
    bundle = _parse_output(_SHOWN, output)
    try:
        if isinstance(bundle, TableBundle):
            bundle.table()
        elif isinstance(bundle, FigureBundle):
            bundle.figure()
    except (ParameterError, TypeError, ValueError, pl.exceptions.PolarsError):
        return None  # its rows do not fit its columns, or a name is not allowed
    return bundle


def recorded_results(output: Any) -> ResultsBundle | None:
    """Return what ``wb.record`` put into an output of a cell; None where the output is not of it.

    A cell can display anything under the type ``RECORD``.
    """
    results = _parse_output(_RESULTS, output)
    if results is None or sorted(results.metrics) != sorted(results.order):
        return None
    return results


def round_floats(value: Any) -> Any:
    """Round floats to nine significant digits, everywhere in a JSON value; NaN becomes null."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return 0.0 if value == 0 else float(f"{value:.{_DIGITS}g}")
    if isinstance(value, Mapping):
        return {str(key): round_floats(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [round_floats(each) for each in value]
    return value


def _parse_output(adapter: TypeAdapter[Bundle], output: Any) -> Bundle | None:
    if output is None:
        return None
    try:
        return adapter.validate_json(json.dumps(output))
    except (ValidationError, TypeError, ValueError):
        return None


def _fields_of(table: Table) -> dict[str, Any]:
    rows = table.rows.with_columns(
        pl.col(name).cast(pl.String) for name, kind in table.rows.schema.items() if _is_text(kind)
    )
    return {
        "name": table.name,
        "title": table.title,
        "columns": tuple((name, _column_type(kind)) for name, kind in rows.schema.items()),
        "rows": tuple(tuple(round_floats(value) for value in row) for row in rows.iter_rows()),
        "persons": table.persons,
        "margin": table.margin,
        "labels": dict(table.labels),
        "formats": dict(table.formats),
        "origin": table.origin,
        "source": table.source,
        "note": table.note,
    }


def _is_text(kind: pl.DataType) -> bool:
    return not (kind.is_integer() or kind.is_float() or kind == pl.Boolean)


def _column_type(kind: pl.DataType) -> ColumnType:
    if kind.is_integer():
        return "integer"
    if kind.is_float():
        return "number"
    return "boolean" if kind == pl.Boolean else "text"
