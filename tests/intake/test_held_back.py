"""A load of which too much was refused changes nothing, and loses nothing."""

from pathlib import Path

import pytest

from tests.intake.conftest import SETTINGS
from workbench.foundation.errors import AccessError, ParameterError
from workbench.intake import load
from workbench.intake.dismissal import dismiss
from workbench.intake.held_back import HeldBackError, all_refused_records
from workbench.intake.quarantine import write_quarantined_records
from workbench.sources import SourceMapping
from workbench.vault import Key, Vault

RULES = {
    **SETTINGS,
    "columns": {"number": "code", "joined": "date", "kind": "category"},
    "refuse": {"a number with a letter": "number LIKE 'b%'"},
    "pass_over": {"a member of the staff": "kind = 'staff'"},
    "record": {"id": "number"},
    "identities": {"user_id": "number"},
    "tables": {"customers": {"first_seen_at": "joined"}},
}
MAPPING = SourceMapping.of(RULES, name="people")


def people(path: Path, *, good: int, bad: int, staff: int = 0) -> Path:
    rows = [f"{n},2023-01-01,guest" for n in range(good)]
    rows += [f"b{n},2023-01-01,guest" for n in range(bad)]
    rows += [f"s{n},2023-01-01,staff" for n in range(staff)]
    path.write_text("number,joined,kind\n" + "\n".join(rows) + "\n")
    return path


def hold_back(vault: Vault, folder: Path, *bad: int) -> None:
    """Load a file for each number of records, all of which are refused."""
    for place, number in enumerate(bad):
        file = people(folder / f"bad-{place}.csv", good=0, bad=number)
        with pytest.raises(HeldBackError):
            load([file], vault=vault, dataset="d", mapping=MAPPING, settings={})


@pytest.mark.parametrize(
    ("good", "bad", "staff", "share", "is_held_back"),
    [
        (80, 20, 0, 0.2, False),
        (79, 21, 0, 0.2, True),
        (79, 21, 0, 0.5, False),
        (79, 21, 0, None, True),
        (80, 20, 0, None, False),
        (8, 3, 0, None, False),  # few records
        (8, 3, 0, 0.2, True),  # few records, but a stated share
        (42, 12, 0, 0.0, True),
        (42, 0, 0, 0.0, False),
        (0, 3, 0, 1.0, True),  # nothing is accepted
        (79, 21, 400, 0.2, True),  # who is passed over does not count
        (0, 0, 5, 0.2, False),
    ],
)
def test_a_load_with_too_many_refused_records_is_held_back(
    vault, tmp_path: Path, good: int, bad: int, staff: int, share: float | None, is_held_back: bool
):
    file = people(tmp_path / "a.csv", good=good, bad=bad, staff=staff)
    if not is_held_back:
        report = load(
            [file], vault=vault, dataset="d", mapping=MAPPING, settings={}, max_refused=share
        )
        assert (report.version, report.refused) == (1, bad)
        return
    with pytest.raises(HeldBackError, match=f"{bad} of {good + bad} records were refused"):
        load([file], vault=vault, dataset="d", mapping=MAPPING, settings={}, max_refused=share)
    assert vault.datasets() == []
    assert all_refused_records(vault, "d").height == bad


def test_what_was_held_back_is_forgotten_when_the_load_goes_through(vault, tmp_path: Path):
    file = people(tmp_path / "a.csv", good=1, bad=200)
    with pytest.raises(HeldBackError):
        load([file], vault=vault, dataset="d", mapping=MAPPING, settings={})
    report = load([file], vault=vault, dataset="d", mapping=MAPPING, settings={}, max_refused=1)
    assert (report.version, report.refused) == (1, 200)
    kept = all_refused_records(vault, "d")
    assert (kept.height, kept["is_held_back"].any()) == (200, False)
    again = load([file], vault=vault, dataset="d", mapping=MAPPING, settings={})
    assert not again.made_version  # it is loaded already, whatever share it had


def test_each_held_back_file_keeps_its_records_until_it_is_loaded(vault, tmp_path: Path):
    january, march = (
        people(tmp_path / f"{name}.csv", good=good, bad=90)
        for name, good in (("january", 100), ("march", 110))
    )
    for file in (january, march, march):
        with pytest.raises(HeldBackError, match="are kept until they are loaded or dismissed"):
            load([file], vault=vault, dataset="d", mapping=MAPPING, settings={})
    assert all_refused_records(vault, "d").height == 180
    february = people(tmp_path / "february.csv", good=120, bad=0)
    report = load([february], vault=vault, dataset="d", mapping=MAPPING, settings={})
    assert report.warnings == (
        "the refused records of 2 loads that made no version are still kept: see workbench "
        "quarantine list d, and dismiss those that a corrected file has brought",
    )
    kept = all_refused_records(vault, "d")
    assert (kept.height, kept["source_id"].n_unique(), kept["is_held_back"].all()) == (180, 2, True)
    corrected = SourceMapping.of({**RULES, "refuse": {}}, name="people")
    report = load([january], vault=vault, dataset="d", mapping=corrected, settings={})
    assert "the refused records of 1 load that" in report.warnings[-1]
    assert all_refused_records(vault, "d").height == 90
    assert dismiss(vault, "d", load=all_refused_records(vault, "d")["source_id"][0]) == 90
    report = load([january], vault=vault, dataset="d", mapping=corrected, settings={})
    assert (report.made_version, report.warnings) == (False, ())


def test_records_of_several_held_back_files_come_back_one_by_one(vault, tmp_path: Path):
    hold_back(vault, tmp_path, 2, 3)
    records = all_refused_records(vault, "d").sort("quarantine_id")
    out = tmp_path / "out.csv"
    write_quarantined_records(records, out)
    with pytest.raises(HeldBackError):
        load([out], vault=vault, dataset="d", mapping=MAPPING, settings={})
    assert all_refused_records(vault, "d").height == 5  # they came back uncorrected
    head, *lines = out.read_text().splitlines()
    # Of the file with three records two are corrected, and one is returned as it was.
    longer = records["source_id"].mode().item()
    own = [line for line in lines if line.startswith(longer[:12])]
    fixed = [own[0].replace(",b", ",7"), own[1].replace(",b", ",8"), own[2]]
    out.write_text("\n".join([head, *fixed]) + "\n")
    report = load([out], vault=vault, dataset="d", mapping=MAPPING, settings={})
    assert (report.accepted, report.refused, report.closed) == (2, 1, 2)
    kept = all_refused_records(vault, "d")
    assert kept["is_held_back"].to_list() == [False, True, True]


def test_dismissed_records_that_come_back_uncorrected_are_kept_again(vault, tmp_path: Path):
    hold_back(vault, tmp_path, 2)
    records = all_refused_records(vault, "d")
    write_quarantined_records(records, tmp_path / "out.csv")
    dismiss(vault, "d", load=records["source_id"][0])
    with pytest.raises(HeldBackError):
        load([tmp_path / "out.csv"], vault=vault, dataset="d", mapping=MAPPING, settings={})
    assert all_refused_records(vault, "d").height == 2


def test_a_damaged_list_of_refused_records_is_a_warning_of_a_load(vault, tmp_path: Path):
    hold_back(vault, tmp_path, 2, 3)
    write_quarantined_records(all_refused_records(vault, "d"), tmp_path / "out.csv")
    damaged = sorted((vault.workspace / "held-back").iterdir())[0]
    damaged.write_bytes(damaged.read_bytes()[:-1])
    text = (tmp_path / "out.csv").read_text()
    (tmp_path / "out.csv").write_text(text.replace(",b", ",7"))
    report = load([tmp_path / "out.csv"], vault=vault, dataset="d", mapping=MAPPING, settings={})
    assert (report.version, report.made_version) == (1, True)
    assert report.closed in (2, 3)
    unread, left = report.warnings
    assert "could not be closed and may be listed although this load brought them" in unread
    assert "the refused records of 1 load that made no version are still kept" in left


def test_a_damaged_list_is_told_and_can_be_dismissed(vault, tmp_path: Path, capsys):
    hold_back(vault, tmp_path, 2, 3)
    lists = sorted((vault.workspace / "held-back").iterdir())
    lists[0].write_bytes(lists[0].read_bytes()[:-1])
    name = lists[0].stem.removeprefix("d.")
    others = all_refused_records(vault, "d").height
    assert others in (2, 3)
    said = capsys.readouterr().err
    assert f"workbench quarantine dismiss d --load {name}" in " ".join(said.split())
    assert dismiss(vault, "d", load=name) is None
    assert sorted((vault.workspace / "held-back").iterdir()) == lists[1:]
    assert all_refused_records(vault, "d").height == others
    assert capsys.readouterr().err == ""


def test_what_a_load_is_called_too_dismisses_no_damaged_list(vault, tmp_path: Path):
    hold_back(vault, tmp_path, 2, 3)
    lists = sorted((vault.workspace / "held-back").iterdir())
    lists[0].write_bytes(lists[0].read_bytes()[:-1])
    (load_id,) = all_refused_records(vault, "d")["source_id"].unique()
    renamed = lists[0].with_name(f"d.{load_id[:4]}{lists[0].name[6:]}")
    lists[0].rename(renamed)
    dismiss(vault, "d", load=load_id[:4])
    assert renamed.exists()


def test_a_list_of_another_key_is_not_dismissed_as_damaged(vault, tmp_path: Path):
    hold_back(vault, tmp_path, 2)
    (kept,) = (vault.workspace / "held-back").iterdir()
    with pytest.raises(AccessError, match="sealed with key"):
        dismiss(Vault(vault.workspace, Key.new()), "d", load=kept.stem.removeprefix("d."))
    assert kept.exists()


def test_a_plan_counts_and_stores_nothing(vault, tmp_path: Path):
    first = people(tmp_path / "a.csv", good=5, bad=1)
    for _ in range(2):
        plan = load([first], vault=vault, dataset="d", mapping=MAPPING, settings={}, is_plan=True)
        assert (plan.read, plan.accepted, plan.refused, plan.version) == (6, 5, 1, 0)
        assert (plan.people.customers, plan.made_version, vault.datasets()) == (5, False, [])
    useless = people(tmp_path / "c.csv", good=0, bad=2)
    plan = load([useless], vault=vault, dataset="d", mapping=MAPPING, settings={}, is_plan=True)
    assert plan.warnings == ("so many records are refused that this load would store nothing",)
    load([first], vault=vault, dataset="d", mapping=MAPPING, settings={})
    second = people(tmp_path / "b.csv", good=9, bad=0)
    plan = load([second], vault=vault, dataset="d", mapping=MAPPING, settings={}, is_plan=True)
    assert (plan.people.customers, plan.unchanged, plan.version) == (9, 5, 1)
    assert vault.dataset("d").customers == 5


def test_refused_records_are_dismissed_by_load(vault, tmp_path: Path):
    load(
        [people(tmp_path / "a.csv", good=5, bad=1), people(tmp_path / "b.csv", good=6, bad=2)],
        vault=vault, dataset="d", mapping=MAPPING, settings={},
    )  # fmt: skip
    held = all_refused_records(vault, "d")
    one = held["source_id"].value_counts().sort("count")["source_id"][0]
    with pytest.raises(ParameterError, match="no refused records of a load begin with 'zz'"):
        dismiss(vault, "d", load="zz")
    assert dismiss(vault, "d", load=one[:12]) == 1
    rest = all_refused_records(vault, "d")
    assert one not in rest["source_id"]
    assert vault.dataset("d").version == 2
    bad = people(tmp_path / "c.csv", good=0, bad=4)
    with pytest.raises(HeldBackError):
        load([bad], vault=vault, dataset="e", mapping=MAPPING, settings={})
    held_back = all_refused_records(vault, "e")
    assert dismiss(vault, "e", load=held_back["source_id"][0]) == 4
    with pytest.raises(ParameterError, match="no dataset 'e'"):
        all_refused_records(vault, "e")


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_is_between_none_and_all(vault, tmp_path: Path, share: float):
    file = people(tmp_path / "a.csv", good=5, bad=1)
    with pytest.raises(ParameterError, match="expected a share from 0 to 1"):
        load([file], vault=vault, dataset="d", mapping=MAPPING, settings={}, max_refused=share)
