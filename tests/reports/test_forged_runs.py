"""What was changed in a folder of runs since it was made reaches no page.

Every attack prints how many forged runs were kept out: ``pytest -s`` shows the counts.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.foundation.errors import AccessError, IntegrityError, PrivacyError
from workbench.foundation.files import canonical_json
from workbench.reports import Site, build_site
from workbench.runs import RunsFolder
from workbench.vault import Vault
from workbench.vault.datasets import Dataset
from workbench.vault.keys import read_key
from workbench.vault.workspace_vault import key_path

from .conftest import Put, execution, failed, record, shown

ADDRESS = "anna.visser@mail.example"


def built(tmp_path: Path, vault: Vault | None) -> Site:
    return build_site(tmp_path / "runs", site=tmp_path / "site", vault=vault)


def texts(tmp_path: Path) -> str:
    """Return all that a reader of the site can see."""
    found = (tmp_path / "site").rglob("*.html")
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(found))


def _record(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads((folder / "record.json").read_bytes())
    change(content)
    (folder / "record.json").write_bytes(canonical_json(content))


def plant(folder: Path) -> None:
    _record(folder, lambda r: r["study"].update(question=f"Is {ADDRESS} so?"))


def forge_verdict(folder: Path) -> None:
    _record(folder, lambda r: r["verdicts"][0].update(answer=f"No. {ADDRESS}"))


def forge_owner(folder: Path) -> None:
    _record(folder, lambda r: r["study"].update(owner=ADDRESS))


def forge_contact(folder: Path) -> None:
    _record(folder, lambda r: r["study"].update(contact=ADDRESS))


def forge_execution(folder: Path) -> None:
    (folder / "execution.json").write_bytes(
        canonical_json(execution("2030-01-01T00:00:00+00:00", [ADDRESS]))
    )


def forge_table(folder: Path) -> None:
    path = folder / "tables" / "listed.json"
    path.write_bytes(path.read_bytes().replace(b'"a"', f'"{ADDRESS}"'.encode()))


def forge_figure(folder: Path) -> None:
    path = folder / "figures" / "drawn.svg"
    path.write_bytes(path.read_bytes().replace(b"</svg>", f"<text>{ADDRESS}</text></svg>".encode()))


def remove_a_file(folder: Path) -> None:
    (folder / "tables" / "listed.json").unlink()


def remove_the_record(folder: Path) -> None:
    (folder / "record.json").unlink()


def add_a_file(folder: Path) -> None:
    (folder / "figures" / "more.svg").write_text(ADDRESS)


def break_the_record(folder: Path) -> None:
    (folder / "record.json").write_bytes(b"{")


def put_a_link(folder: Path) -> None:
    (folder / "record.json").rename(folder.parent / ".aside")
    (folder / "record.json").symlink_to(folder.parent / ".aside")


def take_the_place_of_another(folder: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(folder.with_name("b"), folder)


ATTACKS = [
    plant,
    forge_verdict,
    forge_owner,
    forge_contact,
    forge_execution,
    forge_table,
    forge_figure,
    remove_a_file,
    remove_the_record,
    add_a_file,
    break_the_record,
    put_a_link,
    take_the_place_of_another,
]


@pytest.mark.parametrize("is_built_before", [True, False])
def test_a_changed_run_is_withheld_and_the_others_are_published(
    put: Put, vault: Vault, tmp_path: Path, is_built_before: bool
) -> None:
    kept_out = 0
    for attack in ATTACKS:
        content, files = shown(["a", "b"], [40, 50])
        run = put({**content, "run": "a"}, files)
        put(record(run="b"))
        put(failed("it ended in cell 4", run="c"))
        if is_built_before:
            assert built(tmp_path, vault).withheld == {}
            assert "Yes: 25.0%." in (tmp_path / "site" / "runs" / "a.html").read_text()
        attack(run.folder)
        made = built(tmp_path, vault)
        assert list(made.withheld) == ["a"], attack.__name__
        assert made.withheld["a"].exit_code == 6
        page = (tmp_path / "site" / "runs" / "a.html").read_text()
        assert "Run a is not published" in page
        assert "Yes: 25.0%." not in page
        assert ADDRESS not in texts(tmp_path)
        index = made.index.read_text()
        assert 'href="runs/b.html"' in index
        assert 'href="runs/c-failed.html"' in index
        assert "2 runs, 1 failed, 1 not published." in index
        kept_out += 1
    print(f"forged runs: {kept_out} of {len(ATTACKS)} kept out of every page")


def test_a_forged_failure_is_withheld_too(put: Put, vault: Vault, tmp_path: Path) -> None:
    run = put(failed("it ended in cell 4", run="a"))
    _record(run.folder, lambda r: r.update(reason=ADDRESS))
    made = built(tmp_path, vault)
    assert list(made.withheld) == ["a-failed"]
    assert ADDRESS not in texts(tmp_path)


@pytest.mark.parametrize("name", ["abc", ADDRESS, "Anna Visser"])
def test_a_folder_that_no_run_wrote_is_withheld_and_not_called_by_its_name(
    put: Put, vault: Vault, tmp_path: Path, name: str
) -> None:
    run = put(record(run="a"))
    shutil.copytree(run.folder, run.folder.with_name(name))
    made = built(tmp_path, vault)
    assert list(made.withheld) == [name]
    assert made.withheld[name].exit_code == 6
    assert (name in texts(tmp_path)) is (name == "abc")
    assert "1 run, 1 not published." in made.index.read_text()


def test_a_seal_that_was_removed_changed_or_moved_is_no_way_around(
    put: Put, vault: Vault, tmp_path: Path
) -> None:
    run, _ = put(record(run="a")), put(record(run="b"))
    plant(run.folder)
    seal = vault.workspace / "runs" / "a.sealed"
    whole = seal.read_bytes()
    other = (vault.workspace / "runs" / "b.sealed").read_bytes()
    forged = canonical_json({"format": 1, "folders": []})
    for content in (None, b"", whole[:-1], other, forged, whole):
        seal.unlink(missing_ok=True)
        if content is not None:
            seal.write_bytes(content)
        made = built(tmp_path, vault)
        assert list(made.withheld) == ["a"]
        assert isinstance(made.withheld["a"], IntegrityError)
        assert ADDRESS not in texts(tmp_path)


def test_a_page_that_was_changed_is_made_again(put: Put, vault: Vault, tmp_path: Path) -> None:
    put(record(run="a"))
    built(tmp_path, vault)
    page = tmp_path / "site" / "runs" / "a.html"
    before = page.read_bytes()
    page.write_bytes(before.replace(b"Yes: 25.0%.", ADDRESS.encode()))
    built(tmp_path, vault)
    assert page.read_bytes() == before


def test_without_a_key_every_run_is_labelled_and_with_it_none(
    put: Put, vault: Vault, tmp_path: Path
) -> None:
    put(record(run="a"))
    put(failed("it ended in cell 4", run="b"))
    built(tmp_path, vault)
    verified = texts(tmp_path)
    assert "Not verified" not in verified
    made = built(tmp_path, None)
    assert made.index.read_text().count('<span class="chip">Not verified</span>') == 3
    for name in ("a", "b-failed"):
        page = (tmp_path / "site" / "runs" / f"{name}.html").read_text()
        assert '<span class="chip">Not verified</span>' in page
        assert "nobody compared the record with what the run wrote" in page
    built(tmp_path, vault)
    assert texts(tmp_path) == verified


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r.pop("title"),
        lambda r: r.update(verdicts=5),
        lambda r: r.update(study=[]),
        lambda r: r.update(exhibits=["gone"]),
        lambda r: r.update(metrics={}),
        lambda r: r["study"].update(basis="none"),
        lambda r: r.update(cells=[{"kind": "markdown"}]),
        lambda r: r.update(dataset={}),
    ],
)
def test_without_a_key_a_damaged_record_does_not_stop_the_others(
    put: Put, tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    run, _ = put(record(run="a")), put(record(run="b"))
    _record(run.folder, change)
    made = built(tmp_path, None)
    assert list(made.withheld) == ["a"]
    assert "Run a is not published" in (tmp_path / "site" / "runs" / "a.html").read_text()
    assert 'href="runs/b.html"' in made.index.read_text()


def test_another_key_is_told_from_a_change(put: Put, vault: Vault, tmp_path: Path) -> None:
    put(record(run="a"))
    other = Vault.init(tmp_path / "other")
    mixed = Vault(vault.workspace, read_key(key_path(other.workspace)))
    made = built(tmp_path, mixed)
    assert isinstance(made.withheld["a"], AccessError)


def test_a_changed_run_counts_as_not_finished(
    put: Put, vault: Vault, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = put(record(run="a"))
    folder = RunsFolder(tmp_path / "runs", vault)
    assert folder.finished_run("a") is not None
    forge_verdict(run.folder)
    assert folder.finished_run("a") is None
    assert "run a: it was changed since it was made (1 file changed)" in capsys.readouterr().err
    put(record(run="a"))
    assert folder.finished_run("a") is not None


@pytest.mark.parametrize("lost", ["second seal", "folder"])
def test_a_crash_while_a_run_is_replaced_leaves_a_run_that_fits(
    put: Put, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    put(record(run="a"))
    before = (tmp_path / "runs" / "a" / "execution.json").read_bytes()
    keep = Vault.keep
    calls: list[str] = []

    def cut_short(self: Vault, kind: str, name: str, content: bytes) -> Path:
        calls.append(name)
        if lost == "second seal" and len(calls) == 2:
            raise KeyboardInterrupt
        return keep(self, kind, name, content)

    monkeypatch.setattr(Vault, "keep", cut_short)
    if lost == "folder":
        monkeypatch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        put(record(run="a"), started_at="2030-01-01T00:00:00+00:00")
    monkeypatch.undo()
    after = (tmp_path / "runs" / "a" / "execution.json").read_bytes()
    assert (after == before) is (lost == "folder")
    assert built(tmp_path, vault).withheld == {}


@pytest.fixture
def known(vault: Vault) -> Callable[[list[str]], Dataset]:
    """Return what makes the next version of dataset ``demo`` with these e-mail addresses."""
    import polars as pl

    from workbench.schema import TABLES

    def load(addresses: list[str]) -> Dataset:
        schema = TABLES["identities"].schema
        rows = [
            {
                **dict.fromkeys(schema),
                "customer_id": n,
                "record_id": n,
                "kind": "email",
                "identifier": address,
            }
            for n, address in enumerate(addresses, 1)
        ]
        with vault.open_writer("demo", buckets=1) as (writer, before):
            files = writer.write("identities", pl.DataFrame(rows, schema=schema))
            return writer.commit(before=before, files=files, sources=[])

    return load


def test_persons_who_became_known_later_are_searched_for_again(
    put: Put, vault: Vault, tmp_path: Path, known: Callable[[list[str]], Dataset]
) -> None:
    known(["somebody@mail.example"])
    content = record(run="a")
    content["verdicts"][0] |= {"answer": f"Ask {ADDRESS}."}
    put(content)
    put(record(run="b"))
    assert built(tmp_path, vault).withheld == {}
    assert ADDRESS in texts(tmp_path)
    known([ADDRESS])
    made = built(tmp_path, vault)
    assert list(made.withheld) == ["a"]
    assert isinstance(made.withheld["a"], PrivacyError)
    assert str(made.withheld["a"]).startswith("run a: it would identify persons (1 email)")
    assert ADDRESS not in texts(tmp_path)


def test_a_run_is_searched_again_only_where_something_changed(
    put: Put,
    vault: Vault,
    tmp_path: Path,
    known: Callable[[list[str]], Dataset],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from workbench.reports import published_pages
    from workbench.runs import person_search

    searched: list[bytes] = []
    find = person_search.find_leaks

    def counted(content: bytes, **options: Any) -> Any:
        searched.append(content)
        return find(content, **options)

    monkeypatch.setattr(person_search, "find_leaks", counted)
    known(["somebody@mail.example"])
    put(record(run="a"))
    built(tmp_path, vault)
    first = len(searched)
    assert first == 3  # record, execution and page
    built(tmp_path, vault)
    assert len(searched) == first
    known(["somebody.else@mail.example"])
    built(tmp_path, vault)
    assert len(searched) == 2 * first
    monkeypatch.setattr(published_pages, "code_digest", lambda: "newer")
    built(tmp_path, vault)
    assert len(searched) == 3 * first
    (tmp_path / "site" / "runs" / "a.html").unlink()
    built(tmp_path, vault)
    assert len(searched) == 4 * first


def test_a_dataset_that_cannot_be_searched_withholds_its_runs_alone(
    put: Put, vault: Vault, tmp_path: Path, known: Callable[[list[str]], Dataset]
) -> None:
    other = {**record()["dataset"], "name": "gone"}
    held = known(["somebody@mail.example"])
    put(record(run="a"))
    put(record(run="b", dataset=other))
    for path in (held.folder / "files").iterdir():
        path.write_bytes(b"")
    made = built(tmp_path, vault)
    assert list(made.withheld) == ["a"]
    assert made.withheld["a"].exit_code == 6
