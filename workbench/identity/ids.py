"""Make the ids of a dataset: keyed hashes of native ids."""

from collections.abc import Sequence

import polars as pl
import polars_hash as plh

_HEX_DIGITS = 16  # The first 8 bytes of a SHA-256.


def keyed_hash(native: pl.Series, *, secret: str) -> pl.Series:
    """Return the first 8 bytes of HMAC-SHA256 of each native id, as UInt64.

    Parameters
    ----------
    native : Series of String or UInt64, shape (n,)
        ``system:native id``, or an id that is a hash already; null stays null.
    secret : str
        Secret of the dataset for ids. The hashes are computed at once, so that no query plan
        contains the secret.
    """
    return keyed_hashes([native], secret=secret)[0]


def keyed_hashes(columns: Sequence[pl.Series], *, secret: str) -> list[pl.Series]:
    """Return ``keyed_hash`` of several columns; an id that several contain is hashed once."""
    by_type: dict[pl.DataType, list[pl.Series]] = {}
    for native in columns:
        by_type.setdefault(native.dtype, []).append(native.drop_nulls().unique().alias("native"))
    hashes = {
        kind: _hashes(pl.concat(distinct), secret).with_columns(
            pl.col("digits").str.to_integer(base=16, dtype=pl.UInt64, strict=True)
        )
        for kind, distinct in by_type.items()
    }
    return [
        pl.DataFrame({"native": native})
        .join(hashes[native.dtype], on="native", how="left", maintain_order="left")["digits"]
        .alias(native.name)
        for native in columns
    ]


def keyed_native(native: pl.Series, *, secret: str) -> pl.Series:
    """Return ``system:native id`` with the native part replaced by 16 digits of its HMAC.

    This is for ids that other tables refer to and that contain an identifier of a person. The whole
    text is hashed, so equal native ids of two systems get different digits.

    Parameters
    ----------
    native : Series of String, shape (n,)
        ``system:native id``; null stays null.
    secret : str
        Secret of the dataset for ids.

    Examples
    --------
    >>> keyed_native(pl.Series(["shop:7590-VHVEG", None]), secret="s").to_list()
    ['shop:4b71ec71c2a38f5d', None]
    """
    rows = pl.DataFrame({"native": native})
    joined = rows.join(_hashes(native, secret), on="native", how="left", maintain_order="left")
    system = pl.col("native").str.extract(r"^([^:]*:)").fill_null("")
    keyed = system + pl.col("digits")
    return joined.select(keyed.alias(native.name)).to_series()


def _hashes(native: pl.Series, secret: str) -> pl.DataFrame:
    """Hash each distinct id once: ``native`` and ``digits``, hexadecimal."""
    texts = pl.DataFrame({"native": native.drop_nulls().unique()}).with_columns(
        text=pl.col("native").cast(pl.String)
    )
    hashed = plh.col("text").chash.hmac_sha256(key=secret)
    return texts.select("native", digits=hashed.str.slice(0, _HEX_DIGITS))
