"""Parquet files: types arrive as they are, and damage is named."""

from datetime import time, timedelta
from decimal import Decimal
from io import BytesIO

import polars as pl
import pytest

from workbench.foundation.errors import InputError
from workbench.sources.formats.columnar import read_parquet
from workbench.sources.formats.file_rule import FileRule
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
    # Fixed places: on some others polars ends the process, because it believes a damaged length.
    outcomes = set()
    for position in range(4, len(DATA), 16):
        try:
            cells = _read(DATA[:position] + bytes(16) + DATA[position + 16 :])
        except InputError as error:
            outcomes.add(str(error))
        else:
            assert cells.records.height == cells.read
    assert any("is damaged" in sentence for sentence in outcomes)
