"""Parquet's own encryption, as polars writes it, without its traps.

Once any column has a key, polars leaves the columns without one in plain text: here every column
has one. It accepts a swapped file under the same keys unless ``aad_prefix`` is set: here it is
bound to dataset, table, bucket and file. It reports a swapped file and a wrong key in the same
words: here the key is known to be right before a file is touched, so a failing tag means that the
file was changed, damaged or swapped, and its hash then tells which.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from workbench.foundation.errors import InputError, IntegrityError
from workbench.schema.customer_data import write_parquet
from workbench.vault.keys import Key

#: Words of polars where a tag fails or a length is not one that it can be.
_DAMAGE = ("ncryption error", "out of specification")


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


def write_encrypted(
    rows: pl.DataFrame | pl.LazyFrame, path: Path, *, key: Key, place: Place
) -> None:
    """Write one file under a key of its own, a derived key per column, footer encrypted.

    It is on the disk when this returns, and only its owner can read it.

    Raises
    ------
    InputError
        The disk is full or the folder cannot be written; nothing is left then.
    """
    keys = _column_keys(key, tuple(rows.collect_schema().names()))
    encryption = pl.ParquetEncryptionProperties(
        footer_key=key.derive("footer").secret,
        column_keys=keys,
        plaintext_footer=False,
        aad_prefix=place.prefix,
        store_aad_prefix=False,
    )
    try:
        path.touch(mode=0o600)
        write_parquet(rows, path, encryption)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    except (OSError, pl.exceptions.PolarsError) as error:
        with contextlib.suppress(OSError):
            path.unlink()
        if (reason := _system_reason(error)) is None:
            raise
        raise InputError(
            f"cannot write to {path.parent}: {reason}; make room there or name another workspace"
        ) from error


def scan_encrypted(path: Path, *, key: Key, place: Place, columns: tuple[str, ...]) -> pl.LazyFrame:
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
        glob=False,  # a workspace may be called anything
        decryption=pl.ParquetDecryptionProperties(
            footer_key=key.derive("footer").secret,
            column_keys=_column_keys(key, columns),
            aad_prefix=place.prefix,
        ),
    )
    try:
        frame.collect_schema()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise IntegrityError(
            f"{place}: what lies there was swapped, changed or damaged since it was written"
        ) from error
    return frame


@contextlib.contextmanager
def reading(holding: str) -> Iterator[None]:
    """Translate a tag that fails while pages are read; the key was right when the file opened."""
    try:
        yield
    except pl.exceptions.ComputeError as error:
        if not any(mark in str(error) for mark in _DAMAGE):
            raise
        raise IntegrityError(
            f"{holding}: a page was changed or damaged since it was written; "
            "`workbench status --check` names the file"
        ) from error


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _system_reason(error: Exception) -> str | None:
    """Return what the system says; polars wraps it into words of its own."""
    if isinstance(error, OSError):
        return error.strerror or "the system refused"
    number = re.search(r"os error (\d+)", str(error))
    return os.strerror(int(number[1])) if number else None


def _column_keys(key: Key, columns: tuple[str, ...]) -> Mapping[str, bytes]:
    return {name: key.derive(f"column:{name}").secret for name in columns}
