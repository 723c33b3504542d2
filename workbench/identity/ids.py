"""Keyed hashes: the ids of a dataset, made from native ids under a secret."""

import polars as pl
import polars_hash as plh

_HEX_DIGITS = 16  # of a SHA-256: the first 8 bytes


def keyed_hash(native: pl.Series, *, secret: str) -> pl.Series:
    """Return the first 8 bytes of HMAC-SHA256 of each native id, as UInt64.

    Parameters
    ----------
    native : Series of String or UInt64, shape (n,)
        ``system:native id``, or an id that is a hash already; null stays null.
    secret : str
        The dataset's secret for ids. It is used at once and stays in no query plan.
    """
    distinct = native.drop_nulls().unique()
    texts = pl.DataFrame({"native": distinct}).select(
        "native",
        # typed as Any by polars-hash: its namespace is registered at run time
        hashed=plh.col("native").cast(pl.String).chash.hmac_sha256(key=secret),
    )
    hashes = texts.select(
        "native",
        hashed=pl.col("hashed")
        .str.slice(0, _HEX_DIGITS)
        .str.to_integer(base=16, dtype=pl.UInt64, strict=True),
    )
    rows = pl.DataFrame({"native": native})
    joined = rows.join(hashes, on="native", how="left", maintain_order="left")
    return joined["hashed"].alias(native.name)


def customer_ids(record_id: pl.Series, *, secret: str) -> pl.Series:
    """Return whose each record is: an id made from the record's, UInt64; null stays null."""
    return keyed_hash(record_id, secret=f"{secret} customer").alias("customer_id")
