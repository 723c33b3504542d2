"""Amounts: currencies beside them, smallest units, notations, and numbers beyond what is kept."""

from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from tests.refusals import words_of
from workbench.foundation.errors import InputError, ParameterError

ABROAD = "an amount in another currency than the declared"


def _csv(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "amounts.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def _column(*cells: str) -> list[str]:
    return ["id;amount", *(f"{n};{cell}" for n, cell in enumerate(cells, start=1))]


def test_case_n03_signs_of_other_currencies_are_refused(see, cases: Path):
    seen = see(cases / "n-dollar.csv", {"id": "code", "total": "money"})
    assert words_of(seen.reading.refused) == [(row, f"total: {ABROAD} EUR") for row in (1, 3, 4)]
    assert seen.cells["total"] == ["1300.0000"]


@pytest.mark.parametrize(
    ("currency", "accepted", "refused"),
    [
        ("USD", ("$5", "US$ 5", "usd 5", "5 $"), ("A$5", "€5", "5 kr", "CA$5")),
        ("MXN", ("$5", "MX$5"), ("US$5", "R$5")),
        ("JPY", ("¥5", "5円", "￥5"), ("$5", "元5")),
        ("CNY", ("¥5", "元 5"), ("5円", "£5")),
        ("SEK", ("5 kr", "5 KR.", "kr 5"), ("5 zł", "5 NOK")),
        ("BRL", ("R$ 5", "$5"), ("US$ 5", "5 ZAR")),
        ("PLN", ("5 zł", "5 ZŁ", "PLN5"), ("5 Kč", "$5")),
        ("EUR", ("eur 5", "5Euro", "EUR\u00a05", "€5,00 EUR"), ("5 USD", "€5 USD", "chf5")),
    ],
)
def test_a_sign_is_accepted_where_the_declared_currency_uses_it(
    see, tmp_path: Path, currency: str, accepted: tuple[str, ...], refused: tuple[str, ...]
):
    path = _csv(tmp_path, *_column(*accepted, *refused))
    seen = see(path, {"amount": "money"}, settings={"currency": currency})
    first = len(accepted) + 1
    assert words_of(seen.reading.refused) == [
        (row, f"amount: {ABROAD} {currency}") for row in range(first, first + len(refused))
    ]


def test_negatives_are_read_in_every_form_and_said(see, tmp_path: Path):
    path = _csv(tmp_path, *_column("(12.50)", "12.50-", "-€12.50", "€ (12.50)", "12.50", "-(1.00)"))
    seen = see(path, {"amount": "money"})
    assert seen.cells["amount"] == [*["-1250.0000"] * 4, "1250.0000"]
    assert "amount: 3 cells negative by parentheses or by a minus sign at the end" in seen.said
    assert words_of(seen.reading.refused) == [(6, "amount: not an amount of money")]


@pytest.mark.parametrize("kind", ["money", "decimal", "integer"])
def test_a_percent_sign_or_another_unit_is_no_number(see, tmp_path: Path, kind: str):
    path = _csv(tmp_path, *_column("5", "5%", "5 pcs", "5 CR"))
    assert [row for row, _ in words_of(see(path, {"amount": kind}).reading.refused)] == [2, 3, 4]


def test_a_quantity_with_a_currency_is_no_quantity(see, tmp_path: Path):
    path = _csv(tmp_path, *_column("5", "€5", "5 USD"))
    refused = see(path, {"amount": "decimal"}).reading.refused
    assert words_of(refused) == [(2, "amount: not a number"), (3, "amount: not a number")]


@pytest.mark.parametrize("cells", [("1.250", "2.500"), ("12,500", "3"), ("7", "1.250", "x")])
def test_thousands_or_decimals_are_asked_where_no_cell_settles_it(
    see, tmp_path: Path, cells: tuple[str, ...]
):
    path = _csv(tmp_path, *_column(*cells))
    with pytest.raises(
        InputError,
        match=r"amounts\.csv: column 'amount': [12] cells? with three digits .* declare decimal = ",
    ):
        see(path, {"amount": "money"})
    seen = see(path, {"amount": {"type": "money", "decimal": ","}})
    assert seen.cells["amount"][0] in ("125000.0000", "1250.0000", "700.0000")


def test_other_cells_settle_thousands_and_the_evidence_is_said(see, tmp_path: Path):
    seen = see(_csv(tmp_path, *_column("1,250", "3.5", "9.99")), {"amount": "money"})
    assert seen.cells["amount"] == ["125000.0000", "350.0000", "999.0000"]
    assert "amount: decimal point, by 2 of 2 clear cells" in seen.said
    whole = see(_csv(tmp_path, *_column("1,250", "1.000", "7")), {"amount": "integer"})
    assert whole.cells["amount"] == ["1250", "1000", "7"]
    assert "amount: whole numbers: 2 cells with groups of three digits are thousands" in whole.said


@pytest.mark.parametrize("kind", ["money", "decimal", "integer"])
def test_numbers_too_large_are_refused_by_row(see, tmp_path: Path, kind: str):
    path = _csv(tmp_path, *_column("5", "4" * 25, "1e30", "9" * 400))
    refused = words_of(see(path, {"amount": kind}).reading.refused)
    assert [row for row, _ in refused] == [2, 3, 4]
    assert all("a number too large to be kept, at most 1" in words for _, words in refused)


def test_case_n16_an_id_in_an_amount_column_refuses_its_row(see, cases: Path):
    seen = see(cases / "n-bigamount.csv", {"customer": "code", "amt": "money"})
    assert seen.cells == {"customer": ["C2"], "amt": ["1250.0000"]}
    assert words_of(seen.reading.refused) == [
        (1, "amt: a number too large to be kept, at most 12 digits before the point")
    ]


def test_typed_numbers_too_large_are_refused_by_row(see, tmp_path: Path):
    path = tmp_path / "amounts.parquet"
    cells = {"m": [1e300, 2**60, 1.5], "i": [2**63, 2**63 - 1, 3], "d": [1e25, 1.0, 0.1]}
    schema = {"m": pl.Float64, "i": pl.UInt64, "d": pl.Float64}
    pl.DataFrame(cells, schema=schema).write_parquet(path)
    seen = see(path, {"m": "money", "i": "integer", "d": "decimal"})
    assert [(r, w[:18]) for r, w in words_of(seen.reading.refused)] == [
        (1, "m: a number too la"),
        (1, "i: a number too la"),
        (1, "d: a number too la"),
        (2, "m: a number too la"),
    ]
    assert seen.cells["m"] == ["150.0000"]


V03: dict[str, Any] = {
    "id": "code",
    "Amount": {"type": "money", "currency": "Currency", "name": "amount"},
    "Amount Refunded": {"type": "money", "currency": "Currency", "name": "back"},
    "Currency": "code",
}


def test_case_v03_each_amount_has_the_smallest_unit_of_its_currency(see, cases: Path):
    shown = {
        "field_0": "id", "field_1": "amount", "field_2": "back", "field_3": "amount_currency",
    }  # fmt: skip
    seen = see(cases / "v03.csv", V03, attributes={"profile": shown})
    assert seen.reading.accepted == seen.reading.read == 5
    amounts = zip(seen.cells["amount"], seen.cells["back"], seen.cells["Currency"], strict=True)
    assert list(amounts) == [
        ("5550.0000", "0.0000", "JPY"),
        ("5550.0000", "0.0000", "USD"),
        ("20222.0000", "5000.0000", "JPY"),
        ("9900.0000", "0.0000", "USD"),
        ("123456.0000", "123456.0000", "USD"),
    ]


def test_an_amount_without_a_code_or_finer_than_its_unit_is_refused(see, tmp_path: Path):
    path = _csv(
        tmp_path, "Amount;Currency", "5.5;jpy", "5;", "5;XYZ", "1.005;kwd", "€5;usd", "5.005;usd"
    )
    rules = {"Amount": {"type": "money", "currency": "Currency"}, "Currency": "code"}
    seen = see(path, rules)
    assert seen.cells["Amount"] == ["1005.0000"]
    finer = "Amount: an amount finer than the smallest unit of its currency"
    without = "Amount: an amount without an ISO 4217 code in column Currency"
    assert words_of(seen.reading.refused) == [
        (1, finer),
        (2, without),
        (3, without),
        (5, "Amount: an amount in another currency than the column Currency says"),
        (6, finer),
    ]


def test_amounts_in_minor_units_stay_as_they_are(see, tmp_path: Path):
    path = _csv(tmp_path, *_column("1999", "1,250", "12.5"))
    seen = see(path, {"amount": {"type": "money", "minor": True}})
    assert seen.cells["amount"] == ["1999.0000", "1250.0000"]
    assert [row for row, _ in words_of(seen.reading.refused)] == [3]


def test_amounts_of_a_currency_without_decimals_are_whole(see, tmp_path: Path):
    path = _csv(tmp_path, *_column("5,550", "¥20,222", "700"))
    seen = see(path, {"amount": "money"}, settings={"currency": "JPY"})
    assert seen.cells["amount"] == ["5550.0000", "20222.0000", "700.0000"]


def test_a_file_without_the_column_of_its_currencies_is_refused(see, tmp_path: Path):
    path = _csv(tmp_path, *_column("5"))
    with pytest.raises(InputError, match=r"lacks column 'cur'"):
        see(path, {"amount": {"type": "money", "currency": "cur"}})
    with pytest.raises(ParameterError, match="minor belongs to columns of type money"):
        see(path, {"amount": {"type": "integer", "minor": True}})


def test_a_derived_amount_too_large_refuses_its_row(see, tmp_path: Path):
    path = _csv(tmp_path, "n;price", "4111111111111111111;2.55", "3;2.55")
    seen = see(
        path,
        {"n": "integer", "price": "money"},
        derive={"amount": {"whole": "price * n"}},
        attributes={"profile": {"field_0": "amount"}},
    )
    assert seen.cells["n"] == ["765"]
    assert words_of(seen.reading.refused) == [
        (1, "amount: a number too large to be kept, at most 18 digits before the point")
    ]


def test_text_in_a_workbook_votes_and_a_number_does_not(see, tmp_path: Path):
    workbook = openpyxl.Workbook()
    for row in (("a", "b"), (1.25, "1.250"), (1.125, "12,50"), (None, 1.125)):
        workbook.active.append(row)
    workbook.save(tmp_path / "prices.xlsx")
    seen = see(tmp_path / "prices.xlsx", {"a": "money", "b": "money"})
    assert seen.cells["a"] == ["125.0000", "112.5000", None]
    assert seen.cells["b"] == ["125000.0000", "1250.0000", "112.5000"]
    assert "b: decimal comma, by 1 of 1 clear cells" in seen.said


def test_texts_of_json_vote_where_one_of_them_has_a_comma(see, tmp_path: Path):
    path = tmp_path / "prices.jsonl"
    path.write_text('{"a": "1.250", "b": 1.25}\n{"a": "12,50", "b": 1.125}\n')
    seen = see(path, {"a": "money", "b": "money"})
    assert seen.cells == {"a": ["125000.0000", "1250.0000"], "b": ["125.0000", "112.5000"]}
    path.write_text('{"a": "1.250", "b": "1.250"}\n{"a": "3", "b": "1,250"}\n')
    assert see(path, {"a": "money"}).cells["a"] == ["125.0000", "300.0000"]
    assert see(path, {"a": {"type": "money", "decimal": ","}}).cells["a"][0] == "125000.0000"
    with pytest.raises(InputError, match="column 'b': 2 cells with three digits"):
        see(path, {"b": "money"})


def test_all_columns_that_leave_a_question_are_named_at_once(see, tmp_path: Path):
    path = _csv(tmp_path, "price;cost;on", "1.250;2.500;03/25/2024")
    rules = {"price": "money", "cost": "decimal", "on": {"type": "date", "format": "%d/%m/%Y"}}
    with pytest.raises(InputError, match=r"'price'.*'cost'.*'on'.* in mapping case"):
        see(path, rules)
