"""A view sealed under a key made for it: what one run's kernel gets, and nothing else.

The runner writes the view's tables into a private folder, encrypted like any holding, under a
fresh key, and the hashes of their files into the sealed description: the kernel reads only files
that the description names. The kernel is given folder and key. It is given neither the workspace
nor its key, and the vault refuses to open in a kernel that holds a sealed view. On Linux the kernel
is confined as well (``foundation.confinement``): it can read the folder of its view, and neither
the workspace nor the key file. Where a machine cannot confine it, code in a notebook runs as the
same user as the runner and can read the key file; the run's ``execution.json`` and the index say
so.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypedDict

import polars as pl

from workbench.foundation.errors import AccessError, InputError, IntegrityError
from workbench.foundation.files import canonical_json, write_whole
from workbench.foundation.progress import SEALED_VIEW
from workbench.schema import CustomerData
from workbench.vault.keys import Key
from workbench.vault.parquet import FileKeys, Place, scan_encrypted, write_encrypted
from workbench.vault.sealing import sealed, unsealed

#: Environment variables by which a kernel learns of its sealed view.
FOLDER_VARIABLE = SEALED_VIEW
KEY_VARIABLE = "WORKBENCH_SEALED_VIEW_KEY"

#: File of a sealed view that names its other files; it is written last.
DESCRIPTION = "description.sealed"
_CUSTOMERS_A_PART = 200_000


class _Held(TypedDict):
    """What the description contains of a table: its columns, and its parts that have rows."""

    columns: list[str]
    parts: list["_PartEntry"]


class _PartEntry(TypedDict):
    """One file of a table: the number of the part and the hash of the file."""

    part: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class SealedView:
    """A view opened in a kernel: its tables and what else the runner put beside them."""

    data: CustomerData
    description: Mapping[str, Any]


def seal_view(
    folder: Path, *, data: CustomerData, description: Mapping[str, Any]
) -> Mapping[str, str]:
    """Write a view under a fresh key and return the environment that opens it.

    Parameters
    ----------
    folder : Path
        A private folder; an earlier view in it is removed first.
    data : CustomerData
        The view's tables; those without rows are left out.
    description : mapping
        Whatever JSON can hold: the study, the view's report, the as-of date.

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
    cuts = _cuts(data)
    held: dict[str, _Held] = {}
    for table, frame in data.tables.items():
        names = tuple(frame.collect_schema().names())
        parts = _parted(frame, cuts) if "customer_id" in names else [frame]
        full: list[_PartEntry] = []
        for part, rows in enumerate(parts):
            path = _path(folder, table, part)
            sha256 = write_encrypted(
                rows, path, keys=FileKeys.derived(key, names), place=_place(table, part)
            )
            held_part = _PartEntry(part=part, sha256=sha256)
            if _is_empty(_scan(folder, key, table, names, held_part)):
                path.unlink()
            else:
                full.append(held_part)
        if full:
            held[table] = {"columns": list(names), "parts": full}
    content = canonical_json({"tables": held, "description": dict(description)})
    write_whole(folder / DESCRIPTION, sealed(content, key=key, context="sealed view"), mode=0o600)
    return {FOLDER_VARIABLE: str(folder), KEY_VARIABLE: key.text}


def open_sealed_view(environ: Mapping[str, str] = os.environ) -> SealedView | None:
    """Open the view this kernel was given; None where it was given none.

    Raises
    ------
    AccessError
        There is a view but no key for it.
    IntegrityError
        The description or a file is not what the runner wrote.
    """
    return read_sealed_view(environ) if FOLDER_VARIABLE in environ else None


def read_sealed_view(environ: Mapping[str, str]) -> SealedView:
    """Open the view that this environment opens, see ``seal_view``.

    Raises
    ------
    AccessError
        The key for it is missing.
    IntegrityError
        The description or a file is not what was written.
    """
    folder = Path(environ[FOLDER_VARIABLE])
    try:
        key = Key.of_text(environ[KEY_VARIABLE])
    except (KeyError, ValueError) as error:
        raise AccessError("this kernel has a sealed view but not the key made for it") from error
    try:
        content = (folder / DESCRIPTION).read_bytes()
    except OSError as error:
        raise IntegrityError(f"the sealed view lacks its description: {error.strerror}") from error
    held = json.loads(unsealed(content, key=key, context="sealed view"))
    tables = {
        table: pl.concat(_scan(folder, key, table, tuple(of["columns"]), p) for p in of["parts"])
        for table, of in held["tables"].items()
    }
    return SealedView(data=CustomerData.of(tables), description=held["description"])


def _cuts(data: CustomerData) -> list[int]:
    """Return the ids at which a view is cut into parts of some customers each, ends included.

    Rows are put in the order of the view's pseudonyms, which takes a table's memory; part by part
    it takes that of a part. Pseudonyms are spread evenly over all numbers of 64 bits.
    """
    people = data["customers"].select(pl.len()).collect().item()
    parts = max(1, -(-int(people) // _CUSTOMERS_A_PART))
    return [part * 2**64 // parts for part in range(parts)] + [2**64]


def _parted(frame: pl.LazyFrame, cuts: list[int]) -> Iterator[pl.LazyFrame]:
    """Return the rows of each part's customers, and with the first those of nobody."""
    if len(cuts) == 2:  # the ends
        yield frame
        return
    whose = pl.col("customer_id")
    for place, (begin, end) in enumerate(pairwise(cuts)):
        inside = whose.is_between(
            pl.lit(begin, pl.UInt64), pl.lit(end - 1, pl.UInt64), closed="both"
        )
        yield frame.filter(inside | whose.is_null() if place == 0 else inside)


def _scan(
    folder: Path, key: Key, table: str, columns: tuple[str, ...], held: _PartEntry
) -> pl.LazyFrame:
    return scan_encrypted(
        _path(folder, table, held["part"]),
        keys=FileKeys.derived(key, columns),
        place=_place(table, held["part"]),
        sha256=held["sha256"],
    )


def _is_empty(rows: pl.LazyFrame) -> bool:
    return int(rows.select(pl.len()).collect().item()) == 0


def _path(folder: Path, table: str, part: int) -> Path:
    return folder / f"{table}-{part}.parquet"


def _place(table: str, part: int) -> Place:
    return Place(holding="sealed view", table=table, bucket=part, file="view")
