"""A dataset: versions of customer tables, each a manifest that names encrypted files.

    datasets/NAME/versions/00000003     sealed manifest: the version is there once this name is
    datasets/NAME/files/<id>.parquet    one table, one bucket, one part; a key of its own

A load writes files first and the manifest last, under a name that appears whole or not at all, so
a crash leaves the old version or the new one. A crash can leave files that no manifest names; the
next load removes them. Only the manifests contain the key of each file, so a file whose key
is removed from them cannot be read any more.

The manifest also contains the hash of each file. A table's files are opened and compared with
their hashes when the table is asked for, so a small load does not pay for tables it does not read.
A load refuses to start where any file of the newest version is missing or not encrypted. A file
that a load does not read stays in the next manifest with the hash it always had, so a file that
was exchanged by somebody with the keys is found when it is read, however many loads came between.
"""

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from workbench.foundation.errors import IntegrityError, ParameterError
from workbench.foundation.files import canonical_json, sync_folder, write_whole
from workbench.schema import TABLES, CustomerData
from workbench.schema.customer_data import cut
from workbench.schema.links import LINKS, surviving, with_customers
from workbench.vault.entries import (
    LINKS_TABLE,
    QUARANTINE,
    QUARANTINE_SCHEMA,
    FileEntry,
    SourceEntry,
)
from workbench.vault.keys import Key
from workbench.vault.parquet import (
    Place,
    fault_of,
    form_fault_of,
    scan_encrypted,
    write_encrypted,
)
from workbench.vault.sealing import sealed, unsealed

#: Raised when the layout changes; a reader of a newer format says so instead of guessing.
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One version of one dataset, opened.

    Attributes
    ----------
    name, version
        Which one it is; versions count from 1.
    fingerprint : str
        Hash over what was loaded into it and under which key its ids were made.
    buckets : int
        Into how many parts customers are cut, fixed when the dataset was made.
    """

    name: str
    version: int
    fingerprint: str
    buckets: int
    key: Key
    folder: Path
    files: tuple[FileEntry, ...]
    sources: tuple[SourceEntry, ...]

    @property
    def is_synthetic(self) -> bool:
        """Whether none of the people in it ever lived."""
        return all(source.is_synthetic for source in self.sources)

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"dataset {self.name}, version {self.version}"

    @property
    def rows(self) -> dict[str, int]:
        """Rows of each table that has any, as the manifest counts them: no file is opened."""
        counted: Counter[str] = Counter()
        for entry in self.files:
            counted[entry.table] += entry.rows
        return {name: counted[name] for name in TABLES if counted[name]}

    def data(
        self, *, links: pl.DataFrame | None = None, known_at: datetime | None = None
    ) -> CustomerData:
        """Return the customer tables, lazily, with ``customer_id`` on every row.

        Parameters
        ----------
        links : DataFrame, optional
            Another set of links, of the columns of ``LINKS``; the newest ones unless given.
        known_at : datetime, optional
            What was stated of customers for a later time is left out, see ``surviving``.

        Notes
        -----
        A table's files are opened and checked when the table is first asked for. That raises
        IntegrityError where files are missing or are not what was written; all are named.
        """
        return CustomerData(_Tables(self, links, known_at))

    def links(self) -> pl.DataFrame:
        """Return which customer each record is that belongs to another record's customer."""
        frame = self.scan(LINKS_TABLE)
        return pl.DataFrame(schema=LINKS) if frame is None else frame.collect()

    def stored(self, table: str) -> pl.LazyFrame:
        """Return the rows of a table as they are stored, by record, lazily."""
        frame = self.scan(table)
        return pl.LazyFrame(schema=TABLES[table].stored) if frame is None else frame

    def scan(self, table: str) -> pl.LazyFrame | None:
        """Return the rows of one table, lazily; None where it has no file.

        Raises
        ------
        IntegrityError
            Files are missing or are not what was written; all of the dataset's are named.
        """
        try:
            parts = [self.rows_of(entry) for entry in self.files if entry.table == table]
        except IntegrityError as error:
            raise IntegrityError(self._faults(self.damaged() or [str(error)])) from error
        return pl.concat(parts) if parts else None

    def rows_of(self, entry: FileEntry) -> pl.LazyFrame:
        """Return the rows of one of its files, lazily, after the file was checked."""
        return scan_encrypted(
            self.path_of(entry),
            key=Key.of_text(entry.key),
            place=self.place_of(entry),
            columns=entry.columns,
            sha256=entry.sha256,
        )

    def quarantine(self) -> pl.LazyFrame:
        """Return the rows that were refused, with reason and raw cells."""
        frame = self.scan(QUARANTINE)
        return pl.LazyFrame(schema=QUARANTINE_SCHEMA) if frame is None else frame

    def damaged(self) -> list[str]:
        """Name every file that is not what was written: missing, changed, or another's."""
        places = {entry.sha256: self.place_of(entry) for entry in self.files}
        return [
            f"{self.place_of(entry)}: {fault}"
            for entry in self.files
            if (fault := fault_of(self.path_of(entry), entry.sha256, places=places)) is not None
        ]

    def require_form(self) -> None:
        """Refuse a version of which a file is missing or not encrypted; no file is read whole.

        Raises
        ------
        IntegrityError
            All such files are named.
        """
        found = [
            f"{self.place_of(entry)}: {fault}"
            for entry in self.files
            if (fault := form_fault_of(self.path_of(entry))) is not None
        ]
        if found:
            raise IntegrityError(self._faults(found))

    def digest_of(self, table: str) -> str:
        """Return a digest of one table's files, from the manifest; equal where they are equal."""
        held = sorted(entry.sha256 for entry in self.files if entry.table == table)
        return hashlib.sha256("\n".join([self.name, table, *held]).encode()).hexdigest()

    def path_of(self, entry: FileEntry) -> Path:
        """Return where one of its files is stored."""
        return _path(self.folder, entry.file)

    def place_of(self, entry: FileEntry) -> Place:
        """Return the place that one of its files was written for."""
        return _place(self.name, entry.table, entry.bucket, entry.file)

    def _faults(self, found: list[str]) -> str:
        head = f"{self.label}: stored files are not what was written:"
        return "\n  ".join([head, *found])


class _Tables(Mapping[str, pl.LazyFrame]):
    """The tables of a version by name; each is opened and checked when it is first asked for."""

    def __init__(
        self, dataset: Dataset, links: pl.DataFrame | None, known_at: datetime | None
    ) -> None:
        self._dataset = dataset
        self._links = links
        self._known_at = known_at
        self._opened: dict[str, pl.LazyFrame] = {}

    def __getitem__(self, name: str) -> pl.LazyFrame:
        if name not in self._opened:
            self._opened[name] = self._open(name)
        return self._opened[name]

    def _open(self, name: str) -> pl.LazyFrame:
        table, rows = TABLES[name], self._dataset.stored(name)
        if table.belongs_to == "nobody":
            return rows
        if self._links is None:
            self._links = self._dataset.links()
        rows = with_customers(rows, self._links)
        if table.belongs_to == "record":
            return rows.select(list(table.schema))
        loads = [source.source_id for source in self._dataset.sources]
        return surviving(rows, loads=loads, known_at=self._known_at)

    def __contains__(self, name: object) -> bool:
        return name in TABLES

    def __iter__(self) -> Iterator[str]:
        return iter(TABLES)

    def __len__(self) -> int:
        return len(TABLES)


@dataclass(frozen=True, slots=True)
class DatasetWriter:
    """Writes files for the next version; nothing counts before ``commit``.

    It holds the dataset's key, a folder and numbers only, so it can be handed to other processes,
    each of which writes parts of its own.
    """

    name: str
    folder: Path
    key: Key
    buckets: int

    def write(self, table: str, rows: pl.DataFrame) -> list[FileEntry]:
        """Write rows of one table, cut into buckets, and return what to put into the manifest.

        Rows of customer tables are written as they are stored: by record, without a customer.
        """
        entries = []
        rows = rows.drop("customer_id") if table in TABLES and "customer_id" in rows else rows
        for bucket, part in cut(rows, self.buckets):
            file, key = secrets.token_hex(16), Key.new()
            path = _path(self.folder, file)
            place = _place(self.name, table, bucket, file)
            sha256 = write_encrypted(part, path, key=key, place=place)
            entries.append(
                FileEntry(
                    table=table,
                    bucket=bucket,
                    file=file,
                    key=key.text,
                    sha256=sha256,
                    rows=part.height,
                    columns=tuple(part.columns),
                )
            )
        return entries

    def commit(
        self,
        *,
        before: Dataset | None,
        files: Iterable[FileEntry],
        sources: Iterable[SourceEntry],
        dropped: Collection[str] = frozenset(),
    ) -> Dataset:
        """Make the next version: what stood before, less what is dropped, plus what is new.

        Parameters
        ----------
        before : Dataset or None
            The version it grows from, None for the first.
        files, sources
            What was written and from where.
        dropped : collection of str
            Ids of files of ``before`` (``FileEntry.file``) for which new ones stand.

        Raises
        ------
        InputError
            The disk is full; the version before stands.
        """
        old = tuple(f for f in before.files if f.file not in dropped) if before else ()
        everything = (*old, *files)
        origins = (*(before.sources if before else ()), *sources)
        version = before.version + 1 if before else 1
        manifest = {
            "format": FORMAT,
            "dataset": self.name,
            "version": version,
            "buckets": self.buckets,
            "fingerprint": _fingerprint(self.key, origins),
            "files": [asdict(entry) for entry in everything],
            "sources": [asdict(entry) for entry in origins],
        }
        sync_folder(self.folder / "files")
        content = sealed(
            canonical_json(manifest), key=self.key, context=_version_context(self.name, version)
        )
        write_whole(self.folder / "versions" / f"{version:08d}", content, mode=0o600)
        return read_version(self.folder, self.name, version, self.key)

    def sweep(self, datasets: Iterable[Dataset]) -> int:
        """Remove files that no version names, left by a crash; return how many there were."""
        named = {entry.file for dataset in datasets for entry in dataset.files}
        orphans = [p for p in (self.folder / "files").glob("*.parquet") if p.stem not in named]
        orphans += (self.folder / "versions").glob(".*.partial")
        for path in orphans:
            path.unlink()
        return len(orphans)


def version_numbers(folder: Path) -> list[int]:
    """Return the versions that are whole, oldest first."""
    return sorted(int(p.name) for p in (folder / "versions").glob("[0-9]*") if p.name.isdecimal())


def read_version(folder: Path, name: str, version: int, key: Key) -> Dataset:
    """Open one version of a dataset.

    Raises
    ------
    ParameterError
        There is no such version, or it was written by a newer workbench.
    AccessError
        It was sealed with another key.
    IntegrityError
        The manifest was changed, damaged or swapped.
    """
    path = folder / "versions" / f"{version:08d}"
    if not path.is_file():
        known = ", ".join(map(str, version_numbers(folder)))
        raise ParameterError(f"dataset {name} has no version {version}. Known: {known}")
    context = _version_context(name, version)
    manifest: Mapping[str, Any] = json.loads(unsealed(path.read_bytes(), key=key, context=context))
    if manifest["format"] > FORMAT:
        raise ParameterError(
            f"{context} has format {manifest['format']}, this workbench reads up to {FORMAT}: "
            "install a newer one"
        )
    if (manifest["dataset"], manifest["version"]) != (name, version):
        raise IntegrityError(f"{context} says it is another dataset's version")
    return Dataset(
        name=name,
        version=version,
        fingerprint=manifest["fingerprint"],
        buckets=manifest["buckets"],
        key=key,
        folder=folder,
        files=tuple(
            FileEntry(**{**entry, "columns": tuple(entry["columns"])})
            for entry in manifest["files"]
        ),
        sources=tuple(SourceEntry(**entry) for entry in manifest["sources"]),
    )


def _fingerprint(key: Key, sources: Iterable[SourceEntry]) -> str:
    """Hash what was loaded, in which order, and the key its ids come from."""
    text = "\n".join([key.id, *(f"{s.source_id} {s.basis} {s.data_until_at}" for s in sources)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _version_context(name: str, version: int) -> str:
    return f"dataset {name}, version {version}"


def _place(name: str, table: str, bucket: int, file: str) -> Place:
    return Place(holding=f"dataset {name}", table=table, bucket=bucket, file=file)


def _path(folder: Path, file: str) -> Path:
    return folder / "files" / f"{file}.parquet"
