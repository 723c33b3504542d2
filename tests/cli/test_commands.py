"""Commands as a user types them: what they print, what they return, and what they do twice."""

import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import typer

from tests.conftest import PROJECT
from tests.foundation.test_confinement import needs_all
from workbench.cli import app
from workbench.cli.options import format_money, print_table
from workbench.foundation.confinement import attempts
from workbench.foundation.confinement.attempts import CLAUSES
from workbench.schema import TABLES
from workbench.statistics.verdicts import Outcome

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


@needs_all
def test_status_tries_what_a_notebook_can_reach(
    loaded: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = loaded("status", "--json").json["confinement"]
    assert set(told.values()) == {"refused"}
    assert "read files outside its folder" in told
    assert "all 13 attempts to get out were refused" in loaded("status").out
    outcomes = {name: name in ("network", "times") for name in CLAUSES}
    monkeypatch.setattr(attempts, "try_confinement", lambda: outcomes)
    last = loaded("status").out.splitlines()[-1]
    assert last == (
        "Notebooks are not fully confined: 2 of 13 attempts to get out succeeded. A notebook can "
        "change times of files outside its folder; open a network connection."
    )


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
    assert "The plain exports were not removed" in again.err
    keys = {"path", "format", "confidence", "read", "accepted", "refused", "reasons", "assumptions"}
    assert all(keys <= set(file) for file in report["files"])


def test_run_plan_says_what_would_run_and_runs_nothing(loaded: Command, home: Path) -> None:
    shown = loaded("run", "demo", "--plan", "--json")
    assert shown.code == 0
    assert [run["notebook"] for run in shown.json["runs"]] == [
        "segmentation",
        "churn",
        "bias_audit",
        "privacy_risk",
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
    assert run["verdicts"][0]["outcome"] in set(Outcome)
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


def test_the_dictionary_lists_the_values_that_a_column_may_have(workbench: Command) -> None:
    columns = {c["column"]: c for c in workbench("dictionary", "orders", "--json").json["columns"]}
    assert columns["kind"]["values"][:2] == ["sale", "return"]
    printed = " ".join(workbench("dictionary", "orders").out.split())
    assert f"Allowed: {', '.join(columns['kind']['values'])}." in printed
    assert "Usual: page_view, click" in " ".join(workbench("dictionary", "events").out.split())
    for name, table in TABLES.items():
        words = " ".join(workbench("dictionary", name).out.split())
        for column in table.columns:
            assert ", ".join(column.choices) in words, f"{name}.{column.name}"


def test_the_dictionary_says_what_a_row_is_and_which_columns_a_mapping_has_to_state(
    workbench: Command,
) -> None:
    printed = workbench("dictionary", "orders").out
    assert printed.startswith("Table orders\nOne sale, return or cancellation.\n")
    assert " ".join(printed.split()).count("Needed.") == 4
    columns = workbench("dictionary", "orders", "--json").json["columns"]
    places = {c["column"]: c["mapping"] for c in columns}
    assert [name for name, place in places.items() if place == "needed"] == [
        "order_id", "kind", "ordered_at", "total_minor"
    ]  # fmt: skip
    assert (places["currency"], places["tax_minor"]) == ("filled", "optional")


def test_the_next_step_after_a_world_begins_with_the_workspace_where_there_is_none(
    workbench: Command,
) -> None:
    made = ("generate", "retail", "--customers", "60", "--months", "8", "--out")
    assert "Next: workbench init, then workbench load w1" in workbench(*made, "w1").err
    elsewhere = ("--workspace", "elsewhere")
    assert workbench("init", *elsewhere).code == 0
    assert "Next: workbench load w2" in workbench(*made, "w2", *elsewhere).err


def test_every_verb_that_takes_a_project_takes_a_workspace(workbench: Command) -> None:
    for verb in typer.main.get_command(app).commands.values():
        for command in getattr(verb, "commands", {verb.name: verb}).values():
            options = {option for each in command.params for option in each.opts}
            assert ("--project" in options) == ("--workspace" in options), command.name


def test_what_a_notebook_lacks_is_said_before_it_runs(loaded: Command, home: Path) -> None:
    (home / "notebooks").unlink()
    (home / "notebooks").mkdir()
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("pass")])
    nbformat.write(node, home / "notebooks" / "bare.ipynb")
    (home / "notebooks" / "churn.ipynb").write_bytes(
        (PROJECT / "notebooks" / "churn.ipynb").read_bytes()
    )
    for name in ("segmentation", "bias_audit", "privacy_risk"):
        nbformat.write(node, home / "notebooks" / f"{name}.ipynb")
    said = " ".join(loaded("run", "bare", "--study", "demo", "--plan").err.split())
    assert "Notebook bare: it has no heading" in said
    assert "Notebook bare: no code cell has the tag parameters" in said
    assert "Notebook" not in loaded("run", "churn", "--study", "demo", "--plan").err


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
    counted = workbench("quarantine", "show", "shop", "--json").json
    assert counted["refused"] == 1
    assert counted["reasons"] == [
        {
            "format": "orders", "table": None, "column": "day", "rule": "date",
            "parameters": {"example": "2024-03-31"}, "rows": 1,
            "reason": "day: not a date, must look like 2024-03-31",
        }
    ]  # fmt: skip
    assert workbench("quarantine", "export", "shop", "--out", "refused.csv").code == 0
    written = (home / "refused.csv").read_text()
    assert "soon" in written
    assert (home / "refused.csv").stat().st_mode & 0o777 == 0o600
    assert json.dumps(counted).find("soon") == -1


def test_who_stops_reading_gets_no_complaint(home: Path) -> None:
    piped = f"set -o pipefail; {sys.executable} -m workbench dictionary | head -1"
    done = subprocess.run(
        ["bash", "-c", piped], cwd=home, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "Table sources\n", "")
    unread = f"set -o pipefail; {sys.executable} -m workbench dictionary --json | true"
    done = subprocess.run(
        ["bash", "-c", unread], cwd=home, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_verb_prints_one_object_and_nothing_else(loaded: Command, home: Path) -> None:
    verbs = (
        ("init", "--workspace", "another"),
        ("generate", "retail", "--customers", "60", "--months", "8", "--out", "w"),
        ("load", "w", "--dataset", "small"),
        ("quarantine", "export", "demo", "--out", "refused.csv"),
        ("run", "demo", "--plan"),
        ("site",),
        ("status", "--check"),
        ("dictionary",),
        ("dataset", "accept-restore", "demo"),
    )
    for words in verbs:
        told = loaded(*words, "--json")
        assert told.code == 0, (words, told.err)
        assert isinstance(told.json, dict), words
        assert told.out.count("\n") == 1, words


def test_what_people_read_fits_a_terminal(loaded: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for words in (
        (), ("--help",), ("run", "--help"), ("load", "--help"), ("generate", "--help"),
        ("quarantine", "--help"), ("dictionary",), ("dataset", "--help"), ("run", "demo", "--plan"),
        ("quarantine", "show", "demo"),
    ):  # fmt: skip
        told = loaded(*words)
        assert [line for line in told.out.splitlines() if len(line) > 80] == [], words
        assert not re.search(r"[a-z,]\.\.\.$", told.out, re.MULTILINE), words  # no help is cut off


def test_the_last_column_wraps_under_itself(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    rows = [(12_000, "a", "words that do not fit on the one line"), (3, "b", "/a/path/" + "x" * 40)]
    print_table(("n", "name", "meaning"), rows)
    assert capsys.readouterr().out.splitlines() == [
        "     n  name  meaning",
        "12,000  a     words that do not fit on",
        "              the one line",
        "     3  b     /a/path/" + "x" * 40,
    ]


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        (974_774_793, "GBP", "9,747,747.93 GBP"),
        (-5, "EUR", "-0.05 EUR"),
        (5_550, "JPY", "5,550 JPY"),
        (1_234, "KWD", "1.234 KWD"),
    ],
)
def test_money_is_told_in_its_currency(amount: int, currency: str, told: str) -> None:
    assert format_money(amount, currency) == told


def test_a_notebook_that_was_edited_is_another_run(loaded: Command, home: Path) -> None:  # P13
    text = (home / "notebooks" / "segmentation.ipynb").read_text()
    edited = home / "edited"
    edited.mkdir()
    (edited / "segmentation.ipynb").write_text(text)
    words = ("run", "edited/segmentation.ipynb", "--study", "demo", "--plan", "--json")
    same = loaded(*words).json["runs"][0]["run"]
    plain = loaded("run", "segmentation", "--study", "demo", "--plan", "--json").json
    assert plain["runs"][0]["run"] == same  # the same notebook, wherever it lies
    (edited / "segmentation.ipynb").write_text(text.replace("wb.show(*result", "wb.show( *result"))
    assert loaded(*words).json["runs"][0]["run"] != same


def test_every_fault_of_the_parameters_is_told_at_once(loaded: Command, home: Path) -> None:
    text = (home / "reports" / "studies" / "demo.toml").read_text()
    (home / "bad.toml").write_text(
        text.replace("horizon_days = 90", 'horizon_days = "90", model = "forest"')
    )
    told = loaded("run", "bad.toml", "-p", "tolerance=much", "-p", "sed=1")
    assert told.code == 2
    for words in ("horizon_days is '90'", "model is 'forest'", "tolerance is 'much'", "'sed'"):
        assert words in told.err
