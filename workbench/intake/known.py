"""What of a load is new to the dataset, what it holds already, and what contradicts it."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from workbench.schema import TABLES, CustomerData
from workbench.schema.tables import LINEAGE
from workbench.sources import REFUSED

#: Tables of one row per customer, in which a later statement completes the earlier one.
MERGED = "customers"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """The rows of one part of a load, told apart.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        Rows that are not held yet.
    contradicting : DataFrame
        Columns of ``REFUSED``: records whose key is held with other values, or came twice.
    records : int
        Accepted records of which at least one row is new.
    """

    tables: Mapping[str, pl.DataFrame]
    contradicting: pl.DataFrame
    records: int


def news(tables: Mapping[str, pl.DataFrame], held: CustomerData | None) -> News:
    """Tell new rows from held ones by the declared primary keys.

    Of rows with the same key within the load the first counts. A row that says the same as the one
    held is known; one that says something else is a contradiction for people to settle.
    """
    fresh, refusals, said_new = {}, [], []
    for name, rows in tables.items():
        key = list(TABLES[name].primary_key)
        if name == MERGED:
            known = held[name].select(key).collect() if held else rows.select(key).clear()
            fresh[name] = rows
            said_new.append(rows.join(known, on=key, how="anti").select("source_row"))
            continue
        first = rows.unique(subset=key, keep="first", maintain_order=True)
        again = _rest(rows, first, key)
        refusals.append(_refusal(again, name, "the same key more than once"))
        new, other = _against(first, held[name], name, key) if held else (first, first.clear())
        refusals.append(_refusal(other, name, "its key is held already with other values"))
        fresh[name] = new
        said_new.append(new.select("source_row"))
    contradicting = pl.concat([pl.DataFrame(schema=REFUSED), *refusals])
    gone = contradicting.select("source_row").unique()
    told = pl.concat([gone.clear(), *said_new]).join(gone, on="source_row", how="anti")
    return News(
        tables={
            name: rows.join(gone, on="source_row", how="anti", maintain_order="left")
            for name, rows in fresh.items()
        },
        contradicting=contradicting,
        records=told.n_unique(),
    )


def merged(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Merge rows about the same customers: the later value wins where it states one.

    ``first_seen_at`` is the earliest ever stated.
    """
    columns = [c for c in TABLES[MERGED].schema if c not in ("customer_id", "first_seen_at")]
    return (
        pl.concat([old, new])
        .group_by("customer_id", maintain_order=True)
        .agg(
            pl.col("first_seen_at").min(),
            *(pl.col(column).drop_nulls().last() for column in columns),
        )
        .select(list(TABLES[MERGED].schema))
        .sort("customer_id")
    )


def _against(
    rows: pl.DataFrame, held: pl.LazyFrame, name: str, key: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    said = [c for c in TABLES[name].schema if c not in LINEAGE and c not in key]
    met = (
        held.join(rows.lazy().select(key).unique(), on=key, how="semi")
        .select(*key, pl.struct(said).alias("_held") if said else pl.lit(True).alias("_held"))
        .collect()
    )
    new = rows.join(met, on=key, how="anti", maintain_order="left")
    both = rows.join(met, on=key, how="inner", maintain_order="left")
    if not said:
        return new, rows.clear()
    other = both.filter(pl.struct(said).ne_missing(pl.col("_held"))).drop("_held")
    return new, other


def _rest(rows: pl.DataFrame, first: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Rows that came after the first one with their key."""
    if first.height == rows.height:
        return rows.clear()
    return rows.join(first, on=["source_row", *key], how="anti", maintain_order="left")


def _refusal(rows: pl.DataFrame, table: str, reason: str) -> pl.DataFrame:
    if rows.is_empty():
        return pl.DataFrame(schema=REFUSED)
    return rows.select(
        "source_row",
        column=pl.lit(", ".join(TABLES[table].primary_key)),
        reason=pl.lit(f"{table}: {reason}"),
        raw=pl.struct(rows.columns).struct.json_encode(),
    ).cast(dict(REFUSED))
