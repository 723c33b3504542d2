"""What a table and a column are, and the declarations of all of them.

``columns.csv`` beside this module holds one line per column in the customer schema's own terms.
Types are polars'; ``values`` is ``a|b`` for a closed list (on a String: names to use where they
fit), ``x..y`` for a range, ``~`` for a pattern of the whole cell.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, cast

import polars as pl

from workbench.foundation.errors import ParameterError, unknown

Sensitivity = Literal["direct", "key", "quasi", "sensitive", "text", "plain"]

_TYPES: Mapping[str, pl.DataType] = {
    "Boolean": pl.Boolean(),
    "Date": pl.Date(),
    "Datetime": pl.Datetime("us", "UTC"),
    "Decimal": pl.Decimal(18, 4),
    "Float64": pl.Float64(),
    "Int8": pl.Int8(),
    "Int16": pl.Int16(),
    "Int32": pl.Int32(),
    "Int64": pl.Int64(),
    "String": pl.String(),
    "UInt64": pl.UInt64(),
}

#: Columns that only say where a row came from; intake adds them, no source states them.
LINEAGE = ("source_id", "source_row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One declared column; the fields are those of ``columns.csv``."""

    table: str
    name: str
    type: pl.DataType
    is_nullable: bool
    is_primary: bool
    foreign: str | None
    unit: str | None
    component: str
    category: str
    sensitivity: Sensitivity
    choices: tuple[str, ...]
    low: float | None
    high: float | None
    pattern: str | None
    meaning: str

    @property
    def type_name(self) -> str:
        """Name of the type as the data dictionary prints it."""
        return str(self.type.base_type().__name__)


@dataclass(frozen=True)
class Table:
    """One declared table: its name and its columns in order."""

    name: str
    columns: tuple[Column, ...]
    _by_name: Mapping[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {column.name: column for column in self.columns})

    def column(self, name: str) -> Column:
        """Return a column by name, or refuse with the names there are."""
        if name not in self._by_name:
            raise ParameterError(unknown(f"column of {self.name}", name, self._by_name))
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @cached_property
    def primary_key(self) -> tuple[str, ...]:
        """Names of the columns that together are unique."""
        return tuple(column.name for column in self.columns if column.is_primary)

    @cached_property
    def schema(self) -> pl.Schema:
        """Names and polars types of all columns."""
        return pl.Schema({column.name: column.type for column in self.columns})

    def named(self, *sensitivities: Sensitivity) -> tuple[str, ...]:
        """Names of the columns of these sensitivities."""
        return tuple(c.name for c in self.columns if c.sensitivity in sensitivities)

    def empty(self) -> pl.DataFrame:
        """Return the table with no row."""
        return pl.DataFrame(schema=self.schema)


def _read() -> Mapping[str, Table]:
    text = files("workbench.schema").joinpath("columns.csv").read_text(encoding="utf-8")
    columns: dict[str, list[Column]] = {}
    for line in csv.DictReader(text.splitlines()):
        columns.setdefault(line["table"], []).append(_column(line))
    return MappingProxyType({name: Table(name, tuple(found)) for name, found in columns.items()})


def _column(line: Mapping[str, str]) -> Column:
    values = line["values"]
    bounds = re.fullmatch(r"(-?\d*)\.\.(-?\d*)", values)
    choices = () if bounds or values.startswith("~") or not values else tuple(values.split("|"))
    keys = [key.strip() for key in line["key"].split(";")]
    foreign = next((key[len("foreign->") :] for key in keys if key.startswith("foreign->")), None)
    dtype = pl.Enum(choices) if line["type"] == "Enum" else _TYPES[line["type"]]
    return Column(
        table=line["table"],
        name=line["column"],
        type=dtype,
        is_nullable=line["nullable"] == "true",
        is_primary="primary" in keys,
        foreign=foreign,
        unit=line["unit"] or None,
        component=line["component"],
        category=line["category"],
        sensitivity=cast(Sensitivity, line["sensitivity"]),
        choices=choices,
        low=float(bounds[1]) if bounds and bounds[1] else None,
        high=float(bounds[2]) if bounds and bounds[2] else None,
        pattern=values[1:] if values.startswith("~") else None,
        meaning=line["meaning"],
    )


TABLES: Mapping[str, Table] = _read()
