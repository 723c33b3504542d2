"""Parquet's own encryption, as polars writes it, without its traps.

Once any column has a key, polars leaves the columns without one in plain text: here every column
has one. It accepts a swapped file under the same keys unless ``aad_prefix`` is set: here it is
bound to dataset, table, bucket and file. It reports a swapped file and a wrong key in the same
words: here the key is known to be right before a file is touched, so a failing tag means that the
file was changed, damaged or swapped, and its hash then tells which.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from workbench.foundation.errors import IntegrityError
from workbench.schema.customer_data import write_parquet
from workbench.vault.keys import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one file belongs; the file opens nowhere else."""

    holding: str
    table: str
    bucket: int
    file: str

    @property
    def prefix(self) -> bytes:
        """Additional authenticated data of every module of the file."""
        return f"{self.holding}|{self.table}|{self.bucket}|{self.file}".encode()

    def __str__(self) -> str:
        bucket = "no customer" if self.bucket < 0 else f"bucket {self.bucket:02d}"
        return f"{self.holding}, table {self.table}, {bucket}, file {self.file}"


def write_encrypted(rows: pl.DataFrame, path: Path, *, key: Key, place: Place) -> None:
    """Write one file under a key of its own, a derived key per column, footer encrypted."""
    keys = _column_keys(key, tuple(rows.columns))
    encryption = pl.ParquetEncryptionProperties(
        footer_key=key.derive("footer").secret,
        column_keys=keys,
        plaintext_footer=False,
        aad_prefix=place.prefix,
        store_aad_prefix=False,
    )
    write_parquet(rows, path, encryption)


def scan_encrypted(
    path: Path, *, key: Key, place: Place, columns: tuple[str, ...]
) -> pl.LazyFrame:
    """Scan one file; its footer is opened at once, its pages when they are needed.

    Raises
    ------
    IntegrityError
        The file is missing, or what lies there is not what was written for this place.
    """
    if not path.is_file():
        raise IntegrityError(f"{place}: the file is missing")
    frame = pl.scan_parquet(
        path,
        decryption=pl.ParquetDecryptionProperties(
            footer_key=key.derive("footer").secret,
            column_keys=_column_keys(key, columns),
            aad_prefix=place.prefix,
        ),
    )
    try:
        frame.collect_schema()
    except pl.exceptions.ComputeError as error:
        raise IntegrityError(
            f"{place}: what lies there was swapped, changed or damaged since it was written"
        ) from error
    return frame


@contextmanager
def reading(holding: str) -> Iterator[None]:
    """Translate a tag that fails while pages are read; the key was right when the file opened."""
    try:
        yield
    except pl.exceptions.ComputeError as error:
        if "ncryption error" not in str(error) and "out of specification" not in str(error):
            raise
        raise IntegrityError(
            f"{holding}: a page was changed or damaged since it was written; "
            "`workbench status --check` names the file"
        ) from error


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _column_keys(key: Key, columns: tuple[str, ...]) -> Mapping[str, bytes]:
    return {name: key.derive(f"column:{name}").secret for name in columns}
