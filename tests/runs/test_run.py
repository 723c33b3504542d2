"""Running notebooks: what counts as finished, what is kept, and what cannot get out."""

import json
import os
import signal
import time
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from workbench.foundation.errors import ParameterError, PrivacyError, RunError
from workbench.runs.persons import read_persons
from workbench.vault.keys import read_key
from workbench.vault.workspace_vault import key_path

from .conftest import BEGINNING, ENDING, Project

SECRET = "xyzzy-4711-secret"
TABLE = """
rows = view.data["orders"].select("customer_id", "kind").unique()
wb.show(view.table(rows, ["kind"], name="kinds", title="Persons by kind of order"))
"""


def record(result: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((result.run.folder / "record.json").read_bytes())
    return content


def test_a_finished_run_has_record_and_tables_and_is_not_repeated(project: Project) -> None:
    project.notebook("probe", BEGINNING, TABLE, ENDING)
    first = project.run("probe")
    assert first.error is None
    assert record(first)["status"] == "finished"
    assert record(first)["verdicts"][0]["answer"] == "Yes."
    assert (first.run.folder / "tables" / "kinds.json").is_file()
    second = project.run("probe")
    assert second.is_reused
    assert second.run.id == first.run.id


def test_equal_inputs_give_equal_bytes(project: Project) -> None:
    project.notebook("probe", BEGINNING, TABLE, ENDING)
    first = project.run("probe")
    before = {p.name: p.read_bytes() for p in first.run.folder.rglob("*") if p.is_file()}
    again = project.run("probe", again=True)
    after = {p.name: p.read_bytes() for p in again.run.folder.rglob("*") if p.is_file()}
    assert not again.is_reused
    assert {k: v for k, v in before.items() if k != "execution.json"} == {
        k: v for k, v in after.items() if k != "execution.json"
    }


def test_another_parameter_or_cell_is_another_run(project: Project) -> None:
    project.notebook("probe", BEGINNING, ENDING, parameters="days: int = 30  # days")
    first = project.run("probe")
    other = project.run("probe", days="60")
    assert first.run.id != other.run.id
    assert record(other)["parameters"] == {"days": 60, "study": "probe"}
    project.notebook("probe", BEGINNING, ENDING + "\n# edited", parameters="days: int = 30  # days")
    assert project.run("probe").run.id not in (first.run.id, other.run.id)


def test_a_parameter_that_no_notebook_declares_is_refused(project: Project) -> None:
    project.notebook("probe", BEGINNING, ENDING)
    with pytest.raises(ParameterError, match="no parameter 'days'"):
        project.run("probe", days="60")
    assert not project.folder.path.exists()


def test_a_failing_cell_leaves_a_record_without_values(project: Project) -> None:
    project.notebook("probe", BEGINNING, f"raise ValueError('{SECRET}')", ENDING)
    result = project.run("probe")
    assert isinstance(result.error, RunError)
    content = (result.run.folder / "record.json").read_text()
    assert record(result)["reason"] == "ValueError in cell 4"
    assert SECRET not in content + str(result.error)
    kept = json.loads(project.vault.open_kept("notebooks", result.run.id))
    assert SECRET in json.dumps(kept)  # whole, but in the vault


def test_a_failure_never_takes_the_place_of_a_finished_run(project: Project) -> None:
    mark = project.root / "fails"
    cell = f"import pathlib; assert not pathlib.Path({str(mark)!r}).exists()"
    project.notebook("probe", BEGINNING, cell, ENDING)
    good = project.run("probe")
    mark.touch()
    bad = project.run("probe", again=True)
    assert bad.run.folder != good.run.folder
    assert record(good)["status"] == "finished"
    mark.unlink()
    project.run("probe", again=True)
    assert not bad.run.folder.exists()  # the failure is over


def test_a_killed_kernel_is_told_with_signal_cell_and_exit_code(project: Project) -> None:  # P05
    kill = f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})"
    project.notebook("probe", BEGINNING, kill, ENDING)
    result = project.run("probe")
    assert record(result)["reason"] == "kernel killed (signal 9, SIGKILL) in cell 4"
    execution = json.loads((result.run.folder / "execution.json").read_bytes())
    assert execution["exit_code"] == -9
    assert execution["peak_memory_mb"] > 0


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("import os; os._exit(0)", "kernel ended by itself (exit code 0) in cell 4"),
        ("raise SystemExit", "it ended in cell 4"),
        ("pass", "it ran to its end but recorded no verdict"),
    ],
)
def test_a_notebook_that_ends_early_is_not_finished(
    project: Project, cell: str, reason: str
) -> None:
    ending = "pass" if cell == "pass" else ENDING
    project.notebook("probe", BEGINNING, cell, ending)
    result = project.run("probe")
    assert isinstance(result.error, RunError)
    assert record(result)["status"] == "failed"
    assert record(result)["reason"].startswith(reason)


def test_our_own_refusals_keep_their_kind(project: Project) -> None:
    project.notebook("probe", BEGINNING, 'wb.view("another")', ENDING)
    result = project.run("probe")
    assert isinstance(result.error, ParameterError)
    assert "this run has the view of study probe, not another" in str(result.error)
    assert record(result)["reason"] == "ParameterError in cell 4"


def test_a_message_under_our_name_that_is_not_ours_stays_in_the_vault(project: Project) -> None:
    cell = f"class ParameterError(Exception): pass\nraise ParameterError('{SECRET}')"
    project.notebook("probe", BEGINNING, cell, ENDING)
    result = project.run("probe")
    assert isinstance(result.error, RunError)
    assert record(result)["reason"] == "ParameterError in cell 4"
    assert SECRET not in str(result.error) + (result.run.folder / "record.json").read_text()


def test_the_runner_hides_small_groups_that_a_cell_displays_itself(project: Project) -> None:
    cell = """
from IPython.display import display
from workbench.runs.bundles import EXHIBIT, TableBundle
rows = pl.DataFrame({"group": ["a", "b"], "persons": [1, 40], "rate": [.5, .2]})
table = wb.Table(
    name="groups", title="Groups", rows=rows, persons="persons", origin=view.release.origin
)
display({EXHIBIT: TableBundle.of(table).as_json()}, raw=True)
"""
    project.notebook("probe", BEGINNING, cell, ENDING)
    result = project.run("probe")
    table = json.loads((result.run.folder / "tables" / "groups.json").read_bytes())
    assert table["rows"] == [["a", None, None], ["b", 40, 0.2]]


def test_rows_of_persons_stop_the_report(project: Project) -> None:
    cell = """
rows = view.data["orders"].select("ordered_at", "total_minor").head(3).collect()
wb.show(wb.Table(name="orders", title="Orders", rows=rows, persons=None))
"""
    project.notebook("probe", BEGINNING, cell, ENDING)
    assert isinstance(project.run("probe").error, PrivacyError)


def test_the_runner_refuses_what_a_cell_displays_past_wb_show(project: Project) -> None:
    cell = """
from IPython.display import display
from workbench.runs.bundles import EXHIBIT, TableBundle
rows = view.data["customers"].group_by(g="gender").agg(n=pl.len()).collect()
table = wb.Table(name="groups", title="Groups", rows=rows, persons=None)
display({EXHIBIT: TableBundle.of(table).as_json()}, raw=True)
"""
    project.notebook("probe", BEGINNING, cell, ENDING)
    result = project.run("probe")
    assert isinstance(result.error, PrivacyError)
    assert not (result.run.folder / "tables").exists()


def test_the_kernel_holds_its_view_and_cannot_open_the_vault(project: Project) -> None:
    workspace = str(project.vault.workspace)
    cell = f"""
from pathlib import Path
from workbench.foundation.errors import AccessError
from workbench.foundation.settings import Settings
from workbench.vault import Vault
import os
refusals = []
for place in (Path({workspace!r}), Settings.read().workspace):
    try:
        Vault.open(place)
    except AccessError as error:
        refusals.append(str(error))
assert len(refusals) == 2, refusals
assert not any("WORKSPACE" in name or name == "WORKBENCH_KEY" for name in os.environ)
assert {workspace!r} not in [os.environ.get(n) for n in ("HOME", "PWD")]
assert view.data["identities"].collect().is_empty()
"""
    project.notebook("probe", BEGINNING, cell, ENDING)
    result = project.run("probe")
    assert result.error is None, result.error
    left = list(project.vault.scratch.glob("*"))
    assert left == []  # neither view nor working folder stays behind


def test_nothing_a_kernel_is_told_leads_to_the_keys(project: Project) -> None:
    cell = f"""
import os
from pathlib import Path
from workbench.foundation.errors import ParameterError
from workbench.foundation.settings import Settings
from workbench.vault import Vault
folder = Path(os.environ.pop("WORKBENCH_SEALED_VIEW"))  # the vault's own guard taken away
for place in (Settings.read().workspace, *folder.parents):
    try:
        Vault.open(place)
    except ParameterError as error:
        assert "no workspace at" in str(error)
    else:
        raise AssertionError(f"the vault opened")
told = "\\n".join(os.environ.values())
assert {str(project.vault.workspace)!r} not in told + os.getcwd()
"""
    project.notebook("probe", BEGINNING, cell, ENDING)
    result = project.run("probe")
    assert result.error is None, record(result).get("reason")


def test_what_is_printed_stays_in_the_vault(project: Project) -> None:
    project.notebook("probe", BEGINNING, f"print('{SECRET}')", ENDING)
    result = project.run("probe")
    assert record(result)["kept_out"] == [4]
    assert all(SECRET not in p.read_text() for p in result.run.folder.glob("tables/*"))


def test_a_pseudonym_in_an_exhibit_stops_the_report(project: Project) -> None:
    cell = """
ids = view.data["customers"].select("customer_id").head(3).collect()
rows = ids.select(persons=pl.lit(50), who=pl.col("customer_id").cast(pl.String))
origin = view.release.origin
wb.show(wb.Table(name="who", title="Who", rows=rows, persons="persons", origin=origin))
"""
    project.notebook("probe", BEGINNING, cell, ENDING)
    result = project.run("probe")
    assert isinstance(result.error, PrivacyError)
    assert "3 pseudonym" in record(result)["reason"]
    assert not (result.run.folder / "tables").exists()


def test_a_group_of_three_is_suppressed_and_the_run_finishes(project: Project) -> None:
    cell = """
rows = pl.DataFrame({"group": ["a", "b", "c"], "persons": [3, 40, 50], "rate": [.1, .2, .3]})
origin = view.release.origin
wb.show(wb.Table(name="groups", title="Groups", rows=rows, persons="persons", origin=origin))
"""
    project.notebook("probe", BEGINNING, cell, ENDING)
    result = project.run("probe")
    table = json.loads((result.run.folder / "tables" / "groups.json").read_bytes())
    assert result.error is None
    assert table["rows"] == [["a", None, None], ["b", 40, 0.2], ["c", 50, 0.3]]
    assert table["hidden"] == 1


def test_no_secret_path_or_user_reaches_record_or_notebook(  # case P09
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", SECRET)
    home = project.root / "annette-visible"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    cell = "import os; assert 'DATABASE_PASSWORD' not in os.environ; os.getcwd()"
    project.notebook("probe", BEGINNING, cell, TABLE, ENDING)
    result = project.run("probe")
    assert result.error is None, result.error
    published = b"".join(p.read_bytes() for p in result.run.folder.rglob("*") if p.is_file())
    executed = project.vault.open_kept("notebooks", result.run.id)
    key = read_key(key_path(project.vault.workspace)).text.encode()
    host = os.uname().nodename.encode()
    for secret in (SECRET.encode(), b"annette-visible", key, str(project.root).encode()):
        assert secret not in published + executed
    assert len(host) < 4 or host not in published


def test_a_flood_of_output_is_bounded_in_time_and_stays_out(project: Project) -> None:
    cell = "for _ in range(50): print('x' * 1_000_000)"
    project.notebook("probe", BEGINNING, cell, ENDING)
    started = time.monotonic()
    result = project.run("probe")
    assert time.monotonic() - started < 60
    assert result.error is None
    assert record(result)["kept_out"] == [4]
    assert all(path.stat().st_size < 50_000 for path in result.run.folder.rglob("*"))


def test_a_figure_that_cannot_be_drawn_fails_the_run(project: Project) -> None:
    cell = """
rows = pl.DataFrame({"group": ["a", "b"], "persons": [40, 50]})
origin = view.release.origin
table = wb.Table(name="odd", title="Odd", rows=rows, persons="persons", origin=origin)
wb.show(wb.Figure(table=table, spec={"mark": "no such mark"}, description="Nothing."))
"""
    project.notebook("probe", BEGINNING, cell, ENDING)
    result = project.run("probe")
    assert isinstance(result.error, RunError)
    assert record(result)["reason"] == "it ran to its end but something it shows cannot be drawn"
    said = str(result.error)  # to the operator alone
    assert said.startswith("notebook probe: figure odd cannot be drawn")


@pytest.mark.parametrize(
    "content",
    [
        "{'kind': 'table', 'name': '../../outside', 'title': '', 'columns': [], 'rows': [], "
        "'persons': None, 'labels': {}, 'formats': {}, 'origin': '', 'source': '', 'hidden': 0}",
        "{'kind': 'picture'}",
        "'text'",
    ],
)
def test_what_only_claims_to_be_an_exhibit_is_kept_out(project: Project, content: str) -> None:
    cell = f"""
from IPython.display import display
display({{"application/vnd.workbench.exhibit+json": {content}}}, raw=True)
display({{"application/vnd.workbench.record+json": {{"verdicts": 1}}}}, raw=True)
"""
    project.notebook("probe", BEGINNING, cell, ENDING)
    result = project.run("probe")
    assert result.error is None
    assert record(result)["kept_out"] == [4]
    assert not list(project.root.rglob("outside*"))


def test_a_page_that_identifies_a_person_is_not_written(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = (
        project.vault.dataset("demo")
        .data()["identities"]
        .filter(kind="email")
        .collect()
        .sort("identifier")["identifier"][0]
    )

    def page(files: Mapping[str, bytes], run_on: date) -> bytes:
        is_finished = json.loads(files["record.json"])["status"] == "finished"
        return f"<p>{address}</p>".encode() if is_finished else b"<p>failed</p>"

    project.notebook("probe", BEGINNING, ENDING)
    monkeypatch.setattr("workbench.reports.page_of", page)
    result = project.run("probe")
    assert isinstance(result.error, PrivacyError)
    assert record(result)["status"] == "failed"
    assert "1 email" in record(result)["reason"]
    assert not (project.folder.path / result.run.id).exists()  # no good record that `site` shows


def test_a_message_that_identifies_a_person_stays_in_the_vault(project: Project) -> None:
    address = "annette.visible@mail.example"
    identities = project.vault.dataset("demo").data()["identities"]
    address = identities.filter(kind="email").collect().sort("identifier")["identifier"][0]
    cell = f"""
from workbench.foundation.errors import InputError
raise InputError("no order of {address}")
"""
    project.notebook("probe", BEGINNING, cell, ENDING)
    result = project.run("probe")
    assert record(result)["reason"] == "InputError in cell 4"
    assert address not in str(result.error)


def test_a_class_that_is_named_after_a_value_is_not_told(project: Project) -> None:
    project.notebook("probe", BEGINNING, f"raise type('{SECRET}', (Exception,), {{}})()", ENDING)
    assert record(project.run("probe"))["reason"] == "an exception in cell 4"


def test_a_notebook_that_asks_for_another_view_is_refused(project: Project) -> None:
    project.notebook("probe", "import workbench as wb; wb.view('other')", ENDING)
    result = project.run("probe")
    assert isinstance(result.error, ParameterError)
    assert "has the view of study probe, not other" in str(result.error)
    project.notebook("probe", "import workbench as wb; wb.view(study, as_of='2020-01-01')", ENDING)
    assert "not 2020-01-01" in str(project.run("probe").error)


def test_a_run_keeps_whom_its_notebook_is_about(project: Project) -> None:
    project.notebook("probe", BEGINNING, ENDING)
    result = project.run("probe")
    found = read_persons(project.vault, result.run.id)
    assert found.len() > 10
    assert found.is_sorted()
    assert found.n_unique() == found.len()
