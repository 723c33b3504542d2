"""Refused records of every format come back in the file of the quarantine, and are closed by it."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from tests.intake.conftest import SETTINGS
from workbench.intake import load, quarantined_records
from workbench.intake.quarantine import write_quarantined_records
from workbench.sources import SourceMapping

NESTED = [
    {"id": "a1", "who": {"since": "2023-05-01", "age": 31}, "answers": [{"q": "nps", "a": 9}]},
    {"id": "a2", "who": {"since": "2023-05-02", "age": None}, "answers": []},
    {"id": "a3", "who": {"since": "never", "age": 44}, "answers": [{"q": "nps", "a": 2}]},
]
#: The records of a table, whose dates a workbook stores as numbers.
FLAT = [("a1", datetime(2023, 5, 1)), ("a2", "02.05.2023"), (None, datetime(2023, 5, 3))]  # noqa: DTZ001  # days


def _mapping(columns: dict[str, Any], **more: Any) -> SourceMapping:
    content = {
        **SETTINGS,
        "columns": {"id": {"type": "code", "required": True}, **columns},
        "record": {"id": "id"},
        "tables": {"customers": {"first_seen_at": "since"}},
        **more,
    }
    return SourceMapping.of(content, name="people")


TREES = _mapping(
    {
        "who.since": {"type": "date", "required": True, "name": "since"},
        "who.age": {"type": "integer", "name": "age"},
    },
    each={"answer": {"path": "answers[]", "columns": {"q": "text", "a": "integer"}}},
    tables={
        "customers": {"first_seen_at": "since"},
        "interactions": {
            "interaction_id": "id",
            "channel": "'survey'",
            "direction": "'inbound'",
            "action": "'responded'",
            "occurred_at": "since",
            "is_machine": "FALSE",
        },
        "answers": {"each": "answer", "interaction_id": "id", "question_id": "q", "answer": "a"},
    },
)
TABLE = _mapping(
    {"joined": {"type": "date", "required": True, "name": "since", "format": "%d.%m.%Y"}}
)


def _lines(path: Path) -> None:
    path.write_text("\n".join(map(json.dumps, NESTED)) + "\n")


def _document(path: Path) -> None:
    path.write_text(json.dumps(NESTED))


def _parquet(path: Path) -> None:
    pl.DataFrame(NESTED).write_parquet(path)


def _workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (("id", "joined"), *FLAT):
        book.active.append(row)
    book.save(path)


@pytest.mark.parametrize(
    ("name", "write", "mapping", "wrong", "right"),
    [
        ("a.ndjson", _lines, TREES, "never", "2023-05-03"),
        ("a.json", _document, TREES, "never", "2023-05-03"),
        ("a.parquet", _parquet, TREES, "never", "2023-05-03"),
        ("a.xlsx", _workbook, TABLE, "id: missing,", "id: missing,a3"),
    ],
)
def test_refused_records_come_back(
    vault, tmp_path: Path, name: str, write: Any, mapping: SourceMapping, wrong: str, right: str
):
    file, returned = tmp_path / name, tmp_path / "refused.csv"
    write(file)
    first = load([file], vault=vault, dataset="shop", mapping=mapping, settings={}, max_refused=1)
    write_quarantined_records(quarantined_records(vault.dataset("shop")), returned)
    text = returned.read_text(encoding="utf-8-sig")
    returned.write_text(text.replace(wrong, right))
    again = load([returned], vault=vault, dataset="shop", mapping=mapping, settings={})
    assert (first.accepted, first.refused) == (2, 1)
    assert (again.accepted, again.refused, again.closed) == (1, 0, 1)


def test_what_the_name_of_a_file_says_comes_back(vault, tmp_path: Path):
    mapping = _mapping(
        {
            "@state": {"type": "category", "required": True, "name": "state"},
            "joined": {"type": "date", "required": True, "name": "since"},
        },
        file={"from_name": "^(?P<state>[a-z]+)_members"},
        attributes={"status": {"state": "state"}},
    )
    exported, returned = tmp_path / "loyal_members.csv", tmp_path / "refused.csv"
    exported.write_text("id,joined\na1,2023-05-01\na2,never\n")
    load([exported], vault=vault, dataset="shop", mapping=mapping, settings={}, max_refused=1)
    write_quarantined_records(quarantined_records(vault.dataset("shop")), returned)
    text = returned.read_text(encoding="utf-8-sig").replace("never", "2023-05-02")
    returned.write_text(text)
    again = load([returned], vault=vault, dataset="shop", mapping=mapping, settings={})
    assert (again.accepted, again.closed) == (1, 1)
    stated = vault.dataset("shop").stored_rows("attributes").collect()["value"].to_list()
    assert stated == ["loyal", "loyal"]
