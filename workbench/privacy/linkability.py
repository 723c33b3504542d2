"""Measure how far the histories of a view single out its customers.

k counts persons who share their quasi-identifiers and does not concern histories: the day and
amount of one order single out most customers of a shop, and two views with the same orders can be
joined on them although their pseudonyms differ. So the report of a view measures both on a sample
of its customers:

- *unique by n rows*: share of customers whom nobody else matches if n of their rows, drawn at
  random, are known as the view shows them (``known_facts``);
- *whole history*: share of customers whose set of rows in a table no other customer has: they can
  be found in any other table with the same columns.

A policy lowers the figures by truncating time to weeks or months, putting amounts into bands,
shifting the dates of each customer and suppressing rare products.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import polars as pl

from workbench.charts.exhibits import Table
from workbench.privacy.known_facts import CASE, count_alike, draw_known_facts
from workbench.privacy.release import Release, share_columns
from workbench.schema import TABLES
from workbench.schema.customer_ranges import CustomerRange

LINKABILITY: Mapping[str, pl.DataType] = {
    "table": pl.String(),
    "known": pl.String(),
    "persons": pl.Int64(),
    "share": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "note": pl.String(),
}

#: Table whose whole histories are compared.
_HISTORY_TABLE = "orders"
#: Number of customers in the sample, and numbers of rows that are known of each.
_SAMPLE = 500
_KNOWN = (1, 2, 3)
#: Number of customers, including the sample, with whom the sample is compared first. Most known
#: rows are found there, and only the others are searched for among the next customers, so many at
#: a time.
_COMPARED_FIRST, _COMPARED_NEXT = 5_000, 200_000


def linkability(
    tables: Mapping[str, pl.LazyFrame], customers: pl.Series, *, release: Release
) -> pl.DataFrame:
    """Estimate the share of customers whom some of their rows in a view single out.

    Parameters
    ----------
    tables : mapping of str to LazyFrame
        Tables of the view; the order of rows and the ids of customers do not matter.
    customers : Series of UInt64
        Ids of these customers. They are keyed hashes, so those with the lowest ids are a sample.
    release : Release
        Release that makes the counts.

    Returns
    -------
    DataFrame
        One row per table and number of known rows, with the columns of ``LINKABILITY``: ``persons``
        of the sample who have that many rows, and the ``share`` of unique persons among them with
        its interval; ``note`` has the bound if only a bound is shown.
    """
    customers = customers.rename("customer_id").sort()
    parts = []
    for name in tables:
        if not TABLES[name].is_history:
            continue
        shown = recognisable_columns(tables[name], name)
        if shown:
            parts += _measure_table(name, tables[name], shown, customers, release)
    if not parts:
        return pl.DataFrame(schema=LINKABILITY)
    return pl.concat(parts).cast(pl.Schema(LINKABILITY))


def linkability_table(rows: pl.DataFrame, *, origin: str) -> Table:
    """Return the figures as a table that may be shown."""
    return Table(
        name="view_linkability",
        title="How many customers are unique by rows that somebody knows of them",
        rows=rows.drop("note") if (rows["note"] == "").all() else rows,
        persons="persons",
        labels={"known": "What is known", "persons": "Customers looked at", "share": "Unique"},
        formats={"share": ".1%", "low": ".1%", "high": ".1%"},
        origin=origin,
    )


def recognisable_columns(frame: pl.LazyFrame, table: str) -> list[str]:
    """Return the columns of a table by which somebody could recognise a row."""
    declared = TABLES[table]
    return [
        name
        for name in frame.collect_schema().names()
        if name in declared and declared.column(name).sensitivity not in ("key", "text")
    ]


def _measure_table(
    table: str, frame: pl.LazyFrame, shown: Sequence[str], customers: pl.Series, release: Release
) -> list[pl.DataFrame]:
    fact = pl.struct(shown).hash(seed=1)

    def facts_of(some: CustomerRange) -> pl.LazyFrame:
        # A table that is sorted by customer is read for these customers only.
        return frame.filter(some.contains).select(_person="customer_id", _fact=fact)

    first, *further = _ranges(customers)
    near = facts_of(first).unique().collect(engine="streaming")
    sample = customers.head(_SAMPLE)
    chosen = near.filter(pl.col("_person").is_in(sample.implode()))
    known = draw_known_facts(chosen, _KNOWN, seed=0)
    left = known.join(count_alike(known, near), on=CASE, how="anti")
    for others in further:
        if left.is_empty():
            break
        sought = left.lazy().select("_fact").unique()
        held = facts_of(others).join(sought, on="_fact", how="semi")
        rows = held.unique().collect(engine="streaming")
        left = left.join(count_alike(left, rows), on=CASE, how="anti")
    unique = left.select(CASE).unique()
    judged = (
        known.select(CASE)
        .unique()
        .join(unique.with_columns(unique=True), on=CASE, how="left")
        .sort(CASE)
        .rename({"_person": "customer_id"})
    )
    lines = []
    for n in _KNOWN:
        what = "1 row" if n == 1 else f"{n} rows"
        lines.append(_estimate_share(table, what, judged.filter(pl.col("_known") == n), release))
    if table == _HISTORY_TABLE:
        histories = [_histories(facts_of(some)) for some in (first, *further)]
        lines.append(_estimate_share(table, "whole history", _alike(histories, sample), release))
    return [line for line in lines if not line.is_empty()]


def _ranges(customers: pl.Series) -> Iterator[CustomerRange]:
    """Yield the range of the customers who are compared first, and ranges of all others."""
    begins = [0, *range(_COMPARED_FIRST, customers.len(), _COMPARED_NEXT)]
    for begin, end in pairwise([*begins, customers.len()]):
        yield CustomerRange(customers[begin], customers[end - 1])


def _histories(facts: pl.LazyFrame) -> pl.DataFrame:
    """Return each customer's number of rows and the sum of their hashes, which identify the set."""
    return (
        facts.unique()
        .group_by(customer_id="_person")
        .agg(_rows=pl.len(), _sum=pl.col("_fact").sum())
        .collect(engine="streaming")
    )


def _alike(histories: Sequence[pl.DataFrame], sample: pl.Series) -> pl.DataFrame:
    """Return for each customer of the sample whether nobody else has the same set of rows."""
    history = ["_rows", "_sum"]
    of_sample = histories[0].filter(pl.col("customer_id").is_in(sample.implode()))
    same = [each.join(of_sample, on=history, how="semi") for each in histories]
    alike = pl.concat(same).group_by(history).agg(unique=pl.len() == 1)
    return of_sample.join(alike, on=history)


def _estimate_share(table: str, known: str, rows: pl.DataFrame, release: Release) -> pl.DataFrame:
    if rows.is_empty():
        return pl.DataFrame(schema=LINKABILITY)
    unique = pl.col("unique").fill_null(value=False)
    counted = release.counts(rows, of={"unique": unique})
    found = share_columns(counted, "unique", "persons", release=release)
    return found.select(
        pl.lit(table).alias("table"),
        pl.lit(known).alias("known"),
        "persons",
        "share",
        low="share_low",
        high="share_high",
        note="share_note",
    ).cast(pl.Schema(LINKABILITY))
