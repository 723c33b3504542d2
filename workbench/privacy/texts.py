"""Cells that may contain anything: shown only where enough persons say the same.

A value that k persons share names none of them. Message bodies, search words and the evidence of a
consent are never shown: until there is redaction, a shared template can still carry a name.
"""

from dataclasses import dataclass

import polars as pl

from workbench.schema import TABLES

NEVER = frozenset({"body", "search_text", "raw_signal"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """The values of a column that enough persons state.

    Attributes
    ----------
    values : DataFrame
        The column and those within which values are counted, one row per value.
    stated, emptied : int
        Cells that hold a value, and those whose value too few persons state.
    """

    values: pl.DataFrame
    stated: int
    emptied: int


def shared_values(
    rows: pl.LazyFrame, column: str, *, k: int, within: tuple[str, ...] = ()
) -> Shared:
    """Find the values of a column that at least k persons state; rows without a person are none.

    Parameters
    ----------
    rows : LazyFrame
        Rows of one table, with ``customer_id``.
    column : str
        Column of texts.
    k : int
        Persons that have to state a value.
    within : tuple of str
        Columns that say what the value is of: "yes" to one question is shared by those who said
        so to it, not by those who said it to another.
    """
    counted = (
        rows.filter(pl.col(column).is_not_null())
        .group_by(*within, column, "customer_id")
        .agg(_cells=pl.len())
        .group_by(*within, column)
        .agg(pl.col("_cells").sum(), _persons=pl.col("customer_id").drop_nulls().len())
        .collect(engine="streaming")
    )
    kept = counted.filter(pl.col("_persons") >= k)
    stated = int(counted["_cells"].sum())
    return Shared(
        values=kept.select(*within, column),
        stated=stated,
        emptied=stated - int(kept["_cells"].sum()),
    )


def blank_rare(rows: pl.LazyFrame, column: str, *, shared: Shared) -> pl.LazyFrame:
    """Empty the cells whose value is not among the shared ones; rows come in any order."""
    allowed = shared.values.lazy().with_columns(_shared=pl.lit(True))
    return (
        rows.join(allowed, on=shared.values.columns, how="left", nulls_equal=True)
        .with_columns(pl.when(pl.col("_shared")).then(pl.col(column)).alias(column))
        .drop("_shared")
    )


def text_columns(table: str) -> tuple[str, ...]:
    """Names of a table's columns that may contain anything."""
    return TABLES[table].named("text")
