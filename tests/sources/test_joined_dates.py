"""A date that is joined with an instant is the first moment of its local day, in every zone."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from polars.testing import assert_series_equal

from workbench.foundation.errors import ParameterError
from workbench.schema.timeline import first_moment
from workbench.sources import SourceMapping, open_source
from workbench.sources.mapping.joined_dates import first_moment_of, read_expression
from workbench.sources.undated_times import undated_moment

ZONES = (
    "America/Los_Angeles", "America/Santiago", "America/Havana", "Africa/Cairo", "Asia/Kathmandu",
    "Asia/Beirut", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati",
    "America/Sao_Paulo", "Atlantic/Azores", "America/Santo_Domingo", "Antarctica/Casey", "UTC",
)  # fmt: skip
DAYS = st.dates(date(1970, 1, 2), date(2037, 12, 30))
SANTIAGO = date(2024, 9, 8)  # The clock is set from midnight to one o'clock.


def rows(day: date | None, at: datetime | None, zone: str) -> pl.DataFrame:
    """One row with a date, an instant, a local time without zone and a text."""
    return pl.DataFrame(
        {"day": [day], "at": [at], "other": [day]},
        schema={"day": pl.Date, "at": pl.Datetime("us", "UTC"), "other": pl.Date},
    ).with_columns(pl.col("at").dt.convert_time_zone(zone))


def value(sql: str, frame: pl.DataFrame) -> object:
    found = frame.select(read_expression(sql, frame)).item()
    return found.astimezone(UTC) if isinstance(found, datetime) else found


@pytest.mark.parametrize("zone", ZONES)
def test_the_first_moment_of_each_day_is_that_of_the_timeline(zone: str):
    days = pl.Series("day", [date(1975, 1, 1) + timedelta(n) for n in range(22_000)])
    found = days.to_frame().select(first_moment_of(pl.col("day"), zone).dt.convert_time_zone("UTC"))
    expected = pl.Series("day", [first_moment(day, zone) for day in days])
    assert_series_equal(found.to_series(), expected.cast(pl.Datetime("us", "UTC")))


@given(DAYS, st.integers(-72, 72), st.sampled_from(ZONES))
@example(SANTIAGO, 0, "America/Santiago")
@example(SANTIAGO, -1, "America/Santiago")
@example(date(2024, 10, 1), 3, "America/Los_Angeles")
def test_joins_and_comparisons_are_those_of_first_moments(day: date, hours: int, zone: str):
    begin = first_moment(day, zone)
    at = begin + timedelta(hours=hours)
    frame = rows(day, at, zone)
    assert value("COALESCE(day, at)", frame) == begin
    assert value("COALESCE(NULL, day, at)", frame) == begin
    assert value("CASE WHEN day IS NULL THEN at ELSE day END", frame) == begin
    assert value("CASE WHEN 1 = 2 THEN at WHEN 1 = 1 THEN day ELSE other END", frame) == begin
    assert value("IFNULL(day, at)", frame) == begin
    assert value("GREATEST(at, day)", frame) == max(at, begin)
    assert value("LEAST(at, day, other)", frame) == min(at, begin)
    assert value("MIN(COALESCE(day, at))", frame) == begin
    assert value("COALESCE(MIN(day), MAX(at))", frame) == begin
    assert value("day <= at", frame) is (begin <= at)
    assert value("at < day", frame) is (at < begin)
    assert value("at BETWEEN day AND other", frame) is (at == begin)
    assert value(f"at >= DATE '{day}'", frame) is (at >= begin)
    assert value("at - day", frame) == at - begin
    assert value(f"CASE WHEN day < DATE '{day}' THEN at ELSE day END", frame) == begin
    assert value(f"CASE WHEN day = DATE '{day}' THEN at ELSE day END", frame) == at
    assert value("LAG(at, 1, day) OVER (ORDER BY at)", frame) == begin
    assert value(f"at IN (DATE '{day}', DATE '1970-01-01')", frame) is (at == begin)
    assert value(f"at NOT IN (DATE '{day}')", frame) is (at != begin)
    assert value("at IN (day, other)", frame) is (at == begin)
    empty = rows(None, at, zone)
    assert value("COALESCE(day, at)", empty) == value("GREATEST(day, at)", empty) == at


def long_case(branches: int, value: str, otherwise: str = "NULL") -> str:
    """CASE of many branches, of which only the last is met."""
    whens = (f"WHEN number = {n} THEN {value}" for n in range(branches))
    return f"CASE {' '.join(whens)} ELSE {otherwise} END"


@pytest.mark.parametrize("length", [2, 53, 62, 200])
def test_dates_in_long_expressions_are_first_moments(length: int):
    zone = "America/Los_Angeles"
    begin = first_moment(date(2024, 10, 1), zone)
    frame = rows(date(2024, 10, 1), begin + timedelta(hours=1), zone)
    frame = frame.with_columns(number=pl.lit(length - 1))
    met = " OR ".join(f"number = {n}" for n in range(length))
    unmet = " AND ".join(f"number <> {n}" for n in range(length))
    assert value(f"CASE WHEN {met} THEN day ELSE at END", frame) == begin
    assert value(f"COALESCE(CASE WHEN {met} THEN day END, at)", frame) == begin
    assert value(f"{unmet} OR day < at", frame) is True
    assert value(f"day > at OR {unmet}", frame) is False
    assert value(long_case(length, "day", "at"), frame) == begin
    assert value(long_case(length, "CASE WHEN day < at THEN day END", "at"), frame) == begin


@pytest.mark.parametrize(
    "sql",
    [
        f"COALESCE({long_case(80, 'day')}, at)",
        f"CAST({long_case(80, 'at')} AS DATE)",
        f"{long_case(80, 'at')} >= DATE '2024-10-01'",
        long_case(5000, "day", "at"),
    ],
)
def test_an_expression_that_is_nested_too_deeply_is_refused(sql: str):
    frame = rows(None, datetime(2024, 7, 1, tzinfo=UTC), "Europe/Berlin")
    used = pl.sql_expr(sql).meta.root_names()
    frame = frame.with_columns(number=pl.lit(1)).select(pl.col(*used))
    with pytest.raises(ParameterError, match=r"nested too deeply.*as columns of \[derive\]"):
        read_expression(sql, frame)


def test_a_deep_expression_without_dates_is_computed():
    frame = rows(None, datetime(2024, 7, 1, tzinfo=UTC), "Europe/Berlin")
    frame = frame.with_columns(number=pl.lit(79)).drop("day", "other")
    sql = f"COALESCE({long_case(80, 'at')}, at)"
    assert value(sql, frame) == datetime(2024, 7, 1, tzinfo=UTC)


def test_a_time_without_zone_is_joined_as_a_local_time():
    frame = rows(date(2024, 1, 1), datetime(2024, 7, 1, tzinfo=UTC), "America/Los_Angeles")
    frame = frame.with_columns(local=datetime(2024, 10, 1, 8))  # noqa: DTZ001 has no zone
    expected = datetime(2024, 10, 1, 8, tzinfo=ZoneInfo("America/Los_Angeles"))
    assert value("GREATEST(local, at)", frame) == expected
    assert value("COALESCE(local, at)", frame) == expected


@given(DAYS, st.integers(-72, 72), st.sampled_from(ZONES))
@example(date(2024, 10, 1), 0, "Europe/Berlin")
@example(date(2024, 10, 1), -1, "America/Los_Angeles")
def test_a_cast_of_an_instant_is_its_local_day_or_time(day: date, hours: int, zone: str):
    at = first_moment(day, zone) + timedelta(hours=hours)
    local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    frame = rows(None, at, zone)
    assert value("CAST(at AS DATE)", frame) == local.date()
    assert value("TRY_CAST(COALESCE(day, at) AS DATE)", frame) == local.date()
    assert value("MIN(GREATEST(at, day))::date", frame) == local.date()
    assert value("CAST(at AS TIME)", frame) == local.time()
    found = frame.select(read_expression("CAST(at AS TIMESTAMP)", frame)).item()
    assert found == local
    assert value("CAST(COALESCE(day, at) AS DATE)", rows(day, at, zone)) == day


@pytest.mark.parametrize(
    "sql",
    [
        "COALESCE(day, other)", "CAST(day AS DATE)", "day IN (DATE '2024-01-01')",
        "CAST(at AS VARCHAR)", "day < other", "CONCAT(day, at)", "EXTRACT(YEAR FROM day)",
        "MIN(at) OVER (PARTITION BY day ORDER BY at)", "CASE WHEN day = other THEN at END",
        "STRFTIME(day, '%Y') = '2024' AND at IS NULL", "day + INTERVAL '1 day'",
    ],
)  # fmt: skip
def test_other_expressions_stay_as_they_are_written(sql: str):
    frame = rows(date(2024, 1, 1), datetime(2024, 7, 1, tzinfo=UTC), "America/Los_Angeles")
    assert read_expression(sql, frame).meta.eq(pl.sql_expr(sql))


@pytest.mark.parametrize(
    "ordered_at",
    [
        "COALESCE(day, undated_at)",
        "CASE WHEN day IS NULL THEN undated_at ELSE day END",
        "both",
    ],
)
def test_an_order_of_a_day_is_stored_at_its_first_local_moment(tmp_path: Path, ordered_at: str):
    path = tmp_path / "orders.csv"
    path.write_text("id,day\n1,2024-09-08\n2,\n")
    content = {
        "system": "shop", "zone": "America/Santiago", "currency": "CLP",
        "data_until": "2025-01-01", "basis": "contract",
        "columns": {"id": "code", "day": "date"},
        "derive": {"both": "COALESCE(day, undated_at)"},
        "pass_over": {"later than the data": "day > undated_at"},
        "record": {"id": "id", "observed_at": ordered_at},
        "identities": {"user_id": "id"},
        "tables": {
            "customers": {"first_seen_at": ordered_at},
            "orders": {
                "order_id": "id", "kind": "'sale'", "ordered_at": ordered_at, "total_minor": "1",
            },
        },
    }  # fmt: skip
    mapping = SourceMapping.of(content, name="orders")
    tables = open_source(path, mapping=mapping).read(0).tables
    undated = undated_moment(date(2025, 1, 1), "America/Santiago")
    expected = [datetime(2024, 9, 8, 4, tzinfo=UTC), undated]
    assert tables["orders"]["ordered_at"].to_list() == expected
    assert tables["customers"].sort("source_row")["first_seen_at"].to_list() == expected
    assert tables["customers"].sort("source_row")["observed_at"].to_list() == expected
    assert tables["identities"].sort("source_row")["last_seen_at"].to_list() == expected
