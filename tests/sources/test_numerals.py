"""Numbers as they are written, and which of their marks separates decimals."""

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.sources.mapping.numerals import (
    ParsedNumbers,
    parse_numerals,
    separate_units,
    to_decimals,
)


def _parse(*cells: str, is_whole: bool = False) -> ParsedNumbers:
    written = separate_units(pl.Series(cells))
    return parse_numerals(written, is_plain=False, declared=None, is_whole=is_whole)


def _read(*cells: str, is_whole: bool = False) -> list[Decimal | None]:
    parsed = _parse(*cells, is_whole=is_whole)
    assert parsed.question is None
    return [None if value is None else value.normalize() for value in parsed.values]


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (("1.250,50", "980,00 €", "12,5"), ("1250.5", "980", "12.5")),
        (("1,250.50", "$ 3", "-0.01"), ("1250.5", "3", "-0.01")),
        (("1 250,5", "-3 000,00"), ("1250.5", "-3000")),
        (("\u221212.50", "EUR 7.10"), ("-12.5", "7.1")),
        (("1,234", "1,234.5"), ("1234", "1234.5")),
        (("1.234", "0.5"), ("1.234", "0.5")),
        (("1 250.500", "1.234"), ("1250.5", "1.234")),
        (("1'250,500", "1.234"), ("1250.5", "1234")),
        (("(12.50)", "12.50-", "-$5", "€ (5.00)"), ("-12.5", "-12.5", "-5", "-5")),
        (("1e-3", "2.5"), ("0.001", "2.5")),
    ],
)
def test_a_columns_notation_is_found(cells: tuple[str, ...], numbers: tuple[str, ...]):
    assert _read(*cells) == [Decimal(number).normalize() for number in numbers]


@pytest.mark.parametrize(
    "cell", ["12.5.0", "1,23,4", "abc", "12-13", "--5", "1.2.2024", "12%", "-(5)", "-5-", "(5"]
)
def test_what_is_no_number_is_none(cell: str):
    assert _read(cell, "1.5") == [None, Decimal("1.5")]


def test_whole_numbers_take_a_group_of_three_for_thousands():
    assert _read("5,550", "20,222", is_whole=True) == [Decimal(5550), Decimal(20222)]
    assert _read("5.550", is_whole=True) == [Decimal(5550)]
    assert _read("5.550", "1,000", is_whole=True) == [Decimal(5550), Decimal(1000)]


@pytest.mark.parametrize(
    "cells", [("1.250",), ("12,500", "3"), ("1.250", "1,5", "1.5"), ("-1.250", "7", "1.2.2024")]
)
def test_three_digits_after_a_mark_that_no_other_cell_settles_are_a_question(
    cells: tuple[str, ...],
):
    question = _parse(*cells).question
    assert question is not None
    assert question.startswith("1 cell with three digits after a point or comma")
    assert 'declare decimal = "."' in question


def test_one_slip_in_many_clear_cells_settles_the_mark_and_is_no_number():
    cells = ["1.250", *["12,50"] * 30, "12.5"]
    parsed = _parse(*cells)
    assert parsed.values.to_list() == [Decimal(1250), *[Decimal("12.5")] * 30, None]
    assert parsed.notes == ("decimal comma, by 30 of 31 clear cells",)


def test_numbers_beyond_twenty_digits_are_too_large_and_no_crash():
    parsed = _parse("4" * 30, "1e30", "4111111111111111111", "5")
    assert parsed.is_too_large.to_list() == [True, True, False, False]
    floats = to_decimals(pl.Series([1e300, 17.5, float("inf")]))
    assert floats.is_too_large.to_list() == [True, False, False]
    assert floats.values.to_list() == [None, Decimal("17.5"), None]


@given(
    cents=st.integers(-(10**13), 10**13),
    group=st.sampled_from([",", " ", "'", "\u202f", ""]),
    style=st.sampled_from(["-{}", "({})", "{}-", "\u2212{}"]),
    unit=st.sampled_from(["{}", "{} EUR", "€{}", "eur {}"]),
    mark=st.sampled_from([".", ","]),
)
def test_an_amount_is_the_same_in_every_notation(
    cents: int, group: str, style: str, unit: str, mark: str
):
    written = f"{abs(cents) // 100:,}".replace(",", group) + mark + f"{abs(cents) % 100:02}"
    if mark == "," and group == ",":
        written = written.replace(",", ".", written.count(",") - 1)
    cell = unit.format(style.format(written) if cents < 0 else written)
    assert _read(cell) == [(Decimal(cents) / 100).normalize()]


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (("1,00,000", "12,345", "₹ 500"), ("100000", "12345", "500")),
        (("12,34,567.50", "-1,23,456", "999"), ("1234567.5", "-123456", "999")),
        (("(1,00,00,000.00)", "1,00,000"), ("-10000000", "100000")),
    ],
)
def test_groups_of_india_are_read_where_longer_numbers_settle_them(
    cells: tuple[str, ...], numbers: tuple[str, ...]
):
    assert _read(*cells) == [Decimal(number).normalize() for number in numbers]
    [note] = [note for note in _parse(*cells).notes if "India" in note]
    assert note.startswith("digits grouped as in India, by ")


def test_groups_that_contradict_each_other_are_no_numbers():
    assert _read("1,00,000.00", "1,234,567.00") == [None, Decimal("1234567")]
    assert _read(*["1,00,000.00"] * 20, "1,234,567.00")[-1] is None
    assert _read("1,00,00", "1,0,000", "1,00,000", "100") == [
        None,
        None,
        Decimal(100000).normalize(),
        Decimal(100).normalize(),
    ]


def test_a_group_of_three_alone_is_still_a_question():
    assert "may be decimals or thousands" in str(_parse("12,345", "1,234").question)
