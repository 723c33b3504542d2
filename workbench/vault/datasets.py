"""A dataset: versions of customer tables, each a manifest that names encrypted files.

    datasets/NAME/versions/00000003     sealed manifest: the version is there once this name is
    datasets/NAME/files/<id>.parquet    one table, one bucket, one part; a key of its own

A load writes files first and the manifest last, under a name that appears whole or not at all, so
a crash leaves the old version or the new one. Files that no manifest names are what a crash left;
the next load sweeps them. The key of each file stands only in the manifests, so a file whose key
is gone from them is gone.
"""

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from workbench.foundation.errors import IntegrityError, ParameterError
from workbench.foundation.files import canonical_json, sync_folder, write_whole
from workbench.schema import TABLES, CustomerData
from workbench.schema.customer_data import cut
from workbench.vault.keys import Key
from workbench.vault.parquet import Place, digest, scan_encrypted, write_encrypted
from workbench.vault.sealing import sealed, unsealed

#: Raised when the layout changes; a reader of a newer format says so instead of guessing.
FORMAT = 1

#: The table of rows that could not be used, kept beside the customer tables.
QUARANTINE = "quarantine"

QUARANTINE_SCHEMA = pl.Schema(
    {
        "source_id": pl.String(),
        "source_row": pl.Int64(),
        "column": pl.String(),
        "reason": pl.String(),
        "raw": pl.String(),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One encrypted file, as the manifest lists it."""

    table: str
    bucket: int
    file: str
    key: str = field(repr=False)
    sha256: str
    rows: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    """One load of one file, page or table; the public part of a row of ``sources``.

    ``reasons`` are the refused records by reason as they were told at that load.
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
    reasons: Mapping[str, int] = field(default_factory=dict)


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

    def data(self) -> CustomerData:
        """Return the customer tables, lazily.

        Raises
        ------
        IntegrityError
            Files are missing or do not open in their place; all of them are named.
        """
        return CustomerData.of(
            {name: frame for name in TABLES if (frame := self._scan(name)) is not None}
        )

    def rows_of(self, entry: FileEntry) -> pl.LazyFrame:
        """Return the rows of one of its files, lazily."""
        return scan_encrypted(
            _path(self.folder, entry.file),
            key=Key.of_text(entry.key),
            place=self._place(entry),
            columns=entry.columns,
        )

    def quarantine(self) -> pl.LazyFrame:
        """Return the rows that were refused, with reason and raw cells."""
        frame = self._scan(QUARANTINE)
        return pl.LazyFrame(schema=QUARANTINE_SCHEMA) if frame is None else frame

    def damaged(self) -> list[str]:
        """Name every file that is not what was written: missing, changed, or another's."""
        known = {entry.sha256: entry for entry in self.files}
        found = []
        for entry in self.files:
            path = _path(self.folder, entry.file)
            if not path.is_file():
                found.append(f"{self._place(entry)}: missing")
                continue
            lies = digest(path)
            if lies == entry.sha256:
                continue
            other = known.get(lies)
            why = f"swapped with {self._place(other)}" if other else "changed, damaged or older"
            found.append(f"{self._place(entry)}: {why}")
        return found

    def _scan(self, table: str) -> pl.LazyFrame | None:
        try:
            parts = [self.rows_of(entry) for entry in self.files if entry.table == table]
        except IntegrityError as error:
            # whoever swapped one file swapped two: name them all, by their hashes
            found = self.damaged() or [str(error)]
            raise IntegrityError(
                "\n  ".join([f"{self.label}: stored files are not what was written:", *found])
            ) from error
        return pl.concat(parts) if parts else None

    def _place(self, entry: FileEntry) -> Place:
        return _place(self.name, entry.table, entry.bucket, entry.file)


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
        """Write rows of one table, cut into buckets, and return what to put into the manifest."""
        entries = []
        for bucket, part in cut(rows, self.buckets):
            file, key = secrets.token_hex(16), Key.new()
            path = _path(self.folder, file)
            write_encrypted(part, path, key=key, place=_place(self.name, table, bucket, file))
            entries.append(
                FileEntry(
                    table=table,
                    bucket=bucket,
                    file=file,
                    key=key.text,
                    sha256=digest(path),
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
