"""Read a synthetic world that ``workbench generate`` wrote: the schema's tables, block by block.

``world.json`` describes the world; ``TABLE/part-0000.parquet`` contains one block of customers.
Several blocks are read together as one part. Ids are hashed already. The truth, which is stored
beside the tables, is never opened here.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import polars as pl
from polars.exceptions import PolarsError

from workbench.foundation.errors import InputError, ParameterError
from workbench.schema import TABLES
from workbench.schema.table_declarations import LINEAGE
from workbench.sources.file_evidence import NeedsWholeFileError
from workbench.sources.formats.raw_cells import malformed_records
from workbench.sources.mapping.source_mapping import SourceMapping
from workbench.sources.source import ReadResult
from workbench.sources.source_settings import SETTINGS, Provenance, WithProvenance

FORMAT_VERSION = 1
_BLOCKS_A_PART = 3  # more blocks make fewer files and fewer steps, and take more memory
_MANIFEST = "world.json"
#: Columns that a world may leave out.
_FILLED_IN = ("observed_at",)
_NEEDED = ("system", "zone", "currency", "data_until", "lawful_basis", "parts", "tables")


def is_world(path: Path) -> bool:
    """Return whether a folder contains a world."""
    return (path / _MANIFEST).is_file()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldSource(WithProvenance):
    """A world on disk; ``Source`` describes the attributes.

    ``first_rows`` contains the number of the first record by table and block. All rows of a world
    have different numbers, also rows of different tables; those of a table follow one another.
    """

    path: Path
    provenance: Provenance
    content_hash: str
    file_hash: str
    first_rows: Mapping[tuple[str, int], int]
    blocks: int
    format: str = "workbench_world"
    confidence: float = 1.0
    is_synthetic: bool = True

    @property
    def label(self) -> str:
        return str(self.path)

    @classmethod
    def open(
        cls, path: Path, *, mapping: SourceMapping | None, settings: Mapping[str, str]
    ) -> Self:
        """Read the description of a world and count its rows.

        Raises
        ------
        InputError
            The manifest is damaged, of another version, or files are missing.
        ParameterError
            A mapping is given, which a world does not need, or a setting is malformed.
        """
        if mapping is not None:
            raise ParameterError(
                f"{path.name} is a world and needs no mapping: leave --mapping out"
            )
        manifest = _read_manifest(path)
        declared = {
            name: manifest.get("lawful_basis" if name == "basis" else name) for name in SETTINGS
        }
        provenance = Provenance.of(declared, settings, where=f"world {path.name}")
        blocks = int(manifest["parts"])
        digest = hashlib.sha256(json.dumps(provenance.as_settings()).encode())
        content = hashlib.sha256()
        first_rows: dict[tuple[str, int], int] = {}
        counted = 1
        for table in TABLES:
            for block in range(blocks):
                file = path / table / _file_name(block)
                if file.is_file():
                    named = f"{table}/{file.name}".encode() + _file_hash(file)
                    digest.update(named)
                    content.update(named)
                    first_rows[table, block] = counted
                    counted += _count_rows(file, table)
        return cls(
            path=path,
            provenance=provenance,
            content_hash=digest.hexdigest()[:32],
            file_hash=content.hexdigest()[:32],
            first_rows=first_rows,
            blocks=blocks,
        )

    @property
    def parts(self) -> int:
        """Number of parts, see ``Source``."""
        return -(-self.blocks // _BLOCKS_A_PART)

    @property
    def batches(self) -> int:
        return 1

    def read_batches(self) -> Iterator[ReadResult]:
        """Refuse, since a world is read part by part."""
        raise NeedsWholeFileError("a world is read in parts")

    def read(self, part: int) -> ReadResult:
        """Read some blocks of customers; record numbers are unique over all tables and parts."""
        if not 0 <= part < self.parts:
            raise ParameterError(
                f"{self.path.name} has parts 0 to {self.parts - 1}; asked for {part}"
            )
        blocks = range(part * _BLOCKS_A_PART, (part + 1) * _BLOCKS_A_PART)
        # one chunk a column: every later step on many chunks costs more than making one
        tables = {
            table: pl.concat(rows, rechunk=True)
            for table in TABLES
            if (
                rows := [
                    _read_rows(self.path / table / _file_name(block), table, first=first)
                    for block in blocks
                    if (first := self.first_rows.get((table, block))) is not None
                ]
            )
        }
        read = sum(rows.height for rows in tables.values())
        return ReadResult(tables=tables, refused=malformed_records([]), read=read, accepted=read)


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((path / _MANIFEST).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, OSError) as error:
        raise InputError(
            f"{path.name}/{_MANIFEST} cannot be read: generate the world again"
        ) from error
    if manifest.get("format_version") != FORMAT_VERSION:
        raise InputError(
            f"{path.name} is a world of format {manifest.get('format_version')}, this program "
            "reads "
            f"{FORMAT_VERSION}: generate the world again"
        )
    if missing := [key for key in _NEEDED if key not in manifest]:
        raise InputError(
            f"{path.name}/{_MANIFEST} lacks {', '.join(missing)}: generate the world again"
        )
    return dict(manifest)


def _read_rows(file: Path, table: str, *, first: int) -> pl.DataFrame:
    try:
        rows = pl.read_parquet(file)
    except (PolarsError, OSError) as error:
        raise _damage_error(file, table) from error
    return rows.with_columns(source_row=pl.int_range(first, first + pl.len(), dtype=pl.Int64))


def _count_rows(file: Path, table: str) -> int:
    try:
        rows = pl.scan_parquet(file)
        _require_columns(rows.collect_schema(), file, table)
        return int(rows.select(pl.len()).collect().item())
    except (PolarsError, OSError) as error:
        raise _damage_error(file, table) from error


def _require_columns(found: pl.Schema, file: Path, table: str) -> None:
    """Refuse a table of another schema; the message lists the columns that differ.

    Raises
    ------
    InputError
        Columns are missing, unknown or of other types.
    """
    declared = {n: k for n, k in TABLES[table].stored.items() if n not in LINEAGE}
    missing = [n for n in declared if n not in found and n not in _FILLED_IN]
    unknown = [n for n in found if n not in declared]
    other = [n for n, kind in declared.items() if n in found and found[n] != kind]
    differences = [
        f"{what} {', '.join(names)}"
        for what, names in (
            ("lacks", missing),
            ("has unknown", unknown),
            ("has other types of", other),
        )
        if names
    ]
    if differences:
        raise InputError(
            f"{table}/{file.name} of the world was made for another version of the schema (it "
            f"{'; '.join(differences)}): generate the world again"
        )


def _damage_error(file: Path, table: str) -> InputError:
    return InputError(f"{table}/{file.name} of the world is damaged: generate the world again")


def _file_name(block: int) -> str:
    return f"part-{block:04d}.parquet"


def _file_hash(file: Path) -> bytes:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").digest()
