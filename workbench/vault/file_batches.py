"""Scan many files of one table a few at a time.

polars opens all files of a union at once and decodes the first rows of each. Reading six columns of
160 M events in 1,139 files took 3.2 GB of memory and 2.0 CPU seconds this way, and 0.2 GB and 1.5
CPU seconds in batches of a million rows.
"""

from collections.abc import Iterator, Sequence

import polars as pl
from polars.io.plugins import register_io_source

_BATCH_ROWS = 1_000_000


def scan_files(files: Sequence[pl.LazyFrame], *, rows: Sequence[int]) -> pl.LazyFrame:
    """Return the rows of some files as one lazy frame, in the order of the files.

    Parameters
    ----------
    files : sequence of LazyFrame
        Scans of the files, one or more, with equal columns.
    rows : sequence of int
        Number of rows of each file.
    """
    batches = list(_divide(files, rows))
    if len(batches) == 1:
        return pl.concat(files)

    def read(
        columns: list[str] | None, condition: pl.Expr | None, most: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        left = most
        for batch in batches:
            wanted = [_restrict(each, columns, condition) for each in batch]
            for found in pl.collect_all(wanted, engine="streaming"):
                if left is None:
                    yield found
                    continue
                yield found.head(left)
                left -= min(left, found.height)
                if not left:
                    return

    return register_io_source(read, schema=files[0].collect_schema(), is_pure=True)


def _divide(files: Sequence[pl.LazyFrame], rows: Sequence[int]) -> Iterator[list[pl.LazyFrame]]:
    """Yield batches of files that have at most ``_BATCH_ROWS`` rows together, or one large file."""
    batch: list[pl.LazyFrame] = []
    size = 0
    for file, count in zip(files, rows, strict=True):
        if batch and size + count > _BATCH_ROWS:
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += count
    yield batch


def _restrict(
    file: pl.LazyFrame, columns: list[str] | None, condition: pl.Expr | None
) -> pl.LazyFrame:
    some = file if condition is None else file.filter(condition)
    return some if columns is None else some.select(columns)
