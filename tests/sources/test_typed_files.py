"""Parquet and JSON lines: numbers keep the digits they were entered with."""

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from tests.refusals import words_of
from workbench.foundation.errors import InputError


def test_floats_of_parquet_become_the_amounts_that_were_entered(see, tmp_path: Path):
    path = tmp_path / "prices.parquet"
    pl.DataFrame(
        {
            "id": [17850.0, None, 3.0],
            "price": [0.29, 1.005, -11062.06],
            "at": [datetime(2024, 7, 1, 12)] * 3,  # noqa: DTZ001 - a file has no zone
        }
    ).write_parquet(path)
    seen = see(path, {"id": "code", "price": "money", "at": "instant"})
    assert seen.cells["id"] == ["17850", None, "3"]
    assert seen.cells["price"] == ["29.0000", "100.5000", "-1106206.0000"]
    assert seen.cells["at"][0] is not None
    assert seen.cells["at"][0].startswith("2024-07-01 10:00:00")


def test_json_lines_flatten_objects_and_refuse_broken_lines(see, tmp_path: Path):
    path = tmp_path / "events.jsonl"
    path.write_text(
        '{"id": "007", "user": {"paid": 1.10, "vip": true}}\nnot json\n{"id": "b", "tags": ["x"]}\n'
    )
    seen = see(path, {"id": "code", "user.paid": "money", "user.vip": "boolean", "tags": "text"})
    assert seen.cells == {
        "id": ["007", "b"],
        "user.paid": ["110.0000", None],
        "user.vip": ["yes", None],
        "tags": [None, '["x"]'],
    }
    assert words_of(seen.reading.refused) == [(2, "not a JSON object")]
    assert seen.reading.refused["raw"].to_list() == ['{"line": "not json"}']


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bad.parquet", b"PAR1 and then nothing", "is not a readable Parquet file"),
        ("bad.parquet", b"id,n\n1,2\n", "is not a readable Parquet file"),
        ("bad.jsonl", b"id,n\n1,2\n", "has no JSON object on any of its 2 lines"),
        ("bad.pdf", b"%PDF", "is a file of an unknown kind"),
    ],
)
def test_what_is_of_another_format_is_refused(
    see, tmp_path: Path, name: str, content: bytes, message: str
):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        see(path, {"id": "text"})
