"""Parquet files: typed already, read as they are."""

from collections.abc import Collection
from io import BytesIO

import polars as pl
from polars.exceptions import PolarsError

from workbench.foundation.errors import InputError
from workbench.sources.cells import Cells, refused
from workbench.sources.rules import FileRule


def read_parquet(data: bytes, *, rule: FileRule, expected: Collection[str], name: str) -> Cells:
    """Read a Parquet file, all columns; what the mapping names is looked for later.

    Raises
    ------
    InputError
        It is no Parquet file or damaged, or has no row.
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
            f"{name} has a column source_row, a name that this program gives: rename it"
        )
    counted = records.with_row_index("source_row", offset=1).with_columns(
        pl.col("source_row").cast(pl.Int64)
    )
    return Cells(records=counted, refused=refused([]), read=records.height, is_plain=True)
