"""Records and customers: whose each stored row is, and what is known of each customer.

Rows are stored under the record of their source. Links say which customer a record is; a record
without a link is a customer of its own, so that most rows need no join that finds anything. Another
set of links over the same rows is another linkage, an undone merge, or a sampled clustering.

The customer table is made of statements: a record says of its person, in one load, what it knows.
One row per customer is made by *survivorship*: of each column the latest statement that has a
value counts, of the first sight the earliest.
"""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from workbench.schema.tables import TABLES

#: One row per record that belongs to another record's customer.
LINKS = pl.Schema(
    {
        "record_id": pl.UInt64(),
        "customer_id": pl.UInt64(),
        "rule": pl.String(),
        "weight": pl.Float64(),
        "since_version": pl.Int64(),
        "decided_by": pl.String(),
    }
)

#: Columns of the customer table that say that somebody is a customer, whenever that was said.
_EXISTENCE = ("kind", "first_seen_at")


def with_customers(rows: pl.LazyFrame, links: pl.DataFrame) -> pl.LazyFrame:
    """Put ``customer_id`` on stored rows: the linked customer, else the record itself.

    Parameters
    ----------
    rows : LazyFrame
        Stored rows with ``record_id``; null for guests, whose rows have no customer.
    links : DataFrame
        Columns of ``LINKS``.
    """
    if links.is_empty():
        return rows.with_columns(customer_id=pl.col("record_id"))
    linked = links.lazy().select("record_id", _linked="customer_id")
    return (
        rows.join(linked, on="record_id", how="left", maintain_order="left")
        .with_columns(customer_id=pl.coalesce("_linked", "record_id"))
        .drop("_linked")
    )


def surviving(
    statements: pl.LazyFrame,
    *,
    loads: Sequence[str] = (),
    known_at: datetime | None = None,
    with_sources: bool = False,
) -> pl.LazyFrame:
    """Make one row per customer out of the statements of all records.

    Parameters
    ----------
    statements : LazyFrame
        Stored rows of the customer table with ``customer_id``.
    loads : sequence of str
        Loads in their order: of statements about one time that of the later load counts.
    known_at : datetime, optional
        Values that were stated of a later time are left out; who is a customer, and since when, is
        not.
    with_sources : bool
        Whether to add ``NAME_source``, the load whose value counts, for each value.

    Returns
    -------
    LazyFrame, shape (customers, columns)
        The declared columns of the customer table, by customer.
    """
    table = TABLES["customers"]
    values = [
        column.name
        for column in table.columns
        if column.component != "lineage" and column.name not in ("customer_id", *_EXISTENCE)
    ]
    if known_at is not None:
        is_known = pl.col("observed_at") <= known_at
        statements = statements.with_columns(
            pl.when(is_known).then(pl.col(name)).alias(name) for name in values
        )
    counted = statements.select(pl.len(), pl.col("customer_id").n_unique().alias("customers"))
    rows, customers = counted.collect(engine="streaming").row(0)
    if rows == customers and not with_sources:
        return statements.with_columns(record_id=pl.col("customer_id")).select(list(table.schema))
    place = {load: number for number, load in enumerate(loads)}
    ordered = statements.with_columns(
        _load=pl.col("source_id").replace_strict(place, default=-1, return_dtype=pl.Int64)
    ).sort("customer_id", "observed_at", "_load", "record_id", "source_row")
    has_value = {name: pl.col(name).is_not_null() for name in values}
    sources = [
        pl.col("source_id").filter(known).last().alias(f"{name}_source")
        for name, known in has_value.items()
        if with_sources
    ]
    earliest = [column.name for column in table.columns if column.keeps == "earliest"]
    latest = [name for name in table.schema if name not in ("customer_id", "record_id", *earliest)]
    made = (
        ordered.group_by("customer_id", maintain_order=True)
        .agg(
            pl.col(earliest).min(),
            *(pl.col(name).drop_nulls().last() for name in latest),
            *sources,
        )
        .with_columns(record_id=pl.col("customer_id"))
    )
    return made.select(*table.schema, *(f"{name}_source" for name in values if with_sources))
