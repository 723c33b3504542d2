"""Worlds as a user makes, explains and asks them, and what is left of one that was interrupted."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl

from tests.conftest import PROJECT

from .conftest import Command


def test_explain_says_what_a_recipe_implies_and_makes_nothing(
    workbench: Command, home: Path
) -> None:
    before = set(home.iterdir())
    told = workbench("generate", "campaign", "--explain", "--customers", "300", "--json")
    assert told.code == 0
    assert told.json["sample"] == 300
    implied = {line["what"]: line["value"] for line in told.json["implied"]}
    assert implied["customers"] == 300
    assert {line["table"] for line in told.json["rows"]} >= {"orders", "events", "consents"}
    assert "mailing spring" in {line["what"] for line in told.json["planted"]}
    assert set(home.iterdir()) == before
    shown = workbench("generate", "biased", "--explain", "--customers", "100")
    assert "proxy against gender female: 0.35" in shown.out
    assert "nothing was written" in shown.err


def test_a_world_needs_a_place(workbench: Command) -> None:
    refused = workbench("generate", "tiny")
    assert refused.code == 2
    assert "--out is missing: name the folder to make, or ask with --explain" in refused.err


def test_truth_tells_what_a_world_holds(workbench: Command, home: Path) -> None:
    assert workbench("generate", "tiny", "--out", "w").code == 0
    told = workbench("truth", "w", "--json")
    assert told.code == 0
    assert told.json["world"] == "tiny"
    assert {segment["name"] for segment in told.json["segments"]} >= {"everyday", "devoted"}
    assert sum(told.json["violations"].values()) == 0
    shown = workbench("truth", "w", "--as-of", "2024-06-01", "--months", "2", "--out", "t.parquet")
    assert shown.code == 0
    assert "outlook.mean_p_leaves" not in shown.out
    assert "outlook.p_leaves" in shown.out
    rows = pl.read_parquet(home / "t.parquet")
    known = pl.read_parquet(home / "w" / "customers" / "*.parquet")
    assert set(rows["record_id"]) < set(known["record_id"])


def test_truth_is_refused_where_there_is_none(workbench: Command, home: Path) -> None:
    missing = workbench("truth", "nowhere")
    assert (missing.code, "nowhere contains no truth" in missing.err) == (3, True)
    assert workbench("generate", "tiny", "--out", "w").code == 0
    wrong = workbench("truth", "w", "--as-of", "2024-06-15")
    assert wrong.code == 2
    assert "give the first day of a month of the world" in wrong.err
    alone = workbench("truth", "w", "--out", "t.parquet")
    assert (alone.code, "--out writes what --as-of tells" in alone.err) == (2, True)


def test_exports_lie_beside_the_world_and_only_when_asked(workbench: Command, home: Path) -> None:
    assert workbench("generate", "tiny", "--out", "plain").code == 0
    assert not (home / "plain" / "exports").exists()
    assert workbench("generate", "tiny", "--out", "full", "--exports").code == 0
    vendors = {p.name for p in (home / "full" / "exports").iterdir() if p.is_dir()}
    assert {"shopify_orders", "salesforce", "access_log", "stripe_payments"} <= vendors
    known = {path.stem for path in (home / "full" / "truth" / "exports").iterdir()}
    assert known == vendors
    # a load takes the world's tables, and neither truth nor exports
    assert workbench("init").code == 0
    one, two = (
        workbench("load", name, "--dataset", name, "--json").json for name in ("plain", "full")
    )
    assert one["tables"] == two["tables"]


def test_a_killed_generation_leaves_no_world(tmp_path: Path) -> None:
    out = tmp_path / "world"
    words = ["generate", "retail", "--customers", "60000", "--out", str(out)]
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench", *words],
        cwd=PROJECT,
        env={**os.environ, "WORKBENCH_WORKERS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.rglob("part-0000.parquet")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists()
    assert not list(tmp_path.rglob("world.json"))
    left = [path.name for path in tmp_path.iterdir()]
    assert left
    assert all(name.startswith(".world.") for name in left), "hidden, and named as partial"
