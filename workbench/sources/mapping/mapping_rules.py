"""The parts of a mapping: rules for the file, its columns, its records and their rows."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from workbench.foundation.declarations import Declaration
from workbench.sources.mapping.time_formats import TimeFormat
from workbench.sources.mapping.value_lists import VALUE_LISTS

ColumnType = Literal[
    "text", "code", "category", "integer", "decimal", "money", "instant", "date", "boolean"
]


def _as_tuple(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


def _expand_list(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    if given not in VALUE_LISTS:
        raise ValueError(f"no list {given!r}. Known: {', '.join(VALUE_LISTS)}")
    return dict(VALUE_LISTS[given]())


#: Keys of a column rule that only some types have.
_KEYS_OF_TYPES: Mapping[str, tuple[ColumnType, ...]] = {
    "format": ("instant", "date"),
    "may_be_later": ("instant", "date"),
    "decimal": ("integer", "decimal", "money"),
    "currency": ("money",),
    "minor": ("money",),
    "zone": ("instant", "date"),
    "clock": ("instant",),
}


class ColumnRule(Declaration):
    """The rule for parsing the cells of one source column.

    Types: ``text`` is unchanged; ``code`` is text that may look like a number (zip, phone, number
    of an article), without guard apostrophes and outer blanks but with leading zeros; ``category``
    becomes lower_snake_case; ``integer``; ``decimal``; ``money`` becomes minor units of the
    declared currency; ``instant`` becomes UTC; ``date``; ``boolean``. Empty and blank cells are
    null.

    Attributes
    ----------
    place : str, optional
        Place of the cells, if the key of the rule is only a label; one place can be read twice.
    name : str, optional
        Name of the column in expressions.
    format : str or tuple of str
        Formats of dates and instants, of which the first that fits a cell counts: directives of
        strptime, ``epoch_s``, ``epoch_ms`` or ``epoch_us``. ISO 8601 needs none.
    may_be_later : bool
        Whether dates may lie on or after ``data_until``, as the end of a contract may. Columns that
        feed the end of a term or campaign may do so without it.
    values : mapping of str to str, optional
        What each cell stands for; other cells are refused, or what "*" stands for, and counted.
        "@countries" is a list of the package.
    empty : tuple of str
        Texts that count as empty.
    required : bool
        Whether an empty cell refuses its record.
    optional : bool
        Whether the file may lack the column; then it is empty.
    decimal : "." or ",", optional
        Decimal mark, where the cells do not settle it.
    currency : str, optional
        Place of the ISO 4217 code of each amount. It is ``NAME_currency`` in expressions.
    minor : bool
        Whether amounts are in minor units already, 1999 for 19.99.
    zone : str, optional
        Zone of these local times; "@timeZone" is a fact that a header row states of the column.
    clock : str, optional
        Place of the time of the day, where an instant's day has a column of its own; the format is
        that of both with a blank between them.
    fill_down : bool
        Whether an empty cell has the value of the record before it, as in an export that states
        what several lines share on the first of them.
    join : str, optional
        Sign by which several values of a place become one text, sorted and distinct.
    """

    type: ColumnType
    place: str | None = None
    name: str | None = None
    format: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = Field(default=(), strict=False)
    may_be_later: bool = False
    values: Annotated[Mapping[str, str] | None, BeforeValidator(_expand_list)] = None
    empty: tuple[str, ...] = Field(default=(), strict=False)
    required: bool = False
    optional: bool = False
    decimal: Literal[".", ","] | None = None
    currency: str | None = None
    minor: bool = False
    zone: str | None = None
    clock: str | None = None
    fill_down: bool = False
    join: str | None = None

    @property
    def places_beside(self) -> tuple[str, ...]:
        """Places whose cells are read together with those of the column."""
        return tuple(filter(None, (self.currency, self.clock)))

    @model_validator(mode="after")
    def _check_keys(self) -> "ColumnRule":
        for key, types in _KEYS_OF_TYPES.items():
            if getattr(self, key) and self.type not in types:
                raise ValueError(f"{key} belongs to columns of type {' or '.join(types)}")
        for form in self.format:
            try:
                TimeFormat.of(form)
            except ValueError as error:
                raise ValueError(f"format {form!r}: {error}") from error
        return self


class MonthsRule(Declaration):
    """A date some months after another date, or before it if ``months`` is negative."""

    start: str = Field(alias="from")
    months: str


class WholeRule(Declaration):
    """An amount rounded to whole minor units, halves away from zero.

    A return of -2.5 becomes -3 as its sale of 2.5 becomes 3, so that both cancel.
    """

    whole: str


def _expand_column_rule(given: Any) -> Any:
    return {"type": given} if isinstance(given, str) else given


#: A column rule, or its type alone.
ColumnEntry = Annotated[ColumnRule, BeforeValidator(_expand_column_rule)]
#: The rule of a derived name.
DeriveEntry = str | MonthsRule | WholeRule


class RecordRule(Declaration):
    """The customer of a record, their kind, and the time of the record's statements.

    Statements without a time hold since ``undated_at``, see ``Provenance``. Where only some records
    have a time, write ``COALESCE(changed_at, undated_at)``.

    Of several records with the same ``key`` the last one is kept, or the one with the latest
    ``newer``; the others are counted. A record without a key is kept. Neighbours with the same
    value of ``together`` are refused together, as the lines of one order; a value that comes back
    later is a fault.
    """

    id: str | None = None
    kind: str = "'person'"
    observed_at: str = "undated_at"
    key: str | None = None
    newer: str | None = None
    together: str | None = None


class EachRule(Declaration):
    """A second set of rows: one for each member of a record, with the columns of the record.

    ``path`` is the place of the members, within the set that ``of`` names or within the record.
    """

    path: str
    of: str | None = None
    columns: Mapping[str, ColumnEntry] = {}
    decode: Mapping[str, Mapping[str, str]] = {}
    derive: Mapping[str, DeriveEntry] = {}


class LookupRule(Declaration):
    """Columns of another set of records, joined by a key, as ``NAME_column``.

    ``part`` names a part of the same mapping that reads the same file. ``key`` is a column of that
    part, ``on`` a column of the records. A key that occurs twice there is a fault of the file; a
    record whose key is not found has nulls, and these are counted.
    """

    part: str
    key: str
    on: str
    columns: tuple[str, ...] = Field(strict=False)


class RecognitionRule(Declaration):
    """The evidence by which a file is recognised, all of it in its first records.

    ``needs`` are places that must exist, so that any other may be missing, and ``without`` places
    that must not. ``values`` are regular
    expressions that at least 95 % of the cells at a place match.
    """

    needs: tuple[str, ...] = Field(strict=False)
    without: tuple[str, ...] = Field(default=(), strict=False)
    values: Mapping[str, str] = {}


class RowRule(Declaration):
    """The rule for making rows of one table from records, or from the members ``each`` names.

    ``record`` is the native id of the row's customer where it is not the record's. With ``per``
    one row is made for each combination of these names, and a plain expression gives the group's
    first value that is not null, in the order of ``order_by``: names, with DESC for descending. A
    row of customers without ``order_by`` has the values that were observed last. Of a column of
    which the schema keeps the earliest or the latest value, the row has the group's earliest or
    latest value.
    """

    columns: Mapping[str, str]
    each: str | None = None
    record: str | None = None
    where: str | None = None
    per: tuple[str, ...] = Field(default=(), strict=False)
    order_by: tuple[str, ...] = Field(default=(), strict=False)
    keyed: tuple[str, ...] = Field(default=(), strict=False)

    @property
    def order_keys(self) -> list[tuple[str, bool]]:
        """Names by which the records are sorted, each with whether it is descending."""
        return [(name.removesuffix(" DESC"), name.endswith(" DESC")) for name in self.order_by]

    @model_validator(mode="before")
    @classmethod
    def _separate_columns(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "columns" in given:
            return given
        options = {"each", "record", "where", "per", "order_by", "keyed"}
        return {
            "columns": {k: v for k, v in given.items() if k not in options},
            **{k: v for k, v in given.items() if k in options},
        }
