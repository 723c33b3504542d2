"""Encrypted Parquet files: written under given keys, and read only as they were written.

Three traps of polars are closed here. Once any column has a key, polars leaves the columns without
one in plain text, so every column has a key. Polars accepts a swapped file under the same keys
unless ``aad_prefix`` is set, so the prefix names dataset, table, bucket and file. Polars accepts a
plain file in the place of an encrypted one, so a file must end with the four bytes ``PARE`` of an
encrypted footer: without a key nobody can make another file that ends so and opens.

The whole-file SHA-256 from the sealed list is compared as well. It guards against people who
hold the keys and write another file under them, and it allows a message to name the damaged file.
Hashing takes 0.56 CPU seconds per GB and is done once per file and process, when a table is first
read.

All of these checks and the scan use one open file description, so a file that is renamed into the
place after the check is never read. Polars duplicates the descriptor, and the plan of the lazy
frame owns the duplicate: it lives exactly as long as the frame and the frames made from it. A
process that writes into the same file while it is scanned is not guarded against: changed bytes
fail their tag, and a file that becomes shorter ends the scan.
"""

import contextlib
import errno
import hashlib
import os
import re
import resource
import stat
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

#: Words of polars where a tag fails, a length is impossible, or a file became shorter.
_DAMAGE = ("ncryption error", "out of specification", "range.end as u64 <= self.size")

#: Words of polars where a column is read whose key is left out.
_NO_KEY = re.compile(r"No column decryption key set for encrypted column '(\w+)'")

#: Last four bytes of a Parquet file whose footer is encrypted.
_ENCRYPTED_TAIL = b"PARE"

_CHANGED = "the stored file was swapped, changed or damaged since it was written"
_PLAIN = "not encrypted, or cut off: without a key nobody can write a file that is read here"

_TOO_MANY = "too many open files for one process: raise the limit with `ulimit -n`"

_MOST_OPEN_FILES = 1_048_576  # what Linux allows one process unless its limit was changed

#: Digests of files that this process has hashed, by the identity of the file at that time.
_hashed: dict[tuple[int, ...], str] = {}


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
        """Derive all keys of a file from one, for files that are read as a whole."""
        return cls(
            footer=key.derive("footer"),
            columns={name: key.derive(f"column:{name}") for name in columns},
        )


def write_encrypted(
    rows: pl.DataFrame | pl.LazyFrame, path: Path, *, keys: FileKeys, place: Place
) -> str:
    """Write one file, its footer and every column encrypted.

    The file is on the disk when this returns, and only its owner can read it.

    Returns
    -------
    str
        SHA-256 of the file, which the list keeps.

    Raises
    ------
    InputError
        The disk is full or the folder cannot be written; nothing is left then.
    """
    # a column without a key would be written in plain: this raises KeyError instead
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
        with path.open("rb", buffering=0) as file:  # the file that is written, whatever its name
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
    """Scan one file after it was checked; its pages are read when they are needed.

    Parameters
    ----------
    path : Path
        File to read.
    keys, place
        What the file was written with. Columns whose key is left out cannot be read; the others
        can.
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
        with _open(path) as file:
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
    """Return what is wrong with a stored file, None where it is the file that was written.

    The file is read from the disk again, whatever this process has hashed before.

    Parameters
    ----------
    path, sha256
        File and the hash that its list keeps.
    places : mapping of str to Place
        Places of other files by their hash, to name the file that was put here.
    """
    try:
        with _open(path) as file:
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
    """Return what is wrong with the form of a stored file; a few bytes are read, not the file.

    A plain file in the place of an encrypted one is found, another encrypted file is not.
    """
    try:
        with _open(path) as file:
            return None if _is_encrypted(file) else _PLAIN
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


@contextlib.contextmanager
def reading(holding: str) -> Iterator[None]:
    """Translate a tag that fails, or a column without a key, while pages are read."""
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
            "`workbench status --check` names the file"
        ) from error
    except OSError as error:
        if _system_reason(error) != os.strerror(errno.EMFILE):
            raise
        raise InputError(f"{holding}: {_TOO_MANY}") from error


def _open(path: Path) -> FileIO:
    """Open a regular file; a link, a folder or a pipe in its place is refused."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "not a regular file")
    return FileIO(handle)


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
            return sha256  # somebody wrote meanwhile: the next reader hashes it again
        _hashed[identity] = sha256
    return _hashed[identity]


def _identity(file: FileIO) -> tuple[int, ...]:
    """Return numbers that change when the content of a file does: a write moves both times."""
    held = os.fstat(file.fileno())
    return held.st_dev, held.st_ino, held.st_size, held.st_mtime_ns, held.st_ctime_ns


@cache
def allow_many_open_files() -> None:
    """Raise this process's limit of open files: polars keeps every file of a table open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):  # a system may allow less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _system_reason(error: Exception) -> str | None:
    """Return what the system says; polars wraps it into words of its own."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    number = re.search(r"os error (\d+)", str(error))
    if number:
        return os.strerror(int(number[1]))
    return "the system refused" if isinstance(error, OSError) else None
