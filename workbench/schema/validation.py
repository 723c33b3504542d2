"""Hold rows against the declarations: what passes, and why every other row failed.

The rules are built as dataframely schemas from the declared columns, so that there is one place
where a rule stands. Rows fail one by one; a file never does because of its rows.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import dataframely as dy
import polars as pl

from workbench.schema.faults import EXAMPLE, FAULTS, MISSING, Rule, faults, join_faults
from workbench.schema.tables import TABLES, Column

#: What a value looks like, by the unit of columns that declare a pattern.
EXAMPLES: Mapping[str, str] = {
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
_BARE: Mapping[Any, Callable[..., dy.Column]] = {pl.Boolean: dy.Bool, pl.Date: dy.Date}


def split(
    rows: pl.DataFrame, *, table: str, without: tuple[str, ...] = ()
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Part rows into those that obey the table's declarations and those that do not.

    Parameters
    ----------
    rows : DataFrame, shape (n, columns)
        Rows of one table, already of the declared types, with any further columns.
    table : str
        Name of a declared table.
    without : tuple of str
        Declared columns that are not there yet (identity and intake add them).

    Returns
    -------
    passed : DataFrame
        The rows that obey, in their order, all columns kept.
    failed : DataFrame
        The other rows, in their order, all columns kept. Of rows with the same key all fail: which
        of them is right is for people to say.
    faults : DataFrame
        Columns of ``FAULTS``: every fault of the failed rows, those of columns before that of the
        key. Rows without ``source_row`` are numbered from 1.
    """
    columns = [c for c in TABLES[table].columns if c.name not in without]
    schema = _schema(table, without)
    position = rows.with_row_index("_position")
    _, failure = schema.filter(position.select("_position", *(c.name for c in columns)))
    if not len(failure):  # the usual case: nothing is copied
        return rows, rows.clear(), FAULTS.to_frame()
    broken = failure.details()
    is_numbered = "source_row" in rows.columns
    number = pl.col("source_row") if is_numbered else pl.col("_position") + 1
    details = broken.select(
        "_position", *(name for name in broken.columns if name == _KEY or "|" in name)
    ).join(position.select("_position", source_row=number), on="_position", how="left")
    found = [
        faults(details.filter(fault), rule, table=table, column=column)
        for fault, rule, column in _checks(details, table)
    ]
    passed = position.join(details, on="_position", how="anti", maintain_order="left")
    failed = position.join(details, on="_position", how="semi", maintain_order="left")
    return passed.drop("_position"), failed.drop("_position"), join_faults(found)


def _checks(details: pl.DataFrame, table: str) -> Iterator[tuple[pl.Expr, Rule, str | None]]:
    """Yield for each rule the rows that break it, the rule and its column."""
    for name in details.columns:
        column, _, check = name.partition("|")
        if check and column in TABLES[table]:
            yield pl.col(name) == "invalid", _rule(TABLES[table].column(column), check), column
    if _KEY in details.columns:
        key = TABLES[table].primary_key
        # rows without a key are told that it is missing, not that they share it
        lacks = [f"{name}|nullability" for name in key if f"{name}|nullability" in details.columns]
        has_key = pl.all_horizontal(pl.lit(value=True), *(pl.col(n) != "invalid" for n in lacks))
        yield (pl.col(_KEY) == "invalid") & has_key, Rule("key_repeated", {"columns": key}), None


def type_rule(column: Column) -> Rule:
    """Return the rule that a value is of the column's type, for values that have another one."""
    kind = column.type.base_type()
    if kind is pl.Enum:
        return Rule.choice(column.choices)
    if kind is pl.Boolean:
        return Rule("boolean")
    if kind is pl.Date:
        return Rule("date", {"example": EXAMPLE.date().isoformat()})
    if kind is pl.Datetime:
        return Rule("instant", {"example": EXAMPLE.isoformat(sep=" ")})
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


def _rule(column: Column, check: str) -> Rule:
    """Return the rule that dataframely's check stands for."""
    bounds = _bounds(column)
    match check:
        case "nullability":
            return MISSING
        case "min":
            return Rule("below", bounds)
        case "max":
            return Rule("above", bounds)
        case "regex":
            example = EXAMPLES.get(column.unit or "")
            shown = {"example": example} if example else {}
            return Rule("form", {"pattern": column.pattern or "", **shown})
        case "nan":
            return Rule("number")
        case "inf":
            return Rule("finite")
    return Rule(check)


@cache
def _schema(table: str, without: tuple[str, ...]) -> type[dy.Schema]:
    fields: dict[str, Any] = {"_position": dy.UInt32()}
    # statements are told apart by all they say
    unique = () if TABLES[table].merge == "statement" else TABLES[table].primary_key
    for column in TABLES[table].columns:
        if column.name not in without:
            fields[column.name] = _field(column, unique, without)
    return type(f"{table.title()}Rows", (dy.Schema,), fields)


def _field(column: Column, unique: tuple[str, ...], without: tuple[str, ...]) -> dy.Column:
    is_key = column.name in unique and not set(unique) & set(without)
    common: dict[str, Any] = {"nullable": column.is_nullable and not is_key, "primary_key": is_key}
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
        return _BARE[kind](**common)
    if kind is pl.Float64:
        return dy.Float64(min=column.low, max=column.high, **common)
    bounds = {
        "min": None if column.low is None else int(column.low),
        "max": None if column.high is None else int(column.high),
    }
    return _INTEGERS[kind](**bounds, **common)
