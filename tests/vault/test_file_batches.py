"""Many files are read a few at a time, and give the rows that a union would give."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from workbench.vault import file_batches
from workbench.vault.file_batches import scan_files

FILES = [pl.LazyFrame({"number": [n, n + 1], "sign": ["x", "y"]}) for n in range(0, 10, 2)]


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> pl.LazyFrame:
    monkeypatch.setattr(file_batches, "_BATCH_ROWS", 4)
    return scan_files(FILES, rows=[2] * len(FILES))


def test_all_rows_come_in_the_order_of_the_files(scanned: pl.LazyFrame) -> None:
    assert_frame_equal(scanned.collect(), pl.concat(FILES).collect())
    assert scanned.select(pl.len()).collect(engine="streaming").item() == 10


def test_only_wanted_rows_and_columns_are_read(scanned: pl.LazyFrame) -> None:
    wanted = scanned.filter(pl.col("number") > 3, pl.col("sign") == "y").select("number")
    assert wanted.collect(engine="streaming")["number"].to_list() == [5, 7, 9]


def test_the_first_rows_are_the_first_rows_of_the_first_files(scanned: pl.LazyFrame) -> None:
    assert scanned.head(5).collect()["number"].to_list() == [0, 1, 2, 3, 4]
    assert scanned.slice(3, 4).collect()["number"].to_list() == [3, 4, 5, 6]
    large = scanned.filter(pl.col("number") > 4).head(3)
    assert large.collect(engine="streaming")["number"].to_list() == [5, 6, 7]


def test_two_scans_of_one_table_can_be_joined(scanned: pl.LazyFrame) -> None:
    known = scanned.filter(pl.col("sign") == "x").select("number")
    joined = scanned.join(known, on="number", how="semi").select(pl.col("number").sum())
    assert joined.collect(engine="streaming").item() == 20
