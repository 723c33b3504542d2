"""A dataset: versions of customer tables, each a sealed root that names sealed lists of files.

    datasets/NAME/versions/00000003     root: the version exists once this name does
    datasets/NAME/lists/<id>.sealed     files of one table, or some operations; shared by versions
    datasets/NAME/files/<id>.parquet    one table, one bucket, one part; keys of its own
    datasets/NAME/journal.sealed        the files that a load in progress makes
    datasets/NAME/given-up/             roots of damaged versions, see ``vault.giving_up``
    heads/NAME.sealed                   the version that was written last, see ``vault.heads``

A load writes files first, then the lists that changed, then the root, and the head last. The root
is written under another name and renamed, so a crash leaves the old version or the new one. A root
is small: it names one list per table, and shares lists that did not change with the version before.
Loading the hundredth small file costs as much as loading the first, because only the newest root is
opened and small files are merged (``vault.merging``).

Only the lists contain the keys of each file (``vault.keyring``), so a file whose entry is removed
from all lists cannot be read any more. The lists also contain the hash of each file. The files of a
table are opened and compared with their hashes when the table is read, so a small load does not
hash tables that it does not read. A load refuses to start where any file of the newest version is
missing or not encrypted. A file that a load does not read keeps its entry; if somebody with the
keys exchanged the file, the next reader finds it, even after many loads.

The fingerprint of a version is a hash over the operations that led to its content, in their order:
each operation is hashed together with the fingerprint before it.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from workbench.foundation.errors import IntegrityError
from workbench.schema import NO_CUSTOMER, TABLES, CustomerData
from workbench.schema.links import (
    LINKS,
    SHARED,
    add_customer_ids,
    apply_survivorship,
    require_links,
)
from workbench.vault.entries import (
    LINKS_TABLE,
    QUARANTINE,
    QUARANTINE_SCHEMA,
    SHARED_TABLE,
    FileEntry,
    Operation,
    SourceEntry,
)
from workbench.vault.file_batches import scan_files
from workbench.vault.heads import NO_ROOT, Root
from workbench.vault.keyring import Keyring
from workbench.vault.keys import Key
from workbench.vault.parquet import (
    Place,
    fault_of,
    form_fault_of,
    scan_encrypted,
    translate_read_errors,
)
from workbench.vault.roots import context_of, read_root, way_out
from workbench.vault.sealed_lists import ListEntry, Lists

#: Name of the lists of operations in their seal.
OPERATIONS = "operations"


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One opened version of one dataset.

    Attributes
    ----------
    name, version
        Name of the dataset and number of the version, from 1.
    fingerprint : str
        Hash over all operations in their order, and over the id of the key that makes its ids.
    buckets : int
        Number of buckets of every table, fixed when the dataset was made.
    keys : Keyring
        Keys of the dataset, for the vault alone; other rooms ask for a key of one purpose.
    folder : Path
        Folder in which the dataset is stored.
    files : tuple of FileEntry
        Files of all tables.
    sources : tuple of SourceEntry
        Loaded sources in the order of their loads, without loads that were taken back.
    operations : tuple of Operation
        All operations on the dataset up to this version.
    lists, log
        Lists that the root names: one of each table's files, and those of operations.
    root : Root
        Hash of the root and of the root before.
    """

    name: str
    version: int
    fingerprint: str
    buckets: int
    keys: Keyring = field(repr=False)
    folder: Path
    files: tuple[FileEntry, ...] = ()
    sources: tuple[SourceEntry, ...] = ()
    operations: tuple[Operation, ...] = ()
    lists: Mapping[str, ListEntry] = field(default_factory=dict, repr=False)
    log: tuple[ListEntry, ...] = field(default=(), repr=False)
    root: Root = field(default=NO_ROOT, repr=False)

    @property
    def is_synthetic(self) -> bool:
        """Whether all its sources are synthetic worlds, so that none of its customers is real."""
        return all(source.is_synthetic for source in self.sources)

    @property
    def label(self) -> str:
        """Name of the dataset and its version in messages."""
        return f"dataset {self.name}, version {self.version}"

    @property
    def rows(self) -> dict[str, int]:
        """Number of stored rows of each table that has any, from the lists; no file is opened."""
        counted: Counter[str] = Counter()
        for entry in self.files:
            counted[entry.table] += entry.rows
        return {name: counted[name] for name in TABLES if counted[name]}

    @property
    def contents(self) -> dict[str, int]:
        """Number of rows of each table that has any; of ``customers``, the number after linking.

        Raises
        ------
        IntegrityError
            A file of the customer table is not the file that was written.
        """
        return {n: self.customers if n == "customers" else rows for n, rows in self.rows.items()}

    @property
    def customers(self) -> int:
        """Number of customers: records of the customer table, linked records counted once."""
        records = add_customer_ids(self.stored_rows("customers").select("record_id"), self.links())
        with translate_read_errors(self.label):
            return int(records.select(pl.col("customer_id").n_unique()).collect().item())

    def data(
        self,
        *,
        links: pl.DataFrame | None = None,
        known_at: datetime | None = None,
        with_sources: bool = False,
        with_guests: bool = True,
    ) -> CustomerData:
        """Return the customer tables, lazily, with ``customer_id`` on every row.

        Parameters
        ----------
        links : DataFrame, optional
            Another set of links, with the columns of ``LINKS``; the newest ones unless given.
        known_at : datetime, optional
            Time from which on statements about customers are left out, see
            ``apply_survivorship``.
        with_sources : bool
            Whether the customer table names the load of each value.
        with_guests : bool
            Whether rows without a customer are read. Of a table with parts they are always read,
            because the part of a guest's row may belong to a customer.

        Notes
        -----
        The files of a table are opened and checked when the table is first read. That raises
        IntegrityError, with the names of all such files, where files are missing or are not the
        files that were written.

        Raises
        ------
        ParameterError
            ``links`` lacks a column of links, or one has another type or a null.
        """
        if links is not None:
            require_links(links)
        return CustomerData(
            _Tables(self, links, known_at, with_sources=with_sources, with_guests=with_guests)
        )

    def links(self) -> pl.DataFrame:
        """Return the links: the customer of each record that is linked to another record."""
        frame = self.scan(LINKS_TABLE)
        return pl.DataFrame(schema=LINKS) if frame is None else frame.collect()

    def shared_identifiers(self) -> pl.DataFrame:
        """Return the records that state an identifier which several persons share."""
        frame = self.scan(SHARED_TABLE)
        return pl.DataFrame(schema=SHARED) if frame is None else frame.collect()

    def stored_rows(self, table: str, *, with_guests: bool = True) -> pl.LazyFrame:
        """Return the rows of a table as they are stored, by record, lazily."""
        frame = self.scan(table, with_guests=with_guests)
        return pl.LazyFrame(schema=TABLES[table].stored) if frame is None else frame

    def scan(self, table: str, *, with_guests: bool = True) -> pl.LazyFrame | None:
        """Return the rows of one table, lazily; None where it has no file.

        Rows of guests are stored in files of their own, which can be left out.

        Raises
        ------
        IntegrityError
            Files are missing or are not the files that were written; the message names all such
            files of the dataset.
        """
        entries = [
            entry
            for entry in self.files
            if entry.table == table and (with_guests or entry.bucket != NO_CUSTOMER)
        ]
        try:
            files = [self._scan_file(entry) for entry in entries]
        except IntegrityError as error:
            raise IntegrityError(self._faults(self.damaged_files() or [str(error)])) from error
        return scan_files(files, rows=[entry.rows for entry in entries]) if files else None

    def rows_of(self, entry: FileEntry) -> pl.LazyFrame:
        """Check one file of the dataset and return its rows, lazily.

        Raises
        ------
        IntegrityError
            The file is missing or is not the file that was written.
        """
        try:
            return self._scan_file(entry)
        except IntegrityError as error:
            raise IntegrityError(self._faults([str(error)])) from error

    def quarantine(self) -> pl.LazyFrame:
        """Return the refused rows, with their reasons and raw cells."""
        frame = self.scan(QUARANTINE)
        return pl.LazyFrame(schema=QUARANTINE_SCHEMA) if frame is None else frame

    def damaged_files(self) -> list[str]:
        """Return one line per file that is missing, was changed, or was swapped with another."""
        places = {entry.sha256: self.place_of(entry) for entry in self.files}
        return [
            f"{self.place_of(entry)}: {fault}"
            for entry in self.files
            if (fault := fault_of(self.path_of(entry), entry.sha256, places=places)) is not None
        ]

    def require_form(self) -> None:
        """Refuse a version with a file that is missing or not encrypted; no file is read whole.

        Raises
        ------
        IntegrityError
            There is such a file; the message names all of them.
        """
        found = [
            f"{self.place_of(entry)}: {fault}"
            for entry in self.files
            if (fault := form_fault_of(self.path_of(entry))) is not None
        ]
        if found:
            raise IntegrityError(self._faults(found))

    def digest_of(self, table: str) -> str:
        """Return a digest over the hashes of one table's files; equal files give equal digests."""
        held = sorted(entry.sha256 for entry in self.files if entry.table == table)
        return hashlib.sha256("\n".join([self.name, table, *held]).encode()).hexdigest()

    def pseudonym_key(self, study: str) -> Key:
        """Return the key under which a study's pseudonyms on this dataset are made."""
        return self.keys.pseudonyms.derive(f"study {study}")

    def figure_key(self, study: str) -> Key:
        """Return the key that decides the noise of a study's figures on this dataset."""
        return self.keys.figures.derive(f"study {study}")

    def path_of(self, entry: FileEntry) -> Path:
        """Return the path of one of its files."""
        return stored_path(self.folder, entry.file)

    def place_of(self, entry: FileEntry) -> Place:
        """Return the place for which one of its files was written."""
        return stored_place(self.name, entry.table, entry.bucket, entry.file)

    def _scan_file(self, entry: FileEntry) -> pl.LazyFrame:
        return scan_encrypted(
            self.path_of(entry),
            keys=self.keys.keys_of(entry, self.place_of(entry)),
            place=self.place_of(entry),
            sha256=entry.sha256,
        )

    def _faults(self, found: list[str]) -> str:
        todo = way_out(self.folder, self.name, self.version, is_open=True)
        head = f"{self.label}: stored files are not the files that were written; {todo}:"
        return "\n  ".join([head, *found])


class _Tables(Mapping[str, pl.LazyFrame]):
    """The tables of a version by name; a table is opened and checked when it is first read."""

    def __init__(
        self,
        dataset: Dataset,
        links: pl.DataFrame | None,
        known_at: datetime | None,
        *,
        with_sources: bool,
        with_guests: bool,
    ) -> None:
        self._with_sources = with_sources
        self._with_guests = with_guests
        self._dataset = dataset
        self._links = links
        self._known_at = known_at
        self._opened: dict[str, pl.LazyFrame] = {}

    def __getitem__(self, name: str) -> pl.LazyFrame:
        if name not in self._opened:
            self._opened[name] = self._open(name)
        return self._opened[name]

    def _open(self, name: str) -> pl.LazyFrame:
        table = TABLES[name]
        if table.belongs_to == "nobody":
            return self._dataset.stored_rows(name)
        has_parts = any(each.part_of and each.part_of[1] == name for each in TABLES.values())
        rows = self._dataset.stored_rows(name, with_guests=self._with_guests or has_parts)
        if self._links is None:
            self._links = self._dataset.links()
        rows = add_customer_ids(rows, self._links)
        if table.belongs_to == "record":
            return rows.select(list(table.schema))
        loads = {source.source_id: source.trust for source in self._dataset.sources}
        return apply_survivorship(
            rows, loads=loads, known_at=self._known_at, with_sources=self._with_sources
        )

    def __contains__(self, name: object) -> bool:
        return name in TABLES

    def __iter__(self) -> Iterator[str]:
        return iter(TABLES)

    def __len__(self) -> int:
        return len(TABLES)


def read_version(
    folder: Path, name: str, version: int, keys: Keyring, lists: Lists | None = None
) -> Dataset:
    """Open one version of a dataset: its root and the lists that the root names.

    Parameters
    ----------
    folder, name, version
        Folder and name of the dataset, and number of the version.
    keys : Keyring
        Keys of the dataset.
    lists : Lists, optional
        Lists that are open already, so that several versions read shared lists once.

    Raises
    ------
    ParameterError
        There is no such version, or it has the format of another workbench.
    AccessError
        The version was sealed with another key.
    IntegrityError
        The root or one of the lists was changed, damaged or swapped.
    """
    root, found = read_root(folder, name, version, keys.manifests)
    lists = lists or Lists(folder, name, keys.manifests)
    tables = {table: ListEntry(**entry) for table, entry in root["tables"].items()}
    log = tuple(ListEntry(**entry) for entry in root["log"])
    try:
        files = [entry for table, each in tables.items() for entry in lists.read(table, each)]
        operations = [entry for each in log for entry in lists.read(OPERATIONS, each)]
    except IntegrityError as error:
        raise IntegrityError(f"{context_of(name, version)}: {error}") from error
    done = tuple(
        Operation(**{**each, "sources": tuple(SourceEntry(**s) for s in each["sources"])})
        for each in operations
    )
    undone = {each.undoes for each in done}
    return Dataset(
        name=name,
        version=version,
        fingerprint=root["fingerprint"],
        buckets=root["buckets"],
        keys=keys,
        folder=folder,
        files=tuple(FileEntry(**{**each, "columns": tuple(each["columns"])}) for each in files),
        sources=tuple(s for each in done if each.version not in undone for s in each.sources),
        operations=done,
        lists=tables,
        log=log,
        root=found,
    )


def stored_place(name: str, table: str, bucket: int, file: str) -> Place:
    """Return the place for which a file of a dataset is written."""
    return Place(holding=f"dataset {name}", table=table, bucket=bucket, file=file)


def stored_path(folder: Path, file: str) -> Path:
    """Return the path of a file of a dataset."""
    return folder / "files" / f"{file}.parquet"
