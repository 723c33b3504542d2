"""Rows against the declarations."""

import re
from datetime import UTC, datetime

import polars as pl
from polars.testing import assert_frame_equal

from workbench.schema import TABLES
from workbench.schema.record_faults import FAULTS, describe_faults
from workbench.schema.validation import (
    EXAMPLE_BY_UNIT,
    first_of_repeated,
    type_rule,
    validate_rows,
)

SEEN = datetime(2024, 1, 1, tzinfo=UTC)
EVENT = {
    "occurred_at": SEEN, "event_name": "search", "channel": "web", "source_id": "0" * 32,
    "source_row": 1,
}  # fmt: skip


def _events(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame([{**EVENT, **row} for row in rows], schema=TABLES["events"].schema)


def test_rows_that_obey_pass_in_their_order_with_further_columns():
    events = _events({"event_id": 2}, {"event_id": 1}).with_columns(more=pl.lit("kept"))
    checked = validate_rows(events, table="events")
    passed, failed, faults = checked.passed, checked.failed, checked.faults
    assert_frame_equal(passed, events)
    assert failed.is_empty()
    assert_frame_equal(faults, FAULTS.to_frame())


def test_every_fault_of_a_row_is_a_row_with_its_rule_and_what_is_allowed():
    events = _events(
        {"event_id": 1},
        {"event_id": 2, "occurred_at": None, "duration_seconds": -1.0, "source_row": 2},
        {"event_id": 3, "duration_seconds": float("nan"), "source_row": 3},
        {"event_id": 4, "duration_seconds": float("inf"), "source_row": 4},
    )
    checked = validate_rows(events, table="events")
    passed, failed, faults = checked.passed, checked.failed, checked.faults
    assert passed["event_id"].to_list() == [1]
    assert_frame_equal(failed, events[1:])
    assert faults.drop("table").rows() == [
        (2, "occurred_at", "missing", "{}"),
        (2, "duration_seconds", "below", '{"low": 0}'),
        (3, "duration_seconds", "number", "{}"),
        (4, "duration_seconds", "finite", "{}"),
    ]
    assert describe_faults(faults).to_list() == [
        "events: occurred_at: missing",
        "events: duration_seconds: below the allowed range, 0 or more",
        "events: duration_seconds: not a number",
        "events: duration_seconds: not a finite number",
    ]


def test_rows_that_share_a_key_fail_all_and_rows_without_one_are_told_so():
    events = _events(
        {"event_id": 7}, {"event_id": 7, "page": "/"}, {"event_id": None}, {"event_id": None}
    )
    checked = validate_rows(events.drop("source_row"), table="events", without=("source_row",))
    assert checked.failed.height == 4
    assert checked.faults.drop("table").rows() == [
        (1, None, "key_repeated", '{"columns": ["event_id"]}'),
        (2, None, "key_repeated", '{"columns": ["event_id"]}'),
        (3, "event_id", "missing", "{}"),
        (4, "event_id", "missing", "{}"),
    ]


def test_rows_that_repeat_an_earlier_one_pass_and_are_told():
    events = _events(
        {"event_id": 1, "source_row": 1},
        {"event_id": 2, "source_row": 2},
        {"event_id": 1, "source_row": 3},
        {"event_id": 2, "source_row": 4},
    )
    checked = validate_rows(events, table="events")
    assert_frame_equal(checked.passed, events)
    assert checked.has_repeats
    kept, records = first_of_repeated(checked.passed, table="events")
    assert_frame_equal(kept, events[:2])
    assert records == 2


def test_a_repeat_fails_by_every_rule_that_its_first_row_breaks():
    events = _events(
        {"event_id": 1, "source_row": 1},
        {"event_id": 1, "source_row": 2},
        {"event_id": 1, "source_row": 3, "page": "/"},
        {"event_id": 2, "source_row": 4, "duration_seconds": -1.0},
        {"event_id": 2, "source_row": 5, "duration_seconds": -1.0},
    )
    checked = validate_rows(events, table="events")
    assert checked.passed.is_empty()
    assert not checked.has_repeats
    assert checked.faults.select("source_row", "rule").rows() == [
        (1, "key_repeated"),
        (2, "key_repeated"),
        (3, "key_repeated"),
        (4, "below"),
        (5, "below"),
    ]


def test_a_pattern_holds_for_the_whole_cell():
    customers = pl.DataFrame(
        [
            {
                "record_id": n,
                "kind": "person",
                "first_seen_at": SEEN,
                "observed_at": SEEN,
                "country": country,
                "source_id": "0" * 32,
                "source_row": 1,
            }
            for n, country in enumerate(("NL", "nl", "NLD", "NL\n", None))
        ],
        schema=TABLES["customers"].stored,
    )
    checked = validate_rows(customers, table="customers", without=("customer_id",))
    passed, failed, faults = checked.passed, checked.failed, checked.faults
    assert passed["country"].to_list() == ["NL", None]
    assert failed["country"].to_list() == ["nl", "NLD", "NL\n"]
    assert set(describe_faults(faults)) == {
        "customers: country: not in the expected form, must look like NL"
    }


def test_columns_that_are_still_to_come_are_not_asked_for():
    events = _events({"event_id": 1}, {"event_id": 1}).drop("event_id", "source_id")
    checked = validate_rows(events, table="events", without=("event_id", "source_id"))
    assert (checked.passed.height, checked.failed.height) == (2, 0)


def test_every_pattern_with_a_unit_has_an_example_that_obeys_it():
    columns = [column for table in TABLES.values() for column in table.columns if column.pattern]
    for column in columns:
        if column.unit:
            assert re.fullmatch(column.pattern, EXAMPLE_BY_UNIT[column.unit]), column.name


def test_a_type_says_what_it_allows():
    rules = [
        type_rule(TABLES[table].column(name))
        for table, name in (
            ("interactions", "rating"), ("order_items", "line_number"), ("orders", "total_minor"),
            ("customers", "gender"), ("subscriptions", "started_on"), ("orders", "ordered_at"),
            ("interactions", "is_machine"), ("order_items", "unit_price_minor"),
        )
    ]  # fmt: skip
    assert [rule.words for rule in rules] == [
        "not a whole number in the allowed range, 1 to 5",
        "not a whole number in the allowed range, 1 to 2147483647",
        "not a whole number",
        "not one of female, male, nonbinary, undisclosed",
        "not a date, must look like 2024-03-31",
        "not a date and time, must look like 2024-03-31 14:30:00",
        "not yes or no",
        "not a number",
    ]
