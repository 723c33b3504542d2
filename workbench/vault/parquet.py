"""Write and read encrypted Parquet files; a file that is not as it was written is refused.

This module guards against three traps of polars:

- Once any column has a key, polars writes columns without a key in plain text. Therefore every
  column has a key.
- Polars accepts a swapped file under the same keys unless ``aad_prefix`` is set. Therefore the
  prefix names dataset, table, bucket and file.
- Polars accepts a plain file in the place of an encrypted one. Therefore a file must end with the
  four bytes ``PARE`` of an encrypted footer; without a key nobody can make another file that ends
  with them and opens.

The SHA-256 of the whole file is compared with the sealed list as well. This guards against people
who have the keys and write another file with them, and it lets a message name the damaged file.
Hashing takes 0.56 CPU seconds per GB and happens once per file and process, when a table is first
read.

The checks and the scan use the same open file, so another file that is renamed to the same path
after the check is never read. Polars duplicates the file descriptor, and the plan of the lazy frame
owns the duplicate: it stays open as long as the frame and the frames made from it. Nothing prevents
another process from writing into the file during the scan, but changed bytes fail their
authentication tag, and a file that becomes shorter ends the scan with an error.
"""

import contextlib
import errno
import hashlib
import os
import re
import resource
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from io import FileIO
from pathlib import Path
from typing import Self

import polars as pl

from workbench.foundation.errors import AccessError, InputError, IntegrityError
from workbench.schema.customer_data import write_parquet
from workbench.vault.keys import Key
from workbench.vault.regular_files import open_regular

#: Parts of polars' messages when a tag fails, a length is impossible, or a file became shorter.
_DAMAGE = ("ncryption error", "out of specification", "range.end as u64 <= self.size")

#: Message of polars when a column is read without its key.
_NO_KEY = re.compile(r"No column decryption key set for encrypted column '(\w+)'")

#: Last four bytes of a Parquet file whose footer is encrypted.
_ENCRYPTED_TAIL = b"PARE"

_CHANGED = "the stored file was swapped, changed or damaged since it was written"
_PLAIN = "not encrypted, or cut off: without a key nobody can write a file that is read here"

_TOO_MANY = "too many open files for one process: raise the limit with `ulimit -n`"

_MOST_OPEN_FILES = 1_048_576  # Linux allows a process no more unless its limit was changed.

#: Hashes of files that this process has read, by the identity of the file (``_identity``).
_hashed: dict[tuple[int, ...], str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The place of one file; the file opens in no other place."""

    holding: str
    table: str
    bucket: int
    file: str

    @property
    def prefix(self) -> bytes:
        """Additional authenticated data of every encrypted part of the file."""
        return f"{self.holding}|{self.table}|{self.bucket}|{self.file}".encode()

    def __str__(self) -> str:
        bucket = "no customer" if self.bucket < 0 else f"bucket {self.bucket:02d}"
        return f"{self.holding}, table {self.table}, {bucket}, file {self.file}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKeys:
    """The keys of one file.

    Attributes
    ----------
    footer : Key
        Key of the footer, which contains column names, types and row counts.
    columns : mapping of str to Key
        Key of each column. A writer needs all; a reader reads only columns that have one.
    """

    footer: Key
    columns: Mapping[str, Key] = field(repr=False)

    @classmethod
    def derived(cls, key: Key, columns: Iterable[str]) -> Self:
        """Derive all keys of a file from one key, for files whose readers may read all columns."""
        return cls(
            footer=key.derive("footer"),
            columns={name: key.derive(f"column:{name}") for name in columns},
        )


def write_encrypted(
    rows: pl.DataFrame | pl.LazyFrame, path: Path, *, keys: FileKeys, place: Place
) -> str:
    """Write one file, with its footer and every column encrypted.

    The file is on the disk when this returns, and only its owner can read it.

    Returns
    -------
    str
        SHA-256 of the file, for its entry in a list.

    Raises
    ------
    InputError
        The disk is full or the folder cannot be written; the unfinished file is removed.
    """
    # polars would write a column without a key in plain text: this raises KeyError instead.
    column_keys = {name: keys.columns[name].secret for name in rows.collect_schema().names()}
    encryption = pl.ParquetEncryptionProperties(
        footer_key=keys.footer.secret,
        column_keys=column_keys,
        plaintext_footer=False,
        aad_prefix=place.prefix,
        store_aad_prefix=False,
    )
    try:
        path.touch(mode=0o600)
        # This handle stays with the written file, even if somebody renames another to its path.
        with path.open("rb", buffering=0) as file:
            write_parquet(rows, path, encryption)
            os.fsync(file.fileno())
            if not _is_encrypted(file):
                raise IntegrityError(f"{place}: another file was put in its place while written")
            return _hash(file)
    except (OSError, pl.exceptions.PolarsError) as error:
        with contextlib.suppress(OSError):
            path.unlink()
        if (reason := _system_reason(error)) is None:
            raise
        raise InputError(
            f"cannot write to {path.parent}: {reason}; make room there or name another workspace"
        ) from error


def scan_encrypted(path: Path, *, keys: FileKeys, place: Place, sha256: str) -> pl.LazyFrame:
    """Check one file and scan it; its pages are read when they are needed.

    Parameters
    ----------
    path : Path
        File to read.
    keys, place
        Keys and place for which the file was written. Columns without a key cannot be read; the
        other columns can.
    sha256 : str
        Hash of the file from a sealed list.

    Raises
    ------
    IntegrityError
        The file is missing, is not encrypted, or is not the file that was written for this place.
    """
    decryption = pl.ParquetDecryptionProperties(
        footer_key=keys.footer.secret,
        column_keys={name: key.secret for name, key in keys.columns.items()},
        aad_prefix=place.prefix,
    )
    allow_many_open_files()
    try:
        with open_regular(path) as file:
            if (fault := _fault(file, sha256)) is not None:
                raise IntegrityError(f"{place}: {fault}")
            frame = pl.scan_parquet(file, glob=False, decryption=decryption)
            frame.collect_schema()
    except FileNotFoundError as error:
        raise IntegrityError(f"{place}: the file is missing") from error
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = _system_reason(error)
        if reason == os.strerror(errno.EMFILE):
            raise InputError(f"{place}: {_TOO_MANY}") from error
        why = f"the stored file cannot be read ({reason})" if reason else _CHANGED
        raise IntegrityError(f"{place}: {why}") from error
    return frame


def fault_of(path: Path, sha256: str, *, places: Mapping[str, Place]) -> str | None:
    """Return the fault of a stored file, None where it is the file that was written.

    The file is read from the disk again, even if this process has hashed it before.

    Parameters
    ----------
    path, sha256
        Path of the file, and its hash from the list.
    places : mapping of str to Place
        Places of other files by their hash, so that the message can name the file found here.
    """
    try:
        with open_regular(path) as file:
            _hashed.pop(_identity(file), None)
            if (found := _hash(file)) == sha256:
                return None
            if found in places:
                return f"swapped with {places[found]}"
            return "changed, damaged or older" if _is_encrypted(file) else _PLAIN
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def form_fault_of(path: Path) -> str | None:
    """Return the fault in the form of a stored file; only its last bytes are read.

    This finds a plain file in the place of an encrypted one, but not another encrypted file.
    """
    try:
        with open_regular(path) as file:
            return None if _is_encrypted(file) else _PLAIN
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


@contextlib.contextmanager
def translate_read_errors(holding: str) -> Iterator[None]:
    """Raise the workbench's errors where polars fails on a damaged page or a missing key.

    Parameters
    ----------
    holding : str
        Name of the holding in the message.
    """
    try:
        yield
    except (pl.exceptions.ComputeError, pl.exceptions.PanicException) as error:
        if lacking := _NO_KEY.search(str(error)):
            raise AccessError(
                f"{holding}: the key at hand does not open column {lacking[1]}: ask whoever grants "
                "access for the key of its group"
            ) from error
        if not any(mark in str(error) for mark in _DAMAGE):
            raise
        raise IntegrityError(
            f"{holding}: a page was changed or damaged since it was written; "
            "`workbench status --check` names the file to put back from a backup"
        ) from error
    except OSError as error:
        if _system_reason(error) != os.strerror(errno.EMFILE):
            raise
        raise InputError(f"{holding}: {_TOO_MANY}") from error


def _fault(file: FileIO, sha256: str) -> str | None:
    if not _is_encrypted(file):
        return f"{_CHANGED}; it is {_PLAIN}"
    return None if _hash(file) == sha256 else _CHANGED


def _is_encrypted(file: FileIO) -> bool:
    size = os.fstat(file.fileno()).st_size
    tail = len(_ENCRYPTED_TAIL)
    return size > tail and os.pread(file.fileno(), tail, size - tail) == _ENCRYPTED_TAIL


def _hash(file: FileIO) -> str:
    """Return the SHA-256 of an open file, computed once while the file stays the same."""
    identity = _identity(file)
    if identity not in _hashed:
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        if _identity(file) != identity:
            return sha256  # Somebody wrote meanwhile: the next reader hashes the file again.
        _hashed[identity] = sha256
    return _hashed[identity]


def _identity(file: FileIO) -> tuple[int, ...]:
    """Return numbers that change when the content of a file changes: a write sets both times."""
    held = os.fstat(file.fileno())
    return held.st_dev, held.st_ino, held.st_size, held.st_mtime_ns, held.st_ctime_ns


@cache
def allow_many_open_files() -> None:
    """Raise this process's limit of open files, because polars keeps all files of a table open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):  # A system may allow less than it states.
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _system_reason(error: Exception) -> str | None:
    """Return the operating system's message, which polars wraps into its own."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    number = re.search(r"os error (\d+)", str(error))
    if number:
        return os.strerror(int(number[1]))
    return "the system refused" if isinstance(error, OSError) else None
