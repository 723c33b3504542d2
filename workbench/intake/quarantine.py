"""The rows that could not be used, for people to correct."""

import json
import os
from pathlib import Path

import polars as pl

from workbench.foundation.errors import InputError
from workbench.vault import Dataset


def quarantined(dataset: Dataset) -> pl.DataFrame:
    """Return a dataset's refused records.

    Returns
    -------
    DataFrame, shape (refused, 6)
        ``format`` (String), ``source_id`` (String), ``source_row`` (Int64), ``column`` (String),
        ``reason`` (String) and ``raw`` (String, JSON of the record's cells; personal), sorted by
        source and row.
    """
    formats = pl.DataFrame(
        {
            "source_id": [source.source_id for source in dataset.sources],
            "format": [source.format for source in dataset.sources],
        },
        schema={"source_id": pl.String, "format": pl.String},
    )
    return (
        dataset.quarantine()
        .join(formats.lazy(), on="source_id", how="left")
        .select("format", "source_id", "source_row", "column", "reason", "raw")
        .sort("source_id", "source_row")
        .collect()
    )


def write_out(rows: pl.DataFrame, path: Path) -> None:
    """Write refused records to a CSV file that only its owner can read.

    The first columns say which record it is and what is wrong with it, the others are the record's
    own, by the names that the source gave them. Cells that a spreadsheet would take for a formula
    get a leading apostrophe, which the readers take off again.

    Raises
    ------
    InputError
        The file exists, or cannot be written.
    """
    cells = pl.DataFrame(
        [json.loads(raw) if raw else {} for raw in rows["raw"]] or None, infer_schema_length=None
    )
    told = rows.select("source_row", "column", "reason")
    texts = cells.select(pl.all().cast(pl.String, strict=False)) if cells.width else cells
    named = texts.rename({name: f"{name} (record)" for name in texts.columns if name in told.columns})
    written = pl.concat([told, named], how="horizontal") if named.width else told
    guarded = written.with_columns(
        pl.when(pl.col(pl.String).str.contains(r"^[=+\-@\t\r]"))
        .then(pl.concat_str(pl.lit("'"), pl.col(pl.String)))
        .otherwise(pl.col(pl.String))
        .name.keep()
    )
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; name a new file") from error
    with os.fdopen(handle, "wb") as file:
        guarded.write_csv(file)
