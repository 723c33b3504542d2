"""Excel workbooks: formats, date systems, several sheets."""

import zipfile
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.refusals import words_of
from workbench.foundation.errors import InputError, ParameterError
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.raw_cells import RawCells
from workbench.sources.formats.sheets import read_sheets


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
        "sheet 1: records 1 to 2",
        "sheet 2: records 3 to 3",
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
    assert "2 records are in an earlier sheet as well and counted once" in seen.said


def test_what_is_no_workbook_is_refused(see, tmp_path: Path):
    path = tmp_path / "no.xlsx"
    path.write_bytes(b"\x00id,n\n")
    with pytest.raises(InputError, match=r"no\.xlsx is not a readable \.xlsx workbook"):
        see(path, {"id": "text"})


def test_sheets_of_different_columns_are_refused(see, tmp_path: Path):
    path = _workbook(tmp_path / "mixed.xlsx", first=[("id",), ("a",)], second=[("no",), ("b",)])
    with pytest.raises(InputError, match="first row of sheet 2 differs"):
        see(path, {"id": "text"})


def test_an_unknown_sheet_is_a_wrong_parameter(see, tmp_path: Path):
    path = _workbook(tmp_path / "one.xlsx", orders=[("id",), ("a",)])
    with pytest.raises(
        ParameterError, match=r"1 sheet and none with the name 'order' \(did you mean 'orders'\?\)"
    ):
        see(path, {"id": "text"}, file={"sheets": ["order"]})


def test_the_names_of_sheets_may_be_those_of_persons_and_are_not_printed(see, tmp_path: Path):
    sheets = {"Geheim Person": [("id",), ("a",)], "Geheime Frau": [("id",), ("b",)]}
    path = _workbook(tmp_path / "persons.xlsx", **sheets)
    assert "Geheim" not in see(path, {"id": "text"}).said
    with pytest.raises(ParameterError, match="has 2 sheets and none with the name") as error:
        see(path, {"id": "text"}, file={"sheets": ["orders"]})
    assert "Geheim" not in str(error.value)


def _parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _changed(path: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """Write the parts of a workbook again, each changed by its name and content."""
    parts = {name: change(name, content) for name, content in _parts(path).items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_all_rows_are_read_whatever_the_sheet_declares(see, cases: Path):
    header = next(iter(openpyxl.load_workbook(cases / "n-dim-part.xlsx").active.values))
    seen = see(cases / "n-dim-part.xlsx", {str(name): "text" for name in header})
    assert (seen.reading.read, seen.reading.accepted) == (8, 8)


def test_formulas_without_stored_values_are_refused_where_they_are_mapped(see, cases: Path):
    header = next(iter(openpyxl.load_workbook(cases / "n-formula.xlsx").active.values))
    seen = see(cases / "n-formula.xlsx", {str(name): "text" for name in header})
    words = {words for _, words in words_of(seen.reading.refused)}
    assert any("a formula without a stored value" in sentence for sentence in words)
    assert seen.reading.accepted + seen.reading.refused.height == seen.reading.read
    other = see(cases / "n-formula.xlsx", {str(header[0]): "text"})
    assert other.reading.refused.is_empty()


def test_chart_sheets_are_passed_over_and_reported(see, cases: Path):
    book = openpyxl.load_workbook(cases / "n-chartsheet.xlsx")
    header = next(iter(book.worksheets[0].values))
    seen = see(cases / "n-chartsheet.xlsx", {str(name): "text" for name in header})
    assert seen.reading.accepted == seen.reading.read > 0
    assert "is a chartsheet without cells and is passed over" in seen.said


def test_error_values_are_refused_with_their_column(see, tmp_path: Path):
    path = _workbook(
        tmp_path / "a.xlsx", one=[("id", "n", "x"), ("a", "#N/A", 1), ("b", 2, "#REF!")]
    )
    seen = see(path, {"id": "text", "n": "integer"})
    assert words_of(seen.reading.refused) == [
        (1, "n: an error value of a spreadsheet, such as #N/A")
    ]
    assert seen.cells["id"] == ["b"]


def test_what_is_hidden_or_merged_is_read_and_reported(see, tmp_path: Path):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in [("id", "n"), ("a", 1), ("b", 2), ("c", None)]:
        sheet.append(row)
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["B"].hidden = True
    sheet.merge_cells("B3:B4")
    book.create_sheet("more").append(("id", "n"))
    book["more"].append(("d", 4))
    book["more"].sheet_state = "veryHidden"
    book.save(tmp_path / "a.xlsx")
    seen = see(tmp_path / "a.xlsx", {"id": "text", "n": "integer"})
    assert seen.cells == {"id": ["a", "b", "c", "d"], "n": ["1", "2", None, "4"]}
    for sentence in ("1 hidden row read", "1 hidden column read", "1 merged area", "is hidden"):
        assert sentence in seen.said


def test_lines_before_the_header_and_its_repetitions_are_passed_over(see, tmp_path: Path):
    rows = [("Report",), (), ("id", "n"), ("a", 1), ("id", "n"), ("b", 2)]
    seen = see(_workbook(tmp_path / "a.xlsx", one=rows), {"id": "text", "n": "integer"})
    assert seen.cells == {"id": ["a", "b"], "n": ["1", "2"]}
    assert "1 row before the header passed over" in seen.said
    assert "the header occurs again 1 time" in seen.said


def test_a_header_again_with_its_columns_in_another_order_is_refused(see, tmp_path: Path):
    path = _workbook(tmp_path / "a.xlsx", one=[("id", "n"), ("a", 1), ("n", "id"), (2, "b")])
    with pytest.raises(InputError, match="in row 3 of sheet 1 the header occurs again with"):
        see(path, {"id": "text", "n": "integer"})


def _formatted(path: Path, cells: list[tuple[object, str]]) -> list[str | None]:
    book = openpyxl.Workbook()
    book.active.append(("id", "n"))
    for value, number_format in cells:
        book.active.append(("a", value))
        book.active.cell(book.active.max_row, 2).number_format = number_format
    book.save(path)
    found = read_sheets(path.read_bytes(), rule=FileRule(), expected=("id", "n"), name="a.xlsx")
    return found.records["n"].to_list()


def test_number_formats_show_in_the_cell(tmp_path: Path):
    cells = {
        (12, "#,##0.00 [$€-407]"): "€12",
        (-12.5, '"$"#,##0.00'): "$-12.5",
        (12, "[$USD] #,##0"): "USD 12",
        (13, '#,##0.00 "USD"'): "USD 13",
        (13, '"CHF" #,##0.00;[Red]-"CHF" #,##0.00'): "CHF 13",
        (13, '#,##0.00\\ "zł"'): "zł 13",
        (13, '0 "PCS"'): "13",
        (1400, '_-* #,##0\\ "kr"_-'): "kr 1400",
        (12, "[$-407]#,##0"): "12",
        (0.05, "0%"): "0.05",
        (7, "0000"): "0007",
        (3, '0 "days"'): "3",
        (45000, "dd/mm/yyyy"): "2023-03-15T00:00:00",
        (59, "dd/mm/yyyy"): "1900-02-28T00:00:00",
        (60, "dd/mm/yyyy"): "60",
        (0.29, "0.0"): "0.29",
        (1e20, "0"): "1e+20",
        (True, "0"): "true",
        ("_x005F_x0041_", "@"): "_x0041_",
        ("two\nlines", "@"): "two\nlines",
    }
    assert _formatted(tmp_path / "a.xlsx", [*cells]) == [*cells.values()]


def test_columns_of_mixed_kinds_and_percents_are_reported(see, tmp_path: Path):
    rows = [("id", "n"), ("a", 1), ("b", datetime(2024, 5, 1)), ("c", 0.5)]  # noqa: DTZ001 Excel has no zones
    path = _workbook(tmp_path / "a.xlsx", one=rows)
    book = openpyxl.load_workbook(path)
    book.active["B4"].number_format = "0%"
    book.save(path)
    seen = see(path, {"id": "text", "n": "text"})
    assert "n: 1 cell shown as a date and 2 cells as a number" in seen.said
    assert "n: 1 cell shown in percent, read as shares (5 % is 0.05)" in seen.said


def test_the_strict_dialect_is_read_alike(see, tmp_path: Path):
    path = _workbook(tmp_path / "a.xlsx", one=[("id", "n"), ("a", 1)])
    strict = b"http://purl.oclc.org/ooxml/"
    _changed(
        path,
        lambda _, content: content.replace(
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            strict + b"spreadsheetml/main",
        ).replace(
            b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            strict + b"officeDocument/relationships",
        ),
    )
    assert see(path, {"id": "text", "n": "integer"}).cells == {"id": ["a"], "n": ["1"]}


def _read_bytes(data: bytes) -> RawCells:
    return read_sheets(data, rule=FileRule(), expected=("id", "n"), name="a.xlsx")


_OLE = bytes.fromhex("d0cf11e0a1b11ae1")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (_OLE + b"Workbook", r"of the older \.xls format"),
        (_OLE + "EncryptedPackage".encode("utf-16-le"), "that is encrypted"),
        (b"PK\x03\x04 and no more", "is not a readable .xlsx workbook"),
        (b"id,n\n", "is not a readable .xlsx workbook"),
    ],
)
def test_other_files_are_named(data: bytes, message: str):
    with pytest.raises(InputError, match=message):
        _read_bytes(data)


def test_entities_are_not_expanded(tmp_path: Path):
    path = _workbook(tmp_path / "a.xlsx", one=[("id", "n"), ("a", 1)])
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'

    def add(name: str, content: bytes) -> bytes:
        is_sheet = name.endswith("sheet1.xml")
        return content.replace(b"<worksheet", entities + b"<worksheet") if is_sheet else content

    with pytest.raises(InputError, match="declares a document type"):
        _read_bytes(_changed(path, add).read_bytes())


def test_an_archive_that_would_fill_the_memory_is_refused(tmp_path: Path):
    path = _workbook(tmp_path / "a.xlsx", one=[("id", "n"), ("a", 1)])

    def swell(name: str, content: bytes) -> bytes:
        blanks = b" " * (101 << 20)
        is_sheet = name.endswith("sheet1.xml")
        return content.replace(b"<sheetData>", b"<sheetData>" + blanks) if is_sheet else content

    with pytest.raises(InputError, match="would unpack to 101 MiB"):
        _read_bytes(_changed(path, swell).read_bytes())


def test_a_cell_outside_the_sheet_is_refused(tmp_path: Path):
    path = _workbook(tmp_path / "a.xlsx", one=[("id", "n"), ("a", 1)])
    _changed(path, lambda _, content: content.replace(b'<row r="2"', b'<row r="99999999"'))
    with pytest.raises(InputError, match="has a cell outside"):
        _read_bytes(path.read_bytes())


TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\n"), max_size=5
)
CELLS = st.none() | TEXTS | st.booleans() | st.integers(-(10**14), 10**14)
TABLES = st.lists(st.tuples(TEXTS.filter(bool), CELLS), min_size=1, max_size=5)


def _as_bytes(table: list[tuple[object, ...]]) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(("id", "n"))
    for row, cells in enumerate(table, start=2):
        for column, value in enumerate(cells, start=1):
            cell = book.active.cell(row, column, value)
            cell.data_type = "s" if isinstance(value, str) else cell.data_type
    stored = BytesIO()
    book.save(stored)
    return stored.getvalue()


@settings(max_examples=100, deadline=None)
@given(table=TABLES)
def test_what_was_written_is_read(table):
    cells = _read_bytes(_as_bytes(table))
    texts = {True: "true", False: "false"}
    wanted = [
        (first, texts[n] if isinstance(n, bool) else n if n is None else str(n))
        for first, n in table
        if (first, n) != ("id", "n")
    ]
    assert cells.refused.is_empty()
    assert cells.records.drop("source_row").rows() == wanted


def _check_mutated(table, part: int, position: int, change: bytes) -> None:
    """Change bytes of a part or of the archive: nothing but a sentence, and no record lost."""
    data = _as_bytes(table)
    if part:
        path = BytesIO(data)
        names = zipfile.ZipFile(path).namelist()
        contents = {name: zipfile.ZipFile(path).read(name) for name in names}
        name = names[part % len(names)]
        at = position % (len(contents[name]) + 1)
        contents[name] = contents[name][:at] + change + contents[name][at + len(change) :]
        stored = BytesIO()
        with zipfile.ZipFile(stored, "w") as archive:
            for other, content in contents.items():
                archive.writestr(other, content)
        data = stored.getvalue()
    else:
        at = position % (len(data) + 1)
        data = data[:at] + change + data[at + len(change) :]
    try:
        cells = _read_bytes(data)
    except InputError:
        return
    numbers = [*cells.records["source_row"], *cells.refused["source_row"]]
    assert sorted(numbers) == [*range(1, cells.read + 1)]


MUTATIONS = {
    "table": TABLES,
    "part": st.integers(0, 12),
    "position": st.integers(0, 5000),
    "change": st.binary(min_size=1, max_size=4)
    | st.sampled_from([b"<v>", b"</c>", b'"', b"<row>", b't="e"', b'r="A0"', b'r="ZZZ9"', b'=""']),
}


@settings(max_examples=200, deadline=None)
@given(**MUTATIONS)
def test_mutated_bytes_lose_no_record(table, part: int, position: int, change: bytes):
    _check_mutated(table, part, position, change)


@pytest.mark.slow
@settings(max_examples=3000, deadline=None)
@given(**MUTATIONS)
def test_many_mutated_bytes_lose_no_record(table, part: int, position: int, change: bytes):
    _check_mutated(table, part, position, change)
