"""Links between records and customers, and the customer table made from the records' statements.

Rows are stored under the record of their source. A link assigns a record to a customer. A record
without a link is a customer of its own, so most records need no link. Another set of links over the
same rows is another linkage, an undone merge or a sampled clustering.

The stored customer table contains statements: the values that one record has in one load.
*Survivorship* makes one row per customer from them, as the column ``keeps`` of ``columns.csv``
declares for each column: ``trusted`` takes the value of the most trusted source that has one (of
several statements the latest), ``earliest`` the first time, ``latest`` the last time and
``strongest`` the strongest kind of customer.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import ParameterError
from workbench.schema.table_declarations import TABLES

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

#: Records with an identifier that several persons share; which of these records are the same person
#: cannot be decided.
SHARED = pl.Schema({"record_id": pl.UInt64(), "shared_id": pl.UInt32()})

#: Kinds of customers from the weakest to the strongest. A visitor who logged in once is a person.
#: An account for tests stays one, whatever kind another of its records has.
_KINDS = ("visitor", "person", "company", "test")


def require_links(links: pl.DataFrame) -> None:
    """Refuse a frame that is not a valid set of links.

    Raises
    ------
    ParameterError
        A column is missing or has another type or a null, a record has two links, or a link's
        customer is itself a linked record.

    Examples
    --------
    >>> require_links(pl.DataFrame({"record_id": ["a"], "customer_id": ["b"]}))
    Traceback (most recent call last):
    workbench.foundation.errors.ParameterError: links need the columns record_id and customer_id \
    of type UInt64 without nulls; found: record_id of type String, customer_id of type String
    """
    needed = {name: LINKS[name] for name in ("record_id", "customer_id")}
    if faults := [fault for name in needed if (fault := _column_fault(links, name, needed[name]))]:
        columns = " and ".join(needed)
        raise ParameterError(
            f"links need the columns {columns} of type UInt64 without nulls; found: "
            f"{', '.join(faults)}"
        )
    if links["record_id"].is_duplicated().any():
        raise ParameterError("a record has several links: give one row per record")
    if links["customer_id"].is_in(links["record_id"].implode()).any():
        raise ParameterError(
            "the customer of a link is itself a linked record: link both records to one customer"
        )


def _column_fault(links: pl.DataFrame, name: str, dtype: pl.DataType) -> str | None:
    if name not in links.columns:
        return f"no {name}"
    if links.schema[name] != dtype:
        return f"{name} of type {links.schema[name]}"
    return (
        f"{name} with {count_text(nulls, 'null')}" if (nulls := links[name].null_count()) else None
    )


def add_customer_ids(rows: pl.LazyFrame, links: pl.DataFrame) -> pl.LazyFrame:
    """Add ``customer_id`` to stored rows: the linked customer, else the record itself.

    Parameters
    ----------
    rows : LazyFrame
        Stored rows with ``record_id``, which is null for guests.
    links : DataFrame
        Links, with columns of ``LINKS``.
    """
    if links.is_empty():
        return rows.with_columns(customer_id=pl.col("record_id"))
    linked = links.lazy().select("record_id", _linked="customer_id")
    return (
        rows.join(linked, on="record_id", how="left", maintain_order="left")
        .with_columns(customer_id=pl.coalesce("_linked", "record_id"))
        .drop("_linked")
    )


def apply_survivorship(
    statements: pl.LazyFrame,
    *,
    loads: Mapping[str, int] = MappingProxyType({}),
    known_at: datetime | None = None,
    with_sources: bool = False,
) -> pl.LazyFrame:
    """Return one row per customer, made from the statements of all its records.

    Parameters
    ----------
    statements : LazyFrame
        Stored rows of the customer table with ``customer_id``.
    loads : mapping of str to int
        Loads in their order, each with the trust in its source. Of two statements with the same
        trust and time, the one of the later load counts.
    known_at : datetime, optional
        Instant after which statements do not count. Two facts count whenever they were stated: the
        time since when a person is a customer, and that an account is for tests.
    with_sources : bool
        Whether to add ``NAME_source``, the load of the surviving value, for each trusted column.

    Returns
    -------
    LazyFrame, shape (customers, columns)
        The declared columns of the customer table, sorted by customer.
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
