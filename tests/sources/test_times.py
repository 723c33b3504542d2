"""Instants and dates: zones, epochs, several formats, years of two digits, the end of the data."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.refusals import words_of
from workbench.foundation.errors import InputError, ParameterError
from workbench.sources.mapping.instants import TimeReader
from workbench.sources.mapping.local_times import local_to_utc
from workbench.sources.source_settings import Provenance

LATE = "not before 2025-01-01, until which the data are declared complete"


def _reader(*forms: str, zone: str = "Europe/Berlin", may_be_later: bool = False) -> TimeReader:
    settings = {
        "system": "shop", "zone": zone, "currency": "EUR", "data_until": "2025-01-01",
        "basis": "contract",
    }  # fmt: skip
    provenance = Provenance.of({}, settings, where="test")
    return TimeReader(provenance=provenance, forms=forms, may_be_later=may_be_later)


def _instants(*cells: str, forms: tuple[str, ...] = (), zone: str = "Europe/Berlin") -> list[Any]:
    found = _reader(*forms, zone=zone).parse_instants(pl.Series(cells)).values
    return found.dt.to_string("%Y-%m-%d %H:%M:%S%.f").to_list()


def _csv(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "times.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("form", "cell", "utc"),
    [
        ("%Y-%m-%d %H:%M:%S %Z", "2024-05-01 10:00:00 UTC", "10:00:00"),
        ("%Y-%m-%d %H:%M:%S %Z", "2024-05-01 10:00:00 GMT", "10:00:00"),
        ("%Y-%m-%d %H:%M:%S%Z", "2024-05-01 10:00:00Z", "10:00:00"),
        ("%a %b %d %H:%M:%S %Z %Y", "Wed May 01 10:00:00 UTC 2024", "10:00:00"),
        ("%Y-%m-%dT%H:%M:%SZ", "2024-05-01T10:00:00Z", "10:00:00"),
        ("%Y-%m-%d %H:%M UTC", "2024-05-01 10:00 UTC", "10:00:00"),
        ("%Y/%m/%d %H:%M GMT", "2024/05/01 10:00 GMT", "10:00:00"),
        ("%d %b %Y %H:%M GMT%z", "01 May 2024 10:00 GMT+0200", "08:00:00"),
        ("UTC %Y-%m-%d %H:%M %z", "UTC 2024-05-01 10:00 +0200", "08:00:00"),
        ("%Y-%m-%d %H:%M:%S +0000", "2024-05-01 10:00:00 +0000", "10:00:00"),
        ("%d.%m.%Y %H:%M:%S%z", "01.05.2024 10:00:00+02:00", "08:00:00"),
        ("%d.%m.%Y %H:%M:%S%:z", "01.05.2024 10:00:00+02:00", "08:00:00"),
        ("%d.%m.%Y %H:%M:%S %#z", "01.05.2024 10:00:00 -03", "13:00:00"),
        ("%d.%m.%Y %H:%M:%S%z", "01.05.2024 10:00:00Z", "10:00:00"),
        ("%+", "2024-05-01T10:00:00.250+02:00", "08:00:00.250"),
        ("%s", "1714557600", "10:00:00"),
        ("%Y-%m-%d %H:%M:%S.%f", "2024-05-01 10:00:00.123456", "08:00:00.123456"),
        ("%Y-%m-%d %H:%M:%S,%f", "2024-05-01 10:00:00,5", "08:00:00.500"),
        ("%c", "Wed May  1 10:00:00 2024", "08:00:00"),
    ],
)
def test_a_zone_or_an_epoch_in_a_format_counts(form: str, cell: str, utc: str):
    assert _instants(cell, forms=(form,)) == [f"2024-05-01 {utc}"]


@pytest.mark.parametrize(
    "cell",
    [
        "2024-03-01 10:00:00+00", "2024-03-01 10:00:00+00:00", "2024-03-01T10:00:00Z",
        "2024-03-01t10:00:00z", "2024-03-01 10:00:00 UTC", "2024-03-01 10:00 GMT",
        "2024-03-01T15:30:00+0530", "2024-03-01 15:30:00 +05:30", "2024-03-01T07:00-03",
        "2024-03-01T11:00:00+01:00[Europe/Berlin]", "2024-03-01T10:00:00,000Z",
        "2024-03-01 11:00:00.000", "2024-03-01 11:00", "2024-03-01T11:00:00",
    ],
)  # fmt: skip
def test_iso_forms_of_databases_and_programs_are_one_instant(cell: str):
    assert _instants(cell) == ["2024-03-01 10:00:00"]


@pytest.mark.parametrize("cell", ["2024-03-01T10:00:00 CET", "2024-03-01+01:00", "2024-13-01", "7"])
def test_what_is_no_instant_in_iso_form_is_none(cell: str):
    assert _instants(cell) == [None]


@given(
    at=st.datetimes(datetime(1901, 1, 1), datetime(2024, 12, 31)),  # noqa: DTZ001 a zone follows
    minutes=st.integers(-14 * 4, 14 * 4).map(lambda quarter: 15 * quarter),
    form=st.sampled_from(["iso", "postgres", "comma", "epoch_us", "epoch_s", "%s", "strptime"]),
)
def test_an_instant_is_the_same_in_every_form(at: datetime, minutes: int, form: str):
    moment = at.replace(tzinfo=UTC)
    here = moment.astimezone(timezone(timedelta(minutes=minutes)))
    count = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    cell, forms = {
        "iso": (here.isoformat(), ()),
        "postgres": (moment.isoformat(sep=" ").removesuffix(":00"), ()),
        "comma": (here.isoformat().replace(".", ","), ()),
        "epoch_us": (str(count), ("epoch_us",)),
        "epoch_s": (f"{'-' * (count < 0)}{abs(count) // 10**6}.{abs(count) % 10**6:06}", None),
        "%s": (str(count // 10**6), ("%s",)),
        "strptime": (here.strftime("%d/%m/%Y %H:%M:%S.%f %z"), ("%d/%m/%Y %H:%M:%S.%f %z",)),
    }[form]
    reader = _reader(*(("epoch_s",) if forms is None else forms))
    expected = moment.replace(microsecond=0) if form == "%s" else moment
    in_january = timedelta(0) < expected - datetime(1970, 1, 1, tzinfo=UTC) < timedelta(31)
    if not (in_january and form in ("epoch_us", "epoch_s", "%s")):
        assert reader.parse_instants(pl.Series([cell])).values.to_list() == [expected]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"format": "%Y-%m-%d %H:%M CET"}, "it names the zone CET"),
        ({"format": "%Y-%m-%d %H:%M %z %Z"}, "it has more than one zone"),
        ({"format": "%d.%m.%Y %s"}, "%s counts seconds since 1970 and must be the whole format"),
        ({"format": "%d.%m.%Y %H%M%S%f"}, "%f would be read as nanoseconds"),
        ({"format": "%d.%m.%Y %I:%M"}, "it cannot be read"),
        ({"format": "%d.%m.%Q"}, "%Q is a directive that cannot be read"),
        ({"format": "%Y-%m-%d %H:%M %::z"}, "%::z is a directive that cannot be read"),
        ({"format": "epoch"}, "has no directive"),
        ({"format": ["%d.%m.%Y", "%g-%V-%u"]}, "%g is a directive that cannot be read"),
        ({"type": "money", "format": "%d"}, "format belongs to columns of type instant or date"),
    ],
)
def test_a_format_that_would_lose_something_is_refused_with_the_mapping(
    see, tmp_path: Path, rule: dict[str, Any], message: str
):
    with pytest.raises(ParameterError, match=message):
        see(_csv(tmp_path, "at", "2024-05-01 10:00"), {"at": {"type": "instant", **rule}})


def test_a_name_of_another_zone_refuses_its_row(see, tmp_path: Path):
    path = _csv(tmp_path, "at", "2024-05-01 10:00 UTC", "2024-05-01 10:00 CET")
    seen = see(path, {"at": {"type": "instant", "format": "%Y-%m-%d %H:%M %Z"}})
    assert words_of(seen.reading.refused) == [
        (2, "at: not a date and time, must look like 2024-03-31 14:30 UTC")
    ]


def test_case_n01_ten_o_clock_utc_stays_ten_o_clock(see, cases: Path):
    columns = {"id": "code", "at": {"type": "instant", "format": "%Y-%m-%d %H:%M:%S %Z"}}
    shown = {"profile": {"field_0": "id", "field_1": "STRFTIME(at, '%d %H:%M%z')"}}
    seen = see(cases / "n-utc.csv", columns, attributes=shown)
    assert seen.cells["at"] == ["01 12:00+0200", "02 12:00+0200"]


@pytest.mark.parametrize(
    ("unit", "cell", "expected"),
    [
        ("epoch_s", "1714557600.5", "2024-05-01 10:00:00.500"),
        ("epoch_ms", "1714557600123", "2024-05-01 10:00:00.123"),
        ("epoch_us", "1714557600123456", "2024-05-01 10:00:00.123456"),
        ("epoch_s", "-86400", "1969-12-31 00:00:00"),
        ("epoch_ms", "1714557600", None),
        ("epoch_us", "1714557600123", None),
        ("epoch_s", "1714557600123", None),
        ("epoch_s", "99999999999999999999", None),
        ("epoch_s", "1.7e9", None),
    ],
)
def test_an_epoch_is_read_in_its_unit_only(unit: str, cell: str, expected: str | None):
    assert _instants(cell, forms=(unit,)) == [expected]


def test_an_epoch_in_another_unit_is_refused_by_row_with_the_unit(see, tmp_path: Path):
    path = _csv(tmp_path, "at", "1714557600", "1714557600123", "soon")
    seen = see(path, {"at": {"type": "instant", "format": "epoch_s"}})
    assert words_of(seen.reading.refused) == [
        (2, "at: not a time in seconds since 1970, years 1900 to 2199"),
        (3, "at: not a date and time, must look like 1711895400"),
    ]


def test_epochs_of_typed_files_keep_their_fractions(see, tmp_path: Path):
    path = tmp_path / "events.parquet"
    pl.DataFrame({"s": [1714557600.25], "ms": [1714557600123]}).write_parquet(path)
    rules = {u: {"type": "instant", "format": f"epoch_{u}"} for u in ("s", "ms")}
    seen = see(path, rules)
    assert str(seen.cells["s"][0]).startswith("2024-05-01 10:00:00.250")
    assert str(seen.cells["ms"][0]).startswith("2024-05-01 10:00:00.123")


def test_an_epoch_may_be_a_date(see, tmp_path: Path):
    path = _csv(tmp_path, "on", "1714514400000")
    assert see(path, {"on": {"type": "date", "format": "epoch_ms"}}).cells["on"] == ["2024-05-01"]


def test_of_several_formats_each_cell_is_read_by_the_first_that_fits(see, tmp_path: Path):
    path = _csv(tmp_path, "on", "31/01/2024", "2024-02-01", "05/04/2024", "1 March 2024", "x")
    rule = {"type": "date", "format": ["%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%d %B %Y"]}
    seen = see(path, {"on": rule})
    assert seen.cells["on"] == ["2024-01-31", "2024-02-01", "2024-04-05", "2024-03-01"]
    assert (
        "on: 1 cell could be read by several formats with other results: "
        "the first format that fits is used"
    ) in seen.said
    assert words_of(seen.reading.refused) == [
        (
            5,
            "on: not a date, must look like 31/03/2024 or 03/31/2024 or 2024-03-31 "
            "or 31 March 2024",
        )
    ]


@pytest.mark.parametrize(
    ("form", "cells", "right"),
    [
        ("%d/%m/%Y", ("03/04/2024", "03/25/2024"), "%m/%d/%Y"),
        ("%m.%d.%y", ("03.04.24", "25.03.24"), "%d.%m.%y"),
    ],
)
def test_a_format_that_takes_days_for_months_is_refused_with_the_right_one(
    see, tmp_path: Path, form: str, cells: tuple[str, ...], right: str
):
    with pytest.raises(
        InputError,
        match=rf"column 'on': 1 cell can be read only with day and month exchanged.* as '{right}'",
    ):
        see(_csv(tmp_path, "on", *cells), {"on": {"type": "date", "format": form}})


def test_a_slip_is_refused_alone(see, tmp_path: Path):
    days = [f"01/{month:02}/{year}" for month in range(1, 13) for year in (2022, 2023)]
    path = _csv(tmp_path, "on", *days, "01/13/2024")
    seen = see(path, {"on": {"type": "date", "format": "%d/%m/%Y"}})
    assert [row for row, _ in words_of(seen.reading.refused)] == [25]
    year_first = see(
        _csv(tmp_path, "on", "20240101", "20241301"), {"on": {"type": "date", "format": "%Y%m%d"}}
    )
    assert [row for row, _ in words_of(year_first.reading.refused)] == [2]


def test_dates_in_both_orders_are_said_and_those_of_the_other_order_refused(see, tmp_path: Path):
    path = _csv(tmp_path, "on", "25/03/2024", "03/26/2024", "03/04/2024", "x")
    seen = see(path, {"on": {"type": "date", "format": "%d/%m/%Y"}})
    assert seen.cells["on"] == ["2024-03-25", "2024-04-03"]
    assert "on: 1 cell can be read only with day and month exchanged, others only" in seen.said


def test_dates_of_a_workbook_are_read_beside_dates_in_text(see, tmp_path: Path):
    workbook = openpyxl.Workbook()
    for cell in ("on", date(2024, 3, 1), "02.03.2024", 45000):
        workbook.active.append([cell])
    workbook.save(tmp_path / "dates.xlsx")
    seen = see(tmp_path / "dates.xlsx", {"on": {"type": "date", "format": "%d.%m.%Y"}})
    assert seen.cells["on"] == ["2024-03-01", "2024-03-02"]
    assert words_of(seen.reading.refused) == [(3, "on: not a date, must look like 31.03.2024")]


def test_an_epoch_of_zero_is_said(see, tmp_path: Path):
    seen = see(_csv(tmp_path, "at", "0", "1714557600"), {"at": {"type": "instant", "format": "%s"}})
    assert "at: 1 cell 0, the start of 1970: list 0 as empty if it is no time" in seen.said


def test_formats_with_and_without_offset_and_years_of_two_digits_mix():
    forms = ("%d.%m.%Y %H:%M", "%d.%m.%y %H:%M", "%d.%m.%Y %H:%M %z")
    cells = ("01.02.2024 10:00", "01.02.24 10:00", "01.02.2024 10:00 +0000")
    assert _instants(*cells, forms=forms) == [
        "2024-02-01 09:00:00",
        "2024-02-01 09:00:00",
        "2024-02-01 10:00:00",
    ]


def test_case_n11_nobody_is_born_after_the_end_of_the_data(see, cases: Path):
    seen = see(cases / "n-yy.csv", {"born": {"type": "date", "format": "%d/%m/%y"}})
    assert seen.cells["born"] == ["1958-03-02", "1999-11-30", "2002-01-01"]
    assert "born: 3 years of two digits: the last one before 2025-01-01 is assumed" in seen.said


def test_the_century_is_chosen_by_the_day_and_by_the_moment():
    found = _reader("%d/%m/%y").parse_dates(pl.Series(["31/12/24", "01/01/25", "29/02/68"]))
    assert found.values.to_list() == [date(2024, 12, 31), date(1925, 1, 1), date(1968, 2, 29)]
    cells = ("31/12/24 23:30 +0000", "31/12/24 22:30 +0000", "01/01/25 00:00 +0000")
    years = [found[:4] for found in _instants(*cells, forms=("%d/%m/%y %H:%M %z",))]
    assert years == ["1924", "2024", "1925"]  # midnight of Berlin is 23:00 UTC


def test_facts_on_or_after_the_end_of_the_data_are_refused_with_the_day(see, tmp_path: Path):
    path = _csv(
        tmp_path,
        "born,at",
        "2024-12-31,2024-12-31T22:59:59Z",
        "2025-01-01,2024-12-31 10:00",
        "2024-12-31,2024-12-31T23:00:00Z",
    )
    seen = see(path, {"born": "date", "at": "instant"})
    words = [
        (row, said.partition(":")[0], LATE in said) for row, said in words_of(seen.reading.refused)
    ]
    assert words == [(2, "born", True), (3, "at", True)]
    assert seen.cells["born"] == ["2024-12-31"]


def test_dates_of_the_future_are_read_where_the_mapping_expects_them(see, tmp_path: Path):
    path = _csv(tmp_path, "ends,due", "2031-01-01,31/12/30")
    columns = {
        "ends": {"type": "date", "may_be_later": True},
        "due": {"type": "date", "format": "%d/%m/%y", "may_be_later": True},
    }
    seen = see(path, columns)
    assert seen.cells == {"ends": ["2031-01-01"], "due": ["2030-12-31"]}
    assert "due: 1 year of two digits: 00 to 69 are assumed to be 2000 to 2069" in seen.said


def test_the_end_of_a_term_may_lie_beyond_the_data(see, tmp_path: Path):
    path = _csv(tmp_path, "no,begins,ends", "1,2024-01-01,2026-01-01", "2,2025-06-01,2026-01-01")
    terms = {
        "subscription_id": "no", "plan": "'a'", "started_on": "begins", "ended_on": "last",
        "commitment_months": "1", "monthly_price_minor": "1",
    }  # fmt: skip
    seen = see(
        path,
        {"no": "code", "begins": "date", "ends": "date"},
        derive={"last": "ends"},
        tables={"subscriptions": terms},
    )
    assert seen.reading.tables["subscriptions"]["ended_on"].to_list() == [date(2026, 1, 1)]
    assert [row for row, _ in words_of(seen.reading.refused)] == [2]


def test_a_year_that_is_no_fact_is_refused_and_can_be_listed_as_empty(see, tmp_path: Path):
    path = _csv(tmp_path, "on", "0001-01-01", "9999-12-31", "2024-01-01")
    rule = {"type": "date", "empty": ["0001-01-01"], "may_be_later": True}
    seen = see(path, {"on": rule})
    assert words_of(seen.reading.refused) == [
        (2, "on: a date outside the years 1900 to 2199: correct it, or list a stand-in for no "
         "date as empty")
    ]  # fmt: skip
    assert seen.cells["on"] == [None, "2024-01-01"]


def test_a_column_beyond_the_data_as_a_whole_is_refused_with_the_reason(see, tmp_path: Path):
    path = _csv(tmp_path, "on", "2025-03-01", "2025-03-02")
    with pytest.raises(InputError, match=rf"no cell of column 'on'.* \(2 records\): {LATE}"):
        see(path, {"on": "date"})


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
    found = _reader(zone="Asia/Tokyo").parse_dates(cells)
    assert found.values.to_list() == [date(2024, 3, 5), date(2024, 3, 4), date(2024, 3, 5), None]
    fixed = pl.Series([datetime(2024, 3, 4, 23, 30, tzinfo=UTC)])
    assert _reader(zone="Asia/Tokyo").parse_dates(fixed).values.to_list() == [date(2024, 3, 5)]


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
    found = _reader(zone="America/New_York").parse_instants(cells)
    assert found.values.dt.hour().to_list() == [10, 16, 12, None]


SPLIT = {"day": {"type": "instant", "clock": "time", "name": "at", "format": "%d.%m.%Y %H:%M"}}


def test_a_day_and_its_time_in_two_columns_are_one_instant(see, tmp_path: Path):
    path = tmp_path / "a.csv"
    cells = (
        "01.06.2024;10:00",
        "01.12.2024;10:00",
        ";",
        "01.06.2024;",
        ";10:00",
        "01.06.2024;25:00",
    )
    path.write_text("\n".join(["day;time", *cells]) + "\n")
    seen = see(path, {**SPLIT, "time": "text"})
    assert seen.cells["at"] == [
        "2024-06-01 08:00:00.000000+00:00",
        "2024-12-01 09:00:00.000000+00:00",
    ]
    words = "day: not a date and time, must look like 31.03.2024 14:30"
    assert words_of(seen.reading.refused) == [(row, words) for row in (3, 4, 5)]


def test_a_day_and_its_time_in_a_workbook_are_one_instant(see, tmp_path: Path):
    workbook = openpyxl.Workbook()
    rows = (("day", "time"), (date(2024, 6, 1), time(10, 0)), ("01.06.2024", "11:30"))
    for row in rows:
        workbook.active.append(row)
    workbook.save(tmp_path / "a.xlsx")
    seen = see(tmp_path / "a.xlsx", SPLIT)
    assert seen.cells["at"] == [
        "2024-06-01 08:00:00.000000+00:00",
        "2024-06-01 09:30:00.000000+00:00",
    ]
    assert "columns that the mapping does not use" not in seen.said


def test_a_local_time_that_an_expression_makes_is_in_the_zone_of_the_source(see, tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("id;day;time\n1;2024-06-01;10:00\n")
    made = {"order_id": "id", "kind": "'sale'", "total_minor": "1"}
    seen = see(
        path,
        {"id": "code", "day": "text", "time": "text"},
        tables={
            "orders": {**made, "ordered_at": "STRPTIME(day || ' ' || time, '%Y-%m-%d %H:%M')"},
        },
    )
    ordered = seen.reading.tables["orders"]["ordered_at"].to_list()
    assert ordered == [datetime(2024, 6, 1, 8, 0, tzinfo=UTC)]
