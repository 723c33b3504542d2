"""Compare rows with the declarations: return the rows that pass and the faults of the others.

The rules are dataframely schemas built from the declared columns, so that each rule is written
once. Rows fail one by one; a faulty row never makes its file fail. A row that equals an earlier row
of the load in all values is the same row, so both pass, or fail by the same rules. A part of
another row, like the line of an order, fails though: a sum may have counted it twice.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import dataframely as dy
import polars as pl

from workbench.schema.record_faults import (
    EXAMPLE_MOMENT,
    MISSING,
    NO_FAULTS,
    Rule,
    join_faults,
    make_faults,
)
from workbench.schema.table_declarations import TABLES, Column

#: Example of a valid value, by the unit of columns that declare a pattern.
EXAMPLE_BY_UNIT: Mapping[str, str] = {
    "ISO 3166": "NL",
    "ISO 3166-1 alpha-2": "NL",
    "ISO 3166-2": "NL-NH",
    "ISO 4217": "EUR",
    "BCP 47": "nl-NL",
    "years": "30-39",
    "currency per year": "EUR 30000-39999",
}

_KEY = "primary_key"

_INTEGERS: Mapping[Any, Callable[..., dy.Column]] = {
    pl.Int8: dy.Int8,
    pl.Int16: dy.Int16,
    pl.Int32: dy.Int32,
    pl.Int64: dy.Int64,
    pl.UInt64: dy.UInt64,
}
_WITHOUT_BOUNDS: Mapping[Any, Callable[..., dy.Column]] = {pl.Boolean: dy.Bool, pl.Date: dy.Date}


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatedRows:
    """Rows of one table, split by whether they obey its declarations.

    Attributes
    ----------
    passed : DataFrame
        The rows that obey, in their order, with all columns.
    failed : DataFrame
        The other rows, in their order, with all columns. Rows with the same key and other values
        fail all, because only people can decide which of them is right.
    faults : DataFrame
        All faults of the failed rows, with columns of ``FAULTS``; faults of columns come before
        the fault of the key. Rows without ``source_row`` are numbered from 1.
    has_repeats : bool
        Whether several rows that passed have the same key. They are equal in all values, and
        ``first_of_repeated`` returns one of them.
    """

    passed: pl.DataFrame
    failed: pl.DataFrame
    faults: pl.DataFrame
    has_repeats: bool = False


def validate_rows(
    rows: pl.DataFrame, *, table: str, without: tuple[str, ...] = ()
) -> ValidatedRows:
    """Split rows into those that obey the table's declarations and those that do not.

    Parameters
    ----------
    rows : DataFrame, shape (n, columns)
        Rows of one table, already of the declared types, with any further columns.
    table : str
        Name of a declared table.
    without : tuple of str
        Declared columns that the rows lack yet (identity and intake add them).
    """
    columns = [c for c in TABLES[table].columns if c.name not in without]
    position = rows.with_row_index("_position")
    declared = position.select("_position", *(c.name for c in columns))
    if _all_pass(declared, table, without):  # The usual case, in which nothing is copied.
        return ValidatedRows(passed=rows, failed=rows.clear(), faults=NO_FAULTS)
    key = () if TABLES[table].part_of else checked_key(table, without)
    repeats = _find_repeats(declared, key)
    distinct = declared.join(repeats, on="_position", how="anti", maintain_order="left")
    _, failure = _dataframely_schema(table, without).filter(distinct)
    broken = _with_repeats(failure.details(), repeats)
    is_numbered = "source_row" in rows.columns
    number = pl.col("source_row") if is_numbered else pl.col("_position") + 1
    details = broken.select(
        "_position", *(name for name in broken.columns if name == _KEY or "|" in name)
    ).join(position.select("_position", source_row=number), on="_position", how="left")
    found = [
        make_faults(details.filter(fault), rule, table=table, column=column)
        for fault, rule, column in _broken_rules(details, table)
    ]
    passed = position.join(details, on="_position", how="anti", maintain_order="left")
    failed = position.join(details, on="_position", how="semi", maintain_order="left")
    return ValidatedRows(
        passed=passed.drop("_position"),
        failed=failed.drop("_position"),
        faults=join_faults(found),
        has_repeats=not repeats.join(passed, on="_position", how="semi").is_empty(),
    )


def first_of_repeated(rows: pl.DataFrame, *, table: str) -> tuple[pl.DataFrame, int]:
    """Return one row of each key, and the number of records that only repeat earlier rows.

    Parameters
    ----------
    rows : DataFrame
        Rows that passed, with ``source_row``.
    table : str
        Name of a declared table whose rows with the same key are equal.
    """
    key = [name for name in TABLES[table].primary_key if name in rows.columns]
    kept = rows.unique(key, keep="first", maintain_order=True)
    again = rows.join(kept, on="source_row", how="anti")
    return kept, again["source_row"].n_unique()


def _find_repeats(declared: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """Return rows that equal an earlier row but for the record, with the position of the first."""
    if not key:
        return pl.DataFrame(schema={"_position": pl.UInt32, "_first": pl.UInt32})
    values = [name for name in declared.columns if name not in ("_position", "source_row")]
    firsts = declared.filter(pl.struct(key).is_duplicated()).select(
        "_position", _first=pl.col("_position").first().over(values)
    )
    return firsts.filter(pl.col("_first") != pl.col("_position"))


def _with_repeats(broken: pl.DataFrame, repeats: pl.DataFrame) -> pl.DataFrame:
    """Add the repeats of broken rows, which break the same rules."""
    again = repeats.join(broken, left_on="_first", right_on="_position", how="inner")
    return pl.concat([broken, again.select(broken.columns)]).sort("_position")


def _broken_rules(details: pl.DataFrame, table: str) -> Iterator[tuple[pl.Expr, Rule, str | None]]:
    """Yield for each rule the condition of rows that break it, the rule and its column."""
    for name in details.columns:
        column, _, check = name.partition("|")
        if check and column in TABLES[table]:
            yield (
                pl.col(name) == "invalid",
                _rule_of_check(TABLES[table].column(column), check),
                column,
            )
    if _KEY in details.columns:
        key = TABLES[table].primary_key
        # A row without a key gets the fault that its key is missing, not that it is repeated.
        lacks = [f"{name}|nullability" for name in key if f"{name}|nullability" in details.columns]
        has_key = pl.all_horizontal(pl.lit(value=True), *(pl.col(n) != "invalid" for n in lacks))
        yield (pl.col(_KEY) == "invalid") & has_key, Rule("key_repeated", {"columns": key}), None


def type_rule(column: Column) -> Rule:
    """Return the rule that a value has the column's type, for values of another type."""
    kind = column.type.base_type()
    if kind is pl.Enum:
        return Rule.choice(column.choices)
    if kind is pl.Boolean:
        return Rule("boolean")
    if kind is pl.Date:
        return Rule("date", {"example": EXAMPLE_MOMENT.date().isoformat()})
    if kind is pl.Datetime:
        return Rule("instant", {"example": EXAMPLE_MOMENT.isoformat(sep=" ")})
    if column.type.is_integer():
        bounds = _bounds(column)
        if isinstance(column.type, pl.Int8 | pl.Int16 | pl.Int32):
            held = pl.select(low=column.type.min(), high=column.type.max())
            bounds = {**held.row(0, named=True), **bounds}
        return Rule("whole_number_within", bounds) if bounds else Rule("whole_number")
    return Rule("number" if column.type.is_numeric() else "readable")


def _bounds(column: Column) -> dict[str, int | float]:
    bounds = {"low": column.low, "high": column.high}
    return {
        name: int(bound) if bound.is_integer() else bound
        for name, bound in bounds.items()
        if bound is not None
    }


def _rule_of_check(column: Column, check: str) -> Rule:
    """Return the rule that corresponds to a check of dataframely."""
    bounds = _bounds(column)
    match check:
        case "nullability":
            return MISSING
        case "min":
            return Rule("below", bounds)
        case "max":
            return Rule("above", bounds)
        case "regex":
            example = EXAMPLE_BY_UNIT.get(column.unit or "")
            shown = {"example": example} if example else {}
            return Rule("form", {"pattern": column.pattern or "", **shown})
        case "nan":
            return Rule("number")
        case "inf":
            return Rule("finite")
    return Rule(check)


def _all_pass(rows: pl.DataFrame, table: str, without: tuple[str, ...]) -> bool:
    """Return whether all rows obey; counting distinct keys is faster than marking repeated ones."""
    key = checked_key(table, without)
    if not _dataframely_schema(table, without, marks_repeated_keys=False).is_valid(rows):
        return False
    return not key or are_distinct(rows, key)


def are_distinct(rows: pl.DataFrame, key: Sequence[str]) -> bool:
    """Return whether no two rows have the same key, as far as hashes of keys show it.

    Different keys may have the same hash, once in 10 billion frames of 60,000 rows.
    """
    if len(key) == 1:  # A frame of one column takes three times as long as the column.
        return rows[key[0]].n_unique() == rows.height
    return rows.select(key).hash_rows().n_unique() == rows.height


def checked_key(table: str, without: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns of which no two rows may have the same values, empty if there are none.

    Statements have no key: two of them differ if any of their columns differs. A key cannot be
    checked while the rows lack one of its columns.
    """
    key = TABLES[table].primary_key
    return () if TABLES[table].merge == "statement" or set(key) & set(without) else key


@cache
def _dataframely_schema(
    table: str, without: tuple[str, ...], *, marks_repeated_keys: bool = True
) -> type[dy.Schema]:
    fields: dict[str, Any] = {"_position": dy.UInt32()}
    key = checked_key(table, without)
    for column in TABLES[table].columns:
        if column.name not in without:
            is_key = column.name in key
            fields[column.name] = _dataframely_column(
                column,
                nullable=column.is_nullable and not is_key,
                primary_key=is_key and marks_repeated_keys,
            )
    return type(f"{table.title()}Rows", (dy.Schema,), fields)


def _dataframely_column(column: Column, *, nullable: bool, primary_key: bool) -> dy.Column:
    common: dict[str, Any] = {"nullable": nullable, "primary_key": primary_key}
    kind = column.type.base_type()
    if kind is pl.Enum:
        return dy.Enum(column.choices, **common)
    if kind is pl.Datetime:
        return dy.Datetime(time_zone="UTC", time_unit="us", **common)
    if kind is pl.Decimal:
        return dy.Decimal(18, 4, **common)
    if kind is pl.String:
        return dy.String(regex=f"^({column.pattern})$" if column.pattern else None, **common)
    if kind in (pl.Boolean, pl.Date):
        return _WITHOUT_BOUNDS[kind](**common)
    if kind is pl.Float64:
        return dy.Float64(min=column.low, max=column.high, **common)
    bounds = {
        "min": None if column.low is None else int(column.low),
        "max": None if column.high is None else int(column.high),
    }
    return _INTEGERS[kind](**bounds, **common)
