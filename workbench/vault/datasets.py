"""A dataset: versions of customer tables, each a sealed root that names sealed lists of files.

    datasets/NAME/versions/00000003     root: the version exists once this name does
    datasets/NAME/lists/<id>.sealed     files of one table, or some operations; shared by versions
    datasets/NAME/files/<id>.parquet    one table, one bucket, one part; keys of its own
    datasets/NAME/journal.sealed        names what a load in progress makes
    heads/NAME.sealed                   which version was written last, see ``vault.heads``

A load writes files first, then the lists that changed, then the root under a name that appears
whole or not at all, and the head last. So a crash leaves the old version or the new one. A root is
small: it names one list per table, and lists that did not change are those of the version before.
Loading the hundredth small file costs what the first costs: only the newest root is opened, and
small files are merged (``vault.merging``).

Only the lists contain the keys of each file (``vault.keyring``), so a file whose entry is removed
from all lists cannot be read any more. They also contain the hash of each file. A table's files are
opened and compared with their hashes when the table is asked for, so a small load does not pay for
tables it does not read. A load refuses to start where any file of the newest version is missing or
not encrypted. A file that a load does not read keeps its entry, so a file that was exchanged by
somebody with the keys is found when it is read, however many loads came between.

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
from workbench.schema import TABLES, CustomerData
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
from workbench.vault.heads import NO_ROOT, Root
from workbench.vault.keyring import Keyring
from workbench.vault.keys import Key
from workbench.vault.parquet import (
    Place,
    fault_of,
    form_fault_of,
    reading,
    scan_encrypted,
)
from workbench.vault.roots import context_of, read_root
from workbench.vault.sealed_lists import ListEntry, Lists

#: What the lists of operations are called in their seal.
OPERATIONS = "operations"


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One version of one dataset, opened.

    Attributes
    ----------
    name, version
        Which one it is; versions count from 1.
    fingerprint : str
        Hash over everything that was done to it, in order, and the key its ids were made under.
    buckets : int
        Into how many parts customers are cut, fixed when the dataset was made.
    keys : Keyring
        Keys that open it, for the vault alone; other rooms ask for a key of one purpose.
    folder : Path
        Where the dataset is stored.
    files : tuple of FileEntry
        Files of all tables.
    sources : tuple of SourceEntry
        What was loaded and not taken back, in order.
    operations : tuple of Operation
        What was done to the dataset up to this version.
    lists, log
        What the root names: the list of each table's files, and the lists of operations.
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
        """Whether none of the people in it ever lived."""
        return all(source.is_synthetic for source in self.sources)

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"dataset {self.name}, version {self.version}"

    @property
    def rows(self) -> dict[str, int]:
        """Stored rows of each table that has any, as the lists count them: no file is opened."""
        counted: Counter[str] = Counter()
        for entry in self.files:
            counted[entry.table] += entry.rows
        return {name: counted[name] for name in TABLES if counted[name]}

    @property
    def contents(self) -> dict[str, int]:
        """Rows of each table that has any, of customers the persons after linking.

        Raises
        ------
        IntegrityError
            A file of the customer table is not what was written.
        """
        return {n: self.customers if n == "customers" else rows for n, rows in self.rows.items()}

    @property
    def customers(self) -> int:
        """Number of customers: records that state somebody, linked ones once."""
        records = add_customer_ids(self.stored("customers").select("record_id"), self.links())
        with reading(self.label):
            return int(records.select(pl.col("customer_id").n_unique()).collect().item())

    def data(
        self,
        *,
        links: pl.DataFrame | None = None,
        known_at: datetime | None = None,
        with_sources: bool = False,
    ) -> CustomerData:
        """Return the customer tables, lazily, with ``customer_id`` on every row.

        Parameters
        ----------
        links : DataFrame, optional
            Another set of links, of the columns of ``LINKS``; the newest ones unless given.
        known_at : datetime, optional
            What was stated of customers for a later time is left out, see ``apply_survivorship``.
        with_sources : bool
            Whether the customer table says of each value which load it is from.

        Notes
        -----
        A table's files are opened and checked when the table is first asked for. That raises
        IntegrityError where files are missing or are not what was written; all are named.

        Raises
        ------
        ParameterError
            ``links`` are no links.
        """
        if links is not None:
            require_links(links)
        return CustomerData(_Tables(self, links, known_at, with_sources=with_sources))

    def links(self) -> pl.DataFrame:
        """Return which customer each record is that belongs to another record's customer."""
        frame = self.scan(LINKS_TABLE)
        return pl.DataFrame(schema=LINKS) if frame is None else frame.collect()

    def shared(self) -> pl.DataFrame:
        """Return which records state an identifier of more than one person."""
        frame = self.scan(SHARED_TABLE)
        return pl.DataFrame(schema=SHARED) if frame is None else frame.collect()

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
            keys=self.keys.keys_of(entry, self.place_of(entry)),
            place=self.place_of(entry),
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
        """Return a digest of one table's files, from its list; equal where they are equal."""
        held = sorted(entry.sha256 for entry in self.files if entry.table == table)
        return hashlib.sha256("\n".join([self.name, table, *held]).encode()).hexdigest()

    def pseudonym_key(self, study: str) -> Key:
        """Return the key under which a study's pseudonyms on this dataset are made."""
        return self.keys.pseudonyms.derive(f"study {study}")

    def figure_key(self, study: str) -> Key:
        """Return the key that decides the noise of a study's figures on this dataset."""
        return self.keys.figures.derive(f"study {study}")

    def path_of(self, entry: FileEntry) -> Path:
        """Return where one of its files is stored."""
        return stored_path(self.folder, entry.file)

    def place_of(self, entry: FileEntry) -> Place:
        """Return the place that one of its files was written for."""
        return stored_place(self.name, entry.table, entry.bucket, entry.file)

    def _faults(self, found: list[str]) -> str:
        head = f"{self.label}: stored files are not what was written:"
        return "\n  ".join([head, *found])


class _Tables(Mapping[str, pl.LazyFrame]):
    """The tables of a version by name; each is opened and checked when it is first asked for."""

    def __init__(
        self,
        dataset: Dataset,
        links: pl.DataFrame | None,
        known_at: datetime | None,
        *,
        with_sources: bool,
    ) -> None:
        self._with_sources = with_sources
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
        Which version, and where its dataset is stored.
    keys : Keyring
        Keys of the dataset.
    lists : Lists, optional
        Lists that were opened before, where several versions are read one after the other.

    Raises
    ------
    ParameterError
        There is no such version, or it was written by another workbench.
    AccessError
        It was sealed with another key.
    IntegrityError
        Its root or one of its lists was changed, damaged or swapped.
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
    """Return the place that a file of a dataset is written for."""
    return Place(holding=f"dataset {name}", table=table, bucket=bucket, file=file)


def stored_path(folder: Path, file: str) -> Path:
    """Return where a file of a dataset is stored."""
    return folder / "files" / f"{file}.parquet"
