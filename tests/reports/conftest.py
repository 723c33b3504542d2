"""Run folders made by hand: as a run writes them, without running anything."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from workbench.charts.drawing import draw_pictures
from workbench.charts.exhibits import Table
from workbench.charts.row_charts import intervals
from workbench.foundation.files import canonical_json
from workbench.reports import page_of
from workbench.runs import Run, RunsFolder
from workbench.runs.bundles import FigureBundle, TableBundle
from workbench.runs.record import SCHEMA_VERSION
from workbench.studies import Policy
from workbench.vault import Vault

Put = Callable[..., Run]


def record(**changes: Any) -> dict[str, Any]:
    """Return a finished run's record, with changes."""
    return {
        "schema": SCHEMA_VERSION,
        "run": "abc123",
        "status": "finished",
        "title": "Is it so?",
        "question": "Is it so?",
        "as_of": "2025-01-01",
        "notebook": {"name": "probe", "digest": "00"},
        "parameters": {"days": 30, "label": None, "study": "probe"},
        "parameter_meanings": {"days": "length of the window, days", "study": "study"},
        "study": {
            "name": "probe", "question": "Is it so?", "decision": "Whether it stays so.",
            "purpose": "analytics", "channel": None, "basis": "consent", "owner": "Probe team",
            "contact": "probe@company.example", "dataset": "demo", "currency": "EUR", "zone": None,
            "columns": {"customers": ["gender"]}, "special_categories_basis": None,
            "policy": Policy().model_dump(mode="json"), "min_group": 10, "schedule": None,
            "retention_days": 365, "require_confinement": False, "require_complete": False,
        },
        "dataset": {
            "name": "demo", "version": 1, "fingerprint": "ff", "is_synthetic": False,
            "sources": [
                {"format": "csv", "system": "shop", "basis": "consent",
                 "until": "2025-01-01T00:00:00+00:00"}
            ],
        },
        "view_fingerprint": "33", "code": "11", "lock": "22", "versions": {"polars": "2.1.0"},
        "view": {
            "cost": "Nothing was lost.", "k": 5, "noise_variance": 2.0, "release_reason": None,
            "tables": [],
        },
        "metrics": {
            "share": {"name": "share", "value": 0.25, "low": 0.2, "high": 0.3, "n": 1200,
                      "unit": "share", "label": "Share that left", "note": "Wilson", "origin": ""},
        },
        "metric_order": ["share"],
        "verdicts": [
            {"kind": "verdict", "name": "so", "question": "Is it so?", "outcome": "shown",
             "answer": "Yes: 25.0%.", "basis": "Yes where the interval lies above 20 %.",
             "is_opinion": False, "concern": False, "estimates": []},
        ],
        "cells": [
            {"kind": "markdown", "source": "# Is it so?\n\nFor whoever asks.", "tags": [],
             "shows": []},
            {"kind": "code", "source": "wb.show(table)", "tags": [], "shows": []},
        ],
        "exhibits": [],
        "kept_out": [],
        **changes,
    }  # fmt: skip


def failed(reason: str, **changes: Any) -> dict[str, Any]:
    """Return a failed run's record."""
    full = record(status="failed", reason=reason, cell=4, **changes)
    absent = ("view", "metrics", "metric_order", "verdicts", "cells", "exhibits", "kept_out")
    return {name: value for name, value in full.items() if name not in absent}


def execution(started_at: str, missing: list[str] | None = None) -> dict[str, Any]:
    """Return what is kept of the execution of a run that was confined but for ``missing``."""
    return {
        "schema": SCHEMA_VERSION, "started_at": started_at, "ended_at": started_at, "seconds": 0.0,
        "peak_memory_mb": 100, "exit_code": None,
        "confinement": {
            "own_processes": True, "ends_descendants": True, "read_only": True, "own_proc": True,
            "own_shared_memory": True, "landlock": 6, "system_calls": True,
            "missing": missing or [],
        },
    }  # fmt: skip


def shown(groups: list[str], persons: list[int | None]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return a record that shows a table and a figure of these groups, and their files."""
    share = [None if n is None else 0.5 for n in persons]
    rows = pl.DataFrame(
        {"group": groups, "persons": persons, "share": share, "low": share, "high": share},
        schema={"group": pl.String, "persons": pl.Int64, "share": pl.Float64, "low": pl.Float64,
                "high": pl.Float64},
    )  # fmt: skip
    table = Table(name="listed", title=groups[0], rows=rows, persons="persons")
    drawn = Table(name="drawn", title=groups[0], rows=rows, persons="persons")
    figure = intervals(drawn, group="group", value="share", low="low", high="high", axis="Share")
    made = FigureBundle.of(figure)
    pairs = draw_pictures(made.figure()).items()
    files = {
        "tables/listed.json": TableBundle.of(table, hidden=persons.count(None)).to_bytes(),
        "tables/drawn.json": made.to_bytes(),
        **{path: drawn.encode() for path, drawn in pairs},
    }
    shows = [{"kind": "table", "name": "listed"}, {"kind": "figure", "name": "drawn"}]
    cells = [*record()["cells"][:1], {"kind": "code", "source": "", "tags": [], "shows": shows}]
    return record(cells=cells, exhibits=["listed", "drawn"]), files


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """Return the vault that keeps the seals of runs."""
    return Vault.init(tmp_path / "workspace")


@pytest.fixture
def put(tmp_path: Path, vault: Vault) -> Put:
    """Return what writes a run's folder from its record, and seals it."""
    folder = RunsFolder(tmp_path / "runs", vault)

    def write(
        content: dict[str, Any],
        files: dict[str, bytes] | None = None,
        *,
        started_at: str = "2025-02-01T00:00:00+00:00",
        missing: list[str] | None = None,
    ) -> Run:
        started = datetime.fromisoformat(started_at)
        inputs = {"record.json": canonical_json(content), **(files or {})}
        return folder.put(
            content["run"],
            {**inputs, "execution.json": canonical_json(execution(started_at, missing))},
            is_failed=content["status"] == "failed",
            page=page_of(inputs, started.date()),
        )

    return write
