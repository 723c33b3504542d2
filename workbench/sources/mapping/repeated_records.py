"""Find records that a file contains twice.

Two equal lines may be two facts: a customer bought the same article twice. They are one fact if the
mapping gives both the same key, as an order number. The second of two such records is counted and
left out before rows are made, so that a sum over the records of an order counts it once.
"""

from collections.abc import Callable, Mapping

import polars as pl

from workbench.schema.table_declarations import LINEAGE
from workbench.schema.validation import are_distinct, checked_key
from workbench.sources.source import REPEATS

_NOT_YET = ("customer_id", *LINEAGE)  # columns of keys that intake adds


def find_repeats(
    tables: Mapping[str, pl.DataFrame], contents: Callable[[pl.DataFrame], pl.DataFrame]
) -> pl.DataFrame:
    """Return records that equal an earlier record and give a row with the same key.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Rows made of the records, with ``source_row``.
    contents : callable
        Returns, for rows with ``source_row``, the records with the columns in which equal records
        agree.

    Returns
    -------
    DataFrame
        Columns of ``REPEATS``, in the order of the records.
    """
    found = [REPEATS.to_frame()]
    for table, rows in tables.items():
        key = checked_key(table, without=_NOT_YET)
        if not key or are_distinct(rows, key):
            continue
        shared = rows.drop_nulls(key).filter(pl.struct(key).is_duplicated())
        numbers = shared.select("source_row", _key=pl.struct(key))
        equal = numbers.join(contents(shared), on="source_row")
        agreeing = [name for name in equal.columns if name != "source_row"]
        first = pl.col("source_row").min().over(agreeing)
        found.append(equal.select("source_row", first_row=first))
    return (
        pl.concat(found)
        .filter(pl.col("source_row") != pl.col("first_row"))
        .unique("source_row")
        .sort("source_row")
    )
