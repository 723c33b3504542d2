"""A view sealed under a key made for it: what one run's kernel gets, and nothing else.

The runner writes the view's tables into a private folder, encrypted like any holding, under a
fresh key. The kernel is given folder and key; it is given neither the workspace nor its key, and
the vault refuses to open in a kernel that holds a sealed view. That guards against accident and
carelessness: code that runs as the same user and searches the disk for a key file will find it.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from workbench.foundation.errors import AccessError, InputError, IntegrityError
from workbench.foundation.files import canonical_json, write_whole
from workbench.foundation.progress import SEALED_VIEW
from workbench.schema import CustomerData
from workbench.vault.keys import Key
from workbench.vault.parquet import Place, scan_encrypted, write_encrypted
from workbench.vault.sealing import sealed, unsealed

#: Environment variables by which a kernel learns of its sealed view.
FOLDER_VARIABLE = SEALED_VIEW
KEY_VARIABLE = "WORKBENCH_SEALED_VIEW_KEY"

_DESCRIPTION = "description.sealed"


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
    columns: dict[str, list[str]] = {}
    for table, frame in data.tables.items():
        path, names = folder / f"{table}.parquet", tuple(frame.collect_schema().names())
        write_encrypted(frame, path, key=key, place=_place(table))
        if _is_empty(path, key, table, names):
            path.unlink()
        else:
            columns[table] = list(names)
    content = canonical_json({"columns": columns, "description": dict(description)})
    write_whole(folder / _DESCRIPTION, sealed(content, key=key, context="sealed view"), mode=0o600)
    return {FOLDER_VARIABLE: str(folder), KEY_VARIABLE: key.text}


def open_sealed_view(environ: Mapping[str, str] = os.environ) -> SealedView | None:
    """Open the view this kernel was given; None where it was given none.

    Raises
    ------
    AccessError
        There is a view but no key for it.
    IntegrityError
        What lies there is not what the runner wrote.
    """
    if FOLDER_VARIABLE not in environ:
        return None
    folder = Path(environ[FOLDER_VARIABLE])
    try:
        key = Key.of_text(environ[KEY_VARIABLE])
    except (KeyError, ValueError) as error:
        raise AccessError("this kernel has a sealed view but not the key made for it") from error
    try:
        content = (folder / _DESCRIPTION).read_bytes()
    except OSError as error:
        raise IntegrityError(f"the sealed view lacks its description: {error.strerror}") from error
    held = json.loads(unsealed(content, key=key, context="sealed view"))
    tables = {
        table: scan_encrypted(
            folder / f"{table}.parquet", key=key, place=_place(table), columns=tuple(columns)
        )
        for table, columns in held["columns"].items()
    }
    return SealedView(data=CustomerData.of(tables), description=held["description"])


def _is_empty(path: Path, key: Key, table: str, columns: tuple[str, ...]) -> bool:
    written = scan_encrypted(path, key=key, place=_place(table), columns=columns)
    return int(written.select(pl.len()).collect().item()) == 0


def _place(table: str) -> Place:
    # a kernel reads all of its view, so cutting it into buckets would only cost files
    return Place(holding="sealed view", table=table, bucket=0, file="view")
