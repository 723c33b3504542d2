"""Load a part of a source: check its rows, compare them with held ones, and write new ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from workbench.intake.comparison import Comparison, compare
from workbench.intake.control_totals import ControlTotals
from workbench.intake.load_coverage import LoadCoverage
from workbench.intake.records import Records, records_about, resolve
from workbench.intake.refusals import add_repeats, gather_refusals, restore_source_cells
from workbench.schema import TABLES
from workbench.sources import ReadResult, Source
from workbench.vault import Dataset, DatasetWriter
from workbench.vault.entries import FileEntry
from workbench.vault.parquet import translate_read_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPart:
    """Result of loading one part of a source.

    Tables with many rows are written already (``files``). Tables with few rows are passed on in
    ``small_tables``, so that the rows of several parts share their files. ``new`` counts
    accepted records with new rows, ``repeated`` the records that repeat an earlier one, by table,
    and ``closes`` has the ids of refusals that corrected records close, by the row of the record.
    """

    files: tuple[FileEntry, ...]
    small_tables: Mapping[str, pl.DataFrame]
    superseded: Mapping[str, pl.DataFrame]
    refused: pl.DataFrame
    read: int
    new: int
    assumptions: tuple[str, ...]
    repeated: Mapping[str, int]
    passed_over: Mapping[str, int]
    totals: ControlTotals
    closes: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartLoader:
    """Reads parts of a source and writes their new rows; it can be pickled for other processes."""

    source: Source
    writer: DatasetWriter
    secret: str = field(repr=False)
    held: Dataset | None

    def __call__(self, part: int) -> LoadedPart:
        """Read and load one part."""
        result = self.source.read(part)
        records = self.resolve(result)
        return self.write(records, self.compare(records), result)

    def resolve(self, result: ReadResult) -> Records:
        """Return the checked rows of a reading, see ``records.resolve``."""
        return resolve(
            result,
            source_id=self.source.content_hash,
            data_until_at=self.source.data_until_at,
            secret=self.secret,
        )

    def compare(self, records: Records) -> Comparison:
        """Compare checked rows with the held ones."""
        held = self.held
        with translate_read_errors(held.label if held else "dataset"):
            return compare(records, held, LoadCoverage.of(self.source, held))

    def write(self, records: Records, found: Comparison, result: ReadResult) -> LoadedPart:
        """Write the new rows."""
        contradicting = add_repeats(found.contradicting, result.repeats)
        contradicting = restore_source_cells(contradicting, result.raw)
        about = records_about(records.tables.values(), contradicting, result.repeats)
        rows = {name: each.select(list(TABLES[name].stored)) for name, each in found.tables.items()}
        large = [name for name, each in rows.items() if each.height >= self.writer.full_batch]
        return LoadedPart(
            files=tuple(file for name in large for file in self.writer.write(name, rows[name])),
            small_tables={name: each for name, each in rows.items() if name not in large},
            superseded=found.superseded,
            refused=gather_refusals([records.refused, contradicting]).join(
                pl.concat([records.about, about])
                .unique("source_row", keep="first", maintain_order=True)
                .rename({"record_id": "about_record"}),
                on="source_row",
                how="left",
                maintain_order="left",
            ),
            read=records.read,
            new=found.records,
            assumptions=result.assumptions,
            repeated=records.repeated,
            passed_over=result.passed_over,
            totals=ControlTotals.of(records.tables, found.contradicting, self.source),
            closes=result.closes,
        )
