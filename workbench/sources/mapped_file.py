"""Read a file by the rules of a mapping."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import polars as pl

from workbench.foundation.errors import InputError, ParameterError
from workbench.foundation.files import canonical_json
from workbench.schema.record_faults import MISSING, join_faults
from workbench.sources.formats.columnar import read_parquet
from workbench.sources.formats.delimited import read_delimited
from workbench.sources.formats.jsonlines import read_json_lines
from workbench.sources.formats.raw_cells import RawCells, raw_cells_as_json
from workbench.sources.formats.sheets import read_sheets
from workbench.sources.mapping.mapped_records import MappedRecords, assumption_notes, read_records
from workbench.sources.mapping.source_mapping import SourceMapping
from workbench.sources.mapping.table_rows import TableRows, make_rows
from workbench.sources.returned_records import choose_file_rule, separate_added_columns
from workbench.sources.source import ReadResult, refused_records
from workbench.sources.source_settings import Provenance, WithProvenance

_READERS: Mapping[str, Callable[..., RawCells]] = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".tab", ".dat", ".psv"), read_delimited),
    **dict.fromkeys((".jsonl", ".ndjson"), read_json_lines),
    **dict.fromkeys((".xlsx", ".xlsm"), read_sheets),
    **dict.fromkeys((".parquet", ".pq"), read_parquet),
}
_MARKS = ((b"PAR1", read_parquet), (b"PK\x03\x04", read_sheets))


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedFile(WithProvenance):
    """A file with its mapping; ``Source`` describes the attributes."""

    path: Path
    mapping: SourceMapping
    provenance: Provenance
    content_hash: str
    confidence: float = 1.0
    is_synthetic: bool = False
    parts: int = 1

    @classmethod
    def open(cls, path: Path, *, mapping: SourceMapping, settings: Mapping[str, str]) -> Self:
        """Check the settings and the kind of the file; ``read`` parses it.

        Raises
        ------
        InputError
            The file is empty, cannot be read or is of an unknown kind.
        ParameterError
            A setting is unknown, malformed or missing.
        """
        provenance = Provenance.of(mapping.declared, settings, where=f"mapping {mapping.name}")
        data = _read_bytes(path)
        if not data:
            raise InputError(f"{path.name} is empty: nothing to read")
        _choose_reader(path, data)
        digest = hashlib.sha256(_settings_bytes(mapping, provenance))
        digest.update(hashlib.sha256(data).digest())
        return cls(
            path=path, mapping=mapping, provenance=provenance, content_hash=digest.hexdigest()[:32]
        )

    @property
    def format(self) -> str:
        return self.mapping.name.replace("-", "_").lower()

    def read(self, part: int) -> ReadResult:
        """Read the file, whose only part is 0."""
        if part != 0:
            raise ParameterError(f"{self.path.name} has one part, number 0; asked for {part}")
        data = _read_bytes(self.path)
        cells = _choose_reader(self.path, data)(
            data,
            rule=choose_file_rule(data, self.mapping.file),
            expected=tuple(self.mapping.columns),
            name=self.path.name,
        )
        return _read_part(cells, self.mapping, self.provenance, self.path.name)


def _read_part(
    cells: RawCells, mapping: SourceMapping, provenance: Provenance, name: str
) -> ReadResult:
    cells, closes = separate_added_columns(cells, mapping.columns)
    records = read_records(cells, mapping, provenance, name=name)
    accepted, found = records.accepted, [records.faults]
    rows = make_rows(_drop_repeated(accepted, cells), mapping, provenance)
    while rows.faults.height:
        found.append(rows.faults)
        accepted = accepted.join(rows.faults, on="source_row", how="anti", maintain_order="left")
        rows = make_rows(_drop_repeated(accepted, cells), mapping, provenance)
    repeated = accepted.height - _drop_repeated(accepted, cells).height
    notes = [*cells.assumptions, *records.notes, *assumption_notes(accepted, mapping), *rows.notes]
    if repeated:
        notes.append(f"{repeated:,} records are in an earlier sheet as well and are counted once")
    doubtful = _rows_of_refused(records, accepted, mapping, provenance)
    every = join_faults([*found, _further_faults(doubtful.faults, records.faulty)])
    raw = raw_cells_as_json(cells.records, every)
    return ReadResult(
        tables=rows.tables,
        refused=pl.concat([cells.refused, refused_records(every, raw)]).sort("source_row"),
        read=cells.read,
        accepted=accepted.height,
        repeated=repeated,
        keyed={
            table: names
            for table, rules in mapping.tables.items()
            if (names := tuple(dict.fromkeys(name for rule in rules for name in rule.keyed)))
        },
        assumptions=tuple(notes),
        cells=cells.records,
        doubtful=doubtful.tables,
        closes=closes,
    )


def _rows_of_refused(
    records: MappedRecords, accepted: pl.DataFrame, mapping: SourceMapping, provenance: Provenance
) -> TableRows:
    """Make the rows that the refused records would have given."""
    late = records.accepted.join(accepted, on="source_row", how="anti", maintain_order="left")
    faulty = pl.concat([records.faulty, late])
    return make_rows(faulty, mapping, provenance)


def _further_faults(faults: pl.DataFrame, faulty: pl.DataFrame) -> pl.DataFrame:
    """Return faults of the rows of records that have unreadable cells.

    A value that is missing because its cell is unreadable is not a fault of its own.
    """
    of_faulty = faults.join(faulty, on="source_row", how="semi", maintain_order="left")
    return of_faulty.filter(pl.col("rule") != MISSING.name)


def _drop_repeated(accepted: pl.DataFrame, cells: RawCells) -> pl.DataFrame:
    """Return the records without those that an earlier sheet contains as well."""
    if cells.repeated is None:
        return accepted
    again = cells.records.select("source_row").filter(cells.repeated)
    return accepted.join(again, on="source_row", how="anti", maintain_order="left")


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist: check the path") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _choose_reader(path: Path, data: bytes) -> Callable[..., RawCells]:
    for mark, reader in _MARKS:
        if data.startswith(mark):
            return reader
    reader_by_name = _READERS.get(path.suffix.lower())
    if reader_by_name is None:
        raise InputError(
            f"{path.name} is a file of an unknown kind; known are {', '.join(sorted(_READERS))}: "
            "give it the suffix of its format"
        )
    return reader_by_name


def _settings_bytes(mapping: SourceMapping, provenance: Provenance) -> bytes:
    settings = {**provenance.as_settings(), "mapping": mapping.fingerprint()}
    return canonical_json(settings)
