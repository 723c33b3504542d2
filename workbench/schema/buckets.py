"""Buckets: the id of its record decides in which bucket of a dataset a row is stored.

All tables are divided alike, so every step per record reads one bucket only. Rows without a
customer (guests, anonymous reviews) have a bucket of their own.
"""

import polars as pl

#: The bucket of rows without a record.
NO_CUSTOMER = -1


def bucket_of(record_id: pl.Series, buckets: int) -> pl.Series:
    """Return the bucket of each record.

    Parameters
    ----------
    record_id : Series of UInt64, shape (n,)
        Ids of records: keyed hashes, which are spread evenly; null for rows without a customer.
    buckets : int
        Number of buckets of the dataset, fixed when it is made.

    Returns
    -------
    Series of Int16, shape (n,)
        The id modulo ``buckets``, or ``NO_CUSTOMER`` if the id is null.
    """
    return (record_id % buckets).cast(pl.Int16).fill_null(NO_CUSTOMER)
