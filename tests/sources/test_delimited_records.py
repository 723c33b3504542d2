"""Records of delimited files: none is lost, merged or shifted without a word."""

import csv
import io
import json
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.refusals import words_of
from workbench.foundation.errors import InputError
from workbench.sources.formats import delimited
from workbench.sources.formats.delimited import read_delimited
from workbench.sources.formats.file_rule import FileRule
from workbench.sources.formats.raw_cells import RawCells

QUOTES = "a quote is not closed or stands within a quoted cell"


def _read(content: str | bytes, *expected: str, **rule: object) -> RawCells:
    data = content.encode() if isinstance(content, str) else content
    return read_delimited(data, rule=FileRule.model_validate(rule), expected=expected, name="a.csv")


def _rows(cells: RawCells) -> list[tuple[str | None, ...]]:
    return cells.records.drop("source_row").rows()


def _said(cells: RawCells) -> str:
    return "\n".join(cells.assumptions)


@pytest.mark.parametrize(
    ("line", "cell"),
    [
        ('2,a 5" disk', 'a 5" disk'),
        ('2,5" disk', '5" disk'),
        ('2,"a ""big"" one"', 'a "big" one'),
        ('2,""', ""),
        ('2,"a, b"', "a, b"),
        ('2, "a, b" ', "a, b"),
        ('2,"two\nlines"', "two\nlines"),
        ('2,"two\r\nlines"', "two\r\nlines"),
        ("2,it's", "it's"),
        ("2,C:\\new\\", "C:\\new\\"),
        ('2,"C:\\new\\"', "C:\\new\\"),
    ],
)
def test_quotes_are_read_right(line: str, cell: str):
    cells = _read(f"id,note\n1,x\n{line}\n3,y\n", "id", "note")
    assert _rows(cells) == [("1", "x"), ("2", cell), ("3", "y")]
    assert cells.read == 3


@pytest.mark.parametrize(
    "line",
    [
        '2,"a "big" one"',
        '2,"a 5" disk, black"',
        '2,"not closed',
        '2,"a" b',
        '2,"not closed\nand continued',
        '2,"a "big" one\nin two lines"',
    ],
)
@pytest.mark.parametrize("following", ['3,y\n4,"z"\n', '3,"y"\n4,z', '3,"y, y"\n4,"z\nz"\n'])
def test_a_stray_quote_refuses_its_record_alone(line: str, following: str):
    cells = _read(f"id,note\n1,x\n{line}\n{following}", "id", "note")
    assert words_of(cells.refused) == [(2, QUOTES)]
    assert cells.records["source_row"].to_list() == [1, 3, 4]
    assert [row[0] for row in _rows(cells)] == ["1", "3", "4"]
    raw = json.loads(cells.refused["raw"][0])
    assert list(raw)[:2] == ["id", "note"]
    assert ",".join(raw.values()) == line


def test_two_stray_quotes_do_not_swallow_the_records_between():
    content = 'id,note,n\n1,x,"\n2,y,3\n3,z,"\n4,u,5\n'
    cells = _read(content, "id", "note", "n")
    assert cells.read == 4
    assert words_of(cells.refused) == [(1, QUOTES), (3, QUOTES)]
    cells = _read('id,note\n1,"\n2,y\n3,"\n', "id", "note")
    assert "1 record with a quoted cell whose lines look like records" in _said(cells)


def test_backslashes_protect_quotes_where_most_lines_show_it(see, cases: Path):
    seen = see(cases / "n-backslash.csv", {"customer": "code", "name": "text", "note": "text"})
    assert seen.cells["note"] == ['says "hello" often', 'a 5" disk, black', "plain"]
    assert "a backslash before a quote protects it, in 2 records" in seen.said


def test_the_line_that_names_the_delimiter_is_passed_over(see, cases: Path):
    seen = see(cases / "n-sep.csv", {"customer": "code", "name": "text"})
    assert seen.cells == {"customer": ["C1", "C2"], "name": ["Ann", "Bo"]}
    assert "(sep=), is passed over" in seen.said
    assert "delimiter semicolon, by the sep= line" in seen.said


@pytest.mark.parametrize(
    "preamble",
    [
        "Report of May\n\n",
        '# made by the shop\n# a, b and "c\n',
        '"Report, as of May",\n,\n',
        "Shop;Report\n",
    ],
)
def test_lines_before_the_header_are_passed_over_and_counted(preamble: str):
    cells = _read(f"{preamble}id,name\n1,Ann\n2,Bo\n", "id", "name")
    assert _rows(cells) == [("1", "Ann"), ("2", "Bo")]
    lines = len([line for line in preamble.split("\n") if line])
    assert f"{lines} line{'s' * (lines > 1)} before the header passed over" in _said(cells)


def test_headers_of_joined_files_are_passed_over_and_counted():
    part = "\ufeffid,name\n1,Ann\n"
    cells = _read(part * 3, "id", "name")
    assert (_rows(cells), cells.read) == ([("1", "Ann")] * 3, 3)
    assert "the header occurs again 2 times" in _said(cells)


@pytest.mark.parametrize("end", ["\n", "\r"])  # Lines of the second kind are split one by one.
def test_a_header_in_other_letter_case_is_no_record(end: str):
    cells = _read(f"id,name{end}1,Ann{end}ID,Name {end}2,Bo{end}", "id", "name")
    assert (_rows(cells), cells.read) == ([("1", "Ann"), ("2", "Bo")], 2)
    assert "the header occurs again once" in _said(cells)


@pytest.mark.parametrize("end", ["\n", "\r"])
def test_a_header_again_with_its_columns_in_another_order_is_refused(end: str):
    with pytest.raises(InputError, match="after record 1 the header occurs again with its columns"):
        _read(f"id,name{end}1,Ann{end}name,id{end}Bo,2{end}", "id", "name")


@pytest.mark.parametrize("end", ["\n", "\r"])
def test_formulas_that_are_a_text_are_that_text(end: str):
    cells = _read(f'id;n{end}="007";="a"{end}"=""008""";=1+1{end}', "id", "n")
    assert _rows(cells) == [("007", "a"), ("008", "=1+1")]
    assert '3 cells like ="007" taken as the text in them' in _said(cells)


@pytest.mark.parametrize("end", ["\n", "\r"])
def test_lines_with_delimiters_alone_are_no_records(end: str):
    cells = _read(f"id,name{end}1,Ann{end},{end},Bo{end},{end}", "id", "name")
    assert (_rows(cells), cells.read) == ([("1", "Ann"), ("", "Bo")], 2)
    assert "2 lines between records with delimiters but no value passed over" in _said(cells)


def test_a_short_record_keeps_all_columns(see, cases: Path):
    seen = see(cases / "n-short.csv", {"customer": "code", "street": "text", "name": "text"})
    assert [json.loads(raw) for raw in seen.reading.refused["raw"]] == [
        {"customer": "C1", "street": "12 Long Lane", "name": None}
    ]


def test_zero_bytes_refuse_their_record():
    cells = _read("id,n\n1,x\n2,\x00\x00\n3,y\n4,z\n", "id", "n")
    assert words_of(cells.refused) == [(2, "contains zero bytes")]
    assert (cells.read, cells.records.height) == (4, 3)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "end"])
def test_all_line_ends_end_records(end: str, last: str):
    content = f"id,n{end}1,x{end}{end}2,y{end if last else ''}"
    cells = _read(content, "id", "n")
    assert _rows(cells) == [("1", "x"), ("2", "y")]
    assert "1 blank line between records passed over" in _said(cells)


def test_records_that_end_with_lf_among_crlf_are_found_by_their_fields():
    cells = _read("id,n\r\n1,x\r\n2,a\nb\r\n3,y\n4,z\r\n5,u\r\n", "id", "n")
    assert _rows(cells) == [("1", "x"), ("2", "a\nb"), ("3", "y"), ("4", "z"), ("5", "u")]
    assert "other line ends belong to their cell, in 1 record" in _said(cells)


def test_an_undefined_byte_of_cp1252_refuses_one_record():
    lines = [b"1,K\xf6ln", b"2,M\x81nchen", b"3,G\xe9nt", b"4,x"]
    cells = _read(b"id,n\n" + b"\n".join(lines), "id", "n")
    assert _rows(cells) == [("1", "Köln"), ("3", "Gént"), ("4", "x")]
    assert words_of(cells.refused) == [(2, "contains characters that its encoding does not define")]
    assert json.loads(cells.refused["raw"][0]) == {"id": "2", "n": "M\\x81nchen"}
    assert "lines with undefined bytes are refused (1)" in _said(cells)


def test_broken_lines_do_not_make_utf_8_another_encoding():
    lines = ["1,Köln".encode(), "2,Köln".encode("cp1252"), "3,Gént".encode()]
    cells = _read(b"id,n\n" + b"\n".join(lines), "id", "n")
    assert _rows(cells) == [("1", "Köln"), ("3", "Gént")]
    assert cells.refused["source_row"].to_list() == [2]
    assert "2 of 3 lines beyond ASCII are valid UTF-8" in _said(cells)


def test_other_encodings_are_refused():
    content = "id,n\n" + "".join(f"{n},顧客名簿\n" for n in range(9))
    with pytest.raises(InputError, match="as CP1252 its letters would be signs"):
        _read(content.encode("shift-jis"), "id", "n")
    assert _rows(_read(content.encode("shift-jis"), "id", "n", encoding="shift-jis"))[0] == (
        "0",
        "顧客名簿",
    )


@pytest.mark.parametrize("encoding", ["cp850", "cp1251", "euc-jp"])
def test_encodings_whose_letters_would_be_signs_are_refused(encoding: str):
    word = {"cp1251": "Привет", "euc-jp": "顧客"}.get(encoding, "Gärtnerei Köhler")
    with pytest.raises(InputError, match="declare encoding"):
        _read(f"id,n\n1,{word}\n2,{word}\n".encode(encoding), "id", "n")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_wide_encodings_are_found_with_and_without_a_mark(encoding: str, mark: str):
    content = "id\tn\r\n1\t山田\r\n2\tŁukasz 😀\r\n"
    cells = _read((mark + content).encode(encoding), "id", "n")
    assert _rows(cells) == [("1", "山田"), ("2", "Łukasz 😀")]
    by = "its byte order mark" if mark else "the pattern of its zero bytes"
    assert f"encoding {encoding}, by {by}" in _said(cells)


@pytest.mark.parametrize("name", ["Cafe\u0301 x", "Café\u00a0x", "\u200bCafé x\ufeff"])
def test_names_that_look_alike_are_the_mapping_s(name: str):
    cells = _read(f"id,{name}\n1,a\n", "id", "Café x")
    assert cells.columns == ["id", "Café x"]


def test_names_in_another_case_are_the_mapping_s_and_said(see, tmp_path: Path):
    file = tmp_path / "a.csv"
    file.write_text("ID,n\n1,2\n")
    seen = see(file, {"id": "code", "n": "text"})
    assert seen.cells == {"id": ["1"], "n": ["2"]}
    assert "column names in another letter case: ID for id" in seen.said


@pytest.mark.parametrize(
    ("header", "names", "columns"),
    [
        ("id,ID", ["id"], ["id", "ID"]),
        ("ID,Id", ["id"], ["ID", "Id"]),
        ("ID,n", ["id", "Id"], ["ID", "n"]),
        ("id,n", ["id", "ID"], ["id", "n"]),
    ],
)
def test_names_that_case_alone_tells_apart_stay_apart(
    header: str, names: list[str], columns: list[str]
):
    assert _read(f"{header}\n1,2\n", *names).columns == columns


CELLS = st.text(
    st.sampled_from(
        ['"', ",", ";", "\t", "\n", "\r", "\\", " ", "'", "|", "é", "😀", "a", "1", "="]
    ),
    max_size=6,
) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4)
TABLES = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=6)
)


def _write(table: list[list[str]], delimiter: str, end: str, quoting: int) -> tuple[str, list[str]]:
    header = [f"column {n}" for n in range(len(table[0]))]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(
        [header, *table]
    )
    return out.getvalue(), header


LAYOUTS = {
    "table": TABLES,
    "delimiter": st.sampled_from([",", ";", "\t", "|"]),
    "end": st.sampled_from(["\n", "\r\n"]),
}


@settings(max_examples=200, deadline=None)
@given(**LAYOUTS, encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_what_was_written_is_read(table, delimiter: str, end: str, encoding: str):
    content, header = _write(table, delimiter, end, csv.QUOTE_ALL)
    cells = _read(content.encode(encoding), *header)
    stated = [tuple(row) for row in table if any(row)]
    if cells.refused.is_empty() and _rows(cells) == stated:
        return
    # Stray quotes look like cells whose lines look like records.
    assert any(_looks_like_records(row, delimiter) for row in table)
    assert not cells.refused.is_empty() or "lines look like records" in _said(cells)


def _looks_like_records(row: list[str], delimiter: str) -> bool:
    lines = csv_line(row, delimiter).split("\n")
    return len(lines) > 1 and all(line.count(delimiter) == len(row) - 1 for line in lines)


def csv_line(row: list[str], delimiter: str) -> str:
    return delimiter.join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row)


def _check_mutated(table, delimiter: str, end: str, position: int, change: bytes) -> None:
    content, header = _write(table, delimiter, end, csv.QUOTE_MINIMAL)
    data = content.encode()
    at = position % (len(data) + 1)
    mutated = data[:at] + change + data[at + len(change) // 2 :]
    try:
        cells = _read(mutated, *header)
    except InputError:
        return
    assert cells.records.height + cells.refused.height == cells.read
    numbers = sorted([*cells.records["source_row"], *cells.refused["source_row"]])
    assert numbers == [*range(1, cells.read + 1)]


MUTATIONS = {
    **LAYOUTS,
    "position": st.integers(0, 300),
    "change": st.binary(max_size=6)
    | st.sampled_from([b'"', b'""', b"\n", b"\r", b"\r\n", b"\\", b'\\"', b"\x00", b"\x81", b","]),
}


@settings(max_examples=200, deadline=None)
@given(**MUTATIONS)
def test_mutated_bytes_lose_no_record(table, delimiter: str, end: str, position: int, change):
    _check_mutated(table, delimiter, end, position, change)


@pytest.mark.slow
@settings(max_examples=5000, deadline=None)
@given(**MUTATIONS)
def test_many_mutated_bytes_lose_no_record(table, delimiter: str, end: str, position: int, change):
    _check_mutated(table, delimiter, end, position, change)


@settings(max_examples=200, deadline=None)
@given(
    notes=st.lists(st.text("ab ,5", min_size=1, max_size=6), min_size=3, max_size=9),
    position=st.integers(0, 8),
    at=st.integers(0, 8),
)
def test_a_quote_put_anywhere_changes_at_most_its_record(notes: list[str], position: int, at: int):
    lines = [f'{n},"{note}",x' for n, note in enumerate(notes, start=1)]
    spoilt = position % len(lines)
    line = lines[spoilt]
    lines[spoilt] = f'{line[: at % (len(line) + 1)]}"{line[at % (len(line) + 1) :]}'
    cells = _read("id,note,c\n" + "\n".join(lines) + "\n", "id", "note", "c")
    assert cells.read == len(notes)
    rows = {row[0]: row[1:] for row in cells.records.rows()}
    assert set(range(1, len(notes) + 1)) - set(rows) <= {spoilt + 1}
    assert all(
        rows[n] == (str(n), note, "x") for n, note in enumerate(notes, start=1) if n != spoilt + 1
    )


def test_cells_that_were_encoded_twice_are_reported_by_column():
    rows = [
        "1,Gr\u00c3\u00bcn",
        "2,\u00e2\u20ac\u2122x",
        "3,São João, \u00c3lvares".replace(", ", " "),
    ]
    cells = _read("id,n\n" + "\n".join(rows), "id", "n")
    assert _rows(cells)[0] == ("1", "Gr\u00c3\u00bcn")
    assert "n: 2 cells look encoded twice" in _said(cells)


@settings(max_examples=200, deadline=None)
@given(**LAYOUTS, size=st.integers(1, 40))
def test_the_size_of_blocks_changes_nothing(table, delimiter: str, end: str, size: int):
    content, header = _write(table, delimiter, end, csv.QUOTE_MINIMAL)
    whole = _read(content, *header)
    with mock.patch.object(delimited, "_BLOCK", size):
        by_blocks = _read(content, *header)
    assert by_blocks.records.equals(whole.records)
    assert by_blocks.refused.equals(whole.refused)
    assert (by_blocks.read, by_blocks.assumptions) == (whole.read, whole.assumptions)
