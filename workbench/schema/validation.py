"""Hold rows against the declarations: what passes, and why every other row failed.

The rules are built as dataframely schemas from the declared columns, so that there is one place
where a rule stands. Rows fail one by one; a file never does because of its rows.
"""

from functools import cache
from typing import Any

import dataframely as dy
import polars as pl

from workbench.schema.tables import TABLES, Column

#: What a failed rule is called in a load report, by dataframely's name of it.
_RULES = {
    "nullability": "missing",
    "min": "below the allowed range",
    "max": "above the allowed range",
    "regex": "not in the expected form",
    "primary_key": "the same key more than once",
}


def split(rows: pl.DataFrame, *, table: str, without: tuple[str, ...] = ()) -> tuple[pl.DataFrame, pl.DataFrame]:
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
        The other rows, in their order, with ``column`` and ``reason`` (both String; one line per
        row, its reasons parted by "; ").
    """
    columns = [c for c in TABLES[table].columns if c.name not in without]
    schema = _schema(table, without)
    position = rows.with_row_index("_position")
    _, failure = schema.filter(position.select("_position", *(c.name for c in columns)))
    details = failure.details()
    bad = _reasons(details, columns)
    passed = position.join(bad, on="_position", how="anti", maintain_order="left")
    failed = position.join(bad, on="_position", how="inner", maintain_order="left")
    return passed.drop("_position"), failed.drop("_position")


def _reasons(details: pl.DataFrame, columns: list[Column]) -> pl.DataFrame:
    rules = [name for name in details.columns if "|" in name or name == "primary_key"]
    said = [
        pl.when(pl.col(name) == "invalid").then(pl.lit(_words(name)))  # null where the rule held
        for name in rules
    ]
    named = [
        pl.when(pl.col(name) == "invalid").then(pl.lit(name.split("|")[0]))
        for name in rules
    ]
    if not rules:
        return pl.DataFrame(schema={"_position": pl.UInt32, "column": pl.String, "reason": pl.String})
    return details.select(
        "_position",
        column=pl.coalesce(named),
        reason=pl.concat_str(said, separator="; ", ignore_nulls=True),
    )


def _words(rule: str) -> str:
    column, _, check = rule.partition("|")
    if not check:
        return _RULES["primary_key"]
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
        return {pl.Boolean: dy.Bool, pl.Date: dy.Date}[kind](**common)
    if kind is pl.Float64:
        return dy.Float64(min=column.low, max=column.high, **common)
    bounds = {
        "min": None if column.low is None else int(column.low),
        "max": None if column.high is None else int(column.high),
    }
    integers = {pl.Int8: dy.Int8, pl.Int16: dy.Int16, pl.Int32: dy.Int32, pl.Int64: dy.Int64}
    return {**integers, pl.UInt64: dy.UInt64}[kind](**bounds, **common)
