"""Write an extract for its recipient: tables, risk report and a description, all or nothing.

OUT.csv, OUT.description.json, OUT.risk.json       a single table
OUT/customers.parquet, ..., description.json, risk.json   a dataset
"""

import hashlib
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.extracts.extract import Extract
from workbench.extracts.single_table import TABLE
from workbench.extracts.table_files import write_table
from workbench.foundation.errors import InputError
from workbench.foundation.files import canonical_json, sync_folder, write_whole
from workbench.studies import ExtractPolicy

DESCRIPTION, RISK = "description.json", "risk.json"


def describe_extract(extract: Extract) -> dict[str, Any]:
    """Return what an extract is and what was done to which column, as content for JSON.

    It has names, counts and rules, and no cell value.
    """
    policy = extract.policy
    return {
        "source": dict(extract.source),
        "recipient": policy.recipient,
        "purpose": policy.purpose,
        "basis": policy.basis,
        "policy": policy.model_dump(mode="json"),
        "policy_sha256": policy_hash(policy),
        "persons": extract.persons,
        "persons_left_out": extract.suppressed,
        "reached": dict(extract.reached),
        "utility": dict(extract.utility),
        "tables": {
            name: {
                "rows": rows.height,
                "columns": {
                    each.column: {
                        "treatment": each.treatment,
                        "suppressed_cells": each.suppressed,
                        "information_lost": each.loss,
                    }
                    for each in extract.columns
                    if each.table == name
                },
            }
            for name, rows in extract.tables.items()
        },
        **extract.further,
        "notes": list(extract.notes),
    }


def policy_hash(policy: ExtractPolicy) -> str:
    """Return a hash of the rules of a policy, presets included."""
    return hashlib.sha256(canonical_json(policy.model_dump(mode="json"))).hexdigest()


def write_table_extract(extract: Extract, path: Path, description: Mapping[str, Any]) -> list[Path]:
    """Write the only table of an extract, with its description and risk report beside it.

    The table is written last, so that a table is never without its report.

    Raises
    ------
    InputError
        The disk is full or the folder cannot be written.
    """
    beside = {
        path.with_name(f"{path.stem}.{DESCRIPTION}"): description,
        path.with_name(f"{path.stem}.{RISK}"): extract.risk.to_dict(),
    }
    for place, content in beside.items():
        write_whole(place, canonical_json(content), mode=0o600)
    write_table(path, extract.tables[TABLE])
    return [path, *beside]


def write_dataset_extract(
    extract: Extract, folder: Path, description: Mapping[str, Any], *, suffix: str
) -> list[Path]:
    """Write the tables of an extract into a new folder, with its description and risk report.

    Raises
    ------
    InputError
        The folder exists, the disk is full, or its parent cannot be written.
    """
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.mkdir(parents=True, mode=0o700)
        for name, rows in extract.tables.items():
            write_table(partial / f"{name}{suffix}", rows)
        write_whole(partial / DESCRIPTION, canonical_json(description), mode=0o600)
        write_whole(partial / RISK, canonical_json(extract.risk.to_dict()), mode=0o600)
        require_new(folder)
        partial.rename(folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise InputError(
            f"cannot write {folder}: {error.strerror}; make room or name another folder"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return sorted(folder.iterdir())


def require_new(path: Path) -> None:
    """Refuse a path at which something is.

    Raises
    ------
    InputError
        There is a file or folder.
    """
    if path.exists():
        raise InputError(f"{path} exists: name a new one, or remove it")
