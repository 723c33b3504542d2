"""Sources, and the result of reading one part of a source.

A *record* is the unit of a file: a line, a row of a sheet, a JSON object, a row of a world's table.
Every record is either accepted or refused as a whole. A refused record contributes to no table and
is kept with its faults and its raw cells.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import polars as pl

from workbench.schema.record_faults import FAULT, FAULTS, join_faults

#: Columns of refused records, one row each: ``faults`` is the list of the record's faults, ``raw``
#: is a JSON object of its cells.
REFUSED = pl.Schema(
    {
        "source_row": pl.Int64(),
        "faults": pl.List(pl.Struct({name: FAULTS[name] for name in FAULT})),
        "raw": pl.String(),
    }
)


#: A frame without a refused record.
NONE_REFUSED = REFUSED.to_frame()

#: What a load says about a file without records.
NO_RECORDS = "no records"

#: Columns of repeats: a record, and the earlier record that it equals.
REPEATS = pl.Schema({"source_row": pl.Int64(), "first_row": pl.Int64()})


def refused_records(faults: pl.DataFrame, raw: pl.DataFrame) -> pl.DataFrame:
    """Return one row per record that has a fault, with its faults and its cells.

    Parameters
    ----------
    faults : DataFrame
        Faults, with columns of ``FAULTS``.
    raw : DataFrame
        Cells of records: ``source_row`` and ``raw``; of several rows of one record the first
        counts.
    """
    if faults.is_empty():  # Usually no record is refused.
        return NONE_REFUSED
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
class ReadResult:
    """The result of reading one part of a source; read = accepted + refused.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        Tables with rows, by schema name, with the declared columns except ``customer_id`` and
        ``source_id``, in declared types. An id that the schema declares as hashed is
        ``system:native id``, or UInt64 in a world, whose ids are hashed already. Every table has
        ``source_row`` (Int64, the first record after the header is 1). ``customers`` begins with
        ``record_id`` in place of ``customer_id``, one row per record id.
    refused : DataFrame, shape (n_refused, 3)
        One row per refused record, columns of ``REFUSED``. Faults contain no cell value, ``raw``
        contains all cells by header name.
    read : int
        Number of records.
    accepted : int
        Number of accepted records.
    repeated : int
        Number of accepted records that are repeated in the same file and give no rows of their own;
        an assumption always reports it.
    repeats : DataFrame
        ``source_row`` of records that equal an earlier one, and ``first_row``, that earlier record;
        intake refuses them if it refuses that one.
    passed_over : mapping of str to int
        Number of accepted records that are right but not for us and give no rows, by reason.
    keyed : mapping of str to tuple of str
        Readable id columns, by table, whose ``system:native id`` contains an identifier of a person
        (a customer number); intake replaces the native part by its HMAC before storing it.
    coded : tuple of str
        Values of which intake stores a code, as a mapping names them, see ``minimisation``.
    assumptions : tuple of str
        Assumptions of the reader, one sentence each, with counts and without cell values.
    raw : callable or None
        Returns ``source_row`` and ``raw``, the JSON text of a record, for rows with ``source_row``;
        intake keeps it for records that it refuses. None for a world, whose tables are the source
        itself.
    doubtful : mapping of str to DataFrame
        Rows that the refused records would have given, null where a cell was at fault, in which
        intake looks for further faults. They are never stored.
    closes : mapping of int to str
        Id of the refused record that a record corrects, by ``source_row``; filled if the file is a
        corrected list of refused records.
    merges : mapping of str to str
        How a column of ``customers`` is joined from the rows of several batches: ``min``, ``max``,
        ``first``, ``last``, or the first ``known`` value; filled if the file is read in batches.
    """

    tables: Mapping[str, pl.DataFrame]
    refused: pl.DataFrame
    read: int
    accepted: int
    repeated: int = 0
    repeats: pl.DataFrame = field(default_factory=REPEATS.to_frame)
    keyed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    coded: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    passed_over: Mapping[str, int] = field(default_factory=dict)
    raw: Callable[[pl.DataFrame], pl.DataFrame] | None = None
    doubtful: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    closes: Mapping[int, str] = field(default_factory=dict)
    merges: Mapping[str, str] = field(default_factory=dict)


def without_records() -> ReadResult:
    """Return the result of reading a file that has no record, which is no fault."""
    return ReadResult(
        tables={}, refused=NONE_REFUSED, read=0, accepted=0, assumptions=(NO_RECORDS,)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FileWithoutRecords:
    """A file that has a header or nothing, and no record by which it could be recognised.

    Attributes
    ----------
    label : str
        Path of the file, of a member of an archive after that of the archive.
    """

    label: str


class Source(Protocol):
    """A file or world that is read part by part; it can be pickled for other processes.

    Attributes
    ----------
    label : str
        Path of the file or folder; of a member of an archive after that of the archive.
    format : str
        Name of the reader or mapping.
    confidence : float
        Confidence that the format fits, 0 to 1; 1 if the user named the mapping.
    system : str
        Installation from which the data came; native ids are unique within it.
    currency : str
        ISO 4217 code of amounts without a currency.
    zone : str
        IANA name of the zone of local times.
    basis : str
        Lawful basis, GDPR 6(1), by its name in the schema.
    trust : int
        Trust in the source, 0 to 9; if sources disagree on a customer, the higher one counts.
    data_until_at : datetime
        First moment that the source does not cover, in UTC.
    is_synthetic : bool
        Whether the persons in the source are invented.
    content_hash : str
        Hash of settings, mapping and content, 32 hex digits; equal loads have equal hashes.
    file_hash : str
        Hash of the content alone, 32 hex digits; a corrected mapping does not change it.
    parts : int
        Number of parts: a world has one per block of customers, a file has one.
    batches : int
        About how many batches ``read_batches`` gives; 1 if it need not be tried.
    """

    @property
    def label(self) -> str: ...
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
    def file_hash(self) -> str: ...
    @property
    def parts(self) -> int: ...
    @property
    def batches(self) -> int: ...

    def read(self, part: int) -> ReadResult:
        """Read one part, 0 to ``parts - 1``.

        Raises
        ------
        InputError
            The file as a whole cannot be used: it is unreadable, lacks a column, or no cell of a
            column can be parsed.
        """
        ...

    def read_batches(self) -> Iterator[ReadResult]:
        """Read a file in batches of records, so that memory does not grow with it.

        Raises
        ------
        NeedsWholeFileError
            It must be read whole, which may show only in a later batch.
        """
        ...
