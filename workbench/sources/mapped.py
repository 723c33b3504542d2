"""A file read through a mapping."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import polars as pl

from workbench.foundation.errors import InputError, ParameterError
from workbench.foundation.files import canonical_json
from workbench.schema.faults import MISSING, join_faults
from workbench.sources.cells import Cells, raw_cells
from workbench.sources.columnar import read_parquet
from workbench.sources.delimited import read_delimited
from workbench.sources.jsonlines import read_json_lines
from workbench.sources.mapping import SourceMapping
from workbench.sources.provenance import Provenance, Provenanced
from workbench.sources.reading import Reading, refused_records
from workbench.sources.records import Records, read_records, said
from workbench.sources.returned import returned, rule_for
from workbench.sources.rows import Rows, cut_rows
from workbench.sources.sheets import read_sheets

_READERS: Mapping[str, Callable[..., Cells]] = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".tab", ".dat", ".psv"), read_delimited),
    **dict.fromkeys((".jsonl", ".ndjson"), read_json_lines),
    **dict.fromkeys((".xlsx", ".xlsm"), read_sheets),
    **dict.fromkeys((".parquet", ".pq"), read_parquet),
}
_MARKS = ((b"PAR1", read_parquet), (b"PK\x03\x04", read_sheets))


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedFile(Provenanced):
    """One file and what its mapping says; see ``Source``."""

    path: Path
    mapping: SourceMapping
    provenance: Provenance
    content_hash: str
    confidence: float = 1.0
    is_synthetic: bool = False
    parts: int = 1

    @classmethod
    def open(cls, path: Path, *, mapping: SourceMapping, settings: Mapping[str, str]) -> Self:
        """Check settings and content; nothing is parsed yet.

        Raises
        ------
        InputError
            The file is empty, cannot be read or is of an unknown kind.
        ParameterError
            A setting is unknown, malformed or missing.
        """
        provenance = Provenance.of(mapping.declared, settings, where=f"mapping {mapping.name}")
        data = _bytes(path)
        if not data:
            raise InputError(f"{path.name} is empty: nothing to read")
        _reader(path, data)
        digest = hashlib.sha256(_fingerprint(mapping, provenance))
        digest.update(hashlib.sha256(data).digest())
        return cls(
            path=path, mapping=mapping, provenance=provenance, content_hash=digest.hexdigest()[:32]
        )

    @property
    def format(self) -> str:
        return self.mapping.name.replace("-", "_").lower()

    def read(self, part: int) -> Reading:
        """Read the file, its only part being 0."""
        if part != 0:
            raise ParameterError(f"{self.path.name} has one part, number 0; asked for {part}")
        data = _bytes(self.path)
        cells = _reader(self.path, data)(
            data,
            rule=rule_for(data, self.mapping.file),
            expected=tuple(self.mapping.columns),
            name=self.path.name,
        )
        return _reading(cells, self.mapping, self.provenance, self.path.name)


def _reading(cells: Cells, mapping: SourceMapping, provenance: Provenance, name: str) -> Reading:
    cells, closes = returned(cells, mapping.columns)
    records = read_records(cells, mapping, provenance, name=name)
    accepted, found = records.accepted, [records.faults]
    rows = cut_rows(_once(accepted, cells), mapping, provenance)
    while rows.faults.height:
        found.append(rows.faults)
        accepted = accepted.join(rows.faults, on="source_row", how="anti", maintain_order="left")
        rows = cut_rows(_once(accepted, cells), mapping, provenance)
    repeated = accepted.height - _once(accepted, cells).height
    notes = [*cells.assumptions, *records.notes, *said(accepted, mapping), *rows.notes]
    if repeated:
        notes.append(f"{repeated:,} records stand in an earlier sheet as well and are counted once")
    doubtful = _doubtful(records, accepted, mapping, provenance)
    every = join_faults([*found, _further(doubtful.faults, records.faulty)])
    raw = raw_cells(cells.records, every)
    return Reading(
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


def _doubtful(
    records: Records, accepted: pl.DataFrame, mapping: SourceMapping, provenance: Provenance
) -> Rows:
    """Cut the rows that the refused records would have given."""
    late = records.accepted.join(accepted, on="source_row", how="anti", maintain_order="left")
    faulty = pl.concat([records.faulty, late])
    return cut_rows(faulty, mapping, provenance)


def _further(faults: pl.DataFrame, faulty: pl.DataFrame) -> pl.DataFrame:
    """Return what would be wrong with the rows of records whose cells could not be read.

    A value that is missing because its cell could not be read is no further fault.
    """
    of_faulty = faults.join(faulty, on="source_row", how="semi", maintain_order="left")
    return of_faulty.filter(pl.col("rule") != MISSING.name)


def _once(accepted: pl.DataFrame, cells: Cells) -> pl.DataFrame:
    """Leave out records that an earlier sheet states as well."""
    if cells.repeated is None:
        return accepted
    again = cells.records.select("source_row").filter(cells.repeated)
    return accepted.join(again, on="source_row", how="anti", maintain_order="left")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist: check the path") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _reader(path: Path, data: bytes) -> Callable[..., Cells]:
    for mark, reader in _MARKS:
        if data.startswith(mark):
            return reader
    reader_by_name = _READERS.get(path.suffix.lower())
    if reader_by_name is None:
        raise InputError(
            f"{path.name} is of no known kind; known are {', '.join(sorted(_READERS))}: rename "
            "it by what it is"
        )
    return reader_by_name


def _fingerprint(mapping: SourceMapping, provenance: Provenance) -> bytes:
    settings = {**provenance.said(), "mapping": mapping.fingerprint()}
    return canonical_json(settings)
