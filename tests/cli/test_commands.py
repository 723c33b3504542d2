"""Commands as a user types them: what they print, what they return, and what they do twice."""

import json
from pathlib import Path

from .conftest import Command


def test_alone_it_shows_the_stations_and_the_next_step(workbench: Command) -> None:
    shown = workbench()
    assert shown.code == 0
    assert [line.split()[1] for line in shown.out.splitlines()[:5]] == [
        "generate", "load", "view", "run", "site",
    ]  # fmt: skip
    assert "Next: workbench init" in shown.out


def test_the_next_step_follows_what_is_there(loaded: Command) -> None:
    assert "Next: workbench run demo" in loaded().out
    status = loaded("status", "--json").json
    assert [d["dataset"] for d in status["datasets"]] == ["demo"]
    assert status["datasets"][0]["customers"] == 400
    assert "demo" in status["studies"]
    assert status["key"] in loaded("status").out


def test_init_keeps_what_is_there(workbench: Command, home: Path) -> None:
    first = workbench("init", "--json")
    assert first.code == 0
    assert "Who loses this key file loses the data" in first.err
    key = home / ".workbench" / "keys" / "workspace.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700
    again = workbench("init")
    assert (again.code, "already" in again.err) == (2, True)


def test_generate_says_what_it_made(workbench: Command, home: Path) -> None:
    made = workbench(
        "generate", "retail", "--customers", "60", "--months", "8", "--seed", "3",
        "--disparity", "0", "--out", "w", "--json",
    )  # fmt: skip
    assert made.code == 0
    assert set(made.json) == {"world", "out", "truth", "tables", "fingerprint"}
    assert made.json["tables"]["customers"] == 60
    assert (home / "w" / "truth").is_dir()


def test_load_reports_every_record_and_twice_changes_nothing(loaded: Command) -> None:
    again = loaded("load", "world", "--dataset", "demo", "--json")
    report = again.json
    assert again.code == 0
    assert report["version"] == 1
    assert report["read"] == report["accepted"] + report["refused"] == report["unchanged"]
    assert "Nothing changed" in again.err
    assert "still lie where they lay" in again.err
    keys = {"path", "format", "confidence", "read", "accepted", "refused", "reasons", "assumptions"}
    assert all(keys <= set(file) for file in report["files"])


def test_run_plan_says_what_would_run_and_runs_nothing(loaded: Command, home: Path) -> None:
    shown = loaded("run", "demo", "--plan", "--json")
    assert shown.code == 0
    assert [run["notebook"] for run in shown.json["runs"]] == [
        "segmentation",
        "churn",
        "bias_audit",
    ]
    assert not any(run["finished"] for run in shown.json["runs"])
    assert shown.json["rows"]["customers"] == 400
    assert not (home / "reports" / "runs").exists()


def test_run_json_has_metrics_and_verdicts_and_a_second_run_does_nothing(loaded: Command) -> None:
    first = loaded("run", "segmentation", "--study", "demo", "--json")
    assert first.code == 0, first.err
    (run,) = first.json["runs"]
    assert (run["status"], run["reused"]) == ("finished", False)
    assert set(run["metrics"]["segments"]) == {"value", "low", "high", "n", "unit"}
    assert run["verdicts"][0]["outcome"] in ("shown", "shown not", "not enough data")
    assert Path(run["page"]).is_file()
    assert Path(run["folder"], "record.json").is_file()
    second = loaded("run", "segmentation", "--study", "demo", "--json")
    assert second.json["runs"][0]["reused"] is True
    assert "Nothing to do" in second.err


def test_the_same_meaning_is_the_same_run(loaded: Command) -> None:
    def ids(*words: str) -> list[str]:
        return [run["run"] for run in loaded("run", *words, "--plan", "--json").json["runs"]]

    plain = ids("demo")
    until = loaded("status", "--json").json["datasets"][0]["until"]
    assert ids("demo", "--as-of", until) == plain
    assert ids("demo", "-p", f"as_of={until}") == plain
    assert ids("demo", "-p", "seed=7") == plain
    assert ids("demo", "-p", "seed=8") != plain
    assert ids("reports/studies/demo.toml") == plain


def test_the_dictionary_lists_every_declared_column(workbench: Command) -> None:
    columns = workbench("dictionary", "orders", "--json").json["columns"]
    assert {"table", "column", "type", "unit", "component", "category", "sensitivity"} <= set(
        columns[0]
    )
    assert [c["column"] for c in columns][:2] == ["order_id", "customer_id"]
    assert "total_minor" in workbench("dictionary").out


def test_site_publishes_what_is_missing(loaded: Command, home: Path) -> None:
    page = Path(loaded("run", "segmentation", "--study", "demo", "--json").json["runs"][0]["page"])
    before = page.read_bytes()
    page.unlink()
    assert loaded("site").code == 0
    assert page.read_bytes() == before


def test_quarantine_counts_and_writes_what_was_refused(workbench: Command, home: Path) -> None:
    workbench("init")
    (home / "orders.csv").write_text(
        "number,customer,day,amount\nA-1,C-1,2024-01-02,5.00\nA-2,C-1,soon,6.00\n"
    )
    (home / "orders.toml").write_text(
        'title = "orders"\nsystem = "shop"\nzone = "UTC"\ncurrency = "EUR"\n'
        'data_until = "2024-02-01"\nbasis = "contract"\n'
        '[columns]\nnumber = { type = "code", required = true }\ncustomer = "code"\n'
        'day = { type = "date", required = true }\namount = { type = "money", required = true }\n'
        '[record]\nid = "customer"\n'
        '[tables.customers]\nfirst_seen_at = "day"\n'
        '[tables.orders]\norder_id = "number"\nkind = "\'sale\'"\nordered_at = "day"\n'
        'total_minor = "amount"\n'
    )
    loaded = workbench(
        "load", "orders.csv", "--mapping", "orders.toml", "--dataset", "shop", "--json"
    )
    assert loaded.code == 0, loaded.err
    assert (loaded.json["read"], loaded.json["accepted"], loaded.json["refused"]) == (2, 1, 1)
    assert "soon" not in loaded.out + loaded.err
    counted = workbench("quarantine", "shop", "--json").json
    assert counted["refused"] == 1
    assert workbench("quarantine", "shop", "--out", "refused.csv").code == 0
    written = (home / "refused.csv").read_text()
    assert "soon" in written
    assert (home / "refused.csv").stat().st_mode & 0o777 == 0o600
    assert json.dumps(counted).find("soon") == -1
