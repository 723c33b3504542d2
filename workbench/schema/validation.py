"""Hold rows against the declarations: what passes, and why every other row failed.

The rules are built as dataframely schemas from the declared columns, so that there is one place
where a rule stands. Rows fail one by one; a file never does because of its rows.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import dataframely as dy
import polars as pl

from workbench.schema.tables import TABLES, Column

_KEY = "primary_key"

#: What a failed rule is called in a load report, by dataframely's name of it.
_RULES = {
    "nullability": "missing",
    "min": "below the allowed range",
    "max": "above the allowed range",
    "regex": "not in the expected form",
    "nan": "not a number",
    "inf": "not a finite number",
    _KEY: "the same key more than once",
}

#: What a row is said to have that lacks a value it needs.
MISSING = _RULES["nullability"]

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
) -> tuple[pl.DataFrame, pl.DataFrame]:
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
        The other rows, in their order, with ``column`` (String, the first at fault; for a key its
        columns) and ``reason`` (String, all that is wrong, parted by "; "). Of rows with the same
        key all fail: which of them is right is for people to say.
    """
    columns = [c for c in TABLES[table].columns if c.name not in without]
    schema = _schema(table, without)
    position = rows.with_row_index("_position")
    _, failure = schema.filter(position.select("_position", *(c.name for c in columns)))
    bad = _reasons(failure.details(), table)
    passed = position.join(bad, on="_position", how="anti", maintain_order="left")
    failed = position.join(bad, on="_position", how="inner", maintain_order="left")
    return passed.drop("_position"), failed.drop("_position")


def _reasons(details: pl.DataFrame, table: str) -> pl.DataFrame:
    """Gather each row's broken rules, those of columns before that of the key."""
    at_fault = [
        (name.partition("|")[0], _words(name), pl.col(name) == "invalid")  # null where it held
        for name in details.columns
        if "|" in name
    ]
    key = TABLES[table].primary_key
    if _KEY in details.columns:
        # rows without a key are told that it is missing, not that they share it
        lacks = [f"{name}|nullability" for name in key if f"{name}|nullability" in details.columns]
        has_key = pl.all_horizontal(pl.lit(value=True), *(pl.col(n) != "invalid" for n in lacks))
        at_fault.append((", ".join(key), _RULES[_KEY], (pl.col(_KEY) == "invalid") & has_key))
    if not at_fault:
        return pl.DataFrame(
            schema={"_position": pl.UInt32, "column": pl.String, "reason": pl.String}
        )
    return details.select(
        "_position",
        column=pl.coalesce([pl.when(fault).then(pl.lit(name)) for name, _, fault in at_fault]),
        reason=pl.concat_str(
            [pl.when(fault).then(pl.lit(words)) for _, words, fault in at_fault],
            separator="; ",
            ignore_nulls=True,
        ),
    )


def _words(rule: str) -> str:
    column, _, check = rule.partition("|")
    return f"{column}: {_RULES.get(check, check)}"


@cache
def _schema(table: str, without: tuple[str, ...]) -> type[dy.Schema]:
    fields: dict[str, Any] = {"_position": dy.UInt32()}
    for column in TABLES[table].columns:
        if column.name not in without:
            fields[column.name] = _field(column, TABLES[table].primary_key, without)
    return type(f"{table.title()}Rows", (dy.Schema,), fields)


def _field(column: Column, primary: tuple[str, ...], without: tuple[str, ...]) -> dy.Column:
    is_key = column.is_primary and not set(primary) & set(without)
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
