"""A view sealed under a key made for it: what one run's kernel gets, and nothing else.

The runner writes the view's tables into a private folder, encrypted like any holding, under a
fresh key. The kernel is given folder and key; it is given neither workspace nor the workspace's
key, and the vault refuses to open in a kernel that holds a sealed view.
"""

import base64
import binascii
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from workbench.foundation.errors import AccessError
from workbench.foundation.files import canonical_json, write_whole
from workbench.schema import CustomerData
from workbench.schema.customer_data import cut, file_name
from workbench.vault.keys import Key
from workbench.vault.parquet import Place, scan_encrypted, write_encrypted
from workbench.vault.sealing import sealed, unsealed

#: Environment variables by which a kernel learns of its sealed view.
FOLDER_VARIABLE = "WORKBENCH_SEALED_VIEW"
KEY_VARIABLE = "WORKBENCH_SEALED_VIEW_KEY"

_DESCRIPTION = "description.sealed"
_BUCKETS = 1  # a kernel reads all of its view, so cutting it would only cost files


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
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    key = Key.new()
    columns: dict[str, list[str]] = {}
    for table, frame in data.tables.items():
        rows = frame.collect()
        if rows.is_empty():
            continue
        columns[table] = rows.columns
        for bucket, part in cut(rows, _BUCKETS):
            path = folder / f"{table}-{file_name(bucket)}"
            write_encrypted(part, path, key=key, place=_place(table, bucket))
            path.chmod(0o600)
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
        key = Key(base64.b64decode(environ[KEY_VARIABLE], validate=True))
    except (KeyError, binascii.Error) as error:
        raise AccessError("this kernel has a sealed view but not the key made for it") from error
    content = (folder / _DESCRIPTION).read_bytes()
    held = json.loads(unsealed(content, key=key, context="sealed view"))
    tables = {}
    for table, columns in held["columns"].items():
        parts = [
            scan_encrypted(path, key=key, place=_place(table, bucket), columns=tuple(columns))
            for bucket in (-1, *range(_BUCKETS))
            if (path := folder / f"{table}-{file_name(bucket)}").is_file()
        ]
        tables[table] = pl.concat(parts)
    return SealedView(data=CustomerData.of(tables), description=held["description"])


def _place(table: str, bucket: int) -> Place:
    return Place(holding="sealed view", table=table, bucket=bucket, file="view")
