"""``workbench dataset``, and ``--head`` on what opens one."""

import shutil
from pathlib import Path

import pytest

from .conftest import Command


@pytest.fixture
def grown(loaded: Command) -> Command:
    """Return the command in a project with two versions of ``demo``."""
    more = loaded("generate", "retail", "--customers", "60", "--seed", "9", "--out", "more")
    assert more.code == 0, more.err
    assert loaded("load", "more", "--dataset", "demo").code == 0
    return loaded


def _roots(home: Path) -> list[Path]:
    return sorted((home / ".workbench" / "datasets" / "demo" / "versions").iterdir())


def test_undo_takes_the_newest_load_back(grown: Command) -> None:
    before = grown("run", "demo", "--plan", "--json").json
    done = grown("dataset", "undo", "demo", "--json")
    assert done.code == 0, done.err
    assert (done.json["version"], done.json["undone"]) == (3, 2)
    assert done.json["tables"]["customers"] == 400
    assert "The load that made version 2 is taken back" in done.err
    after = grown("run", "demo", "--plan", "--json").json
    assert {r["run"] for r in before["runs"]}.isdisjoint(r["run"] for r in after["runs"])
    refused = grown("dataset", "undo", "demo")
    assert (refused.code, "nothing is taken back" in refused.err) == (2, True)


def test_a_rollback_is_refused_by_every_command_until_it_is_accepted(
    grown: Command, home: Path
) -> None:
    newest = _roots(home)[-1]
    newest.rename(home / "aside")
    for words in (
        ("run", "demo", "--plan"),
        ("quarantine", "show", "demo"),
        ("load", "more", "--dataset", "demo"),
        ("status",),
        ("status", "--check"),
        ("dataset", "undo", "demo"),
    ):
        refused = grown(*words)
        assert refused.code == 6, words
        assert "version 2 was written last, and the newest that is stored is version 1" in (
            refused.err
        ), words
    accepted = grown("dataset", "accept-restore", "demo", "--json")
    assert (accepted.code, accepted.json["version"]) == (0, 1)
    assert "withdrawals of consent first" in accepted.err
    assert grown("status", "--check").code == 0
    again = grown("load", "more", "--dataset", "demo", "--json")
    assert (again.code, again.json["version"]) == (0, 3)  # 2 was used


def test_a_missing_older_version_is_named_by_the_check_and_blocks_nothing(
    grown: Command, home: Path
) -> None:
    _roots(home)[0].unlink()
    assert grown("run", "demo", "--plan").code == 0
    checked = grown("status", "--check")
    assert checked.code == 6
    assert "dataset demo, version 2: the version before it is missing" in checked.err


def test_all_versions_gone_is_no_dataset_that_never_was(grown: Command, home: Path) -> None:
    for path in _roots(home):
        path.unlink()
    refused = grown("run", "demo", "--plan")
    assert refused.code == 6
    assert "version 2 was written and no version is left" in refused.err


def test_a_copy_of_the_head_notices_a_workspace_of_an_earlier_day(
    loaded: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = home / "disk"
    disk.mkdir()
    shutil.copytree(home / ".workbench", home / "backup")
    named = ("--head", str(disk))
    first = loaded("quarantine", "show", "demo", *named)
    assert first.code == 6
    assert "used for the first time" in " ".join(first.err.split())
    copied = loaded("dataset", "accept-restore", "demo", *named)
    assert copied.code == 0
    said = "The copy of the head is made. Version 1 of dataset demo is the newest, as before."
    assert copied.err.strip() == said
    again = loaded("dataset", "accept-restore", "demo", *named)
    assert again.code == 0
    assert "is whole and was the newest already. Nothing is changed." in again.err
    assert "exports" not in again.err
    made = loaded("generate", "retail", "--customers", "60", "--seed", "9", "--out", "more")
    assert made.code == 0
    assert loaded("load", "more", "--dataset", "demo", *named).code == 0
    shutil.rmtree(home / ".workbench")
    (home / "backup").rename(home / ".workbench")
    assert loaded("status").code == 0  # nothing in the workspace shows it
    for words in (("status",), ("run", "demo", "--plan"), ("quarantine", "show", "demo")):
        assert loaded(*words, *named).code == 6, words
    monkeypatch.setenv("WORKBENCH_HEAD", str(disk))
    assert "by the copy of its head" in loaded("status").err
    assert loaded("status", "--head", str(home / "unmounted")).code == 2


def test_a_workspace_of_format_1_is_refused_with_what_to_do(loaded: Command, home: Path) -> None:
    (home / ".workbench" / "format").write_text("1\n")
    for words in (("status",), ("run", "demo"), ("load", "world", "--dataset", "demo")):
        refused = loaded(*words)
        assert refused.code == 2, words
        assert "has format 1, which this workbench no longer reads" in refused.err
        assert "load the exports again" in refused.err


def test_status_shows_the_day_that_was_declared_whatever_the_zones(
    workbench: Command, tmp_path: Path
) -> None:
    """Seen from UTC a day in Berlin begins on the day before."""
    assert workbench("init").code == 0
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        'currency = "EUR"\ndata_until = "2025-01-01"\nbasis = "contract"\n'
        '[columns]\nno = "code"\n[record]\nid = "no"\n[identities]\nuser_id = "no"\n'
    )
    for system, zone in (("a", "Europe/Berlin"), ("b", "Asia/Tokyo"), ("c", "America/Lima")):
        file = tmp_path / f"{system}.csv"
        file.write_text("no\n1\n2\n")
        words = ("--dataset", "d", "--mapping", str(mapping), "--set", f"zone={zone}")
        assert workbench("load", str(file), *words, "--set", f"system={system}").code == 0
    [described] = workbench("status", "--json").json["datasets"]
    assert described["until"] == "2025-01-01"


def test_a_plan_for_a_new_dataset_leaves_nothing(loaded: Command, home: Path) -> None:
    workspace = home / ".workbench"
    before = set(workspace.rglob("*"))
    planned = loaded("load", "world", "--dataset", "other", "--plan")
    assert planned.code == 0, planned.err
    assert set(workspace.rglob("*")) == before
