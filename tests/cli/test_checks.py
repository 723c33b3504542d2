"""``status --check`` and ``site`` on what was changed: what they name, what they return."""

import json
import re
import shutil
from pathlib import Path

import polars as pl
import pytest

from tests.reports.conftest import execution, record
from workbench.foundation.errors import WorkbenchError
from workbench.foundation.files import canonical_json
from workbench.runs import RunsFolder
from workbench.vault import Vault

from .conftest import Command

ADDRESS = "anna.visser@mail.example"


@pytest.fixture
def stored(loaded: Command, home: Path) -> Command:
    """Return the command in a project with two versions of ``demo`` and two runs, one failed."""
    (home / "notebooks").unlink()
    (home / "notebooks").mkdir()
    notebook = {
        "cells": [_cell("study: str = 'demo'  # study", "parameters"), _cell(_ENDING)],
        "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip
    (home / "notebooks" / "good.ipynb").write_text(json.dumps(notebook))
    notebook["cells"][1] = _cell("raise ValueError")  # type: ignore[index]  # a list
    (home / "notebooks" / "bad.ipynb").write_text(json.dumps(notebook))
    text = Path("reports/studies/demo.toml").read_text().partition("[[notebooks]]")[0]
    (home / "small.toml").write_text(text + '[[notebooks]]\nname = "good"\n')
    more = loaded("generate", "retail", "--customers", "60", "--seed", "9", "--out", "more")
    assert more.code == 0, more.err
    assert loaded("load", "more", "--dataset", "demo").code == 0
    assert loaded("run", "small.toml").code == 0
    (home / "failing.toml").write_text(text + '[[notebooks]]\nname = "bad"\n')
    assert loaded("run", "failing.toml").code == 7
    return loaded


_ENDING = """import workbench as wb
view = wb.view(study)
verdict = wb.Verdict(name="ran", question="Did it run?", outcome=wb.Outcome.SHOWN, answer="Yes.")
wb.record(estimates=[], verdicts=(verdict,))"""


def _cell(source: str, *tags: str) -> dict[str, object]:
    return {
        "cell_type": "code", "id": f"cell{abs(hash(source)) % 10**6}", "metadata": {"tags": tags},
        "source": source, "outputs": [], "execution_count": None,
    }  # fmt: skip


def _finished(home: Path) -> Path:
    (folder,) = [p for p in (home / "reports" / "runs").iterdir() if not p.name.endswith("failed")]
    return folder


def test_every_holding_of_every_version_is_checked_and_counted(stored: Command) -> None:
    checked = stored("status", "--check", "--json")
    assert checked.code == 0, checked.err
    counts = {c["what"].partition(":")[0]: c["objects"] for c in checked.json["checks"]}
    assert counts["versions of datasets"] == 2
    assert counts["dataset files"] > 20
    assert counts["executed notebooks"] == 2
    assert counts["seals of runs"] == 2
    assert counts["folders of runs"] == 2
    assert set(counts) >= {"quarantine files", "views in use"}
    assert [c["damaged"] for c in checked.json["checks"]] == [[]] * len(counts)
    assert "Everything stored is what was written." in checked.err
    assert re.search(
        r"^ +2  folders of runs: files as in the seal: none damaged", checked.err, re.M
    )


def test_each_kind_of_damage_is_named_and_the_others_are_still_checked(
    stored: Command, home: Path
) -> None:
    vault = home / ".workbench"
    dataset = vault / "datasets" / "demo"
    files = sorted((dataset / "files").iterdir())
    pl.DataFrame({"a": [1]}).write_parquet(files[0])
    files[1].unlink()
    files[2].write_bytes(files[2].read_bytes()[:-1] + b"x")
    (dataset / "versions" / "00000001").write_bytes(b"plain")
    for kind in ("notebooks", "runs"):
        sealed = sorted((vault / kind).iterdir())[0]
        sealed.write_bytes(sealed.read_bytes()[:-1])
    (_finished(home) / "more.txt").write_text("added")
    checked = stored("status", "--check", "--json")
    assert checked.code == 6
    damaged = {c["what"].partition(":")[0]: len(c["damaged"]) for c in checked.json["checks"]}
    assert damaged["versions of datasets"] == 1
    assert damaged["executed notebooks"] == 1
    assert damaged["seals of runs"] == 1
    assert damaged["folders of runs"] >= 1
    needed = [line for line in checked.err.splitlines() if "needed by version 2" in line]
    assert damaged["dataset files"] == len(needed) > 0
    assert "dataset demo, version 1 is damaged" in checked.err


def test_a_damaged_old_version_is_named_with_its_number_and_blocks_nothing(
    stored: Command, home: Path
) -> None:
    vault = Vault.open(home / ".workbench")
    one, two = vault.dataset("demo", 1), vault.dataset("demo", 2)
    only_old = [e for e in two.files if e not in one.files and e.table == "answers"][:1]
    with vault.open_writer("demo", buckets=8) as (writer, before):
        writer.commit(before=before, files=[], sources=[], dropped={only_old[0].file})
    two.path_of(only_old[0]).unlink()
    checked = stored("status", "--check")
    assert checked.code == 6
    assert f"{two.place_of(only_old[0])}: missing; needed by version 2\n" in checked.err
    assert "1 damaged" in checked.err
    assert stored("status").code == 0
    world = stored("generate", "retail", "--customers", "60", "--seed", "8", "--out", "third")
    assert world.code == 0
    assert stored("load", "third", "--dataset", "demo").code == 0
    assert stored("run", "small.toml").code == 0


def test_a_damaged_newest_version_does_not_hide_the_rest(stored: Command, home: Path) -> None:
    (home / ".workbench" / "datasets" / "demo" / "versions" / "00000002").write_bytes(b"plain")
    shown = stored("status")
    assert shown.code == 6
    assert "good" in shown.out
    assert "dataset demo, version 2 is damaged" in shown.err


def test_a_sealed_view_in_use_is_looked_at(stored: Command, home: Path) -> None:
    from workbench.schema import CustomerData
    from workbench.vault import UnorderedTables, Vault, seal_view

    vault = Vault.open(home / ".workbench")
    rows = vault.dataset("demo").data()["sources"].collect()
    view = vault.private_folder("here") / "view"
    try:
        seal_view(
            view,
            UnorderedTables(CustomerData.of({"sources": rows}).tables),
            describe=lambda _: {},
        )
        checked = stored("status", "--check", "--json").json["checks"]
        assert [c["objects"] for c in checked if c["what"].startswith("views")] == [1]
        rows.write_parquet(view / "sources-0.parquet")
        refused = stored("status", "--check")
        assert refused.code == 6
        assert "view here, sources-0.parquet: not encrypted" in refused.err
    finally:
        shutil.rmtree(vault.scratch)


def test_a_forged_run_ends_the_site_with_six_after_everything_else_was_built(
    stored: Command, home: Path
) -> None:
    folder = _finished(home)
    record = json.loads((folder / "record.json").read_bytes())
    record["verdicts"][0]["answer"] = f"No, ask {ADDRESS}."
    (folder / "record.json").write_bytes(canonical_json(record))
    page = home / "reports" / "site" / "runs" / f"{folder.name}.html"
    for words in (("site",), ("site", "--json")):
        built = stored(*words)
        assert built.code == 6
        assert f"run {folder.name}: it was changed since it was made (1 file changed)" in built.err
    assert built.json["verified"] is True
    assert list(built.json["withheld"]) == [folder.name]
    everything = "".join(p.read_text() for p in (home / "reports" / "site").rglob("*.html"))
    assert ADDRESS not in everything
    assert "is not published" in page.read_text()
    assert "failed.html" in (home / "reports" / "site" / "index.html").read_text()
    shown = stored("status")
    assert ADDRESS not in shown.out + shown.err
    assert (
        "Runs that are damaged, changed since they were made, or of another version:" in shown.out
    )
    assert stored("run", "small.toml", "--plan", "--json").json["runs"][0]["finished"] is False
    again = stored("run", "small.toml", "--json")  # it counts as not finished and is executed
    assert again.code == 0
    assert again.json["runs"][0]["reused"] is False
    assert "Did it run?" in page.read_text()
    assert stored("site").code == 0


def test_without_the_key_the_site_says_that_nothing_was_verified(
    stored: Command, home: Path
) -> None:
    (home / ".workbench" / "keys" / "workspace.key").rename(home / "aside.key")
    built = stored("site", "--json")
    assert (built.code, built.json["verified"]) == (0, False)
    assert "every run is labelled as not verified" in built.err
    assert "Not verified" in (home / "reports" / "site" / "index.html").read_text()
    assert stored("site", "--key", "aside.key").code == 0
    assert "Not verified" not in (home / "reports" / "site" / "index.html").read_text()


def test_status_lists_all_other_runs_where_one_record_cannot_be_read(
    workbench: Command, home: Path
) -> None:
    assert workbench("init").code == 0
    folder = RunsFolder(home / "reports" / "runs", Vault.open(home / ".workbench"))
    broken = [
        ("b", canonical_json(record(run="b"))[:100], "its record is damaged: the file is not JSON"),
        ("c", canonical_json(record(run="c") | {"schema": 1}), "its record has schema 1"),
        ("d", canonical_json(record(run="d", code=7)), "its record is damaged: code has a wrong"),
    ]
    written = canonical_json(execution("2025-02-01T00:00:00+00:00"))
    whole = {"record.json": canonical_json(record(run="a")), "execution.json": written}
    folder.put("a", whole, is_failed=False)
    for name, content, _ in broken:
        with pytest.raises(WorkbenchError):  # it is written and sealed, and then read again
            folder.put(name, {"record.json": content, "execution.json": written}, is_failed=False)
    shown = workbench("status", "--json")
    assert shown.code == 0
    assert [run["run"] for run in shown.json["runs"]] == ["a"]
    for (name, _, words), told in zip(broken, shown.json["damaged_runs"], strict=True):
        assert told.startswith(f"run {name}: {words}")
    built = workbench("site", "--json")
    assert built.code == 6
    assert list(built.json["withheld"]) == ["b", "c", "d"]
    assert built.json["error"]["kind"] == "IntegrityError"
    assert all(words in built.json["error"]["reason"] for _, _, words in broken)
    assert 'href="runs/a.html"' in (home / "reports" / "site" / "index.html").read_text()
