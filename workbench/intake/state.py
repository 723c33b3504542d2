"""State of a load: the files, entries and refused records gathered for the next version."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import polars as pl

from workbench.identity import link_records
from workbench.intake.control_totals import ControlTotals
from workbench.intake.quarantine import RECORD_SCHEMA, add_quarantine_ids, to_records, to_rows
from workbench.schema import NO_CUSTOMER, TABLES, bucket_of
from workbench.sources.returned_records import RETURNED
from workbench.vault import Dataset, DatasetWriter, SourceEntry
from workbench.vault.entries import (
    LINKAGE,
    LINKS_TABLE,
    QUARANTINE,
    SHARED_TABLE,
    FileEntry,
    Operation,
)
from workbench.vault.parquet import translate_read_errors

#: Terms of a load, by which ``_extends_coverage`` finds the earlier loads of the same kind.
_TERMS = ("system", "format", "currency", "zone", "basis", "trust", "is_synthetic")


class State:
    """Files and entries of the next version; they count only after ``commit``.

    Attributes
    ----------
    before : Dataset or None
        Version before the load, None for the first load.
    sources : list of SourceEntry
        Entries of the sources that were loaded so far.
    new_records : int
        Number of accepted records that were not held already.
    closed : int
        Number of earlier refusals whose corrected record was accepted.
    refused : dict of str to DataFrame
        Refused records of the sources that were loaded so far, by ``source_id``, without records
        that came back and are in the dataset's quarantine already.
    returned : dict of str to mapping of int to str
        Ids of the refused records that came back, by ``source_id`` and number of the record.
    refused_again : set of str
        Ids of the refused records that came back and were refused again.
    totals : list of ControlTotals
        Totals of the sources that were loaded so far.
    warnings : list of str
        Sentences about days on which their rows are missing, and about rows that contradict others.
    """

    def __init__(self, before: Dataset | None, writer: DatasetWriter) -> None:
        self.before = before
        self.sources: list[SourceEntry] = []
        self.new_records = 0
        self.closed = 0
        self.refused: dict[str, pl.DataFrame] = {}
        self.returned: dict[str, Mapping[int, str]] = {}
        self.refused_again: set[str] = set()
        self.totals: list[ControlTotals] = []
        self.warnings: list[str] = []
        self._writer = writer
        self._files: list[FileEntry] = []
        self._rows: dict[str, pl.DataFrame] = {}
        self._gathered_files: list[FileEntry] = []
        self._dropped: set[str] = set()
        self._source_rows = TABLES["sources"].empty()
        self._quarantine = pl.DataFrame(schema=RECORD_SCHEMA)
        self._has_changed_quarantine = False
        self._completed: list[FileEntry] | None = None
        if before is not None:
            with translate_read_errors(before.label):
                self._quarantine = to_records(before.quarantine().collect())

    @property
    def is_changed(self) -> bool:
        """Whether the load changes anything, so that a new version is needed."""
        return bool(
            self._files
            or self._dropped
            or self._has_changed_quarantine
            or any(self._extends_coverage(source) for source in self.sources)
        )

    def earlier_load(self, content_hash: str) -> SourceEntry | None:
        """Return the earlier load of the same content."""
        earlier = (*(self.before.sources if self.before else ()), *self.sources)
        return next((entry for entry in earlier if entry.source_id == content_hash), None)

    def current_dataset(self) -> Dataset | None:
        """Return the version before the load, with the files that this load wrote already."""
        if self.before is None and not self._files:
            return None
        base = self.before or self._writer.empty_dataset
        kept = (entry for entry in base.files if entry.file not in self._dropped)
        return replace(base, files=(*kept, *self._files))

    def add_rows(self, tables: Mapping[str, pl.DataFrame]) -> None:
        """Gather rows of a source, and write the rows of a table when they fill its files."""
        for table, rows in tables.items():
            gathered = pl.concat([self._rows.pop(table, rows.clear()), rows])
            if gathered.height < self._writer.full_batch:
                self._rows[table] = gathered
            else:
                self._gathered_files += self._writer.write(table, gathered)

    def forget_rows(self) -> None:
        """Forget the rows and files that were gathered from a source, which is read again."""
        self._rows, self._gathered_files = {}, []

    def end_source(
        self, files: list[FileEntry], superseded: Mapping[str, list[pl.DataFrame]]
    ) -> None:
        """Add the files of a source, and write the rows that were gathered from it.

        Held rows that the source completes are removed from their files.
        """
        for table, keys in superseded.items():
            self._remove_held_rows(table, pl.concat(keys))
        for table, rows in self._rows.items():
            self._gathered_files += self._writer.write(table, rows)
        self._files += [*files, *self._gathered_files]
        self._rows, self._gathered_files = {}, []

    def add_source(self, entry: SourceEntry, row: pl.DataFrame) -> None:
        """Add a source: its entry in the operation and its row of ``sources``."""
        self.sources.append(entry)
        self._source_rows = pl.concat([self._source_rows, row])

    def add_refused(
        self, refused: pl.DataFrame, entry: SourceEntry, closes: Mapping[int, str]
    ) -> None:
        """Add refused records to the quarantine and close refusals of corrected records.

        A corrected record that is refused again keeps its number, so that the same file can be
        loaded as often as needed. A refused record is not kept twice if an earlier export of the
        same system and format contained the same record with the same faults.
        """
        self.returned[entry.source_id] = closes
        self.refused_again |= {closes[row] for row in refused["source_row"] if row in closes}
        columns = list(RECORD_SCHEMA)
        held = add_quarantine_ids(self._quarantine)
        returned = pl.DataFrame(
            {"returned_row": list(closes), RETURNED: list(closes.values())},
            schema={"returned_row": pl.Int64, RETURNED: pl.String},
        ).join(held.select(RETURNED, "source_id", "source_row"), on=RETURNED, how="inner")
        refused_again = returned.join(
            refused, left_on="returned_row", right_on="source_row", how="inner"
        ).unique(RETURNED, keep="first", maintain_order=True)
        self.closed += returned.join(refused_again, on=RETURNED, how="anti")[RETURNED].n_unique()
        kept = held.join(returned, on=RETURNED, how="anti", maintain_order="left")
        same_origin = [
            source.source_id
            for source in (*(self.before.sources if self.before else ()), *self.sources)
            if (source.system, source.format) == (entry.system, entry.format)
        ]
        refused_first = refused.join(
            returned, left_on="source_row", right_on="returned_row", how="anti"
        )
        self.refused[entry.source_id] = refused_first
        new = refused_first.with_columns(source_id=pl.lit(entry.source_id)).join(
            held.filter(pl.col("source_id").is_in(same_origin)),
            on=["faults", "raw"],
            how="anti",
            nulls_equal=True,
        )
        quarantine = pl.concat([rows.select(columns) for rows in (kept, refused_again, new)]).sort(
            "source_id", "source_row"
        )
        self._has_changed_quarantine |= not quarantine.equals(
            self._quarantine.sort("source_id", "source_row")
        )
        self._quarantine = quarantine

    def commit(self, details: Mapping[str, str]) -> Dataset:
        """Write the links, the whole quarantine if it changed, and then the version."""
        files = self._complete_files()
        return self._writer.commit(
            before=self.before,
            files=files,
            sources=self.sources,
            dropped=self._dropped,
            details=details,
        )

    def preview(self) -> Dataset:
        """Return what ``commit`` would make, readable until the writer is closed."""
        base = self.before or self._writer.empty_dataset
        files = self._complete_files()
        kept = (entry for entry in base.files if entry.file not in self._dropped)
        operation = Operation(
            kind="load", version=self._writer.version, base=base.version, sources=(*self.sources,)
        )
        return replace(
            base,
            files=(*kept, *files),
            sources=(*base.sources, *self.sources),
            operations=(*base.operations, operation),
        )

    def _complete_files(self) -> list[FileEntry]:
        """Return all files of the next version; write its links and quarantine at the first call.

        No source can be added afterwards.
        """
        if self._completed is None:
            self._completed = self._write_last_files()
        return self._completed

    def _write_last_files(self) -> list[FileEntry]:
        files = [*self._files, *self._writer.write("sources", self._source_rows)]
        if self._has_changed_quarantine:
            self._drop(QUARANTINE)
            files += self._writer.write(QUARANTINE, to_rows(self._quarantine))
        return [*files, *self._link_again()]

    def _link_again(self) -> list[FileEntry]:
        """Link the records of the next version; return the files of the tables that changed."""
        held = self.current_dataset()
        if held is None or not any(entry.table == "identities" for entry in self._files):
            return []
        before = self.before or self._writer.empty_dataset
        with translate_read_errors(held.label):
            linkage = link_records(
                held.stored_rows("identities"),
                held=before.links(),
                version=self._writer.version,
                loads=[s.source_id for s in (*held.sources, *self.sources)],
            )
            found = {LINKS_TABLE: linkage.links, SHARED_TABLE: linkage.shared}
            earlier = {LINKS_TABLE: before.links(), SHARED_TABLE: before.shared_identifiers()}
        changed = [table for table in LINKAGE if not found[table].equals(earlier[table])]
        for table in changed:
            self._drop(table)
        return [file for table in changed for file in self._writer.write(table, found[table])]

    def _drop(self, table: str) -> None:
        if self.before is not None:
            self._dropped |= {entry.file for entry in self.before.files if entry.table == table}

    def _remove_held_rows(self, table: str, keys: pl.DataFrame) -> None:
        """Write files of a table again without the rows that have these keys."""
        held = self.current_dataset()
        if held is None:
            return
        buckets = (
            set(bucket_of(keys["record_id"], held.buckets))
            if "record_id" in TABLES[table]
            else {NO_CUSTOMER}
        )
        key = list(keys.columns)
        for entry in held.files:
            if entry.table != table or entry.bucket not in buckets:
                continue
            with translate_read_errors(held.label):
                rows = held.rows_of(entry).collect()
            rest = rows.join(keys, on=key, how="anti", nulls_equal=True, maintain_order="left")
            if rest.height == rows.height:
                continue
            self._dropped.add(entry.file)
            self._files = [file for file in self._files if file.file != entry.file]
            self._files += self._writer.write(table, rest)

    def _extends_coverage(self, source: SourceEntry) -> bool:
        """Whether a load covers more time than all earlier loads of its system and terms."""
        until = datetime.fromisoformat(source.data_until_at)
        return not any(
            all(getattr(earlier, term) == getattr(source, term) for term in _TERMS)
            and datetime.fromisoformat(earlier.data_until_at) >= until
            for earlier in (self.before.sources if self.before else ())
        )
