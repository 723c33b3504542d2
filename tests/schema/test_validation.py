"""Rows against the declarations."""

from datetime import UTC, datetime

import polars as pl
from polars.testing import assert_frame_equal

from workbench.schema import TABLES
from workbench.schema.validation import split

SEEN = datetime(2024, 1, 1, tzinfo=UTC)
EVENT = {
    "occurred_at": SEEN, "event_name": "search", "channel": "web", "source_id": "0" * 32,
    "source_row": 1,
}  # fmt: skip


def _events(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame([{**EVENT, **row} for row in rows], schema=TABLES["events"].schema)


def test_rows_that_obey_pass_in_their_order_with_further_columns():
    events = _events({"event_id": 2}, {"event_id": 1}).with_columns(more=pl.lit("kept"))
    passed, failed = split(events, table="events")
    assert_frame_equal(passed, events)
    assert failed.is_empty()


def test_every_reason_of_a_row_is_told_and_the_first_column_at_fault():
    events = _events(
        {"event_id": 1},
        {"event_id": 2, "occurred_at": None, "duration_seconds": -1.0, "source_row": 0},
        {"event_id": 3, "duration_seconds": float("nan")},
        {"event_id": 4, "duration_seconds": float("inf")},
    )
    passed, failed = split(events, table="events")
    assert passed["event_id"].to_list() == [1]
    assert failed.select("event_id", "column", "reason").rows() == [
        (
            2,
            "occurred_at",
            "occurred_at: missing; duration_seconds: below the allowed range; "
            "source_row: below the allowed range",
        ),
        (3, "duration_seconds", "duration_seconds: not a number"),
        (4, "duration_seconds", "duration_seconds: not a finite number"),
    ]


def test_rows_that_share_a_key_fail_all_and_rows_without_one_are_told_so():
    events = _events({"event_id": 7}, {"event_id": 7}, {"event_id": None}, {"event_id": None})
    _, failed = split(events, table="events")
    assert failed.select("column", "reason").rows() == [
        ("event_id", "the same key more than once"),
        ("event_id", "the same key more than once"),
        ("event_id", "event_id: missing"),
        ("event_id", "event_id: missing"),
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
    passed, failed = split(customers, table="customers", without=("customer_id",))
    assert passed["country"].to_list() == ["NL", None]
    assert failed["reason"].to_list() == ["country: not in the expected form"] * 3


def test_columns_that_are_still_to_come_are_not_asked_for():
    events = _events({"event_id": 1}, {"event_id": 1}).drop("event_id", "source_id")
    passed, failed = split(events, table="events", without=("event_id", "source_id"))
    assert (passed.height, failed.height) == (2, 0)


def test_no_reason_holds_a_value():
    customers = pl.DataFrame(
        [{"customer_id": 1, "kind": "person", "first_seen_at": SEEN, "country": "jan@example.org"}],
        schema=TABLES["customers"].schema,
    )
    _, failed = split(customers, table="customers")
    assert "jan" not in "".join(failed["reason"]) + "".join(failed["column"])
