"""Parquet and JSON lines: numbers keep the digits they were entered with."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

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


def _parquet(tmp_path: Path, cells: list[Any], kind: Any = None) -> Path:
    path = tmp_path / "typed.parquet"
    pl.DataFrame({"n": list(range(len(cells))), "a": pl.Series(cells, dtype=kind)}).write_parquet(
        path
    )
    return path


@pytest.mark.parametrize("kind", [pl.String, pl.Categorical, pl.Enum(["gold", "", "N/A", "tin"])])
def test_categories_obey_the_rules_of_text(see, tmp_path: Path, kind: Any):
    path = _parquet(tmp_path, ["gold", "", "N/A", None, "tin"], kind)
    rule = {"type": "text", "required": True, "empty": ["N/A"], "values": {"gold": "g", "tin": "t"}}
    seen = see(path, {"a": rule})
    assert seen.cells["a"] == ["g", "t"]
    assert words_of(seen.reading.refused) == [(row, "a: missing") for row in (2, 3, 4)]


def test_case_n04_a_blank_category_is_missing(see, cases: Path):
    rule = {"type": "text", "required": True, "empty": ["N/A"]}
    seen = see(cases / "p-cat.parquet", {"customer": "code", "plan": rule})
    assert seen.cells["plan"] == ["gold"]
    assert words_of(seen.reading.refused) == [(2, "plan: missing"), (3, "plan: missing")]


@pytest.mark.parametrize(
    ("cells", "kind", "declared", "read"),
    [
        ([Decimal("17850.00")], pl.Decimal(10, 2), "code", ["17850"]),
        ([Decimal("0.29")], pl.Decimal(10, 2), "money", ["29.0000"]),
        ([0.29, 1.1], pl.Float32, "money", ["29.0000", "110.0000"]),
        ([b"Zo\xc3\xab"], pl.Binary, "text", ["Zo\u00eb"]),
        ([None, None], pl.Null, "money", [None, None]),
        ([True, None], pl.Boolean, "category", ["true", None]),
        ([time(14, 30)], pl.Time, "text", ["14:30:00"]),
        ([date(2024, 3, 1)], pl.Date, "instant", ["2024-02-29 23:00:00.000000+00:00"]),
        ([float("nan"), 2.0], pl.Float64, "integer", [None, "2"]),
        ([1, 0], pl.Int8, "boolean", ["yes", "no"]),
        ([20240301], pl.Int32, {"type": "date", "format": "%Y%m%d"}, ["2024-03-01"]),
        ([-1, 5], pl.Int64, {"type": "integer", "empty": ["-1"]}, [None, "5"]),
    ],
)
def test_a_typed_column_is_read_where_its_type_suits(
    see, tmp_path: Path, cells: list[Any], kind: Any, declared: Any, read: list[str | None]
):
    assert see(_parquet(tmp_path, cells, kind), {"n": "code", "a": declared}).cells["a"] == read


@pytest.mark.parametrize(
    ("cells", "kind", "declared", "advice"),
    [
        ([timedelta(hours=1)], pl.Duration, "integer", "type duration, .* a number of seconds"),
        ([time(14, 30)], pl.Time, "instant", "type time, .* as instant: declare text"),
        ([date(2024, 3, 1)], pl.Date, "money", "declare date or instant or text"),
        ([True], pl.Boolean, "integer", "declare boolean or text or category"),
    ],
)
def test_a_typed_column_that_does_not_suit_is_refused_by_name(
    see, tmp_path: Path, cells: list[Any], kind: Any, declared: Any, advice: str
):
    with pytest.raises(InputError, match=rf"typed\.parquet: column 'a': its cells are .*{advice}"):
        see(_parquet(tmp_path, cells, kind), {"n": "code", "a": declared})


@pytest.mark.parametrize(
    ("cells", "kind", "declared"),
    [
        ([[1, 2]], pl.List(pl.Int64), "text"),
        ([[1, 2]], pl.Array(pl.Int64, 2), "integer"),
        ([{"b": 1}], pl.Struct({"b": pl.Int64}), "text"),
        ([[1]], pl.List(pl.Int64), {"type": "text", "values": {"1": "a"}, "empty": ["x"]}),
    ],
)
def test_a_list_or_an_object_where_a_value_is_declared_is_refused_by_record(
    see, tmp_path: Path, cells: list[Any], kind: Any, declared: Any
):
    seen = see(_parquet(tmp_path, cells, kind), {"n": "code", "a": declared})
    [(row, words)] = words_of(seen.reading.refused)
    assert row == 1
    assert words.startswith("a: a list or an object where one value is expected: a mapping can")


def test_nan_is_empty_and_said_and_infinity_is_refused(see, tmp_path: Path):
    path = _parquet(tmp_path, [float("nan"), float("inf"), 0.1])
    seen = see(path, {"a": {"type": "money"}})
    assert seen.cells["a"] == [None, "10.0000"]
    assert "a: 1 cell NaN: taken as empty" in seen.said
    assert words_of(seen.reading.refused) == [(2, "a: not an amount of money")]


def test_bytes_that_are_no_utf_8_are_unreadable(see, tmp_path: Path):
    seen = see(_parquet(tmp_path, [b"\xff", b"ok"], pl.Binary), {"a": "text"})
    assert words_of(seen.reading.refused) == [(1, "a: not readable")]


def test_json_lines_are_read_by_place_and_refuse_broken_lines(see, tmp_path: Path):
    path = tmp_path / "events.jsonl"
    path.write_text(
        '{"id": "007", "user": {"paid": 1.10, "vip": true}}\nnot json\n{"id": "b", "tags": ["x"]}\n'
    )
    seen = see(path, {"id": "code", "user.paid": "money", "user.vip": "boolean", "tags[]": "text"})
    assert seen.cells == {
        "id": ["007", "b"],
        "user.paid": ["110.0000", None],
        "user.vip": ["yes", None],
        "tags[]": [None, "x"],
    }
    assert words_of(seen.reading.refused) == [(2, "not a JSON object")]
    assert seen.reading.refused["raw"].to_list() == ['{"line": "not json"}']


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bad.parquet", b"PAR1 and then nothing", "is not a readable Parquet file"),
        ("bad.parquet", b"\x00id,n\n1,2\n", "is not a readable Parquet file"),
        ("bad.jsonl", b"id\n1\n", "has no JSON object in any of its 2 lines"),
    ],
)
def test_what_is_of_another_format_is_refused(
    see, tmp_path: Path, name: str, content: bytes, message: str
):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        see(path, {"id": "text"})
