"""Read Parquet files, whose columns have types already."""

from collections.abc import Collection
from io import BytesIO

import polars as pl
from polars.exceptions import PolarsError

from workbench.foundation.errors import InputError
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.raw_cells import RawCells, malformed_records


def read_parquet(data: bytes, *, rule: FileRule, expected: Collection[str], name: str) -> RawCells:
    """Read all columns of a Parquet file; the caller checks that the mapping's columns exist.

    Raises
    ------
    InputError
        The file is not a Parquet file, is damaged, or has no row.
    """
    try:
        records = pl.read_parquet(BytesIO(data))
    except (PolarsError, OSError) as error:
        raise InputError(
            f"{name} is not a readable Parquet file: it is damaged or another format"
        ) from error
    if records.is_empty():
        raise InputError(f"{name} has columns and no row: nothing to load")
    if "source_row" in records.columns:
        raise InputError(
            f"{name} has a column source_row, a name that this program uses itself: rename it"
        )
    counted = records.with_row_index("source_row", offset=1).with_columns(
        pl.col("source_row").cast(pl.Int64)
    )
    return RawCells(
        records=counted, refused=malformed_records([]), read=records.height, is_plain=True
    )
