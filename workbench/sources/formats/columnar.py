"""Read Parquet files, whose columns have types already; the mapping makes cells of them."""

from collections.abc import Collection
from io import BytesIO

import polars as pl
from polars.exceptions import PanicException, PolarsError

from workbench.foundation.errors import InputError
from workbench.sources.formats.column_names import name_columns
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.parquet_structure import is_sound
from workbench.sources.formats.raw_cells import RawCells, malformed_records
from workbench.sources.formats.twice_encoded import twice_encoded_notes

_MARK = b"PAR1"
_ENCRYPTED_MARK = b"PARE"  # at both ends of a file whose footer is encrypted


def read_parquet(data: bytes, *, rule: FileRule, expected: Collection[str], name: str) -> RawCells:
    """Read all columns of a Parquet file; the caller checks that the mapping's columns exist.

    A column called ``source_row``, a name that this program uses itself, gets its number.

    Raises
    ------
    InputError
        The file is not a Parquet file, is encrypted, cut off or damaged.
    """
    _check_marks(data, name)
    try:
        if not is_sound(data):
            raise OSError("a length in the file is wrong")
        records = pl.read_parquet(BytesIO(data))
        counted = pl.scan_parquet(BytesIO(data)).select(pl.len()).collect().item()
    except (PolarsError, OSError, PanicException) as error:
        raise InputError(
            f"{name} is not a readable Parquet file: it is damaged, or some of its columns are "
            "encrypted; export it again"
        ) from error
    if records.height != counted:
        raise InputError(
            f"{name} declares {counted:,} rows and has {records.height:,}: it is damaged; export "
            "it again"
        )
    records.columns = name_columns(records.columns, expected=expected, name=name)
    number = pl.int_range(1, records.height + 1, dtype=pl.Int64, eager=True)
    return RawCells(
        records=records.insert_column(0, number.alias("source_row")),
        refused=malformed_records([]),
        read=records.height,
        is_plain=True,
        assumptions=tuple(twice_encoded_notes(records)),
    )


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
