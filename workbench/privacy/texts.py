"""Cells that may contain anything: shown only where enough persons say the same.

A value that k persons share names none of them. Message bodies, search words and the evidence of a
consent are never shown: until there is redaction, a shared template can still carry a name.
"""

import polars as pl

from workbench.schema import TABLES

NEVER = frozenset({"body", "search_text", "raw_signal"})


def shared_values(rows: pl.LazyFrame, column: str, *, k: int) -> pl.LazyFrame:
    """Return the values of a column that at least k persons state, one row each."""
    return (
        rows.filter(pl.col("customer_id").is_not_null(), pl.col(column).is_not_null())
        .group_by(column)
        .agg(pl.col("customer_id").n_unique().alias("_persons"))
        .filter(pl.col("_persons") >= k)
        .select(column, pl.lit(True).alias("_shared"))
    )


def blank_rare(rows: pl.LazyFrame, column: str, *, k: int) -> pl.LazyFrame:
    """Empty the cells of a column whose value fewer than k persons state."""
    allowed = shared_values(rows, column, k=k).collect().lazy()
    return (
        rows.join(allowed, on=column, how="left", maintain_order="left")
        .with_columns(pl.when(pl.col("_shared")).then(pl.col(column)).alias(column))
        .drop("_shared")
    )


def text_columns(table: str) -> tuple[str, ...]:
    """Names of a table's columns that may contain anything."""
    return TABLES[table].named("text")
