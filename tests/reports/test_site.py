"""The catalogue: every run in its order, pages that belong to no run gone, missing ones made."""

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.foundation.errors import InputError
from workbench.foundation.files import canonical_json
from workbench.reports import build_site, page, published_pages
from workbench.reports.page import page_of_run
from workbench.runs.record import SCHEMA_VERSION
from workbench.vault import Vault

from .conftest import Put, failed, record


def build(tmp_path: Path) -> str:
    vault = Vault.open(tmp_path / "workspace")
    made = build_site(tmp_path / "runs", site=tmp_path / "site", vault=vault)
    assert made.withheld == {}
    return made.index.read_text(encoding="utf-8")


def pages(tmp_path: Path) -> list[str]:
    return sorted(path.stem for path in (tmp_path / "site" / "runs").glob("*.html"))


def test_without_a_run_it_says_how_to_make_one(vault: Vault, tmp_path: Path) -> None:
    assert "No run yet" in build(tmp_path)


def test_runs_stand_by_study_and_notebook_the_latest_first(put: Put, tmp_path: Path) -> None:
    other = {**record()["study"], "name": "another one"}
    put(record(run="a", as_of="2025-01-01"))
    put(record(run="b", as_of="2025-06-01"))
    put(record(run="c", as_of="2025-06-01"), started_at="2025-09-01T00:00:00+00:00")
    put(record(run="d", notebook={"name": "audit", "digest": ""}))
    put(record(run="e", study=other))
    text = build(tmp_path)
    assert re.findall(r'href="runs/(\w+)\.html"', text) == ["e", "d", "c", "b", "a"]
    assert re.findall(r"<h2[^>]*>(.*)</h2>", text) == ["another one", "probe"]
    assert "5 runs." in text
    assert pages(tmp_path) == ["a", "b", "c", "d", "e"]


def test_a_failed_run_is_listed_with_its_reason(put: Put, tmp_path: Path) -> None:
    put(failed("kernel killed (signal 9, SIGKILL) in cell 4"))
    text = build(tmp_path)
    assert "1 run, 1 failed." in text
    assert "Kernel killed (signal 9, SIGKILL) in cell 4." in text
    assert 'class="run failed"' in text


def test_of_each_notebook_the_latest_run_comes_first_and_the_others_are_folded(
    put: Put, tmp_path: Path
) -> None:
    put(record(run="a", as_of="2025-01-01"))
    put(record(run="b", as_of="2025-06-01", parameters={"days": 60, "label": None}))
    put(
        failed("it ended in cell 4", run="c", as_of="2025-06-01"),
        started_at="2025-03-01T00:00:00+00:00",
    )
    text = build(tmp_path)
    card, folded = text[text.index('<li class="run') :].split("<details>")
    assert 'href="runs/b.html"' in card
    assert "days 60" in card
    assert "A later attempt failed" in card
    assert "<summary>1 other run and 1 failed attempt</summary>" in folded
    assert re.findall(r'href="runs/([\w-]+)\.html"', folded) == ["c-failed", "a"]
    assert "days 30" in folded
    assert "label null" not in text  # in which they do not differ


def test_runs_that_differ_in_nothing_a_card_has_are_told_apart_by_the_code(
    put: Put, tmp_path: Path
) -> None:
    put(record(run="a", code="1234567890"))
    put(record(run="b", code="abcdef0123"))
    text = build(tmp_path)
    assert "code 123456" in text
    assert "code abcdef" in text


def test_question_and_decision_of_a_study_are_beside_it(put: Put, tmp_path: Path) -> None:
    content = record(question="Is it so today?")
    put(content)
    text = build(tmp_path)
    assert "<p>Is it so?</p>" in text
    assert "It serves this decision: Whether it stays so." in text
    assert '<a href="runs/abc123.html">Is it so today?</a>' in text


def test_what_needs_action_is_marked(put: Put, tmp_path: Path) -> None:
    content = record()
    content["verdicts"][0] |= {"concern": True}
    put(content)
    text = build(tmp_path)
    assert '<li class="concern"><strong class="outcome">' in text
    assert "Shown, to act on:" in text


def test_outcomes_differ_in_the_form_of_their_edge_and_only_shown_looks_like_success(
    put: Put, tmp_path: Path
) -> None:
    content = record()
    (one,) = content["verdicts"]
    marks = {"shown": "shown", "shown not": "denied", "not enough data": "open"}
    content["verdicts"] = [{**one, "name": f"v{n}", "outcome": o} for n, o in enumerate(marks)]
    content["verdicts"].append({**one, "name": "bad", "outcome": "shown not", "concern": True})
    run = put(content)
    wanted = [*marks.values(), "concern"]
    text = build(tmp_path)
    assert re.findall(r'<li class="(\w+)"><strong class="outcome">', text) == wanted
    assert re.findall(r'<li class="verdict (\w+)">', page_of_run(run).decode()) == wanted
    rule = re.compile(r"^(?:\.verdict)?\.(\w+)[^{\n]*\{border-left:\S+ (\w+ \S+)\}", re.MULTILINE)
    edges = dict(rule.findall(text))
    forms = [edges[name].split()[0] for name in wanted]
    assert len(set(forms)) == len(wanted), forms
    assert [name for name in wanted if "--good" in edges[name]] == ["shown"]
    assert [name for name in wanted if "--concern" in edges[name]] == ["concern"]


def test_notebooks_that_only_failed_are_folded(put: Put, tmp_path: Path) -> None:
    for number in range(3):
        name = {"name": f"tried_{number}", "digest": ""}
        put(failed("it ended in cell 4", run=f"f{number}", notebook=name))
    put(record(run="a"))
    text = build(tmp_path)
    before, folded = text.split("<summary>3 notebooks have only failed attempts</summary>")
    assert re.findall(r'href="runs/([\w-]+)\.html"', before) == ["a"]
    assert re.findall(r'href="runs/([\w-]+)\.html"', folded) == [f"f{n}-failed" for n in range(3)]
    assert before.rstrip().endswith("<details>")


def test_a_notebook_is_named_as_one_types_it(put: Put, tmp_path: Path) -> None:
    put(record(notebook={"name": "bias_audit", "digest": ""}))
    assert "notebook <strong>bias_audit</strong>" in build(tmp_path)


def test_a_missing_page_is_made_and_a_stale_one_removed(put: Put, tmp_path: Path) -> None:
    put(record(run="a"))
    build(tmp_path)
    made = tmp_path / "site" / "runs" / "a.html"
    before = made.read_bytes()
    made.unlink()
    (made.parent / "gone.html").write_text("of a run that is not there")
    build(tmp_path)
    assert made.read_bytes() == before
    assert pages(tmp_path) == ["a"]


def test_the_page_of_a_failure_goes_with_the_failure(put: Put, tmp_path: Path) -> None:
    put(failed("it ended in cell 4", run="a"))
    build(tmp_path)
    assert pages(tmp_path) == ["a-failed"]
    put(record(run="a"))
    build(tmp_path)
    assert pages(tmp_path) == ["a"]


def test_pages_are_made_once_and_again_where_the_package_changed(
    put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    render = page.render

    def counted(template: str, **values: object) -> str:
        made.append(template)
        return render(template, **values)

    monkeypatch.setattr(page, "render", counted)
    for name in "abc":
        put(record(run=name))
    made.clear()
    first = build(tmp_path)
    assert len(made) == 3
    assert build(tmp_path) == first
    assert len(made) == 3
    monkeypatch.setattr(published_pages, "code_digest", lambda: "newer")
    build(tmp_path)
    assert len(made) == 6


def test_a_site_that_cannot_be_written_is_told(put: Put, tmp_path: Path) -> None:
    put(record())
    (tmp_path / "site").write_text("in the way")
    with pytest.raises(InputError, match="cannot write"):
        build(tmp_path)


def test_the_index_names_what_a_notebook_was_not_kept_from(tmp_path: Path, put: Put) -> None:
    put(record(run="aa"))
    index = build(tmp_path)
    assert "not fully confined" not in index
    put(record(run="bb"), missing=["it can open network connections"])
    text = build(tmp_path)
    assert text.count("Its notebook was not fully confined: It can open network connections.") == 1


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(path.read_bytes())
    edit(content)
    path.write_bytes(canonical_json(content))


DAMAGES: list[tuple[Callable[[Path], None], str]] = [
    (cut_off, "its record is damaged: the file is not JSON: it was cut off or overwritten"),
    (
        lambda path: change(path, lambda r: r["dataset"].update(version="anna@mail.example")),
        "its record is damaged: dataset.version has a wrong type or value",
    ),
    (
        lambda path: change(path, lambda r: r["study"].pop("owner")),
        "its record is damaged: study.owner is missing",
    ),
    (
        lambda path: change(path, lambda r: r["study"].update({"anna@mail.example": 1})),
        "its record is damaged: study has a field that no record has",
    ),
    (
        lambda path: change(path, lambda r: r["metrics"]["share"].update(value="a lot")),
        "its record is damaged: metrics.value has a wrong type or value",
    ),
    (
        lambda path: change(path, lambda r: r.update(status="signed")),
        "its record is damaged: the file has neither status finished nor failed",
    ),
    (
        lambda path: change(path, lambda r: (r.pop("schema"), r.update(format=1))),
        f"its record has schema 1, and this workbench reads schema {SCHEMA_VERSION}: run the study "
        "again",
    ),
    (
        lambda path: change(path, lambda r: r.update(schema=SCHEMA_VERSION + 1)),
        f"its record has schema {SCHEMA_VERSION + 1}, and this workbench reads schema "
        f"{SCHEMA_VERSION}: install a newer one",
    ),
    (
        lambda path: change(path, lambda r: r.pop("schema")),
        "its record is damaged: schema is missing",
    ),
    (Path.unlink, "it has no record.json"),
]


@pytest.mark.parametrize(("damage", "words"), DAMAGES, ids=[words for _, words in DAMAGES])
def test_a_damaged_record_is_named_and_all_other_runs_are_listed(
    put: Put, tmp_path: Path, damage: Callable[[Path], None], words: str
) -> None:
    put(record(run="a"))
    put(failed("it ended in cell 4", run="b"))
    damage(put(record(run="c")).folder / "record.json")
    made = build_site(tmp_path / "runs", site=tmp_path / "site", vault=None)
    assert str(made.withheld["c"]).startswith(f"run c: {words}")
    assert list(made.withheld) == ["c"]
    index = made.index.read_text(encoding="utf-8")
    assert "2 runs, 1 failed, 1 not published." in index
    assert f"run c: {words}"[1:] in html.unescape(index)
    assert re.findall(r'href="runs/([\w-]+)\.html"', index) == ["c", "a", "b-failed"]
    page = html.unescape((tmp_path / "site" / "runs" / "c.html").read_text(encoding="utf-8"))
    assert words in page
    assert "anna" not in index + page


def test_a_damaged_execution_is_named_too(put: Put, tmp_path: Path) -> None:
    put(record(run="a"))
    path = put(record(run="c")).folder / "execution.json"
    change(path, lambda r: r.update(started_at="2025-02-01"))
    made = build_site(tmp_path / "runs", site=tmp_path / "site", vault=None)
    assert str(made.withheld["c"]).startswith(
        "run c: its execution is damaged: started_at has a wrong type or value"
    )
    assert 'href="runs/a.html"' in made.index.read_text(encoding="utf-8")
