"""Since when the values hold that the records of one customer state together."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.sources import SourceMapping, find_mapping, open_source

SETTINGS = {
    "system": "shop",
    "zone": "UTC",
    "currency": "EUR",
    "data_until": "2024-07-01",
    "basis": "contract",
}
#: The newest known value of each characteristic.
NEWEST = {"order_by": ["at DESC"], "country": "country", "language": "language"}


def _statements(
    folder: Path, records: list[tuple[int, str, str]], customers: dict[str, Any], **rules: Any
) -> dict[str, pl.DataFrame]:
    """Return what a mapping makes of records of one customer: day of May, country, language."""
    path = folder / "records.csv"
    lines = [f"7,2024-05-{day:02},{country},{language}" for day, country, language in records]
    path.write_text("\n".join(["who,at,country,language", *lines]) + "\n")
    content = {
        "columns": {"who": "code", "at": "date", "country": "code", "language": "code"},
        "record": {"id": "who", "observed_at": "at"},
        "identities": {"user_id": "who"},
        "tables": {"customers": {"first_seen_at": "MIN(at)", **customers}, **rules},
    }
    mapping = SourceMapping.of(content, name="records")
    return dict(open_source(path, mapping=mapping, settings=SETTINGS).read(0).tables)


def _day(
    folder: Path, records: list[tuple[int, str, str]], customers: dict[str, Any] = NEWEST
) -> int:
    (instant,) = _statements(folder, records, customers)["customers"]["observed_at"]
    return int(instant.day)


@pytest.mark.parametrize(
    ("countries", "day"),
    [
        (["NL"], 1),
        (["NL", "NL", "NL"], 1),
        (["NL", "NL", "DE", "DE"], 3),
        (["NL", "DE", "NL"], 3),
        (["NL", "DE", "DE", "BE", "NL", "NL"], 5),
        (["NL", "", "NL", ""], 1),  # a missing value is no other value
        (["NL", "DE", "", "DE"], 2),
        (["", "", "DE", "DE"], 3),
        (["", "", ""], 1),
    ],
)
@pytest.mark.parametrize("is_newest_first", [False, True])
def test_a_value_holds_since_the_first_record_after_the_last_other_one(
    tmp_path: Path, countries: list[str], day: int, *, is_newest_first: bool
) -> None:
    records = [(number, country, "") for number, country in enumerate(countries, start=1)]
    assert _day(tmp_path, records[::-1] if is_newest_first else records) == day


def test_a_statement_holds_since_all_of_its_values_hold(tmp_path: Path) -> None:
    records = [(1, "NL", "nl"), (2, "DE", "nl"), (3, "DE", "de"), (4, "DE", "de")]
    assert _day(tmp_path, records) == 3
    assert _day(tmp_path, records[:2]) == 2


@pytest.mark.parametrize(
    ("country", "day"),
    [("LAST(country)", 3), ("UPPER(LAST(country))", 3), ("MAX(country)", 1), ("'NL'", 1)],
)
def test_a_value_that_an_aggregate_makes_is_compared_with_its_value_of_one_record(
    tmp_path: Path, country: str, day: int
) -> None:
    records = [(1, "NL", ""), (2, "DE", ""), (3, "NL", "")]
    assert _day(tmp_path, records, {"order_by": ["at"], "country": country}) == day


def test_a_value_that_no_record_states_by_itself_holds_since_the_last_record(
    tmp_path: Path,
) -> None:
    records = [(1, "NL", ""), (2, "DE", ""), (3, "NL", "")]
    counted = "CAST(2020 - COUNT(country) AS BIGINT)"
    assert _day(tmp_path, records, {"birth_year": counted}) == 3


def test_a_time_that_the_mapping_states_is_kept(tmp_path: Path) -> None:
    records = [(1, "NL", ""), (2, "NL", ""), (4, "NL", "")]
    assert _day(tmp_path, records, {**NEWEST, "observed_at": "MAX(at)"}) == 4


def test_attributes_of_several_records_are_dated_likewise(tmp_path: Path) -> None:
    rule = {
        "per": ["who"],
        "order_by": ["at DESC"],
        "namespace": "'profile'",
        "attribute": "'spoken'",
        "value": "language",
    }
    records = [(1, "", "nl"), (2, "", "de"), (3, "", "de")]
    stated = _statements(tmp_path, records, {}, attributes=rule)["attributes"]
    assert stated.select("value", pl.col("observed_at").dt.day()).rows() == [("de", 2)]


RECORDS = st.lists(
    st.tuples(st.integers(1, 28), st.sampled_from(["NL", "DE", ""]), st.sampled_from(["nl", ""])),
    min_size=1,
    max_size=8,
    unique_by=lambda record: record[0],
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(records=RECORDS)
def test_all_that_is_stated_later_is_what_the_records_until_then_state(
    tmp_path: Path, records: list[tuple[int, str, str]]
) -> None:
    """The statement is that of all earlier records from its time on, and not before it."""

    def newest(until: int) -> tuple[str | None, str | None]:
        known = sorted(record for record in records if record[0] <= until)
        countries = [country for _, country, _ in known if country]
        languages = [language for _, _, language in known if language]
        return (countries or [None])[-1], (languages or [None])[-1]

    days = sorted(day for day, _, _ in records)
    end = newest(days[-1])
    since = next(day for day in days if all(newest(later) == end for later in days if later >= day))
    assert _day(tmp_path, records) == since


def test_a_view_of_online_retail_knows_the_country_of_those_who_came_again(
    real_data: Path,
) -> None:
    path = real_data / "online_retail" / "online_retail.parquet"
    source = open_source(path, mapping=find_mapping("online_retail"), settings={})
    customers = source.read(0).tables["customers"]
    at = datetime(2011, 9, 11, tzinfo=UTC)
    seen = customers.filter(pl.col("first_seen_at") <= at, pl.col("country").is_not_null())
    share = seen.select((pl.col("observed_at") <= at).mean()).item()
    assert share > 0.99


@pytest.mark.parametrize("days", [(1, 2), (2, 1)])
def test_plain_values_are_those_that_were_observed_last(tmp_path: Path, days: tuple[int, int]):
    countries = {1: "NL", 2: "DE"}
    lines = [f"a,2024-06-0{day}T10:00:00Z,{countries[day]}" for day in days]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["id,at,country", *lines, "a,2024-06-03T10:00:00Z,"]) + "\n")
    content = {
        "system": "shop", "zone": "UTC", "data_until": "2024-07-01", "basis": "contract",
        "columns": {"id": "code", "at": {"type": "instant", "name": "seen"}, "country": "code"},
        "record": {"id": "id", "observed_at": "seen"},
        "tables": {"customers": {"first_seen_at": "MIN(seen)", "country": "country"}},
    }  # fmt: skip
    source = open_source(path, mapping=SourceMapping.of(content, name="shop"))
    customers = source.read(0).tables["customers"]
    observed = datetime(2024, 6, 2, 10, tzinfo=UTC)
    assert customers.select("country", "observed_at").rows() == [("DE", observed)]
