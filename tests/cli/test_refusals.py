"""Every refusal is one clear sentence, without a traceback, with the exit code of its kind."""

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from workbench.vault import Vault

from .conftest import Command, Outcome


def refused(outcome: Outcome, code: int, *words: str) -> None:
    assert outcome.code == code, outcome.err
    assert "Traceback" not in outcome.err
    assert outcome.out == ""
    for word in words:
        assert word in outcome.err


def test_usage_faults_are_parameters(workbench: Command) -> None:
    refused(workbench("lod"), 2, "No such command 'lod'. Did you mean 'load'?")
    refused(workbench("run"), 2, "Missing argument")
    refused(workbench("load", "x.csv", "--datset", "d"), 2, "No such option: --datset")
    refused(workbench("run", "demo", "-p", "days"), 2, "-p takes name=value, found 'days'")


def test_a_missing_workspace_says_how_to_make_one(workbench: Command) -> None:
    refused(workbench("load", "x", "--dataset", "d"), 2, "no workspace at", "workbench init")
    refused(workbench("run", "demo"), 2, "no workspace at", "workbench init")
    refused(workbench("status", "--workspace", "elsewhere"), 2, "elsewhere", "workbench init")


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        (("generate", "retial", "--out", "w"), "did you mean 'retail'?"),
        (("generate", "retail", "--out", "w", "--customers", "0"), "customers"),
        (("generate", "retail", "--out", "w", "--months", "3"), "months"),
        (("generate", "nowhere/retail.toml", "--out", "w"), "does not exist"),
        (("run", "demoo"), "did you mean 'demo'?"),
        (("run", "demo", "-p", "horizon_dyas=60"), "did you mean 'horizon_days'?"),
        (("run", "demo", "-p", "horizon_days=sixty"), "horizon_days is 'sixty', it must be int"),
        (("run", "demo", "-p", "as_of=soon"), "write a date as 2024-12-31"),
        (("run", "demo", "--as-of", "2031-01-01"), "lies outside the data"),
        (("run", "demo", "--as-of", "1999-01-01"), "lies outside the data"),
        (("run", "demo", "--plan", "--as-of", "2031-01-01"), "lies outside the data"),
        (("run", "churm", "--study", "demo"), "did you mean 'churn'?"),
        (("run", "telco"), "no dataset 'telco'"),
        (("quarantine", "show", "dmeo"), "did you mean 'demo'?"),
        (("dictionary", "ordrs"), "did you mean 'orders'?"),
        (("load", "world", "--dataset", "Bad Name"), "use lower-case letters"),
        (("load", "world", "--dataset", "d", "--mapping", "online_retial"), "online_retail"),
        (("load", "world", "--dataset", "d", "--set", "zne=UTC"), "zone"),
    ],
)
def test_a_wrong_name_or_value_is_a_parameter_error(
    loaded: Command, verb: tuple[str, ...], words: str
) -> None:
    refused(loaded(*verb), 2, words)


def test_a_study_that_names_an_unknown_notebook_is_refused(loaded: Command, home: Path) -> None:
    text = (home / "reports" / "studies" / "demo.toml").read_text()
    (home / "bad.toml").write_text(text.replace('name = "churn"', 'name = "chrun"'))
    refused(loaded("run", "bad.toml"), 2, "no notebook 'chrun'; did you mean 'churn'?")


def test_a_label_window_outside_the_data_is_a_parameter_error(loaded: Command) -> None:
    failed = loaded("run", "churn", "--study", "demo", "-p", "horizon_days=400", "--json")
    assert failed.code == 2
    assert failed.json["runs"][0]["status"] == "failed"
    assert "use a later as_of or a shorter horizon_days" in failed.err


def test_input_that_cannot_be_used_is_an_input_error(loaded: Command, home: Path) -> None:
    (home / "empty.csv").touch()
    (home / "other.csv").write_text("a,b\n1,2\n")
    (home / "broken.parquet").write_bytes(b"PAR1 and nothing else")
    for name, words in (
        ("missing.csv", "does not exist"),
        ("empty.csv", "empty"),
        ("other.csv", "customerID"),
    ):
        told = loaded("load", name, "--dataset", "t", "--mapping", "telco_churn")
        refused(told, 3, words)
    told = loaded("load", "broken.parquet", "--dataset", "t", "--mapping", "online_retail")
    refused(told, 3, "broken.parquet")
    assert "t" not in loaded("status").out.split("\n\n")[0].split()


def test_a_basis_has_no_default(loaded: Command, home: Path) -> None:
    (home / "m.toml").write_text(
        'title = "x"\n[columns]\nid = { type = "code", required = true }\n'
        '[record]\nid = "id"\n[identities]\nuser_id = "id"\n'
    )
    (home / "x.csv").write_text("id\n1\n")
    told = loaded("load", "x.csv", "--dataset", "t", "--mapping", "m.toml")
    refused(told, 2, "basis", "--set")


def test_too_few_customers_are_a_privacy_error(loaded: Command, home: Path) -> None:
    text = (home / "reports" / "studies" / "demo.toml").read_text()
    (home / "strict.toml").write_text(text.replace("min_group = 10", "min_group = 1000"))
    refused(loaded("run", "strict.toml"), 4, "its min_group is 1000")


def test_another_key_is_an_access_error_and_names_both(loaded: Command, home: Path) -> None:
    right = loaded("status", "--json").json["key"]
    loaded("init", "--workspace", "other")
    wrong = loaded("status", "--workspace", "other", "--json").json["key"]
    refused(loaded("status", "--key", "other/keys/workspace.key"), 5, right, wrong)
    refused(loaded("status", "--key", "nowhere.key"), 5, "no key file at nowhere.key")
    (home / "no.key").write_text("hello")
    (home / "no.key").chmod(0o600)
    refused(loaded("status", "--key", "no.key"), 5, "is no workbench key file")


def test_a_key_that_others_can_read_is_refused(loaded: Command, home: Path) -> None:
    key = home / ".workbench" / "keys" / "workspace.key"
    key.chmod(0o644)
    refused(loaded("status"), 5, "can be read by others", "chmod 600")


def test_a_swapped_or_damaged_file_is_an_integrity_error(loaded: Command, home: Path) -> None:
    dataset = Vault.open(home / ".workbench").dataset("demo")
    files = [dataset.path_of(entry) for entry in dataset.files if entry.table == "orders"]
    kept = files[0].read_bytes()
    shutil.copy(files[1], files[0])
    refused(loaded("run", "demo"), 6, "dataset demo")
    told = loaded("status", "--check")
    assert told.code == 6
    files[0].write_bytes(kept)
    assert loaded("status", "--check").code == 0


def test_debug_shows_where(workbench: Command) -> None:
    assert "Traceback" in workbench("run", "demo", "--debug").err


def test_a_run_that_failed_can_be_looked_into(loaded: Command, home: Path) -> None:
    (home / "notebooks").unlink()
    (home / "notebooks").mkdir()
    node = json.loads((PROJECT / "notebooks" / "churn.ipynb").read_text())
    first = next(c for c in node["cells"] if "parameters" in c["metadata"].get("tags", ()))
    broken = {**first, "metadata": {}, "source": "1 / 0", "id": "broken"}
    node["cells"] = [first, broken]
    (home / "notebooks" / "churn.ipynb").write_text(json.dumps(node))
    for name in ("segmentation", "bias_audit", "privacy_risk"):
        path = PROJECT / "notebooks" / f"{name}.ipynb"
        (home / "notebooks" / path.name).write_bytes(path.read_bytes())
    failed = loaded("run", "churn", "--study", "demo", "--json")
    assert failed.code == 7
    (run,) = (each["run"] for each in failed.json["runs"])
    assert f"workbench open {run}" in failed.err
    assert failed.json["error"] == {
        "kind": "RunError", "exit_code": 7, "reason": failed.json["runs"][0]["reason"],
    }  # fmt: skip
    shown = loaded("open", run[:6])
    assert shown.code == 0
    first, error, _, place, _, source, *_ = shown.out.splitlines()
    number = json.loads((home / "reports" / "runs" / f"{run}-failed" / "record.json").read_text())
    assert first.startswith(f"Run {run}: notebook churn failed: ZeroDivisionError in cell")
    assert error == "ZeroDivisionError: division by zero"
    assert place.startswith(f"Cell {number['cell']} of ")
    assert source == "1 / 0"
    assert f"Cell {number['cell']}, line 1" in shown.out  # as the traceback counts, too
    assert loaded("open", run, "--json").json["failed"]["source"] == "1 / 0"
    out = home / "executed.ipynb"
    assert loaded("open", run, "--out", str(out)).code == 0
    assert out.stat().st_mode & 0o777 == 0o600
    assert "ZeroDivisionError" in out.read_text()
    assert loaded("open", run, "--out", str(out)).code == 3  # nothing is replaced
    assert loaded("open", "nothing").code == 2


def test_a_notebook_that_is_named_as_a_study_hints_at_the_option(loaded: Command) -> None:
    refused = loaded("run", "churn")
    assert refused.code == 2
    assert "workbench run churn --study demo" in refused.err


def test_a_value_outside_its_range_starts_no_kernel(loaded: Command) -> None:
    refused = loaded("run", "churn", "--study", "demo", "-p", "horizon_days=-5")
    assert refused.code == 2
    assert "horizon_days is -5, it must be at least 1 and at most 730" in refused.err
