"""Checks between rows: what breaks them, and what cannot be compared and breaks nothing."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from workbench.schema import TABLES
from workbench.schema.consistency import CHECKS
from workbench.schema.record_faults import describe_faults, make_faults

DAY = [datetime(2024, 1, day, tzinfo=UTC) for day in range(1, 10)]
SALE = {
    "order_id": "s", "kind": "sale", "ordered_at": DAY[1], "record_id": 1, "total_minor": 100,
    "discount_minor": 0, "shipping_minor": 0, "tax_minor": 0,
}  # fmt: skip
BACK = SALE | {
    "order_id": "b", "kind": "return", "ordered_at": DAY[2], "total_minor": -100,
    "original_order_id": "s",
}  # fmt: skip
LINE = {"order_id": "s", "amount_minor": 100}
PAID = {"payment_id": "p", "order_id": "s", "kind": "charge", "amount_minor": 100}
TERM = {"subscription_id": "c", "started_on": date(2024, 1, 1), "ended_on": date(2024, 2, 1)}
NEXT = TERM | {"started_on": date(2024, 2, 1), "ended_on": None}


def find_broken(name: str, **rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Return the rows that break a check, given the rows of each table that it needs."""
    check = CHECKS[name]
    assert set(rows) == set(check.needs)
    tables = {table: pl.LazyFrame(found, TABLES[table].schema) for table, found in rows.items()}
    return check.find_broken(tables).collect()


@pytest.mark.parametrize(
    ("order", "lines", "count"),
    [
        (SALE, [LINE], 0),
        (SALE | {"total_minor": 101}, [LINE], 1),
        (SALE | {"total_minor": 95, "discount_minor": 10, "shipping_minor": 5}, [LINE], 0),
        (SALE | {"total_minor": 121, "tax_minor": 21}, [LINE], 0),
        (SALE, [], 0),  # an export of orders alone
        (SALE | {"shipping_minor": None}, [LINE], 0),
    ],
)
def test_a_total_is_compared_where_all_its_parts_are_known(order, lines, count: int):
    assert find_broken("order_total", orders=[order], order_items=lines).height == count


@pytest.mark.parametrize(
    ("back", "count"),
    [
        (BACK, 0),
        (BACK | {"total_minor": -101}, 1),
        (BACK | {"ordered_at": DAY[0]}, 1),
        (BACK | {"ordered_at": SALE["ordered_at"]}, 0),  # a load dates refunds without a time so
        (BACK | {"record_id": 2}, 1),
        (BACK | {"record_id": None}, 0),  # a guest
        (BACK | {"original_order_id": None}, 0),
        (BACK | {"original_order_id": "of an earlier export"}, 0),
    ],
)
def test_a_reversal_is_compared_with_its_sale_where_that_is_known(back, count: int):
    assert find_broken("reversal", orders=[SALE, back]).height == count


def test_more_back_than_paid_is_found_at_the_sale():
    refund = PAID | {"payment_id": "r", "order_id": "b", "kind": "refund", "amount_minor": -101}
    found = find_broken("refund", orders=[SALE, BACK], payments=[PAID, refund])
    assert found["order_id"].to_list() == ["s"]
    assert find_broken(
        "refund", orders=[SALE, BACK], payments=[refund]
    ).is_empty()  # paid elsewhere
    in_full = refund | {"amount_minor": -100}
    assert find_broken("refund", orders=[SALE, BACK], payments=[PAID, in_full]).is_empty()


@pytest.mark.parametrize(
    ("terms", "count"),
    [
        ([TERM, NEXT], 0),
        ([TERM, NEXT | {"started_on": date(2024, 3, 1)}], 0),  # a pause
        ([TERM, NEXT | {"started_on": date(2024, 1, 15)}], 1),
        ([TERM | {"ended_on": None}, NEXT], 1),
        ([TERM | {"ended_on": TERM["started_on"]}], 1),
        ([TERM, NEXT | {"subscription_id": "d", "started_on": date(2024, 1, 15)}], 0),
    ],
)
def test_terms_of_one_contract_do_not_overlap(terms, count: int):
    assert find_broken("terms", subscriptions=terms).height == count


def test_what_breaks_a_check_can_be_refused_like_any_other_fault():
    wrong = SALE | {"total_minor": 101, "source_row": 7}
    check = CHECKS["order_total"]
    found = find_broken("order_total", orders=[wrong], order_items=[LINE])
    refused = make_faults(found, check.rule, table=check.table)
    assert refused.select("source_row", "table", "rule").rows() == [(7, "orders", "order_total")]
    assert describe_faults(refused)[0].startswith(
        "orders: an order's total is its lines less discount"
    )
