"""Text files as spreadsheets and databases write them: the cases F01 to F20."""

from pathlib import Path

import polars as pl
import pytest

from tests.refusals import words_of
from workbench.foundation.errors import InputError, ParameterError
from workbench.sources.formats.text_decoding import decode


def test_cp1252_semicolons_and_decimal_commas_are_found_and_said(see, cases: Path):
    seen = see(
        cases / "f01.csv",
        {
            "Código cliente": "code",
            "Razón social": "text",
            "Dirección": "text",
            "Código postal": "code",
            "Importe": "money",
        },
        attributes={
            "profile": {
                "field_0": '"Código cliente"',
                "field_1": '"Razón social"',
                "field_2": '"Dirección"',
                "field_3": '"Código postal"',
                "field_4": '"Importe"',
                "stated": "Importe_currency",
            }
        },
    )
    assert seen.cells == {
        "Código cliente": ["00417", "00418", "00419"],
        "Razón social": ["Panadería Nuñez", "Óptica Ibáñez", "Bar “El Rincón”"],
        "Dirección": ["Calle Peñón 3, 1ºA", "C/ Güell 12", "Av. Muñoz 7"],
        "Código postal": ["01234", "08001", "41010"],
        "Importe": ["125050.0000", "98000.0000", "1250.0000"],
    }
    assert "encoding cp1252" in seen.said
    assert "delimiter semicolon" in seen.said
    assert "Importe: decimal comma" in seen.said
    stated = seen.reading.tables["attributes"].filter(pl.col("attribute") == "stated")
    assert stated.select("source_row", "value").rows() == [(2, "EUR")]


def test_an_amount_in_another_currency_than_declared_is_refused(see, tmp_path: Path):
    file = tmp_path / "amounts.csv"
    file.write_text("id,amount\na,10.00\nb,£12.00\n")
    seen = see(file, {"id": "text", "amount": "money"})
    assert words_of(seen.reading.refused) == [
        (2, "amount: an amount in another currency than the declared EUR")
    ]


def test_bare_line_feeds_stay_in_their_cell_where_records_end_crlf(see, cases: Path):
    columns = {"ticket": "text", "customer": "text", "note": "text", "created": "date"}
    seen = see(cases / "f03.csv", columns)
    assert seen.cells == {
        "ticket": ["T-1", "T-2", "T-3"],
        "customer": ["C-10", "C-11", "C-12"],
        "note": ["called twice\nwants refund", "ok", "line one\nline two\nline three"],
        "created": ["2024-05-01", "2024-05-02", "2024-05-03"],
    }
    assert "records end with CRLF" in seen.said


def test_the_decimal_comma_is_voted_by_the_column(see, cases: Path):
    seen = see(cases / "f05.csv", {"order": "text", "amount": "money", "qty": "integer"})
    assert seen.cells["amount"] == ["1250.0000", "104900.0000", "700.0000"]
    assert seen.cells["qty"] == ["3", "1", "12"]
    assert "amount: decimal comma, by 3 of 3 clear cells" in seen.said


def test_commas_in_prose_do_not_part_fields_and_a_trailing_delimiter_is_noted(see, cases: Path):
    names = ["day", "invoice", "amount", "state", "customer"]
    columns = dict.fromkeys(names, "text") | {"amount": "money"}
    seen = see(cases / "f07.csv", columns, file={"header": False, "columns": names})
    assert seen.reading.read == seen.reading.accepted == 6
    assert seen.cells["day"][0] == "Mon, 3 June"
    assert seen.cells["amount"] == [
        "12000.0000",
        "8840.0000",
        "995.0000",
        "31000.0000",
        "4510.0000",
        "6000.0000",
    ]
    assert "3 records end with a delimiter" in seen.said
    assert "delimiter semicolon" in seen.said


def test_one_column_needs_no_delimiter(see, cases: Path):
    seen = see(cases / "f10.csv", {"email": "text"})
    assert len(seen.cells["email"]) == 5
    assert seen.cells["email"][2] == "tim77@example.net"
    assert "no delimiter needed" in seen.said


def test_utf_16_with_its_mark_gives_exact_text(see, cases: Path):
    seen = see(cases / "f11.txt", {"Kunde": "code", "Name": "text", "Ort": "text"})
    assert seen.cells == {
        "Kunde": ["1", "2", "3"],
        "Name": ["Jürgen", "山田", "Łukasz"],
        "Ort": ["Köln", "東京", "Łódź"],
    }


def test_guard_apostrophes_come_off_codes_only(see, cases: Path):
    seen = see(
        cases / "f18.csv",
        {
            "customer": "text",
            "phone": "code",
            "zip": "code",
            "balance": "money",
            "handle": "text",
            "note": "text",
        },
    )
    assert seen.cells == {
        "customer": ["C-1", "C-2", "C-3"],
        "phone": ["+31 6 1234 5678", "+44 20 7946 0000", "020-555"],
        "zip": ["01234", "00501", "10115"],
        "balance": ["-500.0000", "1250.0000", "-1.0000"],
        "handle": ["@ann", "@bo", "-"],
        "note": [
            '=HYPERLINK("http://example.invalid?x="&A2,"invoice")',
            "=1+1",
            "<script>alert(1)</script>",
        ],
    }
    assert "zip: guard apostrophe removed from 2 cells" in seen.said


def test_quoted_cells_keep_their_line_ends_and_empty_ones_are_null(see, cases: Path):
    columns = {"flag": "boolean", "remark": "text", "visits": "integer", "spend": "money"}
    seen = see(cases / "f19.csv", columns)
    assert seen.cells == {
        "flag": ["yes", "no", "yes"],
        "remark": ["rang twice,\nno answer", "fine", "left\n\nearly"],
        "visits": ["17", None, "3"],
        "spend": ["4000.0000", "1250.0000", None],
    }


def test_doubled_local_times_are_settled_by_order_and_those_that_never_were_refused(
    see, cases: Path
):
    columns = {"event": "text", "local_time": "instant"}
    seen = see(
        cases / "f20.csv",
        columns,
        attributes={
            "profile": {
                "field_0": "event",
                "field_1": "STRFTIME(local_time, '%Y-%m-%dT%H:%M%z')",
            }
        },
    )
    assert seen.cells["local_time"] == [
        "2023-10-29T01:15+0200",
        "2023-10-29T02:15+0200",
        "2023-10-29T02:45+0200",
        "2023-10-29T02:15+0100",
        "2023-10-29T03:15+0100",
    ]
    assert "3 local times in Europe/Berlin are ambiguous" in seen.said
    assert words_of(seen.reading.refused) == [
        (6, "local_time: a local time that does not exist: the clock was set forward")
    ]


def test_local_times_without_a_zone_are_refused(see, cases: Path):
    columns = {"event": "text", "local_time": "instant"}
    with pytest.raises(ParameterError, match=r"not declared: zone\. Set --set zone=…"):
        see(cases / "f20.csv", columns, settings={"zone": None})


def test_a_record_of_the_wrong_width_is_refused_as_a_whole(see, tmp_path: Path):
    file = tmp_path / "ragged.csv"
    file.write_text("id,name,city\n1,Ann,Gent\n2,Bo\n3,Cy,Lyon,x\n")
    seen = see(file, {"id": "code", "name": "text", "city": "text"})
    assert words_of(seen.reading.refused) == [
        (2, "2 fields where the header has 3"),
        (3, "4 fields where the header has 3"),
    ]
    assert seen.reading.refused["raw"].to_list() == [
        '{"id": "2", "name": "Bo", "city": null}',
        '{"id": "3", "name": "Cy", "city": "Lyon", "field 4": "x"}',
    ]
    assert (seen.reading.read, seen.reading.accepted) == (3, 1)


def test_a_file_with_a_byte_order_mark_has_its_first_column(see, tmp_path: Path):
    file = tmp_path / "marked.csv"
    file.write_bytes(b"\xef\xbb\xbfid;n\nx;1\n")
    assert see(file, {"id": "text", "n": "integer"}).cells == {"id": ["x"], "n": ["1"]}


@pytest.mark.parametrize(
    ("content", "file_rule", "message"),
    [
        (b"", {}, "is empty: nothing to read"),
        (b"\n\n", {}, "is empty: nothing to read"),
        (
            "id,n\nZo\u00eb,1\n".encode(),
            {"encoding": "cp1252"},
            "is UTF-8, but the mapping declares",
        ),
        ("id,n\nZo\u00eb,1\n".encode("cp1252"), {"encoding": "utf-8"}, "is not utf-8: byte 8"),
        (b"id,n\nx,1\n", {"delimiter": ";"}, "check the delimiter"),
        (b"id,id\nx,1\n", {}, "has column 'id' twice"),
        (b"id,n\nx\x00,1\n", {}, "contains zero bytes in most lines"),
        (b'id,n\nx,"1\n' + b"y\n" * 200, {}, "a quote in line 2 is never closed"),
        (b"id,n\n" + b"x" * (5 << 20), {}, "line 2 has more than 4,194,304 characters"),
        (b"id,n\n1,2\n1," + b"x" * (5 << 20), {}, "line 3 has more than 4,194,304 characters"),
        (b"id,n\n1,2\n1," + b"x" * (13 << 20), {}, "line 3 has more than 4,194,304 characters"),
        (b"id,n" + b",x" * 10_001 + b"\n", {}, "has 10,003 fields in its header"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(
    see, tmp_path: Path, content: bytes, file_rule: dict[str, str], message: str
):
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    with pytest.raises(InputError, match=message):
        see(file, {"id": "text", "n": "integer"}, file=file_rule)


def test_a_long_line_with_a_byte_beyond_ascii_is_decoded_in_one_pass():
    """A pattern that tries every byte of the line as its beginning would not come to an end."""
    line = b"a" * 3_000_000 + b"\xe4"
    found = decode(line + b"\rb\n", declared=None, name="long.csv")
    assert (found.encoding, found.content[-4:]) == ("cp1252", "\u00e4\rb\n")
