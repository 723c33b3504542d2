"""What a table and a column are, and the declarations of all of them.

``tables.csv`` beside this module holds one line per table, ``columns.csv`` one line per column, in
the customer schema's own terms. No other room keeps a list of tables or columns of its own: what
has to be known of them is declared there and read from here.

Types are polars'; ``values`` is ``a|b`` for a closed list (on a String: names to use where they
fit), ``x..y`` for a range, ``~`` for a pattern of the whole cell.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Literal, cast

import polars as pl

from workbench.foundation.errors import ParameterError, unknown_name
from workbench.foundation.package_data import packaged_csv

Sensitivity = Literal["direct", "key", "quasi", "sensitive", "text", "plain"]

#: What a view does with a column: no view has it; keys become pseudonyms; quasi-identifiers of the
#: customer table are generalised; only values that k persons share are shown, numbers in bands;
#: only names that k persons share are shown, as they are; its cells are emptied; time and amounts
#: are cut and products blanked as far as the policy asks; it is kept.
Treatment = Literal[
    "absent",
    "pseudonym",
    "generalise",
    "shared",
    "common",
    "blank",
    "time",
    "amount",
    "product",
    "keep",
]

#: How a later row meets an earlier one with the same key: rows are only added; what was not known
#: is filled in and another value is refused; statements of several loads stand beside each other;
#: a record's statement is kept if it says something new.
Keeps = Literal["earliest", "latest", "trusted", "strongest"]
Merge = Literal["append", "complete", "beside", "statement"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One declared column.

    Attributes
    ----------
    table, name, type, unit, component, category, sensitivity, meaning
        As ``columns.csv`` has them.
    is_nullable, is_primary : bool
        Whether a cell may be empty; whether the column is part of the primary key.
    foreign : str or None
        ``table.column`` that it refers to.
    view : Treatment
        What a view does with it.
    within : tuple of str
        Columns that say what its value is about: "yes" to one question is another value than "yes"
        to the next.
    id : {"hashed", "native"} or None
        A keyed hash of a native id, which readers give as ``system:native id``; or the native id
        itself with its system. None for columns that hold no id of a source.
    keeps : {"earliest", "latest", "trusted", "strongest"} or None
        Which statement counts where there are several; None where the table's rule holds.
    choices, low, high, pattern
        The allowed values.
    """

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
    view: Treatment
    within: tuple[str, ...]
    id: Literal["hashed", "native"] | None
    keeps: Keeps | None
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
    """One declared table: its columns in order, and what its rows mean.

    Attributes
    ----------
    name, meaning : str
        What it is called, and what one row is.
    columns : tuple of Column
        In declared order.
    time : str or None
        Column that says when a row happened; None where rows have no time of their own.
    is_state : bool
        A state holds at its time itself, a fact has happened only after it.
    ends : str or None
        Column that says when what a row describes ended.
    known_at_end : tuple of str
        Columns that are filled in only then.
    part_of : (str, str) or None
        Column and table of the row that a row belongs to and whose time it shares.
    merge : Merge
        How a later load meets the rows that are held.
    belongs_to : {"customer", "record", "nobody"}
        Whose the rows are.
    is_in_views : bool
        Whether any view has the table.
    never_in_view : str or None
        Condition, in SQL, of rows that no view has.
    special : str or None
        Column that marks special categories of personal data (GDPR 9).
    """

    name: str
    columns: tuple[Column, ...]
    meaning: str
    time: str | None
    is_state: bool
    ends: str | None
    known_at_end: tuple[str, ...]
    part_of: tuple[str, str] | None
    merge: Merge
    belongs_to: Literal["customer", "record", "nobody"]
    is_in_views: bool
    never_in_view: str | None
    special: str | None
    _by_name: Mapping[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {column.name: column for column in self.columns})

    def column(self, name: str) -> Column:
        """Return a column by name, or refuse with the names there are."""
        if name not in self._by_name:
            raise ParameterError(unknown_name(f"column of {self.name}", name, self._by_name))
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @cached_property
    def primary_key(self) -> tuple[str, ...]:
        """Names of the columns that together are unique; of statements, those they are about."""
        return tuple(column.name for column in self.columns if column.is_primary)

    @cached_property
    def schema(self) -> pl.Schema:
        """Names and polars types of all columns."""
        return pl.Schema({column.name: column.type for column in self.columns})

    @cached_property
    def stored(self) -> pl.Schema:
        """Names and types of the columns that are stored: customers are put on at opening."""
        return pl.Schema(
            {name: kind for name, kind in self.schema.items() if name != "customer_id"}
        )

    @cached_property
    def stored_key(self) -> tuple[str, ...]:
        """Names of the columns that are unique in what is stored.

        A record states the customer table once per load; other statements are what they say.
        """
        if self.belongs_to == "customer":
            return ("record_id", "source_id")
        if self.merge == "statement":
            return tuple(name for name in self.stored if name != "source_row")
        return self.primary_key

    def named(self, *sensitivities: Sensitivity) -> tuple[str, ...]:
        """Names of the columns of these sensitivities."""
        return tuple(c.name for c in self.columns if c.sensitivity in sensitivities)

    def treated(self, *treatments: Treatment) -> tuple[str, ...]:
        """Names of the columns with which a view does one of these."""
        return tuple(c.name for c in self.columns if c.view in treatments)

    @property
    def is_history(self) -> bool:
        """Whether its rows are what customers did and when."""
        return self.time is not None and not self.is_state and self.belongs_to == "record"

    @property
    def is_stated_again(self) -> bool:
        """Whether several records of one source state the same row, so that it survives one."""
        return any(column.keeps for column in self.columns)

    @property
    def has_moments(self) -> bool:
        """Whether its rows are moments in what customers did, not terms that last."""
        return self.is_history and self.ends is None

    def empty(self) -> pl.DataFrame:
        """Return the table with no row."""
        return pl.DataFrame(schema=self.schema)


def _read() -> Mapping[str, Table]:
    columns: dict[str, list[Column]] = {}
    for line in packaged_csv("workbench.schema", "columns.csv"):
        columns.setdefault(line["table"], []).append(_column(line))
    lines = packaged_csv("workbench.schema", "tables.csv")
    return MappingProxyType({line["table"]: _table(line, columns[line["table"]]) for line in lines})


def _table(line: Mapping[str, str], columns: list[Column]) -> Table:
    column, _, whole = line["part_of"].partition("->")
    return Table(
        name=line["table"],
        columns=tuple(columns),
        meaning=line["meaning"],
        time=line["time"] or None,
        is_state=line["holds"] == "state",
        ends=line["ends"] or None,
        known_at_end=tuple(line["known_at_end"].split()),
        part_of=(column, whole) if whole else None,
        merge=cast(Merge, line["merge"]),
        belongs_to=cast(Literal["customer", "record", "nobody"], line["belongs_to"]),
        is_in_views=line["in_views"] == "true",
        never_in_view=line["never_in_view"] or None,
        special=line["special"] or None,
    )


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
        view=cast(Treatment, line["view"]),
        within=tuple(line["within"].split()),
        id=cast(Literal["hashed", "native"] | None, line["id"] or None),
        keeps=cast(Keeps | None, line["keeps"] or None),
        choices=choices,
        low=float(bounds[1]) if bounds and bounds[1] else None,
        high=float(bounds[2]) if bounds and bounds[2] else None,
        pattern=values[1:] if values.startswith("~") else None,
        meaning=line["meaning"],
    )


TABLES: Mapping[str, Table] = _read()

#: Columns that only say where a row came from; intake adds them, no source states them.
LINEAGE = ("source_id", "source_row")

#: Decisions on consent by which somebody says no.
DENIALS = ("refused", "withdrawn", "objected", "restricted")
