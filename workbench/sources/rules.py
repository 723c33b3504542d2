"""The parts of a mapping: rules for file, columns and records, and for the rows made of them."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

ColumnType = Literal[
    "text", "code", "category", "integer", "decimal", "money", "instant", "date", "boolean"
]


class Strict(BaseModel):
    """Nothing unknown, nothing converted, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ColumnRule(Strict):
    """How the cells of one source column are read.

    Types: ``text`` exact; ``code`` text that may look like a number (zip, phone, number of an
    article): guard apostrophes and outer blanks come off, leading zeros stay; ``category`` in
    lower_snake_case; ``integer``; ``decimal``; ``money`` in minor units of the declared currency;
    ``instant`` in UTC; ``date``; ``boolean``. Empty and blank cells are null.
    """

    type: ColumnType
    name: str | None = None
    format: str | None = None
    values: Mapping[str, str] | None = None
    empty: tuple[str, ...] = Field(default=(), strict=False)
    required: bool = False
    decimal: Literal[".", ","] | None = None


class FileRule(Strict):
    """What is declared about the file instead of detected.

    ``columns`` names the fields of a file without header; ``sheets`` the sheets to read (all by
    default); ``empty`` texts that mean nothing, in every column; ``repeats`` = "sheets" says that
    a record found again in a later sheet is the same record, not another one.
    """

    delimiter: Literal[",", ";", "\t", "|", "blanks"] | None = None
    encoding: str | None = None
    header: bool = True
    columns: tuple[str, ...] = Field(default=(), strict=False)
    sheets: tuple[str, ...] = Field(default=(), strict=False)
    empty: tuple[str, ...] = Field(default=(), strict=False)
    repeats: Literal["sheets"] | None = None

    @model_validator(mode="after")
    def _names_without_header(self) -> "FileRule":
        if not self.header and not self.columns:
            raise ValueError("header is false, so columns must name the fields")
        return self


class MonthsRule(Strict):
    """A date some months from another one; earlier where ``months`` is below zero."""

    start: str = Field(alias="from")
    months: str


class WholeRule(Strict):
    """An amount in whole minor units, halves away from zero, so that a return cancels its sale."""

    whole: str


class RecordRule(Strict):
    """Whom a record is about, and from when what it says is known to hold."""

    id: str | None = None
    kind: str = "'person'"
    observed_at: str = "data_until_at"


class RowRule(Strict):
    """How records become rows of one table."""

    columns: Mapping[str, str]
    where: str | None = None
    per: tuple[str, ...] = Field(default=(), strict=False)
    order_by: tuple[str, ...] = Field(default=(), strict=False)
    keyed: tuple[str, ...] = Field(default=(), strict=False)

    @model_validator(mode="before")
    @classmethod
    def _apart(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "columns" in given:
            return given
        options = {"where", "per", "order_by", "keyed"}
        return {
            "columns": {k: v for k, v in given.items() if k not in options},
            **{k: v for k, v in given.items() if k in options},
        }
