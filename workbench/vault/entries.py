"""What a manifest of a dataset lists: its files and its sources."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

#: The table of rows that could not be used, kept beside the customer tables.
QUARANTINE = "quarantine"

#: The table of links between records and customers, kept beside the customer tables.
LINKS_TABLE = "links"

#: One row is one fault of one record (``schema.faults``). The first fault of a record, number 0,
#: has the record's own cells in ``raw``, so that they are stored once. No column is nested, because
#: each column has a key of its own.
QUARANTINE_SCHEMA = pl.Schema(
    {
        "source_id": pl.String(),
        "source_row": pl.Int64(),
        "fault": pl.UInt32(),
        "table": pl.String(),
        "column": pl.String(),
        "rule": pl.String(),
        "parameters": pl.String(),
        "raw": pl.String(),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One encrypted file, as the manifest lists it."""

    table: str
    bucket: int
    file: str
    key: str = field(repr=False)
    sha256: str
    rows: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    """One load of one file, page or table; the public part of a row of ``sources``.

    ``reasons`` are the refused records by reason as they were told at that load.
    """

    source_id: str
    system: str
    format: str
    currency: str
    zone: str
    basis: str
    data_until_at: str
    is_synthetic: bool
    read: int
    refused: int
    reasons: Mapping[str, int] = field(default_factory=dict)
