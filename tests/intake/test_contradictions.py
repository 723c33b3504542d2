"""Rows that contradict each other are loaded, and counted in a warning."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.intake.conftest import SETTINGS
from workbench.intake import load
from workbench.sources import SourceMapping

ORDERS = SourceMapping.of(
    {
        **SETTINGS,
        "columns": {
            "number": {"type": "code", "required": True},
            "customer": "code",
            "at": {"type": "instant", "required": True, "name": "ordered"},
            "total": "money",
            "shipping": "money",
            "tax": "money",
            "paid": "money",
            "refunded": "money",
        },
        "each": {
            "line": {"path": "lines[]", "columns": {"@number": "integer", "due": "money"}},
        },
        "record": {"id": "customer"},
        "tables": {
            "customers": {"first_seen_at": "MIN(ordered)"},
            "orders": {
                "order_id": "number",
                "kind": "'sale'",
                "ordered_at": "ordered",
                "discount_minor": "0",
                "shipping_minor": "shipping",
                "tax_minor": "tax",
                "total_minor": "total",
            },
            "order_items": {
                "each": "line",
                "order_id": "number",
                "line_number": '"@number"',
                "quantity": "1",
                "amount_minor": "due",
            },
            "payments": [
                {
                    "payment_id": "number || '/paid'",
                    "order_id": "number",
                    "kind": "'charge'",
                    "paid_at": "ordered",
                    "amount_minor": "paid",
                },
                {
                    "where": "refunded IS NOT NULL",
                    "payment_id": "number || '/back'",
                    "order_id": "number",
                    "kind": "'refund'",
                    "paid_at": "ordered",
                    "amount_minor": "-refunded",
                },
            ],
        },
    },
    name="orders",
)
RIGHT = {
    "number": "1", "customer": "a", "at": "2023-05-01T10:00:00Z", "total": "25.00",
    "shipping": "5.00", "tax": "4.00", "paid": "25.00",
    "lines": [{"due": "12.00"}, {"due": "8.00"}],
}  # fmt: skip


def _load(vault: Any, tmp_path: Path, *changes: dict[str, Any]) -> tuple[str, ...]:
    orders = [{**RIGHT, "number": str(n), **change} for n, change in enumerate(changes, start=1)]
    (tmp_path / "orders.json").write_text("\n".join(map(json.dumps, orders)))
    report = load(
        [tmp_path / "orders.json"], vault=vault, dataset="shop", mapping=ORDERS, settings={}
    )
    assert (report.accepted, report.refused) == (len(changes), 0)
    return report.warnings


def test_rows_that_agree_give_no_warning(vault, tmp_path: Path):
    assert _load(vault, tmp_path, {}, {"total": "29.00"}, {"refunded": "25.00"}) == ()


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        (
            ({}, {"total": "26.00"}, {"shipping": "4.00"}),
            "orders.json: 2 orders are loaded as stated and break a rule: an order's total is its "
            "lines less discount plus shipping, plus tax where prices lack it",
        ),
        (
            ({"refunded": "25.01"},),
            "orders.json: 1 order is loaded as stated and breaks a rule: the refunds of an order "
            "never exceed what was paid",
        ),
    ],
)
def test_rows_that_contradict_each_other_are_loaded_and_counted(
    vault, tmp_path: Path, changes: tuple[dict[str, Any], ...], warning: str
):
    assert _load(vault, tmp_path, *changes) == (warning,)
