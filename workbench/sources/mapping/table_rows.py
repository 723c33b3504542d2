"""Make rows of the schema's tables from typed records.

Expressions make rows of records, the system is added to native ids, and values get their declared
types. If a value does not fit its column, or a required value is missing, the records behind the
row are at fault: they are refused and the rows are made again without them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from workbench.schema import TABLES, Column
from workbench.schema.person_identifiers import normalise_identifier
from workbench.schema.record_faults import MISSING, Rule, join_faults, make_faults
from workbench.schema.validation import type_rule
from workbench.sources.mapping.consent_changes import find_changes
from workbench.sources.mapping.expression_types import check_column, check_condition
from workbench.sources.mapping.joined_dates import read_expression
from workbench.sources.mapping.mapped_records import (
    KIND,
    OBSERVED,
    RECORD,
    Rows,
    native_record_id,
    to_utc_instant,
)
from workbench.sources.mapping.mapping_rules import RowRule
from workbench.sources.mapping.part_context import PartContext, explain_sql_errors
from workbench.sources.mapping.statement_times import HELD_SINCE, date_statements, takes_latest

_ROWS = "_source_rows"
#: Kinds of identifiers that begin with the system that issued them.
_WITH_SYSTEM = ("user_id", "order_number")
#: Columns that no source contains, because identity and intake add them.
_NOT_STATED = ("customer_id", "source_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRows:
    """Tables, the faults of records (columns of ``FAULTS``), and rounded amounts by table."""

    tables: Mapping[str, pl.DataFrame]
    faults: pl.DataFrame
    rounded: Mapping[str, int]


def make_rows(records: Rows, context: PartContext) -> TableRows:
    """Return all tables that a part makes of its records.

    Parameters
    ----------
    records : mapping of str or None to DataFrame
        Rows of accepted records and of their members, see ``MappedRecords``.
    context : PartContext
        Rules of the part, and settings with the zone in which dates become instants.
    """
    found: dict[str, list[pl.DataFrame]] = {}
    rounded: dict[str, int] = {}
    for table, rows in _make_all_rows(records, context):
        found.setdefault(table, []).append(rows)
    at_fault: list[pl.DataFrame] = []
    tables: dict[str, pl.DataFrame] = {}
    for table, frames in found.items():
        typed: list[pl.DataFrame] = []
        for frame in frames:
            rows, bad, changed = _to_declared_types(frame, table, context.provenance.system)
            typed.append(rows)
            at_fault.append(bad)
            rounded[table] = rounded.get(table, 0) + changed
        tables[table] = _distinct_statements(pl.concat(typed), table, context)
    return TableRows(
        tables={name: rows for name, rows in tables.items() if rows.height},
        faults=join_faults(at_fault),
        rounded=rounded,
    )


def _make_all_rows(records: Rows, context: PartContext) -> Iterator[tuple[str, pl.DataFrame]]:
    part, own = context.part, records[None]
    for table, rules in part.tables.items():
        for rule in rules:
            with explain_sql_errors(context, f"tables.{table}"):
                rows = _rows_of_rule(records[rule.each], table, rule, context)
            yield table, rows
    for kind, sql in part.identities.items():
        with explain_sql_errors(context, f"identities.{kind}"):
            rows = _identity_rows(own, kind, read_expression(sql, own))
        yield "identities", rows
    for namespace, attributes in part.attributes.items():
        for attribute, sql in attributes.items():
            with explain_sql_errors(context, f"attributes.{namespace}.{attribute}"):
                rows = _attribute_rows(own, namespace, attribute, read_expression(sql, own))
            yield "attributes", rows


def _rows_of_rule(
    records: pl.DataFrame, table: str, rule: RowRule, context: PartContext
) -> pl.DataFrame:
    if rule.record is not None:
        records = records.with_columns(native_record_id(rule.record, records))
    if rule.where is not None:
        where = read_expression(rule.where, records)
        check_condition(where, records, place=f"tables.{table}.where", context=context)
        records = records.filter(where)
    per = rule.per
    if table == "customers":
        records = records.filter(pl.col(RECORD).is_not_null())
        per = per or (RECORD,)
    is_latest = table == "customers" and takes_latest(rule)
    if is_latest:
        records = records.sort(OBSERVED, descending=True, nulls_last=True, maintain_order=True)
    if rule.order_by:
        keys = [*rule.order_keys, ("source_row", False)]
        records = records.sort(
            [name for name, _ in keys], descending=[is_down for _, is_down in keys], nulls_last=True
        )
    types = {column.name: column.type for column in _stated_columns(table)}
    stated = {name: read_expression(sql, records) for name, sql in rule.columns.items()}
    for name, value in stated.items():
        column, place = TABLES[table].column(name), f"tables.{table}.{name}"
        check_column(value, records, column, place=place, context=context)
    columns = {
        name: to_utc_instant(value, records, context.provenance)
        if types[name] == pl.Datetime
        else value
        for name, value in {**_default_columns(table), **stated}.items()
    }
    if table == "consents" and "consent_id" not in columns:
        columns["consent_id"] = _consent_number(columns)
    if not per:
        rows = records.select(
            **columns, source_row=pl.col("source_row"), **{_ROWS: pl.concat_list("source_row")}
        )
        return rows.filter(pl.col("value").is_not_null()) if table == "attributes" else rows
    named = {f"={name}": value for name, value in columns.items()}
    kinds = records.lazy().group_by(per).agg(**named).collect_schema()
    stated_once = {
        f"={name}": _value_of_group(value, TABLES[table].column(name))
        if kinds[f"={name}"] == pl.List
        else value
        for name, value in columns.items()
    }
    rows = records.group_by(per, maintain_order=True).agg(
        **stated_once, source_row=pl.col("source_row").min(), **{_ROWS: pl.col("source_row")}
    )
    if is_latest:
        rows = rows.sort("source_row")
    dated = date_statements(rows, records, table=table, rule=rule, evidence=context.evidence)
    return dated.select(
        pl.col("^=.*$").name.map(lambda name: name.removeprefix("=")),
        pl.col("source_row", _ROWS),
        pl.col(f"^{HELD_SINCE}$"),
    )


def _value_of_group(value: pl.Expr, column: Column) -> pl.Expr:
    """Return one value of the records of a group, where an expression aggregates nothing.

    It is the value that the schema keeps of several statements about a customer, the earliest or
    the latest, or else the first one that a record of the group has.
    """
    if column.keeps == "earliest":
        return value.min()
    if column.keeps == "latest":
        return value.max()
    return value.first(ignore_nulls=True)


def _default_columns(table: str) -> dict[str, pl.Expr]:
    """Return expressions of the columns that a mapping may leave out."""
    given: dict[str, pl.Expr] = {}
    if table == "customers":
        return {
            "record_id": pl.col(RECORD), "kind": pl.col(KIND),
            "observed_at": pl.col(OBSERVED).min(),
        }  # fmt: skip
    if "record_id" in TABLES[table]:
        given["record_id"] = pl.col(RECORD)
    if "currency" in TABLES[table]:
        given["currency"] = pl.col("currency")
    if table == "attributes":
        given["observed_at"], given["origin"] = pl.col(OBSERVED), pl.lit("observed")
        given["is_special_category"] = pl.lit(value=False)
    if table == "consents":
        given["method"] = pl.lit("import")
    return given


def _consent_number(columns: Mapping[str, pl.Expr]) -> pl.Expr:
    """Return a number for each decision of a record: by purpose, channel and time."""
    nothing = pl.lit("")
    moment = columns.get("decided_at", pl.lit(None)).cast(pl.Int64).cast(pl.String)
    told = [columns[name] for name in ("purpose", "channel") if name in columns]
    parts = [part.cast(pl.String).fill_null(nothing) for part in (*told, moment)]
    return pl.concat_str([pl.col(RECORD), *parts], separator="/")


def _identity_rows(records: pl.DataFrame, kind: str, identifier: pl.Expr) -> pl.DataFrame:
    native = normalise_identifier(identifier.cast(pl.String), kind=pl.lit(kind))
    value = pl.col("system") + ":" + native if kind in _WITH_SYSTEM else native
    stated = records.select(
        "source_row", record_id=RECORD, last_seen_at=OBSERVED, identifier=value
    ).filter(pl.col("identifier").is_not_null() & pl.col("record_id").is_not_null())
    return (
        stated.group_by("record_id", "identifier", maintain_order=True)
        .agg(
            pl.col("last_seen_at").max(),
            pl.col("source_row").min(),
            pl.col("source_row").alias(_ROWS),
        )
        .with_columns(kind=pl.lit(kind), match_rule=pl.lit("own"))
    )


def _attribute_rows(
    records: pl.DataFrame, namespace: str, attribute: str, value: pl.Expr
) -> pl.DataFrame:
    kind = records.lazy().select(value).collect_schema().dtypes()[0]
    text = value
    if kind == pl.Boolean:
        text = pl.when(value).then(pl.lit("yes")).when(~value).then(pl.lit("no"))
    elif isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        text = value.dt.convert_time_zone("UTC")
    stated = records.select(
        "source_row", record_id=RECORD, observed_at=OBSERVED, value=text.cast(pl.String)
    ).filter(pl.col("value").is_not_null() & pl.col("record_id").is_not_null())
    return stated.with_columns(
        pl.lit(namespace).alias("namespace"),
        attribute=pl.lit(attribute),
        origin=pl.lit("observed"),
        is_special_category=pl.lit(value=False),
        **{_ROWS: pl.concat_list("source_row")},
    )


def _to_declared_types(
    rows: pl.DataFrame, table: str, system: str
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Return rows in declared types, their faults, and the number of rounded amounts."""
    expressions: list[pl.Expr] = [pl.col("source_row"), pl.col(_ROWS)]
    checks: list[tuple[str, Rule, pl.Expr]] = []
    fractions: list[pl.Expr] = []
    for column in _stated_columns(table):
        if column.name not in rows.columns:
            expressions.append(pl.lit(None, dtype=_type_read(column)).alias(column.name))
            continue
        value = _to_type(pl.col(column.name), column, rows.schema[column.name], system)
        expressions.append(value.alias(column.name))
        found = pl.col(column.name)
        if rows.schema[column.name].is_decimal() and column.type.is_integer():
            fractions.append((found != found.round(0)).sum())
        checks.append((column.name, type_rule(column), found.is_not_null() & value.is_null()))
        if not column.is_nullable and column.name != "record_id":
            checks.append((column.name, MISSING, found.is_null()))
    # Nearly all checks find nothing, so their faults are made only where they find something.
    found_any = rows.select(where.any().alias(str(n)) for n, (_, _, where) in enumerate(checks))
    at_fault = [
        make_faults(_exploded(rows.filter(where)), rule, table=table, column=name)
        for (name, rule, where), is_broken in zip(checks, found_any.row(0), strict=True)
        if is_broken
    ]
    rounded = rows.select(pl.sum_horizontal(pl.lit(0), *fractions)).item(0, 0)
    order = [column.name for column in _stated_columns(table)]
    typed = rows.select(*expressions, pl.col(f"^{HELD_SINCE}$"))
    kept = typed.select(*order, "source_row", pl.col(f"^{HELD_SINCE}$"))
    return kept, join_faults(at_fault), rounded


def _exploded(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.col(_ROWS).alias("source_row")).explode("source_row")


def _stated_columns(table: str) -> list[Column]:
    """Return the columns that a source can contain."""
    return [c for c in TABLES[table].columns if c.name not in (*_NOT_STATED, "source_row")]


def _type_read(column: Column) -> pl.DataType:
    return pl.String() if column.id == "hashed" else column.type


def _to_type(value: pl.Expr, column: Column, found: pl.DataType, system: str) -> pl.Expr:
    if column.name == "record_id":
        return value
    if column.id is not None:
        return pl.lit(f"{system}:") + value.cast(pl.String)
    if column.type == pl.Date and isinstance(found, pl.Datetime):
        return value.dt.date()  # A cast would give the day in UTC.
    if column.type.is_integer() and found.is_decimal():
        return value.round(0, mode="half_away_from_zero").cast(column.type, strict=False)
    if column.type.is_integer() and found.is_float():
        return pl.when(value == value.round(0)).then(value.cast(column.type, strict=False))
    return value.cast(column.type, strict=False)


def _distinct_statements(rows: pl.DataFrame, table: str, context: PartContext) -> pl.DataFrame:
    """Return the statements of a record without those that say the same again.

    Of several statements about one attribute at one instant the last counts. A decision on consent
    that is equal to the one before it is no new decision.
    """
    if table == "attributes":
        key = ["record_id", "namespace", "attribute", "observed_at"]
        return rows.unique(key, keep="last", maintain_order=True)
    if table == "consents":
        return find_changes(rows, is_batch=context.evidence.is_of_batches)
    return rows
