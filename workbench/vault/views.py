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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypedDict

import polars as pl

from workbench.foundation.errors import AccessError, InputError, IntegrityError
from workbench.foundation.files import canonical_json, write_whole
from workbench.foundation.progress import SEALED_VIEW
from workbench.schema import CustomerData
from workbench.schema.customer_ranges import CustomerRange, equal_ranges
from workbench.vault.keys import Key
from workbench.vault.parquet import FileKeys, Place, scan_encrypted, write_encrypted
from workbench.vault.sealing import seal, unseal

#: Environment variables that give a kernel the folder and the key of its sealed view.
FOLDER_VARIABLE = SEALED_VIEW
KEY_VARIABLE = "WORKBENCH_SEALED_VIEW_KEY"

#: File of a sealed view that names its other files; it is written last.
DESCRIPTION = "description.sealed"

#: A table is sealed in parts of so many customers, or in fewer parts of so many rows.
_CUSTOMERS_A_PART = 300_000
_ROWS_A_PART = 9_000_000


class _TableEntry(TypedDict):
    """One table in the description: its columns, and its parts that have rows."""

    columns: list[str]
    parts: list["_PartEntry"]


class _PartEntry(TypedDict):
    """One file of a table: the number of the part and the hash of the file."""

    part: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class SealedView:
    """A view opened in a kernel: its tables, and the description that the runner wrote."""

    data: CustomerData
    description: Mapping[str, Any]


def seal_view(
    folder: Path,
    *,
    data: CustomerData,
    describe: Callable[[CustomerData], Mapping[str, Any]],
    most_rows: Mapping[str, int] = MappingProxyType({}),
) -> Mapping[str, str]:
    """Write a view under a fresh key and return the environment that opens it.

    Parameters
    ----------
    folder : Path
        Private folder; an earlier view in it is removed first.
    data : CustomerData
        Tables of the view; tables without rows are left out.
    describe : callable
        Returns the description from the tables as they were sealed: content for JSON, with the
        study, the view's report and the as-of date.
    most_rows : mapping of str to int
        Largest number of rows that a table can have, where it is known. A table is read once for
        each of its parts, so a small table should have few.

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
    people = int(data["customers"].select(pl.len()).collect().item())
    entries: dict[str, _TableEntry] = {}
    for table, frame in data.tables.items():
        names = tuple(frame.collect_schema().names())
        ranges = equal_ranges(_number_of_parts(people, most_rows.get(table)))
        parts = _split_by_customer(frame, ranges) if "customer_id" in names else [frame]
        full: list[_PartEntry] = []
        for part, rows in enumerate(parts):
            path = _path(folder, table, part)
            sha256 = write_encrypted(
                rows, path, keys=FileKeys.derived(key, names), place=_place(table, part)
            )
            written = _PartEntry(part=part, sha256=sha256)
            if _is_empty(_scan(folder, key, table, names, written)):
                path.unlink()
            else:
                full.append(written)
        if full:
            entries[table] = {"columns": list(names), "parts": full}
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
    return CustomerData.of(
        {
            table: pl.concat(
                _scan(folder, key, table, tuple(entry["columns"]), part) for part in entry["parts"]
            )
            for table, entry in entries.items()
        }
    )


def _number_of_parts(people: int, most_rows: int | None) -> int:
    """Return the number of parts into which a table is divided.

    Sorting rows by pseudonym needs the memory of all rows at once; part by part it needs the
    memory of one part.
    """
    parts = -(-people // _CUSTOMERS_A_PART)
    if most_rows is not None:
        parts = min(parts, -(-most_rows // _ROWS_A_PART))
    return max(1, parts)


def _split_by_customer(frame: pl.LazyFrame, ranges: list[CustomerRange]) -> Iterator[pl.LazyFrame]:
    """Yield the rows of each part's customers; rows without a customer go to the first part."""
    nobody = pl.col("customer_id").is_null()
    for part, customers in enumerate(ranges):
        inside = customers.contains
        if customers.is_everybody:
            yield frame
        else:
            yield frame.filter(inside | nobody if part == 0 else inside)


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
