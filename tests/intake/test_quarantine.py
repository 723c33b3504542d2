"""Refused rows: all at once, in the supplier's words, and closed when they come back (D01, D03)."""

import csv
import json
import stat
from pathlib import Path

import pytest

from tests.intake.conftest import SETTINGS
from tests.refusals import words_of
from workbench.foundation.errors import InputError
from workbench.intake import load, quarantined_records
from workbench.intake.held_back import HeldBackError, all_refused_records
from workbench.intake.quarantine import write_quarantined_records
from workbench.sources import SourceMapping

HEAD = ["number", "email", "name", "country", "born", "joined"]

#: The four ways of D01: an unreadable cell, a rule of the mapping, two of the schema.
FAULTS = {
    "joined": "yesterday",
    "email": "no address",
    "country": "Netherlands",
    "born": "1066",
}
FORM = "customers: country: not in the expected form, must look like NL"


def _contact(n: int) -> dict[str, str]:
    return {
        "number": f"{n:05d}",
        "email": f"c{n}@example.org",
        "name": f"Name {n}",
        "country": "NL",
        "born": "1980",
        "joined": "2023-01-01",
    }


def _write(path: Path, rows: list[dict[str, str]], **options: str) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), **options)
        writer.writeheader()
        writer.writerows(rows)
    return path


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_one_pass_lists_every_reason_of_every_broken_row(vault, contacts, tmp_path: Path):
    rows = [_contact(n) for n in range(1_000)]
    broken = {20 * n + 7: n % 4 + 1 for n in range(50)}
    for position, ways in broken.items():
        names = [list(FAULTS)[(position + way) % 4] for way in range(ways)]
        rows[position] |= {name: FAULTS[name] for name in names}
    file = _write(tmp_path / "all.csv", rows)
    report = load([file], vault=vault, dataset="shop", mapping=contacts, settings={})
    assert (report.read, report.accepted, report.refused) == (1_000, 950, 50)
    listed = quarantined_records(vault.dataset("shop"))
    assert words_of(listed) == [
        (position + 1, words)
        for position in sorted(broken)
        for name, words in {
            "joined": "joined: not a date, must look like 2024-03-31",
            "email": "the e-mail address has no @",
            "born": "customers: birth_year: below the allowed range, 1900 to 2100",
            "country": FORM,
        }.items()
        if rows[position][name] == FAULTS[name]
    ]
    corrected = [row | _contact(n) for n, row in enumerate(rows)]
    again = load(
        [_write(tmp_path / "corrected.csv", corrected)],
        vault=vault, dataset="shop", mapping=contacts, settings={},
    )  # fmt: skip
    assert (again.accepted, again.refused, again.unchanged) == (1_000, 0, 950)


def test_a_value_that_a_column_cannot_hold_is_told_beside_an_unreadable_cell(vault, tmp_path):
    mapping = SourceMapping.of(
        {
            **SETTINGS,
            "columns": {"number": "code", "sex": "category", "joined": "date"},
            "record": {"id": "number"},
            "identities": {"user_id": "number"},
            "tables": {"customers": {"first_seen_at": "joined", "gender": "sex"}},
        },
        name="people",
    )
    file = tmp_path / "people.csv"
    file.write_text("number,sex,joined\n1,female,2023-01-01\n2,x,2023-13-01\n")
    report = load([file], vault=vault, dataset="shop", mapping=mapping, settings={})
    assert report.files[0].reasons == {
        "joined: not a date, must look like 2024-03-31": 1,
        "customers: gender: not one of female, male, nonbinary, undisclosed": 1,
    }


def test_a_supplier_gets_his_own_columns_and_closes_what_he_corrects(
    vault, contacts, tmp_path: Path
):
    rows = [_contact(n) for n in range(60)]
    for row in rows[:20]:
        row["country"] = "Holland"
    rows[3]["name"] = "=cmd()"
    file = _write(tmp_path / "supplier.csv", rows, delimiter=";")
    load([file], vault=vault, dataset="shop", mapping=contacts, settings={})
    out = tmp_path / "for-the-supplier.csv"
    write_quarantined_records(quarantined_records(vault.dataset("shop")), out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    written = _read(out)
    assert list(written[0]) == ["quarantine_id", "quarantine_row", "quarantine_reason", *HEAD]
    assert [row["number"] for row in written] == [f"{n:05d}" for n in range(20)]
    assert [row["quarantine_row"] for row in written] == [str(n) for n in range(1, 21)]
    assert {row["quarantine_reason"] for row in written} == {FORM}
    assert written[3]["name"] == "'=cmd()"

    half = [row | {"country": "NL"} if n < 12 else row for n, row in enumerate(written)]
    report = load(
        [_write(out, half)], vault=vault, dataset="shop", mapping=contacts, settings={}
    )  # fmt: skip
    assert (report.accepted, report.refused, report.closed) == (12, 8, 12)
    left = quarantined_records(vault.dataset("shop"))
    assert left["quarantine_id"].to_list() == [row["quarantine_id"] for row in written[12:]]

    report = load(
        [_write(out, [row | {"country": "NL"} for row in written])],
        vault=vault, dataset="shop", mapping=contacts, settings={},
    )  # fmt: skip
    assert (report.accepted, report.refused, report.unchanged, report.closed) == (20, 0, 12, 8)
    assert report.to_json()["closed"] == 8
    assert quarantined_records(vault.dataset("shop")).is_empty()
    names = vault.dataset("shop").data()["identities"].collect()["identifier"]
    assert "=cmd()" in names
    assert report.tables["customers"] == 60
    old = vault.dataset("shop", 1).quarantine().collect()
    assert old.height == 20  # the version before says what it said


def test_a_file_returned_uncorrected_changes_nothing(vault, contacts, tmp_path: Path):
    file = _write(tmp_path / "a.csv", [_contact(1), _contact(2) | {"country": "Holland"}])
    load([file], vault=vault, dataset="shop", mapping=contacts, settings={})
    before = quarantined_records(vault.dataset("shop"))
    write_quarantined_records(before, tmp_path / "out.csv")
    with pytest.raises(HeldBackError, match="its only record was refused") as error:
        load([tmp_path / "out.csv"], vault=vault, dataset="shop", mapping=contacts, settings={})
    report = error.value.report
    assert (report.refused, report.closed, report.made_version) == (1, 0, False)
    assert all_refused_records(vault, "shop").drop("is_held_back").equals(before)


def test_what_an_earlier_export_brought_word_for_word_is_not_kept_twice(
    vault, contacts, tmp_path: Path
):
    bad = _contact(2) | {"country": "Holland"}
    for name, rows in (("a", [_contact(1), bad]), ("b", [_contact(1), bad, _contact(3)])):
        file = _write(tmp_path / f"{name}.csv", rows)
        report = load([file], vault=vault, dataset="shop", mapping=contacts, settings={})
        assert report.refused == 1
    assert quarantined_records(vault.dataset("shop")).height == 1


def test_ids_of_no_refusal_close_nothing(vault, contacts, tmp_path: Path):
    file = _write(tmp_path / "a.csv", [{"quarantine_id": "made-up", **_contact(1)}])
    report = load([file], vault=vault, dataset="shop", mapping=contacts, settings={})
    assert (report.accepted, report.closed) == (1, 0)


def test_guarded_cells_come_back_as_they_were(vault, cases: Path, tmp_path: Path):
    """F18: formulas are guarded on the way out, and no apostrophe is there after loading again."""
    content = {
        **SETTINGS,
        "columns": {
            "customer": "code",
            "phone": "code",
            "zip": "code",
            "balance": "decimal",
            "handle": "text",
            "note": "text",
        },
        "record": {"id": "customer"},
        "attributes": {"profile": {c: c for c in ("phone", "zip", "balance", "handle", "note")}},
    }
    open_, shut = (
        SourceMapping.of({**content, "refuse": refuse}, name="f18")
        for refuse in ({}, {"held back": "customer IS NOT NULL"})
    )

    def values(dataset: str) -> list[tuple[str, str]]:
        rows = vault.dataset(dataset).data()["attributes"].collect()
        return sorted(rows.select("attribute", "value").iter_rows())

    load([cases / "f18.csv"], vault=vault, dataset="straight", mapping=open_, settings={})
    with pytest.raises(HeldBackError) as error:
        load([cases / "f18.csv"], vault=vault, dataset="round", mapping=shut, settings={})
    assert error.value.report.refused == 3
    out = tmp_path / "out.csv"
    write_quarantined_records(all_refused_records(vault, "round"), out)
    written = _read(out)
    assert [row["balance"] for row in written] == ["-5.00", "12.50", "-0.01"]
    assert [row["handle"] for row in written] == ["'@ann", "'@bo", "'-"]
    assert [row["phone"][:4] for row in written] == ["'+31", "'+44", "020-"]
    assert [row["note"][:2] for row in written] == ["'=", "'=", "<s"]
    assert "''" not in out.read_text()
    report = load([out], vault=vault, dataset="round", mapping=open_, settings={})
    assert (report.accepted, report.closed) == (3, 3)
    assert values("round") == values("straight")
    assert ("handle", "@ann") in values("round")
    assert ("zip", "01234") in values("round")


def test_files_without_header_come_back_too(vault, tmp_path: Path):
    mapping = SourceMapping.of(
        {
            **SETTINGS,
            "file": {"header": False, "columns": ["number", "joined"], "delimiter": "blanks"},
            "columns": {"number": "code", "joined": {"type": "date", "format": "%Y%m%d"}},
            "record": {"id": "number"},
            "identities": {"user_id": "number"},
            "tables": {"customers": {"first_seen_at": "joined"}},
        },
        name="bare",
    )
    file = tmp_path / "bare.txt"
    file.write_text(" 00001 19970101\n 00002 19971301\n")
    load([file], vault=vault, dataset="shop", mapping=mapping, settings={})
    out = tmp_path / "out.csv"
    write_quarantined_records(quarantined_records(vault.dataset("shop")), out)
    out.write_text(out.read_text().replace("19971301", "19971201"))
    report = load([out], vault=vault, dataset="shop", mapping=mapping, settings={})
    assert (report.accepted, report.closed, report.tables["customers"]) == (1, 1, 2)


def test_a_file_that_is_there_is_not_overwritten(vault, contacts, tmp_path: Path):
    file = _write(tmp_path / "a.csv", [_contact(1), _contact(2) | {"country": "Holland"}])
    load([file], vault=vault, dataset="shop", mapping=contacts, settings={})
    with pytest.raises(InputError, match=r"cannot write .*a\.csv: File exists; name a new file"):
        write_quarantined_records(quarantined_records(vault.dataset("shop")), file)


def test_neither_report_nor_quarantine_reasons_nor_refusals_hold_a_cell(
    vault, contacts, tmp_path: Path, capsys
):
    """K13: two malformed e-mail addresses of five."""
    rows = [_contact(n) for n in range(5)]
    rows[1]["email"], rows[3]["email"] = "ann.at.example", "bob(at)example"
    rows[3]["joined"] = "the day Bob joined"
    file = _write(tmp_path / "a.csv", rows)
    report = load([file], vault=vault, dataset="shop", mapping=contacts, settings={})
    assert report.refused == 2
    refused = quarantined_records(vault.dataset("shop")).drop("raw")
    told = json.dumps(report.to_json()) + repr(report) + str(refused.to_dicts())
    told += "".join(capsys.readouterr()) + repr(vault.dataset("shop"))
    with pytest.raises(InputError) as refusal:
        load(
            [_write(tmp_path / "b.csv", [rows[3]])],
            vault=vault, dataset="shop", mapping=contacts, settings={},
        )  # fmt: skip
    error: BaseException | None = refusal.value
    while error is not None:
        told += repr(error)
        error = error.__cause__
    for value in ("ann.at", "bob(at)", "the day", "c2@example", "Name"):
        assert value not in told
