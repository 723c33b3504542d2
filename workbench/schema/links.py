"""Records and customers: whose each stored row is, and what is known of each customer.

Rows are stored under the record of their source. Links say which customer a record is; a record
without a link is a customer of its own, so that most rows need no join that finds anything. Another
set of links over the same rows is another linkage, an undone merge, or a sampled clustering.

The customer table is made of statements: a record says of its person, in one load, what it knows.
One row per customer is made by *survivorship*, as ``columns.csv`` declares it for each column: of
what is *trusted*, the most trusted source that states a value, and of its statements the latest; of
the first sight the *earliest*; of kinds the *strongest*.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import polars as pl

from workbench.foundation.errors import ParameterError
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

#: Records that state an identifier of more than one person: which of them are the same person
#: nobody can tell.
SHARED = pl.Schema({"record_id": pl.UInt64(), "shared_id": pl.UInt32()})

#: Kinds of customers from the weakest to the strongest. Somebody who logged in once is more than a
#: visitor. An account for tests stays one, whatever another record says.
_KINDS = ("visitor", "person", "company", "test")


def require_links(links: pl.DataFrame) -> None:
    """Refuse what is no set of links.

    Raises
    ------
    ParameterError
        A column is missing, a record has two links, or somebody else's customer is itself linked.
    """
    if missing := [name for name in ("record_id", "customer_id") if name not in links.columns]:
        raise ParameterError(f"links lack the columns {', '.join(missing)}")
    if links["record_id"].is_duplicated().any():
        raise ParameterError("links have one row per record: a record is one customer's")
    if links["customer_id"].is_in(links["record_id"].implode()).any():
        raise ParameterError("links name the customer itself, not another record of the customer")


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
    loads: Mapping[str, int] = MappingProxyType({}),
    known_at: datetime | None = None,
    with_sources: bool = False,
) -> pl.LazyFrame:
    """Make one row per customer out of the statements of all records.

    Parameters
    ----------
    statements : LazyFrame
        Stored rows of the customer table with ``customer_id``.
    loads : mapping of str to int
        Loads in their order, each with the trust in its source: of statements about one time that
        of the later load counts.
    known_at : datetime, optional
        What was stated of a later time is left out. Two things are told of every time: since when
        somebody is a customer, and that an account is one for tests.
    with_sources : bool
        Whether to add ``NAME_source``, the load whose value counts, for each trusted value.

    Returns
    -------
    LazyFrame, shape (customers, columns)
        The declared columns of the customer table, by customer.
    """
    table = TABLES["customers"]
    kept = {column.name: column.keeps for column in table.columns if column.keeps}
    trusted = [name for name, keeps in kept.items() if keeps == "trusted"]
    is_known = pl.lit(value=True) if known_at is None else pl.col("observed_at") <= known_at
    statements = statements.with_columns(
        pl.when(is_known).then(pl.col(name)).alias(name) for name in trusted
    )
    counted = statements.select(pl.len(), pl.col("customer_id").n_unique().alias("customers"))
    rows, customers = counted.collect(engine="streaming").row(0)
    if rows == customers and not with_sources:
        return statements.with_columns(record_id=pl.col("customer_id")).select(list(table.schema))
    place = {load: number for number, load in enumerate(loads)}
    load = pl.col("source_id")
    kind = table.schema["kind"]
    ordered = statements.with_columns(
        _trust=load.replace_strict(dict(loads), default=0, return_dtype=pl.Int64),
        _load=load.replace_strict(place, default=-1, return_dtype=pl.Int64),
        _kind=pl.col("kind").cast(pl.Enum(_KINDS)).to_physical(),
    ).sort("customer_id", "_trust", "observed_at", "_load", "record_id", "source_row")
    counts = is_known | (pl.col("kind") == "test")
    made = ordered.group_by("customer_id", maintain_order=True).agg(
        *(pl.col(name).min() for name, keeps in kept.items() if keeps == "earliest"),
        *(pl.col(name).max() for name, keeps in kept.items() if keeps == "latest"),
        *(pl.col(name).drop_nulls().last() for name in trusted),
        pl.col("source_id", "source_row").last(),
        *(
            load.filter(pl.col(name).is_not_null()).last().alias(f"{name}_source")
            for name in trusted
            if with_sources
        ),
        _kind=pl.coalesce(pl.col("_kind").filter(counts).max(), pl.col("_kind").min()),
    )
    names = [*table.schema, *(f"{name}_source" for name in trusted if with_sources)]
    return made.with_columns(
        record_id=pl.col("customer_id"),
        kind=pl.col("_kind").replace_strict(dict(enumerate(_KINDS)), return_dtype=kind),
    ).select(names)
