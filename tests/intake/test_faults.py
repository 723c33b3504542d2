"""What a refusal says never contains a cell, whatever the cell and whoever refuses it."""

import json
from pathlib import Path

import polars as pl
import pytest

from tests.intake.conftest import SETTINGS
from workbench.intake import LoadReport, load, quarantined_records
from workbench.intake.quarantine import to_records, to_rows, write_quarantined_records
from workbench.schema.record_faults import describe_faults
from workbench.sources import SourceMapping
from workbench.vault import Vault
from workbench.vault.entries import QUARANTINE_SCHEMA

#: Cells that would show: every one has a part that no declaration has.
NASTY = (
    "zq7",
    "{zq7} {says} {allowed}",
    '{"says": "zq7"}',
    "zq7; orders: order_id: missing",
    "%zq7s %(zq7)s",
    "zq7@example.org",
    'O\'zq7 \\"x\\"',
    "$1${zq7}",
    "=zq7()",
    "-70700707070707",
    "70700707070707.5",
    "2024-13-70707",
    "-7070",
    "£7070",
)
SEEN = ("zq7", "7070")

COLUMNS = {
    "number": {"type": "code", "required": True},
    "listed": {"type": "text", "values": {"Ja": "email", "Nein": "chat"}},
    "category": "category",
    "integer": "integer",
    "decimal": "decimal",
    "money": "money",
    "instant": {"type": "instant", "format": "%d/%m/%Y %H:%M"},
    "date": "date",
    "boolean": "boolean",
    "country": "text",
    "stars": "text",
}
GOOD = {
    "number": "1", "listed": "Ja", "category": "female", "integer": "1980", "decimal": "1.5",
    "money": "2.00", "instant": "31/01/2024 10:00", "date": "2024-01-31", "boolean": "yes",
    "country": "NL", "stars": "3",
}  # fmt: skip
MAPPING = SourceMapping.of(
    {
        **SETTINGS,
        "columns": COLUMNS,
        "refuse": {"the number has a brace": "number LIKE '%{%'"},
        "record": {"id": "number"},
        "identities": {"user_id": "number"},
        "attributes": {"profile": {n: n for n in ("listed", "decimal", "boolean")}},
        "tables": {
            "customers": {
                "first_seen_at": '"date"', "gender": "category", "birth_year": "integer",
                "country": "country",
            },
            "orders": {
                "order_id": "number", "kind": "'sale'", "ordered_at": '"instant"',
                "total_minor": "money",
            },
            "interactions": {
                "interaction_id": "number", "channel": "listed", "direction": "'inbound'",
                "action": "'rated'", "occurred_at": '"instant"', "rating": "stars",
                "is_machine": "false",
            },
        },
    },
    name="nasty",
)  # fmt: skip


def _files(folder: Path) -> list[Path]:
    """Write a file of each text format: records with one nasty cell, with many, and broken ones."""
    records = [GOOD, GOOD | {"number": "", "date": "zq7"}]
    for n, cell in enumerate(NASTY):
        records += [GOOD | {"number": f"{n}-{name}", name: cell} for name in COLUMNS]
        records.append({**dict.fromkeys(COLUMNS, cell), "number": f"{n}-all"})
    table = pl.DataFrame(records, schema=dict.fromkeys(COLUMNS, pl.String))
    broken = f"{NASTY[0]},{NASTY[5]}\n" + ",".join([NASTY[0]] * 20) + "\n"
    (folder / "a.csv").write_text(table.write_csv(quote_style="always") + broken)
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "b.jsonl").write_text(lines + f'{{"number": "{NASTY[0]}\n["{NASTY[0]}"]\n')
    # the same orders with other amounts, held and within the file
    twice = [GOOD | {"number": "zq7"}, GOOD | {"number": "zq7", "money": "70707.00"}]
    other = [GOOD | {"number": "fresh"}, GOOD | {"money": "70707.00"}, *twice]
    pl.DataFrame(other).write_csv(folder / "c.csv")
    return [folder / name for name in ("a.csv", "b.jsonl", "c.csv")]


def _load(files: list[Path], vault: Vault) -> LoadReport:
    return load(files, vault=vault, dataset="d", mapping=MAPPING, settings={}, max_refused=1)


@pytest.mark.parametrize("number", range(3))
def test_no_cell_shows_in_a_rule_a_parameter_or_the_words(vault, tmp_path: Path, number: int):
    file = _files(tmp_path)[number]
    if number == 2:
        _load([tmp_path / "a.csv"], vault)
    report = _load([file], vault)
    held = vault.dataset("d").quarantine().collect()
    assert report.refused >= (2 if number == 2 else 5 * len(NASTY))
    assert any(part in "".join(held["raw"].drop_nulls()) for part in SEEN)  # cells are kept ...
    shown = json.dumps(report.to_json()["files"][0]["reasons"])
    # ids are hashes, in which any digits can occur by chance
    words = held.drop("raw", "about_record", "source_id")
    shown += str(words.to_dicts()) + "".join(describe_faults(held))
    assert [part for part in SEEN if part in shown.lower()] == []  # ... and shown nowhere else


def test_every_way_to_refuse_is_tried_above(vault, tmp_path: Path):
    _load(_files(tmp_path), vault)
    rules = set(vault.dataset("d").quarantine().collect()["rule"])
    assert rules >= {
        "field_count", "json_object", "listed", "whole_number", "number", "money", "instant",
        "date", "yes_or_no", "condition", "choice", "whole_number_within", "below", "form",
        "currency", "key_held", "key_repeated", "missing",
    }  # fmt: skip


def test_cells_are_stored_once_and_faults_in_rows(vault, contacts, tmp_path: Path):
    file = tmp_path / "a.csv"
    good = "2,,,NL,1966,2023-01-01\n"
    file.write_text(f"number,email,name,country,born,joined\n1,,,Holland,1066,2023-01-01\n{good}")
    load([file], vault=vault, dataset="shop", mapping=contacts, settings={})
    held = vault.dataset("shop").quarantine().collect()
    assert held.schema == QUARANTINE_SCHEMA
    assert held.select("fault", "table", "column", "rule").rows() == [
        (0, "customers", "birth_year", "below"),
        (1, "customers", "country", "form"),
    ]
    assert held["raw"].null_count() == 1
    records = to_records(held.sample(fraction=1.0, shuffle=True, seed=1))
    assert records.height == 1
    assert to_rows(records).equals(held)


def test_a_record_whose_cells_break_other_rules_than_before_is_kept_beside(vault, tmp_path: Path):
    content = {
        **SETTINGS,
        "columns": {"number": "code", "joined": "date"},
        "record": {"id": "number"},
        "identities": {"user_id": "number"},
        "tables": {"customers": {"first_seen_at": "joined"}},
    }
    strict = {**content, "refuse": {"a two": "number = '2'"}}
    file = tmp_path / "a.csv"
    file.write_text("number,joined\n1,2023-01-01\n2,soon\n")
    for each in (content, strict, {**strict, "refuse": {"a two": "number = '2' AND TRUE"}}):
        mapping = SourceMapping.of(each, name="people")
        load([file], vault=vault, dataset="shop", mapping=mapping, settings={})
    found = quarantined_records(vault.dataset("shop"))
    # the third load finds the faults of the second in the same cells: it is not kept twice
    assert sorted(found["faults"].list.len()) == [1, 2]
    write_quarantined_records(found, tmp_path / "out.csv")
    assert "joined: not a date, must look like 2024-03-31; a two" in (
        tmp_path / "out.csv"
    ).read_text(encoding="utf-8-sig")
