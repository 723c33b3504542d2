"""The hash of a world's values, whatever library wrote them and in whatever bytes.

Files are the same byte for byte under one lock file; their bytes hold the writer's version. What
has to stay the same when a library is exchanged is the values, and this says whether they did.
"""

import hashlib
from collections.abc import Mapping

import polars as pl

_MICROS = 1_000_000


def value_hash(tables: Mapping[str, pl.DataFrame]) -> str:
    """Return the SHA-256 of all values: tables by name, columns as they stand, rows in order.

    Whole numbers, dates and instants count as 64-bit integers, fractions in millionths, texts as
    UTF-8 with their lengths; what is null counts apart.
    """
    digest = hashlib.sha256()
    for name in sorted(tables):
        for column in tables[name].iter_columns():
            digest.update(f"{name}.{column.name} {column.len()}\n".encode())
            digest.update(column.is_null().cast(pl.UInt8).to_numpy().tobytes())
            for values in _numbers(column):
                digest.update(values.fill_null(0).to_numpy().astype("<i8").tobytes())
            if column.dtype in (pl.String, pl.Enum):
                texts = column.cast(pl.String).fill_null("")
                digest.update("".join(texts.to_list()).encode())
    return digest.hexdigest()


def _numbers(column: pl.Series) -> list[pl.Series]:
    """Return a column as whole numbers; of texts their lengths."""
    if column.dtype in (pl.String, pl.Enum):
        return [column.cast(pl.String).str.len_bytes().cast(pl.Int64)]
    if column.dtype.is_float() or column.dtype.is_decimal():
        return [(column.cast(pl.Float64) * _MICROS).round().cast(pl.Int64)]
    if column.dtype == pl.UInt64:  # beyond what an Int64 holds
        return [column.cast(pl.Int64, wrap_numerical=True)]
    return [column.to_physical().cast(pl.Int64)]
