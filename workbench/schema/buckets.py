"""Buckets: the id of the record decides in which part of a dataset a row is stored.

All tables are cut alike, so whatever is done per record is local to one bucket. Rows that belong to
nobody (guests, anonymous reviews) have a bucket of their own.
"""

import polars as pl

#: The bucket of rows without a record.
NO_CUSTOMER = -1


def bucket_of(record_id: pl.Series, buckets: int) -> pl.Series:
    """Return the bucket of each record.

    Parameters
    ----------
    record_id : Series of UInt64, shape (n,)
        Keyed hashes, which are spread evenly already; null where nobody is known.
    buckets : int
        Number of buckets of the dataset, fixed when it is made.

    Returns
    -------
    Series of Int16, shape (n,)
        The id modulo ``buckets``; ``NO_CUSTOMER`` where the id is null.
    """
    return (record_id % buckets).cast(pl.Int16).fill_null(NO_CUSTOMER)
