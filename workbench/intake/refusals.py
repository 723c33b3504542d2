"""Refused records: one line each, with all that is wrong and the record in the source's words."""

from collections.abc import Iterable, Mapping

import polars as pl

from workbench.schema import TABLES
from workbench.sources import REFUSED
from workbench.sources.cells import raw_json


def gathered(refused: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return one row per record: its first column at fault, every reason once, its raw cells.

    Parameters
    ----------
    refused : iterable of DataFrame
        Columns of ``REFUSED``; reasons are parted by "; ".
    """
    return (
        pl.concat([pl.DataFrame(schema=REFUSED), *(rows.cast(REFUSED) for rows in refused)])
        .with_columns(pl.col("reason").str.split("; "))
        .group_by("source_row", maintain_order=True)
        .agg(
            pl.col("column").drop_nulls().first(),
            pl.col("reason").explode().drop_nulls().unique(maintain_order=True).str.join("; "),
            pl.col("raw").drop_nulls().first(),
        )
        .sort("source_row")
    )


def refusal(rows: pl.DataFrame, *, column: str, reason: str) -> pl.DataFrame:
    """Refuse the records of some rows of a table for one reason."""
    return rows.select(
        "source_row", column=pl.lit(column), reason=pl.lit(reason), raw=understood(rows)
    ).cast(REFUSED)


def understood(rows: pl.DataFrame) -> pl.Expr:
    """Write each row as it was understood, for sources that have no words of their own."""
    added = ("customer_id", "source_id", "source_row", "column", "reason")
    names = [name for name in rows.columns if name not in added and not name.startswith("_")]
    return pl.struct(names).struct.json_encode()


def in_own_words(refused: pl.DataFrame, cells: pl.DataFrame | None) -> pl.DataFrame:
    """Replace ``raw`` by the record's own cells where the source has them."""
    if cells is None or refused.is_empty():
        return refused
    found = cells.join(refused.select("source_row"), on="source_row", how="semi")
    own = found.select("source_row", own=pl.Series(raw_json(found), dtype=pl.String))
    return (
        refused.join(own, on="source_row", how="left", maintain_order="left")
        .with_columns(raw=pl.coalesce("own", "raw"))
        .drop("own")
    )


def without(tables: Mapping[str, pl.DataFrame], refused: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Leave out what refused records contribute.

    A customer or identifier that several records state is not lost with one of them: its row goes
    to the first of the others.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Rows by table, each with ``source_row``.
    refused : DataFrame
        Its ``source_row`` counts.
    """
    gone = refused.select("source_row").unique()
    if gone.is_empty():
        return dict(tables)
    left = {
        name: frame.join(gone, on="source_row", how="anti", maintain_order="left")
        for name, frame in tables.items()
    }
    for name in tables:
        if TABLES[name].is_stated_again and left[name].height < tables[name].height:
            orphaned = tables[name].join(gone, on="source_row", how="semi", maintain_order="left")
            left[name] = pl.concat([left[name], _taken_over(orphaned, left)])
    return left


def _taken_over(orphaned: pl.DataFrame, left: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    people = orphaned.select("record_id").unique()
    others = [
        frame.select("record_id", "source_row").join(people, on="record_id", how="semi")
        for name, frame in left.items()
        if not TABLES[name].is_stated_again and "record_id" in TABLES[name]
    ]
    first = (
        pl.concat(others).group_by("record_id").agg(pl.col("source_row").min())
        if others
        else (orphaned.select("record_id", "source_row").clear())
    )
    return (
        orphaned.drop("source_row")
        .join(first, on="record_id", how="inner", maintain_order="left")
        .select(orphaned.columns)
    )
