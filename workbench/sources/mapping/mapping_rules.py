"""The parts of a mapping: rules for the file, its columns, its records and their rows."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from workbench.foundation.declarations import Declaration
from workbench.sources.mapping.time_formats import TimeFormat

ColumnType = Literal[
    "text", "code", "category", "integer", "decimal", "money", "instant", "date", "boolean"
]


def _as_tuple(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


#: Keys of a column rule that only some types have.
_KEYS_OF_TYPES: Mapping[str, tuple[ColumnType, ...]] = {
    "format": ("instant", "date"),
    "may_be_later": ("instant", "date"),
    "decimal": ("integer", "decimal", "money"),
    "currency": ("money",),
    "minor": ("money",),
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
    name : str, optional
        Name of the column in expressions.
    format : str or tuple of str
        Formats of dates and instants, of which the first that fits a cell counts: directives of
        strptime, ``epoch_s``, ``epoch_ms`` or ``epoch_us``. ISO 8601 needs none.
    may_be_later : bool
        Whether dates may lie on or after ``data_until``, as the end of a contract may. Columns that
        feed the end of a term or campaign may do so without it.
    values : mapping of str to str, optional
        What each cell stands for; other cells are refused.
    empty : tuple of str
        Texts that count as empty.
    required : bool
        Whether an empty cell refuses its record.
    optional : bool
        Whether the file may lack the column; then it is empty.
    decimal : "." or ",", optional
        Decimal mark, where the cells do not settle it.
    currency : str, optional
        Source column with the ISO 4217 code of each amount. It is ``NAME_currency`` in expressions.
    minor : bool
        Whether amounts are in minor units already, 1999 for 19.99.
    """

    type: ColumnType
    name: str | None = None
    format: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = Field(default=(), strict=False)
    may_be_later: bool = False
    values: Mapping[str, str] | None = None
    empty: tuple[str, ...] = Field(default=(), strict=False)
    required: bool = False
    optional: bool = False
    decimal: Literal[".", ","] | None = None
    currency: str | None = None
    minor: bool = False

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
