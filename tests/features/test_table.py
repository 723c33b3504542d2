"""The feature table: one row per customer, and nothing of the future in it."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.features.frames import at, shop, table
from workbench.features import FEATURES, customer_features, sold_lines
from workbench.foundation import compute
from workbench.schema import CustomerData
from workbench.schema.timeline import first_moment

AS_OF = date(2023, 7, 1)
Row = tuple[int, int, int]

#: When a row of a table came to be known.
TIMES = {
    "orders": "ordered_at",
    "events": "occurred_at",
    "interactions": "occurred_at",
    "payments": "paid_at",
    "attributes": "observed_at",
    "customers": "first_seen_at",
}


def busy_world(
    orders: Sequence[Row], events: Sequence[Row], messages: Sequence[Row]
) -> CustomerData:
    """Return tables of all kinds from rows of (customer, day of the year, amount or kind)."""

    def when(rows: Sequence[Row]) -> list[Any]:
        return [at("2023-01-01") + timedelta(days=day, hours=9) for _, day, _ in rows]

    def who(rows: Sequence[Row]) -> list[int]:
        return [customer for customer, _, _ in rows]

    base = shop([])
    people = sorted({*who(orders), *who(events), *who(messages)})
    actions = ["sent", "opened", "clicked", "message"]
    return CustomerData.of(
        {
            **base.tables,
            "customers": table(
                "customers",
                customer_id=people,
                kind=["person"] * len(people),
                first_seen_at=[at("2023-01-01")] * len(people),
            ),
            "orders": table(
                "orders",
                order_id=[f"o{place}" for place in range(len(orders))],
                customer_id=who(orders),
                kind=["sale" if amount >= 0 else "return" for _, _, amount in orders],
                ordered_at=when(orders),
                currency=["EUR"] * len(orders),
                channel=["web"] * len(orders),
                total_minor=[amount for _, _, amount in orders],
            ),
            "order_items": table(
                "order_items",
                order_id=[f"o{place}" for place in range(len(orders))],
                line_number=[1] * len(orders),
                customer_id=who(orders),
                product_id=[f"p{amount % 3}" for _, _, amount in orders],
                product_category=[f"c{amount % 2}/x" for _, _, amount in orders],
                quantity=[1] * len(orders),
                amount_minor=[amount for _, _, amount in orders],
            ),
            "events": table(
                "events",
                customer_id=who(events),
                session_id=[kind for _, _, kind in events],
                occurred_at=when(events),
                event_name=["add_to_cart" if kind % 2 else "page_view" for _, _, kind in events],
            ),
            "interactions": table(
                "interactions",
                customer_id=who(messages),
                action=[actions[kind % 4] for _, _, kind in messages],
                direction=["inbound" if kind % 4 == 3 else "outbound" for _, _, kind in messages],
                occurred_at=when(messages),
                is_machine=[False] * len(messages),
            ),
            "subscriptions": table(
                "subscriptions",
                subscription_id=["s1", "s2"],
                customer_id=[1, 2],
                plan=["basic", "basic"],
                started_on=[date(2023, 2, 1), date(2023, 2, 1)],
                ended_on=[date(2023, 6, 1), date(2023, 8, 1)],
                end_reason=["cancelled", "cancelled"],
                currency=["EUR", "EUR"],
                monthly_price_minor=[999, 1999],
            ),
        }
    )


def until(data: CustomerData, day: date) -> CustomerData:
    """Return the data as they were known on a day: nothing of that day or later."""
    tables = {
        name: data[name].filter(pl.col(column) < first_moment(day, "UTC"))
        for name, column in TIMES.items()
    }
    not_ended = pl.col("ended_on") >= day
    tables["subscriptions"] = (
        data["subscriptions"]
        .filter(pl.col("started_on") < day)
        .with_columns(
            ended_on=pl.when(~not_ended).then("ended_on"),
            end_reason=pl.when(~not_ended).then("end_reason"),
        )
    )
    tables["order_items"] = data["order_items"].join(tables["orders"], on="order_id", how="semi")
    return CustomerData.of(tables)


rows = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 300), st.integers(-50, 500)), max_size=30
)


@settings(max_examples=25, deadline=None)
@given(orders=rows, events=rows, messages=rows)
def test_features_do_not_change_when_the_future_is_deleted(
    orders: list[Row], events: list[Row], messages: list[Row]
) -> None:
    events = [(who, day, abs(kind)) for who, day, kind in events]
    messages = [(who, day, abs(kind)) for who, day, kind in messages]
    data = busy_world(orders, events, messages)
    with_future = customer_features(data, as_of=AS_OF, currency="EUR")
    without = customer_features(until(data, AS_OF), as_of=AS_OF, currency="EUR")
    assert_frame_equal(with_future.rows, without.rows)
    assert with_future.left_out == without.left_out


def test_each_customer_known_before_the_date_has_one_row() -> None:
    data = busy_world([(1, 10, 500), (2, 250, 300)], [(3, 5, 1)], [])
    found = customer_features(data, as_of=AS_OF, currency="EUR")
    assert found.rows["customer_id"].to_list() == [1, 2, 3]
    assert found.rows["orders"].to_list() == [1, 0, 0]
    assert found.rows["tenure_days"].to_list() == [181, 181, 181]
    late = customer_features(data, as_of=date(2023, 1, 1), currency="EUR")
    assert late.rows.is_empty()


def test_behaviour_counts_windows_and_machines_apart() -> None:
    data = busy_world(
        [],
        [(1, 175, 1), (1, 175, 1), (1, 120, 2), (1, 20, 3)],
        [(1, 150, 0), (1, 151, 1), (1, 160, 3)],
    )
    machine = data["interactions"].with_columns(is_machine=pl.col("action") == "opened")
    for tables, opened in ((data.tables, 1), ({**data.tables, "interactions": machine}, 0)):
        found = customer_features(CustomerData.of(tables), as_of=AS_OF, currency="EUR").rows
        assert found["opened_90"].to_list() == [opened]
    expected = {
        "events_30": 2,
        "events_90": 3,
        "events_before_90": 1,
        "sessions_90": 2,
        "active_days_90": 2,
        "carts_90": 2,
        "days_since_last_event": 6,
        "messages_90": 1,
        "contacts_90": 1,
        "opened_share_90": 0.0,
    }
    assert found.select(expected.keys()).row(0, named=True) == expected


def test_a_subscription_that_ends_later_still_runs() -> None:
    found = customer_features(
        busy_world([(1, 1, 1), (2, 1, 1)], [], []), as_of=AS_OF, currency="EUR"
    )
    states = found.rows.select(
        "has_subscription", "ended_subscriptions", "subscription_price_minor"
    )
    assert states.rows() == [(False, 1, 0), (True, 0, 1999)]


def test_every_feature_is_in_the_dictionary_and_the_other_way_round() -> None:
    found = customer_features(
        busy_world([(1, 1, 2), (1, 2, 3)], [(1, 3, 1)], []), as_of=AS_OF, currency="EUR"
    )
    fixed = {name for name in found.names if not name.startswith("category_share: ")}
    of_snapshots = {"last_price_minor", "last_commitment_months"}  # what last_terms returns
    assert fixed | of_snapshots == {feature.name for feature in FEATURES}
    described = found.dictionary()
    assert described["feature"].to_list() == found.names
    assert described.null_count().sum_horizontal().item() == 0


def test_shares_of_categories_and_channels_add_up() -> None:
    found = customer_features(
        busy_world([(1, 1, 100), (1, 2, 301)], [], []), as_of=AS_OF, currency="EUR"
    )
    shares = found.rows.select("category_share: c0", "category_share: c1", "channel_share_web")
    assert shares.row(0) == (0.249377, 0.750623, 1.0)


def test_a_view_without_a_column_counts_it_as_empty() -> None:
    data = busy_world([(1, 1, 100)], [(1, 2, 1)], [])
    narrow = CustomerData.of(
        {
            **data.tables,
            "events": data["events"].drop("session_id", "event_name"),
            "orders": data["orders"].drop("channel"),
        }
    )
    found = customer_features(narrow, as_of=AS_OF, currency="EUR").rows
    assert found.select("sessions_90", "carts_90").row(0) == (0, 0)
    assert found["channel_share_web"].to_list() == [None]


@pytest.mark.parametrize("day", [AS_OF, date(2023, 4, 1)])
@pytest.mark.parametrize("history_days", [None, 100])
def test_lines_that_were_joined_before_give_the_same_features(
    day: date, history_days: int | None
) -> None:
    rows = [(place % 7, place * 3 % 170, 500 + place) for place in range(40)]
    data = busy_world(rows, [], [])
    lines = sold_lines(data, "EUR").collect().lazy()
    asked = {"as_of": day, "currency": "EUR", "history_days": history_days}
    without = customer_features(data, **asked)
    assert_frame_equal(customer_features(data, lines=lines, **asked).rows, without.rows)
    assert_frame_equal(customer_features(data, lines=lines, buckets=3, **asked).rows, without.rows)
    assert without.rows["distinct_categories"].sum() > 0


def test_features_are_the_same_in_any_number_of_parts_and_processes() -> None:
    step = 2**64 // 7  # ids spread over the whole range, as pseudonyms are
    rows = [(place % 7, place * 3 % 170, 500 + place) for place in range(40)]
    data = busy_world(rows, rows[:25], rows[5:30])
    spread = CustomerData.of(
        {
            name: frame.with_columns(pl.col("customer_id") * step + 11)
            for name, frame in data.tables.items()
            if "customer_id" in frame.collect_schema()
        }
    )
    whole = customer_features(spread, as_of=AS_OF, currency="EUR", buckets=1)
    parts = customer_features(spread, as_of=AS_OF, currency="EUR", buckets=5)
    assert_frame_equal(whole.rows, parts.rows)
    with compute.executor(2) as pool:
        shared = customer_features(spread, as_of=AS_OF, currency="EUR", buckets=5, pool=pool)
    assert_frame_equal(whole.rows, shared.rows)
    assert whole.rows.height == 7
