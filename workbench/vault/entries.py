"""Entries in the lists of a dataset's version: its files, its sources and its operations."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

#: The table of refused rows, which is stored beside the customer tables.
QUARANTINE = "quarantine"

#: Kind of the operation that removes the refused records of one load.
DISMISS = "dismiss"

#: The table of links between records and customers, which is stored beside the customer tables.
LINKS_TABLE = "links"

#: The table of records that state an identifier which several persons share.
SHARED_TABLE = "shared"

#: Tables that every version makes anew from its identifiers.
LINKAGE = (LINKS_TABLE, SHARED_TABLE)

#: One row is one fault of one refused record (``schema.record_faults``). The first fault of a
#: record, number 0, has the record's own cells in ``raw``, so that they are stored once. No column
#: is nested, because each column has a key of its own. ``about_record`` is the id of the record
#: whose person the refused record is about, null where it could not be read; an erasure finds the
#: refused records of a person by it.
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
        "about_record": pl.UInt64(),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One encrypted file of a table.

    Attributes
    ----------
    table, bucket, file
        Place of the file; ``file`` is the name under which it is stored.
    footer : str
        Key of the footer: its holder can read column names, types and the number of rows.
    keys : mapping of str to str
        Data key of each sensitivity group of columns, sealed to the group's key of the dataset.
    sha256, rows, columns
        Hash of the file, number of its rows, names of its columns.
    """

    table: str
    bucket: int
    file: str
    footer: str = field(repr=False)
    keys: Mapping[str, str] = field(repr=False)
    sha256: str
    rows: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    """One load of one file, page or table; the part of a row of ``sources`` that names nobody.

    ``reasons`` counts the refused records by reason, in the words that the load reported.
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
    trust: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One change of a dataset's content, in the order in which they were made.

    Attributes
    ----------
    kind : str
        ``load`` or ``undo``; further kinds change the fingerprint in the same way.
    version, base : int
        Version that the operation made, and the version whose content it changed.
    sources : tuple of SourceEntry
        Sources that a load read.
    undoes : int or None
        Version made by the load that an ``undo`` takes back.
    details : mapping of str to str
        Further inputs that decide the outcome of the operation, for example a hash of its input.
    """

    kind: str
    version: int
    base: int
    sources: tuple[SourceEntry, ...] = ()
    undoes: int | None = None
    details: Mapping[str, str] = field(default_factory=dict)
