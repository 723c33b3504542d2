"""Parquet files: types arrive as they are, and damage is named."""

import json
from contextlib import suppress
from datetime import datetime, time, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import shared
from workbench.foundation.errors import InputError
from workbench.sources import open_sources
from workbench.sources.formats.columnar import read_parquet
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.parquet_structure import is_sound
from workbench.sources.formats.raw_cells import RawCells


def _bytes(frame: pl.DataFrame) -> bytes:
    stored = BytesIO()
    frame.write_parquet(stored)
    return stored.getvalue()


def _read(data: bytes) -> RawCells:
    return read_parquet(data, rule=FileRule(), expected=("id",), name="a.parquet")


FRAME = pl.DataFrame(
    {
        "id": ["a", "b"],
        "nested": [{"x": [1, 2]}, None],
        "bytes": [b"\xff", None],
        "span": [timedelta(hours=1), None],
        "exact": [Decimal("1.10"), None],
        "at": [time(1, 2), None],
        "choice": pl.Series(["x", None], dtype=pl.Enum(["x", "y"])),
    }
)


def test_columns_keep_their_types():
    cells = _read(_bytes(FRAME))
    assert cells.records.drop("source_row").schema == FRAME.schema
    assert cells.records.drop("source_row").equals(FRAME)
    assert cells.records["source_row"].to_list() == [1, 2]
    assert (cells.read, cells.refused.height) == (2, 0)


def test_a_column_called_source_row_gets_its_number():
    cells = _read(_bytes(pl.DataFrame({"id": ["a"], "source_row": [7]})))
    assert cells.records.rows() == [(1, "a", 7)]
    assert cells.columns == ["id", "source_row (field 2)"]


def test_names_that_look_alike_are_the_mapping_s():
    assert _read(_bytes(pl.DataFrame({"id\u200b": ["a"]}))).columns == ["id"]


DATA = _bytes(FRAME)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (DATA[:-20], "its end is missing"),
        (b"PARE" + DATA[4:-4] + b"PARE", "is an encrypted Parquet file"),
        (b"PAR1\x00\x00\x00\x00PAR1", "is damaged"),
        (b"id,n\n1,2\n", "it is another format"),
    ],
)
def test_what_cannot_be_read_is_named(data: bytes, message: str):
    with pytest.raises(InputError, match=message):
        _read(data)


def test_damaged_pages_give_a_sentence_or_all_records():
    outcomes = set()
    for position in range(4, len(DATA)):
        try:
            cells = _read(DATA[:position] + bytes(16) + DATA[position + 16 :])
        except InputError as error:
            outcomes.add(str(error))
        else:
            assert cells.records.height == cells.read
    assert any("is damaged" in sentence for sentence in outcomes)


def test_a_count_of_a_page_that_no_memory_holds_is_refused_before_polars_ends_the_process():
    data = _bytes(pl.DataFrame({"id": [f"C{n}" for n in range(200)]}))
    assert is_sound(data)
    # Every byte becomes 0xff or 0x01, so numbers become negative or huge. polars 2.1 ends the
    # process on 20 of these files.
    changed = [data[:p] + bytes([b]) + data[p + 1 :] for p in range(4, len(data)) for b in (255, 1)]
    assert not all(map(is_sound, changed))
    for each in changed:
        with suppress(InputError):
            assert _read(each).read > 0


@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip", "uncompressed"])
def test_files_of_every_writer_are_sound(compression: str, tmp_path: Path):
    frame = pl.concat([FRAME] * 500)
    frame.write_parquet(tmp_path / "a", compression=compression, row_group_size=300)
    frame.head(0).write_parquet(tmp_path / "b", compression=compression)
    frame.write_parquet(tmp_path / "c", data_page_size=64, statistics="full")
    assert [is_sound((tmp_path / name).read_bytes()) for name in "abc"] == [True] * 3


def test_lists_and_objects_are_read_as_trees(see, tmp_path: Path):
    frame = pl.DataFrame(
        {
            "id": [2**60 + 1, 7],
            "paid": pl.Series([12.3, float("nan")], dtype=pl.Float32),
            "at": [datetime(2024, 6, 1, 10), None],  # noqa: DTZ001 the file has no zone
            "from": [{"place": {"city": "Ghent"}}, None],
            "lines": [[{"sku": "a", "n": 1}, {"sku": "b", "n": 2}], []],
            "picture": [b"\xff", None],
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")
    columns = {
        "id": "code",
        "paid": "money",
        "at": "instant",
        "from.place.city": "text",
        "lines[].sku": {"type": "text", "join": "+"},
    }
    seen = see(tmp_path / "a.parquet", columns)
    assert seen.cells == {
        "id": [str(2**60 + 1), "7"],
        "paid": ["1230.0000", None],
        "at": ["2024-06-01 08:00:00.000000+00:00", None],
        "from.place.city": ["Ghent", None],
        "lines[].sku": ["a+b", None],
    }
    assert "1 number NaN or infinite: taken as empty" in seen.said
    assert "columns of bytes are left out: picture" in seen.said


def test_a_file_without_rows_has_no_trees(see, tmp_path: Path):
    FRAME.clear().write_parquet(tmp_path / "a.parquet")
    assert see(tmp_path / "a.parquet", {"id": "text"}).reading.read == 0


def test_ga4_in_parquet_is_what_it_is_in_json(tmp_path: Path):
    lines = shared("WORKBENCH_FORMATS", "formats") / "ga4_bigquery_export" / "events_export.ndjson"
    events = [json.loads(line) for line in lines.read_text().splitlines()]
    pl.DataFrame(events, infer_schema_length=None).write_parquet(tmp_path / "events.parquet")
    settings = {"data_until": "2026-08-01", "basis": "consent", "currency": "EUR"}
    [in_json], [in_parquet] = (
        open_sources(path, settings=settings) for path in (lines, tmp_path / "events.parquet")
    )
    expected, found = in_json.read(0).tables, in_parquet.read(0).tables
    assert found.keys() == expected.keys()
    for table in expected:
        assert found[table].equals(expected[table])
