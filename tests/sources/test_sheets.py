"""Excel workbooks: formats, date systems, several sheets."""

from pathlib import Path

import openpyxl
import pytest

from workbench.foundation.errors import InputError, ParameterError


def test_zips_keep_the_zeros_that_their_format_shows(see, cases: Path):
    seen = see(cases / "f13.xlsx", {"customer": "text", "zip": "code"})
    assert seen.cells["zip"] == ["02494", "02494", "97007", "2494"]
    assert "zip: 1 cell stored as a number, leading zeros unknown" in seen.said


def test_the_1904_date_system_is_heeded(see, cases: Path):
    seen = see(
        cases / "f15.xlsx",
        {"customer": "text", "signed_up": "instant"},
        settings={"zone": "UTC"},
        attributes={
            "profile": {
                "field_0": "customer",
                "field_1": "STRFTIME(signed_up, '%Y-%m-%d %H:%M')",
            }
        },
    )
    assert seen.cells["signed_up"] == [
        "2024-03-01 00:00",
        "2020-02-29 00:00",
        "2023-12-31 23:30",
    ]


def _workbook(path: Path, **sheets: list[tuple[object, ...]]) -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    workbook.save(path)
    return path


def test_records_count_on_through_the_sheets(see, tmp_path: Path):
    path = _workbook(
        tmp_path / "two.xlsx",
        first=[("id", "price"), ("a", 2.1), ("b", 3)],
        second=[("id", "price"), ("c", 0.001)],
    )
    seen = see(path, {"id": "text", "price": "money"})
    assert seen.cells == {
        "id": ["a", "b", "c"],
        "price": ["210.0000", "300.0000", "0.1000"],
    }
    assert seen.reading.assumptions[:2] == (
        "sheet 'first': records 1 to 2",
        "sheet 'second': records 3 to 3",
    )


def test_a_record_repeated_in_a_later_sheet_counts_once_copy_by_copy(see, tmp_path: Path):
    rows = [("a", 1), ("a", 1), ("b", 2)]
    path = _workbook(
        tmp_path / "overlap.xlsx",
        first=[("id", "n"), *rows],
        second=[("id", "n"), ("a", 1), ("c", 3), ("a", 1), ("a", 1)],
    )
    seen = see(path, {"id": "text", "n": "integer"}, file={"repeats": "sheets"})
    stated = seen.reading.tables["attributes"]
    assert sorted(stated["source_row"].unique()) == [1, 2, 3, 5, 7]
    assert (seen.reading.read, seen.reading.accepted, seen.reading.repeated) == (7, 7, 2)
    assert "2 records are in an earlier sheet as well and are counted once" in seen.said


def test_what_is_no_workbook_is_refused(see, tmp_path: Path):
    path = tmp_path / "no.xlsx"
    path.write_text("id,n\n")
    with pytest.raises(InputError, match=r"no\.xlsx is not a readable \.xlsx workbook"):
        see(path, {"id": "text"})


def test_sheets_of_different_columns_are_refused(see, tmp_path: Path):
    path = _workbook(tmp_path / "mixed.xlsx", first=[("id",), ("a",)], second=[("no",), ("b",)])
    with pytest.raises(InputError, match="first row of sheet 'second' differs"):
        see(path, {"id": "text"})


def test_an_unknown_sheet_is_a_wrong_parameter(see, tmp_path: Path):
    path = _workbook(tmp_path / "one.xlsx", orders=[("id",), ("a",)])
    with pytest.raises(ParameterError, match="no sheet 'order'; did you mean 'orders'"):
        see(path, {"id": "text"}, file={"sheets": ["order"]})
