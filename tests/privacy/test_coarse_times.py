"""Where a view shows times by week or month, a cut-off inside one sees nothing of the future."""

import random
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from polars.testing import assert_frame_equal

from tests.privacy.conftest import MakeDataset, at, customer, source, study
from workbench.features import Windows, churn_labels, customer_features
from workbench.features.profile import profile
from workbench.foundation.errors import ParameterError
from workbench.privacy import View, open_view
from workbench.schema.time_units import Unit, unit_start
from workbench.schema.timeline import rows_known_before

Tables = Mapping[str, list[dict[str, Any]]]

START, END = at("2024-01-01"), at("2024-07-01")
COLUMNS = {
    "customers": ("first_seen_at",),
    "orders": ("order_id", "kind", "ordered_at", "currency", "total_minor"),
    "order_items": ("order_id", "product_id", "product_category", "amount_minor"),
    "events": ("occurred_at", "event_name", "session_id"),
    "subscriptions": ("subscription_id", "started_on", "ended_on", "end_reason", "currency",
                      "monthly_price_minor"),
    "attributes": ("namespace", "attribute", "value", "observed_at"),
}  # fmt: skip
#: Inside a month and a week, on the first of a month inside a week, on a Monday inside a month.
CUT_OFFS = [date(2024, 3, 14), date(2024, 5, 1), date(2024, 4, 22)]


def history() -> Tables:
    """Return what 120 customers did in six months; half of them only were seen."""
    draw = random.Random(7)  # noqa: S311 - made data, no secret
    line = {"source_id": "s", "source_row": 1}

    def later(first: datetime) -> datetime:
        return first + timedelta(seconds=draw.randrange(int((END - first).total_seconds())))

    seen = {number: later(START) for number in range(1, 121)}
    buyers = [number for number in seen if number % 2]
    bought = [(who, later(seen[who])) for who in buyers for _ in range(4)]
    orders = [
        {**line, "order_id": f"shop:{n}", "customer_id": who, "kind": "sale", "ordered_at": when,
         "currency": "EUR", "total_minor": 100 + n}
        for n, (who, when) in enumerate(bought)
    ]  # fmt: skip
    terms = [(who, seen[who].date(), later(seen[who]).date()) for who in buyers[:30]]
    return {
        "customers": [customer(number, first_seen_at=when) for number, when in seen.items()],
        "orders": orders,
        "order_items": [
            {**line, "order_id": each["order_id"], "customer_id": each["customer_id"],
             "line_number": 1, "product_id": "a:1", "product_category": "toys", "quantity": 1,
             "amount_minor": 100}
            for each in orders
        ],
        "events": [
            {**line, "event_id": n, "customer_id": who, "session_id": n, "channel": "web",
             "occurred_at": later(seen[who]), "event_name": "page_view"}
            for n, who in enumerate(buyers * 3)
        ],
        "subscriptions": [
            {**line, "subscription_id": f"t{who}", "customer_id": who, "plan": "basic",
             "started_on": begun, "ended_on": ended, "end_reason": "cancelled",
             "currency": "EUR", "monthly_price_minor": 900}
            for who, begun, ended in terms
            if ended > begun
        ],
        "attributes": [
            {**line, "customer_id": who, "namespace": "interest", "attribute": "running",
             "value": "yes", "origin": "declared", "is_special_category": False,
             "observed_at": later(seen[who])}
            for who in seen
        ],
    }  # fmt: skip


def ended(tables: Tables, day: date) -> Tables:
    """Return what a dataset that ends before a day would contain."""
    moment = at(day.isoformat())
    times = {"customers": "first_seen_at", "orders": "ordered_at", "events": "occurred_at",
             "attributes": "observed_at"}  # fmt: skip
    kept = {
        name: [row for row in tables[name] if row[time] < moment] for name, time in times.items()
    }
    ids = {row["order_id"] for row in kept["orders"]}
    kept["order_items"] = [row for row in tables["order_items"] if row["order_id"] in ids]
    kept["subscriptions"] = [
        row if row["ended_on"] < day else {**row, "ended_on": None, "end_reason": None}
        for row in tables["subscriptions"]
        if row["started_on"] < day
    ]
    return kept


def opened(make: MakeDataset, tables: Tables, unit: str, until: date, **changes: Any) -> View:
    made = make(sources=[source("s", until.isoformat())], **tables)
    policy = {"k": 2, "time": unit, **changes}
    return open_view(study(basis="contract", columns=COLUMNS, policy=policy), made)


@pytest.mark.parametrize("unit", ["day", "week", "month"])
@pytest.mark.parametrize("cut_off", CUT_OFFS)
def test_features_inside_a_unit_are_those_of_data_that_end_there(
    dataset: MakeDataset, unit: str, cut_off: date
) -> None:
    tables = history()
    whole = opened(dataset, tables, unit, END.date())
    found = customer_features(whole.data, as_of=cut_off, currency="EUR")
    stated = profile(whole.data, as_of=cut_off)
    stopped = opened(dataset, ended(tables, cut_off), unit, cut_off)
    expected = customer_features(stopped.data, as_of=cut_off, currency="EUR")
    assert_frame_equal(found.rows, expected.rows)
    assert found.rows["orders"].sum() > 0
    states = profile(stopped.data, as_of=cut_off)["interest.running"].drop_nulls()
    assert 0 < stated["interest.running"].drop_nulls().len() <= states.len()


@pytest.mark.parametrize("unit", ["week", "month"])
def test_no_row_is_known_before_it_happened(dataset: MakeDataset, unit: Unit) -> None:
    """By their ids: what is known at a cut-off happened before it."""
    tables = history()
    view = opened(dataset, tables, unit, END.date())
    exact = opened(dataset, tables, "day", END.date())
    times = exact.data["orders"].select("order_id", exact="ordered_at")
    for cut_off in CUT_OFFS:
        known = rows_known_before(view.data, "orders", cut_off).join(times, on="order_id").collect()
        assert known.height > 0
        assert known["exact"].dt.date().max() < cut_off
        lines = rows_known_before(view.data, "order_items", cut_off).select("order_id").collect()
        assert set(lines["order_id"]) == set(known["order_id"])
        running = rows_known_before(view.data, "subscriptions", cut_off).collect()
        assert running["ended_on"].drop_nulls().max() < unit_start(cut_off, unit)


def test_a_customer_of_this_month_is_known_by_a_row_that_is_known(dataset: MakeDataset) -> None:
    rows = {
        "customers": [
            *(customer(number, first_seen_at=at("2024-01-05")) for number in (1, 2, 3)),
            *(customer(number, first_seen_at=at("2024-03-05")) for number in (4, 5)),
            customer(6, first_seen_at=at("2024-03-25")),
        ],
        "orders": [
            {"order_id": f"shop:{n}", "customer_id": n, "kind": "sale", "currency": "EUR",
             "ordered_at": at(when), "total_minor": 5, "source_id": "s", "source_row": n}
            for n, when in ((4, "2024-03-06"), (6, "2024-03-26"))
        ],
    }  # fmt: skip
    view = opened(dataset, {**rows, "attributes": []}, "day", date(2024, 4, 1))

    def people(day: date) -> int:
        return customer_features(view.data, as_of=day, currency="EUR").rows.height

    # on 10 March customer 4 has ordered; of 5 nothing is known; 6 is seen later
    assert people(date(2024, 3, 10)) == 4
    assert people(date(2024, 4, 1)) == 6


def test_labels_begin_where_features_end(dataset: MakeDataset) -> None:
    rows = {
        "customers": [customer(number) for number in (1, 2, 3, 4)],
        "orders": [
            {"order_id": f"shop:{n}", "customer_id": who, "kind": "sale", "currency": "EUR",
             "ordered_at": at(when), "total_minor": 5, "source_id": "s", "source_row": n}
            for n, (who, when) in enumerate(
                [(who, "2024-02-10") for who in (1, 2, 3, 4)]
                + [(1, "2024-03-05"), (2, "2024-03-25"), (3, "2024-04-15"), (4, "2024-05-20")]
            )
        ],
    }  # fmt: skip
    view = opened(dataset, {**rows, "attributes": []}, "month", END.date())
    windows = Windows(as_of=date(2024, 3, 10), horizon_days=60)  # March and April
    found = churn_labels(view.data, windows, currency="EUR")
    assert found["churned"].sum() == 1
    seen = customer_features(view.data, as_of=windows.as_of, currency="EUR").rows
    assert seen["orders"].to_list() == [1, 1, 1, 1]
    short = Windows(as_of=date(2024, 3, 10), horizon_days=20)
    with pytest.raises(ParameterError, match="is within one month, the unit to which the view"):
        churn_labels(view.data, short, currency="EUR")


def test_a_restored_view_still_has_its_units(dataset: MakeDataset) -> None:
    view = opened(dataset, history(), "month", END.date())
    again = View.restore(view.describe(), view.data.with_tables(view.data.tables))
    assert again.data.time_units == view.data.time_units
    assert again.data.time_units.units["customers.first_seen_at"] == "month"
