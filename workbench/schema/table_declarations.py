"""The declarations of all customer tables and their columns.

``tables.csv`` beside this module contains one line per table, ``columns.csv`` one line per column.
No other room keeps a list of tables or columns: every property that a room needs is declared in
these files and read through this module.

Types are those of polars. The cell ``values`` is ``a|b`` for a closed list (for a String, a list of
recommended names), ``x..y`` for a range and ``~`` for a pattern of the whole value.
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

#: The treatment of a column in a view.
#:
#: ``absent``: no view contains the column. ``pseudonym``: keys become pseudonyms. ``generalise``:
#: quasi-identifiers of the customer table become coarser. ``shared``: values that k persons share
#: are shown, numbers in bands. ``common``: names that k persons share are shown unchanged.
#: ``blank``: all cells are empty. ``time``, ``amount``, ``product``: times and amounts are rounded
#: and products blanked as far as the policy of the study asks. ``keep``: the column is unchanged.
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

#: The value that survives of several statements about one customer, see ``links``.
Survivor = Literal["earliest", "latest", "trusted", "strongest"]

#: The effect of a later row on a stored row with the same key.
#:
#: ``append``: rows are only added. ``complete``: empty cells are filled in, and a different value
#: is refused. ``beside``: the rows of several loads are all kept. ``statement``: a record's
#: statement is kept if it differs from the earlier ones.
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
        Cells of the column's line in ``columns.csv``.
    is_nullable, is_primary : bool
        Whether a cell may be empty; whether the column is part of the primary key.
    foreign : str or None
        Referenced column as ``table.column``.
    view : Treatment
        Treatment of the column in a view.
    within : tuple of str
        Columns that give its value a meaning: the answer "yes" to one question is another value
        than the answer "yes" to the next question.
    id : {"hashed", "native"} or None
        Form of an id of a source: "hashed" is a keyed hash of ``system:native id``, "native" the
        native id itself with its system. None for columns that contain no id of a source.
    keeps : {"earliest", "latest", "trusted", "strongest"} or None
        Statement that survives of several; None if the rule of the table applies.
    choices, low, high, pattern
        Allowed values.
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
    keeps: Survivor | None
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
class DeclaredTable:
    """One declared table: its columns in order, and the meaning of its rows.

    Attributes
    ----------
    name, meaning : str
        Name of the table; description of one row.
    columns : tuple of Column
        Columns in declared order.
    time : str or None
        Column with the time of a row; None if rows have no time of their own.
    is_state : bool
        Whether rows are states, which hold at their time itself; a fact is known only after its
        time.
    ends : str or None
        Column with the time at which the contract or campaign of a row ended.
    known_at_end : tuple of str
        Columns that are filled in only at the end.
    part_of : (str, str) or None
        Column that refers to the whole, and the table of the whole, whose time the row shares:
        ``("order_id", "orders")`` for order lines.
    merge : Merge
        Effect of a later load on stored rows.
    belongs_to : {"customer", "record", "nobody"}
        Owner of the rows; "nobody" for tables without ``record_id``.
    is_in_views : bool
        Whether views can contain the table.
    never_in_view : str or None
        Condition, in SQL, of rows that no view contains.
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
        """Return a column by name, or refuse with the names of all columns."""
        if name not in self._by_name:
            raise ParameterError(unknown_name(f"column of {self.name}", name, self._by_name))
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @cached_property
    def primary_key(self) -> tuple[str, ...]:
        """Names of the columns that together are unique; for statements, those of their subject."""
        return tuple(column.name for column in self.columns if column.is_primary)

    @cached_property
    def schema(self) -> pl.Schema:
        """Names and polars types of all columns."""
        return pl.Schema({column.name: column.type for column in self.columns})

    @cached_property
    def stored(self) -> pl.Schema:
        """Names and types of the stored columns: ``customer_id`` is added on opening."""
        return pl.Schema(
            {name: kind for name, kind in self.schema.items() if name != "customer_id"}
        )

    @cached_property
    def stored_key(self) -> tuple[str, ...]:
        """Names of the columns that are unique among stored rows.

        A record has one customer statement per load. Any other statement has no key, so all its
        columns together are unique.
        """
        if self.belongs_to == "customer":
            return ("record_id", "source_id")
        if self.merge == "statement":
            return tuple(name for name in self.stored if name != "source_row")
        return self.primary_key

    def columns_of_sensitivity(self, *sensitivities: Sensitivity) -> tuple[str, ...]:
        """Return the names of the columns that have one of these sensitivities."""
        return tuple(c.name for c in self.columns if c.sensitivity in sensitivities)

    def columns_with_treatment(self, *treatments: Treatment) -> tuple[str, ...]:
        """Return the names of the columns that have one of these treatments in a view."""
        return tuple(c.name for c in self.columns if c.view in treatments)

    @property
    def is_history(self) -> bool:
        """Whether rows are dated actions of customers."""
        return self.time is not None and not self.is_state and self.belongs_to == "record"

    @property
    def is_stated_again(self) -> bool:
        """Whether several records of one source can have statements about the same row."""
        return any(column.keeps for column in self.columns)

    @property
    def has_moments(self) -> bool:
        """Whether rows are actions at one moment, not terms that last."""
        return self.is_history and self.ends is None

    def empty(self) -> pl.DataFrame:
        """Return a frame of the table without rows."""
        return self._empty.clone()

    @cached_property
    def _empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self.schema)


def _read_tables() -> Mapping[str, DeclaredTable]:
    columns: dict[str, list[Column]] = {}
    for line in packaged_csv("workbench.schema", "columns.csv"):
        columns.setdefault(line["table"], []).append(_parse_column(line))
    lines = packaged_csv("workbench.schema", "tables.csv")
    return MappingProxyType(
        {line["table"]: _parse_table(line, columns[line["table"]]) for line in lines}
    )


def _parse_table(line: Mapping[str, str], columns: list[Column]) -> DeclaredTable:
    column, _, whole = line["part_of"].partition("->")
    return DeclaredTable(
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


def _parse_column(line: Mapping[str, str]) -> Column:
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
        keeps=cast(Survivor | None, line["keeps"] or None),
        choices=choices,
        low=float(bounds[1]) if bounds and bounds[1] else None,
        high=float(bounds[2]) if bounds and bounds[2] else None,
        pattern=values[1:] if values.startswith("~") else None,
        meaning=line["meaning"],
    )


TABLES: Mapping[str, DeclaredTable] = _read_tables()

#: Columns about the origin of a row; intake adds them, and no source contains them.
LINEAGE = ("source_id", "source_row")

#: Decisions on consent that deny it.
DENIALS = ("refused", "withdrawn", "objected", "restricted")
