"""Buckets: a stable hash of the customer decides in which part of a dataset a row lies.

All tables are cut alike, so whatever is done per customer is local to one bucket. Rows that belong
to nobody (guests, anonymous reviews) have a bucket of their own.
"""

import hashlib

import polars as pl

#: The bucket of rows without a customer.
NO_CUSTOMER = -1


def bucket_of(customer_id: pl.Series, buckets: int) -> pl.Series:
    """Return the bucket of each customer.

    Parameters
    ----------
    customer_id : Series of UInt64, shape (n,)
        Null where nobody is known.
    buckets : int
        Number of buckets of the dataset, fixed when it is made.

    Returns
    -------
    Series of Int16, shape (n,)
        SHA-256 of the id's eight bytes (little endian), first eight bytes, modulo ``buckets``;
        ``NO_CUSTOMER`` where the id is null.
    """
    distinct = customer_id.drop_nulls().unique()
    found = pl.DataFrame(
        {
            "customer_id": distinct,
            "bucket": pl.Series([_bucket(each, buckets) for each in distinct], dtype=pl.Int16),
        }
    )
    rows = pl.DataFrame({"customer_id": customer_id})
    joined = rows.join(found, on="customer_id", how="left", maintain_order="left")
    return joined["bucket"].fill_null(NO_CUSTOMER)


def _bucket(customer_id: int, buckets: int) -> int:
    digest = hashlib.sha256(customer_id.to_bytes(8, "little")).digest()
    return int.from_bytes(digest[:8], "little") % buckets
