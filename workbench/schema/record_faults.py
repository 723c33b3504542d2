"""Faults, the reasons why a record is refused: one row per fault, with the rule that is broken.

Format readers, the mapping, the declarations of the schema and the comparison with stored rows all
report faults as rows of ``FAULTS``. A fault names its place (record, table, column) and the
``Rule`` that is broken with its parameters; a reader sees the rule described in words. No part of a
fault is a value from the data: parameters come from the schema, from the mapping or from a count.

>>> from workbench.schema.record_faults import Rule
>>> Rule("below", {"low": 1, "high": 5}).words
'below the allowed range, 1 to 5'
>>> Rule.choice(("web", "app", "store")).words
'not one of web, app, store'

A check between rows needs no entry in this module: it gives its description as ``says``.

>>> Rule("refund", {"says": "the refunds of an order never exceed what was paid"}).words
'the refunds of an order never exceed what was paid'
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from workbench.foundation.errors import ParameterError

Parameter = str | int | float | Sequence[str]

#: Columns of faults. ``table`` is null if the fault is in a cell of the source, ``column`` if no
#: single column is at fault; ``parameters`` is a JSON object.
FAULTS = pl.Schema(
    {
        "source_row": pl.Int64(),
        "table": pl.String(),
        "column": pl.String(),
        "rule": pl.String(),
        "parameters": pl.String(),
    }
)

#: A frame without a fault.
NO_FAULTS = FAULTS.to_frame()

#: The columns of a fault without the record.
FAULT = ("table", "column", "rule", "parameters")

#: Moment that descriptions use to show the form of a date or an instant.
EXAMPLE_MOMENT = datetime(2024, 3, 31, 14, 30)  # noqa: DTZ001 a notation, no moment of any data

_MOST_CHOICES = 8  # A description lists so many choices and counts the others.

#: Description of each rule by its name. Names in braces are parameters or derived from them.
_WORDS: Mapping[str, str] = {
    # rules about the form of the file
    "field_count": "{fields} where the header has {expected}",
    "quotes": "a quote is not closed or stands within a quoted cell",
    "zero_bytes": "contains zero bytes",
    "json_object": "not a JSON object",
    "json_keys": "the same key twice in one object",
    "nesting": "nested deeper than {levels} levels",
    "undecodable": "contains characters that its encoding does not define",
    "log_line": "not a line of an access log",
    "name_value": "not a line of the form name=value",
    # rules about the place of a cell
    "nested": "a list or an object where one value is expected: a mapping can name a value in it "
    "(a.b), join the values of a list (a[] with join) or make rows of them ([each])",
    "several": "several values where one is expected",
    "decoded": "not in the form that the decoder {decoder} reads",
    # rules about one cell
    "error_value": "an error value of a spreadsheet, such as #N/A",
    "not_computed": "a formula without a stored value: calculate and save the workbook again",
    "missing": "missing",
    "readable": "not readable",
    "whole_number": "not a whole number",
    "whole_number_within": "not a whole number in the allowed range, {range}",
    "whole_code": "a number that lost digits when it was written with an exponent or as a float: "
    "export the column as text",
    "code_as_date": "a date where a code is expected, as spreadsheets make of codes like 3-1: "
    "write the code as text",
    "number": "not a number",
    "too_large": "a number too large to be kept, at most {digits} digits before the point",
    "finite": "not a finite number",
    "money": "not an amount of money",
    "currency": "an amount in another currency than the declared {currency}",
    "currency_beside": "an amount in another currency than the column {beside} says",
    "currency_code": "an amount without an ISO 4217 code in column {beside}",
    "minor_unit": "an amount finer than the smallest unit of its currency",
    "boolean": "not yes or no",
    "yes_or_no": "not yes or no, allowed are {allowed}; the mapping can list other words as "
    'values = {{ word = "yes" }}',
    "date": "not a date, must look like {example}",
    "instant": "not a date and time, must look like {example}",
    "epoch": "not a time in {unit} since 1970, years {range}",
    "year": "a date outside the years {range}: correct it, or list a stand-in for no date as empty",
    "too_late": "not before {until}, until which the data are declared complete: correct it or "
    "data_until, or declare may_be_later = true for the column",
    "local_time": "a local time that does not exist: the clock was set forward",
    "choice": "not one of {allowed}",
    "listed": "not one of the values that the mapping lists: {allowed}",
    "below": "below the allowed range, {range}",
    "above": "above the allowed range, {range}",
    "form": "not in the expected form, {form}",
    # rules about several rows
    "key_repeated": "the same key, {key}, more than once",
    "key_held": "its key is held already with other values",
    "whole_refused": "its {whole} was refused",
    "together": "a record that it belongs together with was refused",
    "scattered": "the records that it belongs together with are not next to it",
    # conditions of the mapping
    "condition": "{says}",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that a cell, a row or a record must meet.

    Attributes
    ----------
    name : str
        Kind of the rule, by which faults are counted.
    parameters : mapping of str to str, int, float or sequence of str
        Allowed bounds, choices or form, never a value from the data.

    Raises
    ------
    ParameterError
        A parameter that the description needs is missing.
    """

    name: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            _ = self.words
        except KeyError as error:
            raise ParameterError(f"rule {self.name} needs the parameter {error}") from error

    @classmethod
    def choice(cls, allowed: Collection[str], *, name: str = "choice") -> "Rule":
        """Return the rule that a value is one of ``allowed``; a long list is shortened."""
        more = len(allowed) - _MOST_CHOICES
        shown = {"allowed": tuple(allowed)[:_MOST_CHOICES]}
        return cls(name, {**shown, "more": more} if more > 0 else shown)

    @classmethod
    def from_json(cls, name: str, parameters: str) -> "Rule":
        """Return the rule of a row of ``FAULTS``, from its name and parameters."""
        return cls(name, json.loads(parameters))

    @property
    def json(self) -> str:
        """The parameters as a JSON text for ``FAULTS``; equal rules have equal texts."""
        return json.dumps(dict(self.parameters), ensure_ascii=False, sort_keys=True)

    @property
    def words(self) -> str:
        """Description of a value that breaks the rule, for people."""
        template = _WORDS.get(self.name)
        if template is None:
            return str(self.parameters.get("says", self.name.replace("_", " ")))
        return template.format_map({**self.parameters, **_derived_words(self.parameters)})


def make_faults(
    rows: pl.DataFrame, rule: Rule, *, table: str | None = None, column: str | None = None
) -> pl.DataFrame:
    """Return one fault for each row that breaks a rule.

    Parameters
    ----------
    rows : DataFrame
        Rows that break the rule, with ``source_row``.
    rule : Rule
        Rule that the rows break.
    table, column : str, optional
        Table and column of the fault; both null if the record as a whole is at fault.

    Returns
    -------
    DataFrame, shape (rows, 5)
        Columns of ``FAULTS``.
    """
    return rows.select(
        pl.col("source_row").cast(pl.Int64),
        table=pl.lit(table, pl.String),
        column=pl.lit(column, pl.String),
        rule=pl.lit(rule.name),
        parameters=pl.lit(rule.json),
    )


def join_faults(found: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return faults from several checks in one frame, without repetition, sorted by record.

    Faults of one record keep the order of ``found``.
    """
    some = [faults for faults in found if faults.height]
    if not some:  # Usually there are none, and nothing is sorted.
        return NO_FAULTS
    every = pl.concat([NO_FAULTS, *some])
    return every.unique(maintain_order=True).sort("source_row", maintain_order=True)


def count_faults(found: pl.DataFrame, *, by: Sequence[str] = ()) -> pl.DataFrame:
    """Return the number of records with each fault.

    Parameters
    ----------
    found : DataFrame
        Faults, one row per fault of a record, with columns ``FAULT`` and those of ``by``.
    by : sequence of str
        Further columns to count by.

    Returns
    -------
    DataFrame
        ``by``, ``table``, ``column``, ``rule``, ``parameters``, ``words`` (String, see
        ``describe_faults``) and ``records`` (UInt32), most records first, then by words. A record
        with two faults counts for both.
    """
    counts = found.group_by(*by, *FAULT).len("records")
    return counts.select(*by, *FAULT, describe_faults(counts), "records").sort(
        "records", "words", *by, *FAULT, descending=[True] + [False] * (1 + len(by) + len(FAULT))
    )


def describe_faults(found: pl.DataFrame) -> pl.Series:
    """Return a description of each fault that begins with its table and column.

    Parameters
    ----------
    found : DataFrame
        Faults, with columns ``FAULT``.

    Returns
    -------
    Series of String
        ``words``, for example "customers: birth_year: below the allowed range, 1900 to 2100".
    """
    distinct = found.select(FAULT).unique(maintain_order=True)
    words = [
        ": ".join([*filter(None, (table, column)), Rule.from_json(rule, parameters).words])
        for table, column, rule, parameters in distinct.iter_rows()
    ]
    worded = distinct.with_columns(pl.Series("words", words, dtype=pl.String))
    return (
        found.select(FAULT)
        .join(worded, on=FAULT, how="left", nulls_equal=True, maintain_order="left")
        .get_column("words")
    )


def _derived_words(parameters: Mapping[str, Parameter]) -> dict[str, str]:
    """Return the parts of a description that combine or reformat parameters."""
    derived: dict[str, str] = {}
    match dict(parameters):
        case {"allowed": [*allowed], "more": int(more)}:
            derived["allowed"] = f"{', '.join(allowed)} and {more:,} more"
        case {"allowed": [*allowed]}:
            derived["allowed"] = ", ".join(allowed)
        case {"low": _} | {"high": _}:
            derived["range"] = _range_words(parameters.get("low"), parameters.get("high"))
        case {"pattern": _, "example": str(example)}:
            derived["form"] = f"must look like {example}"
        case {"pattern": str(pattern)}:
            derived["form"] = pattern
        case {"part_of": str(table)}:
            derived["whole"] = table.removesuffix("s")
        case {"columns": [*columns]}:
            derived["key"] = " and ".join(columns)
        case {"found": int(found)}:
            derived["fields"] = "1 field" if found == 1 else f"{found:,} fields"
    return derived


def _range_words(low: Any, high: Any) -> str:
    if low is None:
        return f"{high:.15g} or less"
    return f"{low:.15g} or more" if high is None else f"{low:.15g} to {high:.15g}"


#: Rule that a required value is present; the cell may be empty or unreadable.
MISSING = Rule("missing")
