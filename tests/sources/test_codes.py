"""Codes that went through a program that took them for numbers."""

from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from tests.refusals import words_of
from workbench.sources import find_mapping, open_source

LOST = "a number that lost digits when it was written with an exponent or as a float"


def _csv(tmp_path: Path, *cells: str) -> Path:
    path = tmp_path / "codes.csv"
    path.write_text("\n".join(["code;n", *(f"{cell};1" for cell in cells)]) + "\n")
    return path


@pytest.mark.parametrize("name", ["n-float.csv", "n-float.xlsx"])
def test_case_n06_every_copy_of_online_retail_has_the_same_customer(cases: Path, name: str):
    reading = open_source(cases / name, mapping=find_mapping("online_retail")).read(0)
    assert reading.tables["customers"]["record_id"].to_list() == ["online-retail:17850"]
    assert ("CustomerID: 2 cells end in .0 as floats do" in "".join(reading.assumptions)) == (
        name.endswith("csv")
    )


def test_the_end_of_a_float_is_removed_where_all_cells_are_whole_numbers(see, tmp_path: Path):
    seen = see(_csv(tmp_path, "17850.0", "", "12", "-3.0"), {"code": "code"})
    assert seen.cells["code"] == ["17850", None, "12", "-3"]
    assert "code: 2 cells end in .0 as floats do: the end is removed" in seen.said


@pytest.mark.parametrize("other", ["A12", "1.1", "007.00"])
def test_the_end_is_kept_and_said_where_other_cells_are_no_whole_numbers(
    see, tmp_path: Path, other: str
):
    seen = see(_csv(tmp_path, "2.0", other), {"code": "code"})
    assert seen.cells["code"] == ["2.0", other]
    assert (
        "code: 1 cell ends in .0 and kept it, since other cells are no whole numbers" in seen.said
    )


def test_codes_written_with_an_exponent_are_refused(see, tmp_path: Path):
    cells = ("1.7850E+4", "1.22158E+17", "5.55E+12", "1e+05", "1.5e17", "12E4567", "1E5", "E+1")
    seen = see(_csv(tmp_path, *cells), {"code": "code"})
    assert seen.cells["code"] == ["12E4567", "1E5", "E+1"]
    assert words_of(seen.reading.refused) == [
        (row, f"code: {LOST}: export the column as text") for row in range(1, 6)
    ]


def test_numbers_of_a_workbook_beyond_fifteen_digits_are_refused(see, tmp_path: Path):
    workbook = openpyxl.Workbook()
    for cell in ("code", 411111111111111, 4111111111111110, 1.22158e17, "4111111111111111"):
        workbook.active.append([cell])
    workbook.save(tmp_path / "cards.xlsx")
    seen = see(tmp_path / "cards.xlsx", {"code": "code"})
    assert seen.cells["code"] == ["411111111111111", "4111111111111111"]


def test_floats_of_parquet_that_cannot_tell_numbers_apart_are_refused(see, tmp_path: Path):
    path = tmp_path / "ids.parquet"
    cells = {"a": [2.0**53, 2.0**53 - 1, 17850.0], "b": [17.0, 2.0**24, 5.5]}
    pl.DataFrame(cells, schema={"a": pl.Float64, "b": pl.Float32}).write_parquet(path)
    seen = see(path, {"a": "code", "b": "code"})
    assert [(row, words[:2]) for row, words in words_of(seen.reading.refused)] == [
        (1, "a:"),
        (2, "b:"),
    ]
    assert seen.cells == {"a": ["17850"], "b": ["5.5"]}


def test_words_for_no_value_among_codes_are_said(see, tmp_path: Path):
    path = _csv(tmp_path, "nan", "NULL", "12", "null-7")
    said = "code: 2 cells with a word for no value, like null or nan, taken as codes"
    assert said in see(path, {"code": "code"}).said
    listed = see(path, {"code": {"type": "code", "empty": ["nan", "NULL"]}})
    assert said not in listed.said
    assert listed.cells["code"] == [None, None, "12", "null-7"]


def test_codes_that_a_workbook_turned_into_dates_are_refused(see, tmp_path: Path):
    workbook = openpyxl.Workbook()
    for cell in ("code", "A1", date(2024, 3, 1), 7):
        workbook.active.append([cell])
    workbook.save(tmp_path / "articles.xlsx")
    seen = see(tmp_path / "articles.xlsx", {"code": "code"})
    assert seen.cells["code"] == ["A1", "7"]
    assert words_of(seen.reading.refused) == [
        (
            2,
            "code: a date where a code is expected, as spreadsheets make of codes like 3-1: "
            "write the code as text",
        )
    ]


def test_signs_without_a_width_make_no_other_code(see, tmp_path: Path):
    path = _csv(tmp_path, "\u200b12", "12\ufeff", "\u202a34\u202c", "é")
    seen = see(path, {"code": "code"})
    assert seen.cells["code"] == ["12", "12", "34", "é"]
    assert "code: invisible signs removed from 3 cells" in seen.said


def test_a_code_that_many_records_share_and_that_may_stand_for_none_is_said(see, tmp_path: Path):
    several = [str(number) for number in range(1, 30)]
    seen = see(_csv(tmp_path, *several, *["0"] * 12, *["guest"] * 3), {"code": "code"})
    assert "code: 12 cells share a code like 0, - or guest: list it as empty" in seen.said
    flags = see(_csv(tmp_path, *["0", "1"] * 20), {"code": "code"})
    assert "stands for none" not in flags.said


@pytest.mark.parametrize("word", ["NULL", "NaN", "(not set)", "(Not Provided)", "(other)"])
def test_a_word_for_no_value_among_codes_is_said(see, tmp_path: Path, word: str):
    seen = see(_csv(tmp_path, "A-1", word, "other"), {"code": "code"})
    assert "code: 1 cell with a word for no value, like null or nan, taken as codes" in seen.said
