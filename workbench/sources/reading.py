"""What a source is and what a reader makes of one part of it.

A *record* is what the file counts: a line, a row of a sheet, a JSON object, a row of a world's
table. Every record read is either accepted or refused, as a whole: a refused record contributes to
no table and is kept with its faults and its raw cells.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import polars as pl

from workbench.schema.faults import FAULT, FAULTS, join_faults

#: Columns of refused records, one row each: ``faults`` is a list of what ``FAULTS`` has in rows,
#: ``raw`` a JSON object of the record's own cells.
REFUSED = pl.Schema(
    {
        "source_row": pl.Int64(),
        "faults": pl.List(pl.Struct({name: FAULTS[name] for name in FAULT})),
        "raw": pl.String(),
    }
)


def refused_records(faults: pl.DataFrame, raw: pl.DataFrame) -> pl.DataFrame:
    """Return one row per record that has a fault, with its own cells beside its faults.

    Parameters
    ----------
    faults : DataFrame
        Columns of ``FAULTS``.
    raw : DataFrame
        ``source_row`` and ``raw``; of several rows of one record the first counts.
    """
    return (
        join_faults([faults])
        .group_by("source_row", maintain_order=True)
        .agg(faults=pl.struct(FAULT))
        .join(raw.unique("source_row", keep="first"), on="source_row", how="left")
        .sort("source_row")
        .select(list(REFUSED))
        .cast(REFUSED)
    )


def faults_of(refused: pl.DataFrame) -> pl.DataFrame:
    """Return the faults of refused records, one row each: columns of ``FAULTS``."""
    return refused.select("source_row", "faults").explode("faults").unnest("faults").cast(FAULTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a reader made of one part of one source; read = accepted + refused.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        Tables with rows, by schema name: the declared columns without ``customer_id`` and
        ``source_id``, in declared types (ids that the schema calls hashed are ``system:native
        id``, or UInt64 where the source is hashed already, as a world's are), and on every table
        ``source_row`` (Int64, the first record after the header is 1). ``customers`` begins with
        ``record_id`` in place of ``customer_id``, one row per record id.
    refused : DataFrame, shape (n_refused, 3)
        One row per refused record, columns of ``REFUSED``. Faults contain no cell value, ``raw``
        contains all cells by header name.
    read : int
        Records found.
    accepted : int
        Records that passed.
    repeated : int
        Accepted records that another place of the same file states as well and that therefore give
        no rows of their own; always said in an assumption.
    keyed : mapping of str to tuple of str
        Readable id columns, by table, whose ``system:native id`` holds an identifier of a person (a
        customer number): intake replaces the native part by its HMAC before anything is stored.
    assumptions : tuple of str
        What the reader took for granted, a sentence each, with counts and without cell values.
    cells : DataFrame or None
        The records' own cells by header name, with ``source_row``, so that what is refused later
        is kept in the source's words too; None where the tables are the source's own (a world).
    doubtful : mapping of str to DataFrame
        Rows that the refused records would have given, null where a cell was at fault: for those
        who look for further reasons. Never stored.
    closes : mapping of int to str
        By ``source_row`` the id of the refused record that a record stands for, where the file is
        a corrected list of refused records.
    """

    tables: Mapping[str, pl.DataFrame]
    refused: pl.DataFrame
    read: int
    accepted: int
    repeated: int = 0
    keyed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    cells: pl.DataFrame | None = None
    doubtful: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    closes: Mapping[int, str] = field(default_factory=dict)


class Source(Protocol):
    """One file or world that can be read part by part; picklable, so that workers can read parts.

    Attributes
    ----------
    path : Path
        Where it lies.
    format : str
        Name of the reader or mapping.
    confidence : float
        How sure it is that the format fits, 0 to 1; 1 where the user named the mapping.
    system : str
        Installation the data came from; native ids are unique within it.
    currency : str
        ISO 4217 code of amounts that state none.
    zone : str
        IANA name of the zone of local times.
    basis : str
        Lawful basis, GDPR 6(1), by its name in the schema.
    trust : int
        0 to 9, how far it is believed where sources disagree on a customer.
    data_until_at : datetime
        UTC; the first moment that the source does not cover.
    is_synthetic : bool
        True when the people in it never lived.
    content_hash : str
        32 hex digits over system, settings, mapping and content: equal for equal loads.
    parts : int
        Number of parts, 1 or more: a world has one per block of customers, a file has one.
    """

    @property
    def path(self) -> Path: ...
    @property
    def format(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def system(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def zone(self) -> str: ...
    @property
    def basis(self) -> str: ...
    @property
    def trust(self) -> int: ...
    @property
    def data_until_at(self) -> datetime: ...
    @property
    def is_synthetic(self) -> bool: ...
    @property
    def content_hash(self) -> str: ...
    @property
    def parts(self) -> int: ...

    def read(self, part: int) -> Reading:
        """Read one part, 0 to ``parts - 1``.

        Raises
        ------
        InputError
            The file cannot be used at all: unreadable, a column is missing, nothing parses.
        """
        ...
