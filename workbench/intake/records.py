"""From what a reader made of a file to rows of the customer tables, or to the quarantine."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from workbench.identity import customer_ids, keyed_hash
from workbench.schema import TABLES
from workbench.schema.validation import split
from workbench.sources import HASHED, REFUSED, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Rows of the customer tables, and the records that gave none.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        Rows by table, all declared columns in declared order, and ``source_row`` on every table.
    refused : DataFrame
        One row per refused record, columns of ``REFUSED``.
    read : int
        Records read.
    """

    tables: Mapping[str, pl.DataFrame]
    refused: pl.DataFrame
    read: int


def resolve(reading: Reading, *, source_id: str, secret: str) -> Records:
    """Give ids and lineage to a reading's rows and hold them against the schema.

    A record one of whose rows breaks a rule is refused as a whole: its other rows go too, and so
    do the lines of an order that was refused with it.

    Parameters
    ----------
    reading : Reading
        What the reader made.
    source_id : str
        The load it belongs to.
    secret : str
        The dataset's secret for ids.
    """
    rows = {
        name: _complete(name, frame, source_id, secret) for name, frame in reading.tables.items()
    }
    passed, failed = {}, []
    for name, frame in rows.items():
        good, bad = split(frame, table=name)
        passed[name] = good
        failed.append(_refusals(name, bad))
    refused = pl.concat([reading.refused.cast(dict(REFUSED)), *failed])
    tables = _without(passed, refused)
    orphans = _orphans(tables)
    if not orphans.is_empty():
        refused = pl.concat([refused, orphans])
        tables = _without(tables, refused)
    return Records(
        tables={
            name: frame.select(list(dict.fromkeys([*TABLES[name].schema, "source_row"])))
            for name, frame in tables.items()
        },
        refused=_one_per_record(refused),
        read=reading.read,
    )


def _complete(name: str, frame: pl.DataFrame, source_id: str, secret: str) -> pl.DataFrame:
    """Hash ids, add whose the row is and where it came from, fill columns nobody stated."""
    table = TABLES[name]
    hashed = [
        keyed_hash(frame[column], secret=secret)
        for column in HASHED
        if column in frame.columns and frame.schema[column] == pl.String
    ]
    frame = frame.with_columns(hashed).with_columns(source_id=pl.lit(source_id))
    if "customer_id" in table and "record_id" in frame.columns:
        frame = frame.with_columns(customer_ids(frame["record_id"], secret=secret))
    missing = [
        pl.lit(None, dtype=column.type).alias(column.name)
        for column in table.columns
        if column.name not in frame.columns
    ]
    return frame.with_columns(missing)


def _refusals(table: str, failed: pl.DataFrame) -> pl.DataFrame:
    return failed.select(
        "source_row",
        "column",
        reason=pl.lit(f"{table}: ") + pl.col("reason"),
        raw=_raw(failed.drop("column", "reason", strict=False)),
    ).cast(dict(REFUSED))


def _without(
    tables: Mapping[str, pl.DataFrame], refused: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    gone = refused.select("source_row").unique()
    return {
        name: frame.join(gone, on="source_row", how="anti", maintain_order="left")
        for name, frame in tables.items()
    }


def _orphans(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Lines whose order was refused: without it they would be sold to nobody at no time."""
    if "order_items" not in tables or "orders" not in tables:
        return pl.DataFrame(schema=REFUSED)
    lines = tables["order_items"].join(
        tables["orders"], on="order_id", how="anti", maintain_order="left"
    )
    return lines.select(
        "source_row",
        column=pl.lit("order_id"),
        reason=pl.lit("order_items: its order was refused"),
        raw=_raw(lines),
    ).cast(dict(REFUSED))


def _raw(rows: pl.DataFrame) -> pl.Expr:
    """The row as it was understood; the reader's own raw cells are not at hand any more."""
    names = [name for name in rows.columns if name not in ("customer_id", "source_id")]
    return pl.struct(names).struct.json_encode()


def _one_per_record(refused: pl.DataFrame) -> pl.DataFrame:
    return (
        refused.group_by("source_row", maintain_order=True)
        .agg(
            pl.col("column").drop_nulls().first(),
            pl.col("reason").unique(maintain_order=True).str.join("; "),
            pl.col("raw").drop_nulls().first(),
        )
        .sort("source_row")
    )
