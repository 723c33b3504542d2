"""Write an extract for its recipient: tables, risk report and a description, all or nothing.

out.csv, out.description.json, out.risk.json, out.risk.html           a single table
out/customers.parquet, ..., description.json, risk.json, risk.html    a dataset
"""

import hashlib
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.extracts.drafting import PolicyDraft
from workbench.extracts.extract import Extract
from workbench.extracts.extract_exhibits import release_context
from workbench.extracts.single_table import TABLE
from workbench.extracts.table_files import write_table
from workbench.foundation.errors import InputError, WorkbenchError
from workbench.foundation.files import canonical_json, claim_new, sync_folder, write_whole
from workbench.privacy.recoding import write_hierarchy
from workbench.reports.risk_page import render_risk_page
from workbench.studies import ExtractPolicy

DESCRIPTION, RISK, PAGE = "description.json", "risk.json", "risk.html"


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
        "models": extract.models
        and {
            "outcome": extract.models.outcome,
            "persons": extract.models.persons,
            **extract.models.figures(),
        },
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

    The table is written last, so that a table is never without its report. Each name of a report is
    claimed before it is written, so that of two runs into the same name one is refused. Reports
    without a table are removed if the disk is full.

    Raises
    ------
    InputError
        One of the files exists, the disk is full or the folder cannot be written.
    """
    reports = _reports(extract, description, name=path.name)
    beside = dict(zip(report_places(path), reports.values(), strict=True))
    claimed: list[Path] = []
    try:
        for place, content in beside.items():
            claim_new(place)
            claimed.append(place)
            write_whole(place, content, mode=0o600)
        require_new(path)
        write_table(path, extract.tables[TABLE])
    except WorkbenchError:
        for place in claimed:
            place.unlink(missing_ok=True)
        raise
    return [path, *beside]


def report_places(path: Path) -> list[Path]:
    """Return the paths of the reports beside the table at this path, in the order of writing."""
    return [path.with_name(f"{path.stem}.{name}") for name in (DESCRIPTION, RISK, PAGE)]


def _reports(extract: Extract, description: Mapping[str, Any], *, name: str) -> dict[str, bytes]:
    """Return the description, the risk report and its page, by the names of their files.

    Losses by group stay out. They count persons by their original values, also those who were left
    out, so beside the table they would show the values of a person who was left out.
    """
    risk = replace(extract.risk, losses=None)
    context = release_context(extract, description, name=name)
    return {
        DESCRIPTION: canonical_json(description),
        RISK: canonical_json(risk.to_dict()),
        PAGE: render_risk_page(risk, context).encode(),
    }


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
        for name, content in _reports(extract, description, name=folder.name).items():
            write_whole(partial / name, content, mode=0o600)
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


def write_policy(draft: PolicyDraft, path: Path) -> None:
    """Write a drafted policy, and its hierarchies beside it, which are written first.

    Raises
    ------
    InputError
        A file exists, or the folder cannot be written.
    """
    for name in draft.hierarchies:
        require_new(path.with_name(name))
    for name, hierarchy in draft.hierarchies.items():
        write_hierarchy(hierarchy, path.with_name(name))
    write_whole(path, draft.text.encode())


def require_new(path: Path) -> None:
    """Refuse a path at which something is.

    Raises
    ------
    InputError
        There is a file or folder.
    """
    if path.exists():
        raise InputError(f"{path} exists: name a new one, or remove it")
