"""Refused records, which people can correct and load again."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import polars as pl

from workbench.foundation.errors import InputError
from workbench.schema.record_faults import FAULT, describe_faults
from workbench.sources import REFUSED
from workbench.sources.returned_records import ADDED, RETURNED, guard_formulas
from workbench.vault import Dataset
from workbench.vault.entries import QUARANTINE_SCHEMA
from workbench.vault.parquet import translate_read_errors

#: Number of digits of a source id (of 32) in a quarantine id; they differ between loads.
_DIGITS = 12


#: Columns of the refused records of a dataset, one row a record: the load, the columns of
#: ``REFUSED``, and the record of the customer whom the refused record is about.
RECORD_SCHEMA = pl.Schema({"source_id": pl.String(), **REFUSED, "about_record": pl.UInt64()})


def to_records(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one row per refused record (``RECORD_SCHEMA``) from the rows of the quarantine."""
    return (
        rows.sort("source_id", "source_row", "fault")
        .group_by("source_id", "source_row", maintain_order=True)
        .agg(
            faults=pl.struct(FAULT),
            raw=pl.col("raw").first(),
            about_record=pl.col("about_record").first(),
        )
        .select(list(RECORD_SCHEMA))
        .cast(RECORD_SCHEMA)
    )


def to_rows(records: pl.DataFrame) -> pl.DataFrame:
    """Return one row per fault, columns of ``QUARANTINE_SCHEMA``, as the quarantine stores them."""
    numbered = records.with_columns(fault=pl.int_ranges(pl.col("faults").list.len()))
    rows = numbered.explode("faults", "fault").unnest("faults")
    return rows.with_columns(raw=pl.when(pl.col("fault") == 0).then("raw")).select(
        pl.col(name).cast(kind) for name, kind in QUARANTINE_SCHEMA.items()
    )


def quarantined_records(dataset: Dataset) -> pl.DataFrame:
    """Return a dataset's refused records.

    Returns
    -------
    DataFrame, shape (refused, 6)
        ``quarantine_id`` (String, by which a corrected record closes its refusal), ``format``
        (String), ``source_id`` (String), ``source_row`` (Int64), ``faults`` (a list of structs of
        ``table``, ``column``, ``rule`` and ``parameters``) and ``raw`` (String, JSON of the
        record's cells; personal), sorted by source and row.
    """
    formats = pl.DataFrame(
        {
            "source_id": [source.source_id for source in dataset.sources],
            "format": [source.format for source in dataset.sources],
        },
        schema={"source_id": pl.String, "format": pl.String},
    )
    with translate_read_errors(dataset.label):
        refused = to_records(dataset.quarantine().collect())
    return (
        add_quarantine_ids(refused)
        .join(formats, on="source_id", how="left")
        .select(RETURNED, "format", "source_id", *REFUSED)
        .sort("source_id", "source_row")
    )


def add_quarantine_ids(refused: pl.DataFrame) -> pl.DataFrame:
    """Add ``quarantine_id``, made from the id of the load and the number of the record in it."""
    row = pl.col("source_row").cast(pl.String)
    return refused.with_columns(
        (pl.col("source_id").str.slice(0, _DIGITS) + "-" + row).alias(RETURNED)
    )


def write_quarantined_records(rows: pl.DataFrame, path: Path) -> None:
    """Write refused records to a CSV file that only its owner can read.

    The first columns contain the record's id in the quarantine, its number in the source and its
    faults; the others are the record's own columns, with the names of the source. A corrected file
    that is loaded with the same mapping closes the refusals that its first column names, so that
    column must not be changed. Cells that a spreadsheet would take for a formula get a leading
    apostrophe, which the reader removes again; negative numbers are not changed.

    Parameters
    ----------
    rows : DataFrame
        Rows of ``quarantined_records``; rows of one ``format`` are loaded again together.
    path : Path
        Path of a new file.

    Raises
    ------
    InputError
        The file exists, or cannot be written.
    """
    about = rows.select(
        RETURNED,
        pl.col("source_row").alias(f"{ADDED}row"),
        _faults_in_words(rows).alias(f"{ADDED}reason"),
    )
    cells = [json.loads(raw) if raw else {} for raw in rows["raw"]]
    names = dict.fromkeys(name for record in cells for name in record if name not in about.columns)
    own = pl.DataFrame(
        {name: [_cell_as_text(record.get(name)) for record in cells] for name in names},
        schema=dict.fromkeys(names, pl.String),
    )
    written = pl.concat([about, own], how="horizontal") if names else about
    # Without a byte-order mark Excel would read UTF-8 as its own encoding.
    content = guard_formulas(written).write_csv(include_bom=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content.encode())
        except OSError:
            with contextlib.suppress(OSError):
                path.unlink()
            raise
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; name a new file") from error


def _faults_in_words(rows: pl.DataFrame) -> pl.Series:
    """Return all faults of each record in words, in one cell."""
    found = rows.select(RETURNED, "faults").explode("faults").unnest("faults")
    worded = found.select(RETURNED, words=describe_faults(found))
    cells = worded.group_by(RETURNED, maintain_order=True).agg(pl.col("words").str.join("; "))
    both = rows.select(RETURNED).join(cells, on=RETURNED, how="left", maintain_order="left")
    return both.get_column("words")


def _cell_as_text(cell: Any) -> str | None:
    """Write a cell as its source would: whole numbers without decimals, no quotes around text."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return json.dumps(cell, ensure_ascii=False)
