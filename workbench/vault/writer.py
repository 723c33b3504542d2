"""Write the files of the next version of a dataset, and the version itself.

A writer contains only keys, folders and numbers, so it can be handed to other processes, each of
which writes files of its own. The files belong to no version until the root is written.
``Vault.open_writer`` makes the writer under the dataset's lock, after it has compared the head with
the newest root and has written the journal.
"""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from workbench.foundation.errors import IntegrityError, ParameterError
from workbench.foundation.files import sync_folder, write_whole
from workbench.schema import TABLES
from workbench.schema.customer_data import split_by_bucket
from workbench.vault.datasets import (
    OPERATIONS,
    Dataset,
    read_version,
    stored_path,
    stored_place,
)
from workbench.vault.entries import DISMISS, FileEntry, Operation, SourceEntry
from workbench.vault.heads import Head, Heads
from workbench.vault.keyring import Keyring
from workbench.vault.merging import SMALL_ROWS, files_to_merge
from workbench.vault.parquet import translate_read_errors, write_encrypted
from workbench.vault.roots import (
    FORMAT,
    next_fingerprint,
    root_path,
    sealed_root,
    version_numbers,
)
from workbench.vault.sealed_lists import ListEntry, Lists, digest

_OPERATIONS_A_LIST = 64  # All later versions share a full list of operations.


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetWriter:
    """The writer of one version.

    Attributes
    ----------
    name, folder
        Name of the dataset, and folder in which it is stored.
    keys : Keyring
        Keys of the dataset, with those of all groups.
    buckets : int
        Number of buckets of the dataset.
    version : int
        Number of the version to write; no version ever had it.
    previous : str
        Hash of the newest root; empty where there is none.
    token : str
        Beginning of the names of all files that this writer writes; the journal contains it.
    heads : Heads
        Places of the dataset's head.
    """

    name: str
    folder: Path
    keys: Keyring
    buckets: int
    version: int
    previous: str
    token: str
    heads: Heads

    @property
    def empty_dataset(self) -> Dataset:
        """The dataset before its first version."""
        return Dataset(
            name=self.name,
            version=0,
            fingerprint=self.keys.ids.id,
            buckets=self.buckets,
            keys=self.keys,
            folder=self.folder,
        )

    @property
    def full_batch(self) -> int:
        """Number of rows of one table that make files too large to be merged later."""
        return SMALL_ROWS * self.buckets

    def write(self, table: str, rows: pl.DataFrame) -> list[FileEntry]:
        """Write rows of one table, one file for each bucket, and return the files' entries.

        Rows of customer tables are stored by record, so a column ``customer_id`` is dropped.
        """
        rows = rows.drop("customer_id") if table in TABLES and "customer_id" in rows else rows
        return [
            self._write(table, bucket, part) for bucket, part in split_by_bucket(rows, self.buckets)
        ]

    def commit(
        self,
        *,
        before: Dataset | None,
        files: Iterable[FileEntry],
        sources: Iterable[SourceEntry],
        dropped: Collection[str] = frozenset(),
        kind: str = "load",
        details: Mapping[str, str] | None = None,
    ) -> Dataset:
        """Make the next version: the files of ``before`` without the dropped ones, and new files.

        Parameters
        ----------
        before : Dataset or None
            Version that is changed, None for the first.
        files, sources
            Files that were written, and sources of their rows.
        dropped : collection of str
            Names of files of ``before`` (``FileEntry.file``) that new files replace.
        kind, details
            Kind of the operation, and its inputs besides the sources, see ``Operation``.

        Raises
        ------
        InputError
            The disk is full. The version before stays the newest unless the root was written: the
            new version exists then, the message names it, and the next writer writes its head.
        """
        base = before or self.empty_dataset
        operation = Operation(
            kind=kind,
            version=self.version,
            base=base.version,
            sources=tuple(sources),
            details=details or {},
        )
        entries = [entry for entry in base.files if entry.file not in dropped]
        return self._finish([*entries, *files], operation, base, [base])

    def before_newest_load(self, newest: Dataset) -> Dataset:
        """Open the version before the newest load that was not taken back yet.

        Raises
        ------
        ParameterError
            There is no such load, or it was the first; or an operation of another kind came after
            it and would be lost.
        IntegrityError
            The version before the load is damaged or missing.
        """
        last = _newest_load(newest)
        if last is None or last.base == 0:
            raise ParameterError(
                f"dataset {self.name} has no load before its newest one to go back to: nothing is "
                "taken back"
            )
        later = {each.kind for each in newest.operations if each.version > last.version}
        if lost := sorted(later - {"load", "undo", DISMISS}):
            raise ParameterError(
                f"dataset {self.name} has changes after its newest load that would be lost "
                f"({', '.join(lost)}): nothing is taken back. Load a corrected export instead"
            )
        what = f"version {last.base}, from before the newest load,"
        refusal = "so the load cannot be taken back: put back the version from a backup"
        if last.base not in version_numbers(self.folder):
            raise IntegrityError(f"dataset {self.name}: {what} is missing, {refusal}")
        try:
            return read_version(self.folder, self.name, last.base, self.keys)
        except IntegrityError as error:
            raise IntegrityError(f"{what} cannot be opened ({error}), {refusal}") from error

    def undo(
        self, newest: Dataset, base: Dataset, *, carried: Mapping[str, Sequence[FileEntry]]
    ) -> Dataset:
        """Take back the newest load that was not taken back yet.

        Parameters
        ----------
        newest : Dataset
            Newest version of the dataset.
        base : Dataset
            The version before that load, see ``before_newest_load``.
        carried : mapping of str to sequence of FileEntry
            Files of each table that does not return to its state before the load, for example the
            refused rows if some were dismissed since.
        """
        last = _newest_load(newest)
        kept = [entry for entry in base.files if entry.table not in carried]
        carry = [entry for entries in carried.values() for entry in entries]
        operation = Operation(
            kind="undo",
            version=self.version,
            base=newest.version,
            undoes=None if last is None else last.version,
        )
        return self._finish([*kept, *carry], operation, newest, [newest, base])

    def _write(self, table: str, bucket: int, rows: pl.DataFrame) -> FileEntry:
        file = self._new_name()
        place = stored_place(self.name, table, bucket, file)
        columns = tuple(rows.columns)
        keys, wrapped = self.keys.new_file(place, columns)
        sha256 = write_encrypted(rows, stored_path(self.folder, file), keys=keys, place=place)
        return FileEntry(
            table=table,
            bucket=bucket,
            file=file,
            footer=keys.footer.text,
            keys=wrapped,
            sha256=sha256,
            rows=rows.height,
            columns=columns,
        )

    def _finish(
        self,
        entries: list[FileEntry],
        operation: Operation,
        before: Dataset,
        known: Sequence[Dataset],
    ) -> Dataset:
        """Write the lists that changed, the root and the head; return the version as read back."""
        entries = self._merge_small_files(entries, before)
        lists = Lists(self.folder, self.name, self.keys.manifests)
        log, operations = self._write_operations(lists, before, operation)
        root = {
            "format": FORMAT,
            "dataset": self.name,
            "version": self.version,
            "previous": self.previous,
            "buckets": self.buckets,
            "fingerprint": next_fingerprint(before.fingerprint, operation),
            "tables": {
                table: asdict(entry)
                for table, entry in self._write_tables(lists, entries, known).items()
            },
            "log": [asdict(entry) for entry in log],
        }
        path = root_path(self.folder, self.version)
        if path.exists():
            raise IntegrityError(
                f"dataset {self.name} has a version {self.version} already: load again"
            )
        # A merged file replaces files that this writer had written: no version names those.
        named = {stored_path(self.folder, entry.file) for entry in entries}
        for written in (self.folder / "files").glob(f"{self.token}*"):
            if written not in named:
                written.unlink()
        sync_folder(self.folder / "files")
        content = sealed_root(root, self.keys.manifests)
        write_whole(path, content, mode=0o600)
        self.heads.write(
            Head(
                dataset=self.name,
                version=self.version,
                root=digest(content),
                operations=operations,
                highest=self.version,
            )
        )
        return read_version(self.folder, self.name, self.version, self.keys, lists)

    def _write_tables(
        self, lists: Lists, entries: Iterable[FileEntry], known: Sequence[Dataset]
    ) -> dict[str, ListEntry]:
        """Return the entry of each table's list; write lists that no known version has."""
        by_table: dict[str, list[FileEntry]] = {}
        for entry in entries:
            by_table.setdefault(entry.table, []).append(entry)
        held: dict[tuple[str, tuple[str, ...]], ListEntry] = {}
        for dataset in known:
            for table, listed in dataset.lists.items():
                names = tuple(entry.file for entry in dataset.files if entry.table == table)
                held[table, names] = listed
        return {
            table: held.get((table, tuple(entry.file for entry in listed)))
            or lists.write(table, self._new_name(), [asdict(entry) for entry in listed])
            for table, listed in sorted(by_table.items())
        }

    def _write_operations(
        self, lists: Lists, before: Dataset, operation: Operation
    ) -> tuple[tuple[ListEntry, ...], int]:
        """Write one more operation; return the lists of operations and the number of operations."""
        log = before.log
        full = log if not log or log[-1].length >= _OPERATIONS_A_LIST else log[:-1]
        shared = sum(entry.length for entry in full)
        rest = [asdict(each) for each in (*before.operations[shared:], operation)]
        return (*full, lists.write(OPERATIONS, self._new_name(), rest)), shared + len(rest)

    def _merge_small_files(self, entries: list[FileEntry], before: Dataset) -> list[FileEntry]:
        """Write small files as one where there are too many; return the files afterwards."""
        for group in files_to_merge(entries):
            with translate_read_errors(before.label):
                rows = pl.concat([before.rows_of(entry) for entry in group]).collect()
            first = group[0]
            made = self._write(first.table, first.bucket, rows)
            names = {entry.file for entry in group}
            entries = [
                made if entry is first else entry
                for entry in entries
                if entry is first or entry.file not in names
            ]
        return entries

    def _new_name(self) -> str:
        return f"{self.token}{secrets.token_hex(8)}"


def _newest_load(dataset: Dataset) -> Operation | None:
    """Return the newest load that was not taken back."""
    undone = {each.undoes for each in dataset.operations}
    loads = [each for each in dataset.operations if each.kind == "load"]
    return next((each for each in reversed(loads) if each.version not in undone), None)
