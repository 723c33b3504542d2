"""Numbers as written, amounts in minor units, local times."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from workbench.sources.mapping.instants import local_to_utc, parse_dates, parse_instants
from workbench.sources.mapping.numerals import (
    parse_numerals,
    stated_currencies,
    to_decimals,
    to_minor_units,
)


def _read(*cells: str, is_whole: bool = False) -> list[Decimal | None]:
    read, _ = parse_numerals(pl.Series(cells), is_plain=False, declared=None, is_whole=is_whole)
    return [None if value is None else value.normalize() for value in read]


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (("1.250,50", "980,00 €", "12,5"), ("1250.5", "980", "12.5")),
        (("1,250.50", "$ 3", "-0.01"), ("1250.5", "3", "-0.01")),
        (("1 250,5", "-3 000,00"), ("1250.5", "-3000")),
        (("\u221212.50", "EUR 7.10"), ("-12.5", "7.1")),
        (("1,234", "5,550"), ("1234", "5550")),
        (("1.234", "5.550"), ("1.234", "5.55")),
        (("1e-3", "2.5"), ("0.001", "2.5")),
    ],
)
def test_a_columns_notation_is_found(cells: tuple[str, ...], numbers: tuple[str, ...]):
    assert _read(*cells) == [Decimal(number).normalize() for number in numbers]


@pytest.mark.parametrize("cell", ["12.5.0", "1,23,4", "abc", "12-13", "--5", "1.2.2024"])
def test_what_is_no_number_is_none(cell: str):
    assert _read(cell, "1.5") == [None, Decimal("1.5")]


def test_whole_numbers_take_a_group_of_three_for_thousands():
    assert _read("5,550", "20,222", is_whole=True) == [Decimal(5550), Decimal(20222)]
    assert _read("5.550", is_whole=True) == [Decimal(5550)]


def test_amounts_scale_by_the_currencys_own_exponent():
    amounts = to_decimals(pl.Series([5550.0, 0.29]))
    assert to_minor_units(amounts, "JPY")[0].to_list() == [Decimal(5550), Decimal("0.29")]
    assert to_minor_units(amounts, "USD")[0].to_list() == [Decimal(555000), Decimal(29)]
    assert to_minor_units(amounts, "KWD")[0].to_list() == [Decimal(5550000), Decimal(290)]


def test_an_amount_finer_than_the_schema_is_rounded_and_counted():
    values, rounded = to_minor_units(to_decimals(pl.Series([0.1 + 0.2, 1.0])), "EUR")
    assert values.to_list() == [Decimal(30), Decimal(100)]
    assert rounded == 1


def test_only_signs_of_one_currency_state_it():
    cells = pl.Series(["980,00 €", "£5", "$5", "12 CHF", "USD 1", "7"])
    assert stated_currencies(cells).to_list() == ["EUR", "GBP", None, "CHF", "USD", None]


def test_an_unordered_file_takes_the_first_pass():
    local = pl.Series(
        ["2023-10-29T02:15", "2023-10-29T02:45", "2023-10-28T09:00"]
    ).str.to_datetime()
    found, never_was, notes = local_to_utc(local, zone="Europe/Berlin")
    assert found.dt.hour().to_list() == [0, 0, 7]
    assert not never_was.any()
    assert notes == (
        "2 local times in Europe/Berlin are ambiguous (the clock was set back): "
        "0 decided by the order of the records, 2 assumed to be the first pass",
    )


def test_the_day_of_an_instant_is_the_local_day_of_the_zone():
    cells = pl.Series(["2024-03-04T23:30:00Z", "2024-03-04T23:30", "2024-03-05", "x"])
    found = parse_dates(cells, form=None, zone="Asia/Tokyo")
    assert found.to_list() == [date(2024, 3, 5), date(2024, 3, 4), date(2024, 3, 5), None]
    fixed = pl.Series([datetime(2024, 3, 4, 23, 30, tzinfo=UTC)])
    assert parse_dates(fixed, form=None, zone="Asia/Tokyo").to_list() == [date(2024, 3, 5)]


def test_an_expression_sees_instants_in_the_zone_of_the_source(see, tmp_path: Path):
    path = tmp_path / "orders.csv"
    path.write_text("placed\n2024-03-04T23:30:00Z\n")
    day = {"profile": {"field_0": "placed_on"}}
    seen = see(path, {"placed": "instant"}, settings={"zone": "Asia/Tokyo"}, attributes=day)
    assert seen.cells["placed"] == ["2024-03-05"]
    assert seen.reading.tables["attributes"].schema["observed_at"] == pl.Datetime("us", "UTC")


def test_offsets_stand_above_the_zone():
    cells = pl.Series(
        ["2024-07-01T12:00:00+02:00", "2024-07-01 12:00", "2024-07-01T12:00:00Z", "x"]
    )
    found, _, _ = parse_instants(cells, form=None, zone="America/New_York")
    assert found.dt.hour().to_list() == [10, 16, 12, None]
