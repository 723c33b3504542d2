"""The parts of a mapping: rules for the file, its columns, its records and their rows."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from workbench.foundation.declarations import Declaration

ColumnType = Literal[
    "text", "code", "category", "integer", "decimal", "money", "instant", "date", "boolean"
]


class ColumnRule(Declaration):
    """The rule for parsing the cells of one source column.

    Types: ``text`` is unchanged; ``code`` is text that may look like a number (zip, phone, number
    of an article), without guard apostrophes and outer blanks but with leading zeros; ``category``
    becomes lower_snake_case; ``integer``; ``decimal``; ``money`` becomes minor units of the
    declared currency; ``instant`` becomes UTC; ``date``; ``boolean``. Empty and blank cells are
    null.
    """

    type: ColumnType
    name: str | None = None
    format: str | None = None
    values: Mapping[str, str] | None = None
    empty: tuple[str, ...] = Field(default=(), strict=False)
    required: bool = False
    decimal: Literal[".", ","] | None = None


class MonthsRule(Declaration):
    """A date some months after another date, or before it if ``months`` is negative."""

    start: str = Field(alias="from")
    months: str


class WholeRule(Declaration):
    """An amount rounded to whole minor units, halves away from zero.

    A return of -2.5 becomes -3 as its sale of 2.5 becomes 3, so that both cancel.
    """

    whole: str


class RecordRule(Declaration):
    """The customer of a record, their kind, and the time of the record's statements."""

    id: str | None = None
    kind: str = "'person'"
    observed_at: str = "data_until_at"


class RowRule(Declaration):
    """The rule for making rows of one table from records."""

    columns: Mapping[str, str]
    where: str | None = None
    per: tuple[str, ...] = Field(default=(), strict=False)
    order_by: tuple[str, ...] = Field(default=(), strict=False)
    keyed: tuple[str, ...] = Field(default=(), strict=False)

    @model_validator(mode="before")
    @classmethod
    def _separate_columns(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "columns" in given:
            return given
        options = {"where", "per", "order_by", "keyed"}
        return {
            "columns": {k: v for k, v in given.items() if k not in options},
            **{k: v for k, v in given.items() if k in options},
        }
