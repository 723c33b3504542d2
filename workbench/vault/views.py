"""A sealed view: the tables of one view, encrypted under a fresh key for one run's kernel.

The runner writes the view's tables into a private folder, encrypted like any holding, and the
hashes of their files into a sealed description. The kernel gets the folder and the key of the view,
and reads only files that the description names. The kernel gets neither the workspace nor its key,
and the vault refuses to open in a kernel that has a sealed view. On Linux the kernel is confined as
well (``foundation.confinement``): it can read the folder of its view, but neither the workspace nor
the key file. Where a machine cannot confine the kernel, code in a notebook runs as the same user as
the runner and can read the key file; the run's ``execution.json`` and the index record this.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypedDict

import polars as pl

from workbench.foundation.errors import AccessError, InputError, IntegrityError
from workbench.foundation.files import canonical_json, write_whole
from workbench.foundation.progress import SEALED_VIEW
from workbench.schema import CustomerData
from workbench.schema.customer_data import TablePart
from workbench.schema.customer_ranges import CustomerRange, equal_ranges
from workbench.vault.keys import Key
from workbench.vault.parquet import FileKeys, Place, scan_encrypted, write_encrypted
from workbench.vault.sealing import seal, unseal

#: Environment variables that give a kernel the folder and the key of its sealed view.
FOLDER_VARIABLE = SEALED_VIEW
KEY_VARIABLE = "WORKBENCH_SEALED_VIEW_KEY"

#: File of a sealed view that names its other files; it is written last.
DESCRIPTION = "description.sealed"

#: A table is sealed in parts of so many customers. Several parts are read together: the table is
#: read once for so many customers or, if that takes fewer readings, once for so many rows.
_CUSTOMERS_A_PART = 75_000
_CUSTOMERS_A_READING = 400_000
_ROWS_A_READING = 9_000_000


class _TableEntry(TypedDict):
    """One table in the description: its columns, and its first part and those that have rows.

    ``ranges`` is the number of ranges into which its customers were divided.
    """

    columns: list[str]
    ranges: int
    parts: list["_PartEntry"]


class _PartEntry(TypedDict):
    """One file of a table: the number of the part and the hash of the file."""

    part: int
    sha256: str


def _as_they_are(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows


@dataclass(frozen=True, slots=True)
class UnorderedTables:
    """Tables of a view before their rows are put in order.

    Attributes
    ----------
    tables : mapping of str to LazyFrame
        Rows in any order, by table, with the columns by which they are put in order.
    put_in_order : callable
        Returns rows of a table in order, with the columns of the view. By default rows are in order
        already.
    """

    tables: Mapping[str, pl.LazyFrame]
    put_in_order: Callable[[pl.LazyFrame], pl.LazyFrame] = field(default=_as_they_are, repr=False)

    def ordered(self) -> dict[str, pl.LazyFrame]:
        """Return the tables of the view."""
        return {name: self.put_in_order(rows) for name, rows in self.tables.items()}


@dataclass(frozen=True, kw_only=True)
class SealedView:
    """A view opened in a kernel: its tables, and the description that the runner wrote."""

    data: CustomerData
    description: Mapping[str, Any]


def seal_view(
    folder: Path,
    unordered: UnorderedTables,
    *,
    describe: Callable[[CustomerData], Mapping[str, Any]],
    most_rows: Mapping[str, int] = MappingProxyType({}),
) -> Mapping[str, str]:
    """Write a view under a fresh key and return the environment that opens it.

    Parameters
    ----------
    folder : Path
        Private folder; an earlier view in it is removed first.
    unordered : UnorderedTables
        Tables of the view, one of them ``customers``.
    describe : callable
        Returns the description from the tables as they were sealed: content for JSON, with the
        study, the view's report and the as-of date.
    most_rows : mapping of str to int
        Largest number of rows that a table can have, where it is known. A large table is read
        several times, so that not all of its rows are in memory at once.

    Raises
    ------
    InputError
        The disk is full or the folder cannot be written.
    """
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror}") from error
    key = Key.new()
    people = int(unordered.tables["customers"].select(pl.len()).collect().item())
    entries: dict[str, _TableEntry] = {}
    for table, rows in unordered.tables.items():
        columns = unordered.put_in_order(rows).collect_schema().names()
        sealed = _SealedTable(folder=folder, key=key, table=table, columns=tuple(columns))
        ranges = _ranges(columns, people)
        parts: list[_PartEntry] = []
        for some in _readings(ranges, people, most_rows.get(table)):
            parts += sealed.write(rows, some, put_in_order=unordered.put_in_order)
        entries[table] = {"columns": columns, "ranges": len(ranges), "parts": parts}
    description = dict(describe(_read_tables(folder, key, entries)))
    content = canonical_json({"tables": entries, "description": description})
    write_whole(folder / DESCRIPTION, seal(content, key=key, context="sealed view"), mode=0o600)
    return {FOLDER_VARIABLE: str(folder), KEY_VARIABLE: key.text}


def open_sealed_view(environ: Mapping[str, str] = os.environ) -> SealedView | None:
    """Open the view of this kernel; None where the kernel has none.

    Raises
    ------
    AccessError
        There is a view but no key for it.
    IntegrityError
        The description or a file is not the one that the runner wrote.
    """
    return read_sealed_view(environ) if FOLDER_VARIABLE in environ else None


def read_sealed_view(environ: Mapping[str, str]) -> SealedView:
    """Open the view whose folder and key are in an environment, see ``seal_view``.

    Raises
    ------
    AccessError
        The key of the view is missing.
    IntegrityError
        The description or a file is not the one that was written.
    """
    folder = Path(environ[FOLDER_VARIABLE])
    try:
        key = Key.of_text(environ[KEY_VARIABLE])
    except (KeyError, ValueError) as error:
        raise AccessError("this kernel has a sealed view but not the key of the view") from error
    try:
        content = (folder / DESCRIPTION).read_bytes()
    except OSError as error:
        raise IntegrityError(f"the sealed view lacks its description: {error.strerror}") from error
    opened = json.loads(unseal(content, key=key, context="sealed view"))
    data = _read_tables(folder, key, opened["tables"])
    return SealedView(data=data, description=opened["description"])


def _read_tables(folder: Path, key: Key, entries: Mapping[str, _TableEntry]) -> CustomerData:
    return CustomerData.of_parts(
        {table: list(_parts_of(folder, key, table, entry)) for table, entry in entries.items()}
    )


def _parts_of(folder: Path, key: Key, table: str, entry: _TableEntry) -> Iterator[TablePart]:
    ranges = equal_ranges(entry["ranges"])
    for part in entry["parts"]:
        rows = _scan(folder, key, table, tuple(entry["columns"]), part)
        yield TablePart(ranges[part["part"]], rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SealedTable:
    """Files of one table of a sealed view, one for each range of customers that has rows.

    The first range has one in any case: it tells the types of the columns.
    """

    folder: Path
    key: Key
    table: str
    columns: tuple[str, ...]

    def write(
        self,
        rows: pl.LazyFrame,
        ranges: Sequence[tuple[int, CustomerRange]],
        *,
        put_in_order: Callable[[pl.LazyFrame], pl.LazyFrame],
    ) -> list[_PartEntry]:
        """Read the rows of some ranges together, and write the part of each.

        Putting rows in order holds them twice, so it is done for one range after another.
        """
        if len(ranges) > 1:
            together = CustomerRange(ranges[0][1].first, ranges[-1][1].last)
            rows = _rows_of(rows, together).collect(engine="streaming").lazy()
        parts = (
            self._write_part(part, put_in_order(_rows_of(rows, customers)))
            for part, customers in ranges
        )
        return [part for part in parts if part is not None]

    def _write_part(self, part: int, rows: pl.LazyFrame) -> _PartEntry | None:
        path = _path(self.folder, self.table, part)
        sha256 = write_encrypted(
            rows,
            path,
            keys=FileKeys.derived(self.key, self.columns),
            place=_place(self.table, part),
        )
        written = _PartEntry(part=part, sha256=sha256)
        if part and _is_empty(_scan(self.folder, self.key, self.table, self.columns, written)):
            path.unlink()
            return None
        return written


def _ranges(columns: Sequence[str], people: int) -> list[tuple[int, CustomerRange]]:
    """Return number and range of each part of a table."""
    parts = max(1, -(-people // _CUSTOMERS_A_PART)) if "customer_id" in columns else 1
    return list(enumerate(equal_ranges(parts)))


def _readings(
    ranges: list[tuple[int, CustomerRange]], people: int, most_rows: int | None
) -> Iterator[list[tuple[int, CustomerRange]]]:
    """Yield the parts of a table that are read together."""
    readings = -(-people // _CUSTOMERS_A_READING)
    if most_rows is not None:
        readings = min(readings, -(-most_rows // _ROWS_A_READING))
    together = -(-len(ranges) // max(1, readings))
    for begin in range(0, len(ranges), together):
        yield ranges[begin : begin + together]


def _rows_of(rows: pl.LazyFrame, customers: CustomerRange) -> pl.LazyFrame:
    """Return the rows of a range of customers; rows without a customer are in the first range."""
    if customers.is_everybody:
        return rows
    return rows.filter(customers.contains.fill_null(customers.first == 0))


def _scan(
    folder: Path, key: Key, table: str, columns: tuple[str, ...], entry: _PartEntry
) -> pl.LazyFrame:
    return scan_encrypted(
        _path(folder, table, entry["part"]),
        keys=FileKeys.derived(key, columns),
        place=_place(table, entry["part"]),
        sha256=entry["sha256"],
    )


def _is_empty(rows: pl.LazyFrame) -> bool:
    return int(rows.select(pl.len()).collect().item()) == 0


def _path(folder: Path, table: str, part: int) -> Path:
    return folder / f"{table}-{part}.parquet"


def _place(table: str, part: int) -> Place:
    return Place(holding="sealed view", table=table, bucket=part, file="view")
