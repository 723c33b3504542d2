"""Read Parquet files, whose columns have types already; the mapping makes cells of them.

The records of a file with lists or objects in its columns, as BigQuery exports GA4, are trees: they
become lines of JSON, which are read as those of a JSON file are.
"""

from collections.abc import Collection
from dataclasses import dataclass
from io import BytesIO

import polars as pl
import polars.selectors as cs
from polars.exceptions import PanicException, PolarsError

from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import InputError
from workbench.sources.formats.column_names import case_notes, name_columns
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.parquet_structure import is_sound
from workbench.sources.formats.raw_cells import RawCells, malformed_records
from workbench.sources.formats.twice_encoded import twice_encoded_notes

_MARK = b"PAR1"
_ENCRYPTED_MARK = b"PARE"  # at both ends of a file whose footer is encrypted


@dataclass(frozen=True, slots=True)
class NestedRecords:
    """Records as lines of JSON, and assumptions."""

    lines: bytes
    notes: tuple[str, ...]


def read_parquet(data: bytes, *, rule: FileRule, expected: Collection[str], name: str) -> RawCells:
    """Read all columns of a Parquet file; the caller checks that the mapping's columns exist.

    A column called ``source_row``, a name that this program uses itself, gets its number.

    Raises
    ------
    InputError
        The file is not a Parquet file, is encrypted, cut off or damaged.
    """
    records = _read_records(data, name)
    stored = records.columns
    records.columns = name_columns(stored, expected=expected, name=name)
    number = pl.int_range(1, records.height + 1, dtype=pl.Int64, eager=True)
    return RawCells(
        records=records.insert_column(0, number.alias("source_row")),
        refused=malformed_records([]),
        read=records.height,
        is_plain=True,
        assumptions=(*case_notes(stored, records.columns[1:]), *twice_encoded_notes(records)),
    )


def has_trees(data: bytes, name: str) -> bool:
    """Return whether a Parquet file has records with lists or objects.

    Raises
    ------
    InputError
        See ``read_parquet``.
    """
    first = _read_records(data, name, count=1)
    return first.height > 0 and any(kind.is_nested() for kind in first.dtypes)


def read_nested_parquet(data: bytes, *, name: str, count: int | None = None) -> NestedRecords:
    """Read the records of a Parquet file as lines of JSON.

    Parameters
    ----------
    data : bytes
        Content of the file.
    name : str
        Name of the file, for messages.
    count : int, optional
        Number of the first records to read; all if it is not given.

    Raises
    ------
    InputError
        See ``read_parquet``.
    """
    records = _read_records(data, name, count=count)
    binary = [column for column, kind in records.schema.items() if _contains_bytes(kind)]
    floats = records.select(cs.float())
    unwritten = sum(int((~column.is_finite()).sum() or 0) for column in floats)
    notes = []
    if binary:
        notes.append(f"columns of bytes are left out: {', '.join(binary)}")
    if unwritten:
        notes.append(f"{count_text(unwritten, 'number')} NaN or infinite: taken as empty")
    # A float of 32 bits is the number that its shortest decimal form shows.
    shortest = cs.by_dtype(pl.Float32).cast(pl.String).cast(pl.Float64)
    lines = records.drop(binary).with_columns(shortest).write_ndjson()
    return NestedRecords(lines=lines.encode(), notes=tuple(notes))


def _contains_bytes(kind: object) -> bool:
    if isinstance(kind, pl.List | pl.Array):
        return _contains_bytes(kind.inner)
    if isinstance(kind, pl.Struct):
        return any(_contains_bytes(field.dtype) for field in kind.fields)
    return kind in (pl.Binary, pl.Object)


def _read_records(data: bytes, name: str, *, count: int | None = None) -> pl.DataFrame:
    """Return the records of a Parquet file, or a number of its first ones."""
    _check_marks(data, name)
    try:
        if not is_sound(data):
            raise OSError("a length in the file is wrong")
        records = pl.read_parquet(BytesIO(data), n_rows=count)
        declared = pl.scan_parquet(BytesIO(data)).select(pl.len()).collect().item()
    except (PolarsError, OSError, PanicException) as error:
        raise InputError(
            f"{name} is not a readable Parquet file: it is damaged, or some of its columns are "
            "encrypted; export it again"
        ) from error
    if count is None and records.height != declared:
        raise InputError(
            f"{name} declares {declared:,} rows and has {records.height:,}: it is damaged; export "
            "it again"
        )
    return records


def _check_marks(data: bytes, name: str) -> None:
    if data.startswith(_ENCRYPTED_MARK):
        raise InputError(f"{name} is an encrypted Parquet file: export it without encryption")
    if not data.startswith(_MARK):
        raise InputError(f"{name} is not a readable Parquet file: it is another format")
    if not data.endswith(_MARK):
        raise InputError(
            f"{name} is not a readable Parquet file: its end is missing, as after a download that "
            "was cut off; fetch it again"
        )
