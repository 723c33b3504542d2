"""What a dataset keeps of native ids."""

import hashlib
import hmac

import pytest

from tests.intake.conftest import SETTINGS
from workbench.sources import SourceMapping

TEXT = "number,order,at,amount\nC-1,C-1,2024-01-01,1.00\nC-2,77,2024-01-01,1.00\n"


def _mapping(**orders: object) -> SourceMapping:
    return SourceMapping.of(
        {
            **SETTINGS,
            "columns": {"number": "code", "order": "code", "at": "instant", "amount": "money"},
            "record": {"id": "number"},
            "identities": {"user_id": "number"},
            "tables": {
                "customers": {"first_seen_at": '"at"'},
                "orders": {
                    "order_id": '"order"', "kind": "'sale'", "ordered_at": '"at"',
                    "total_minor": "amount", **orders,
                },
                "order_items": {
                    "order_id": '"order"', "line_number": "1", "quantity": "1",
                    "amount_minor": "amount",
                },
            },
        },
        name="orders",
    )  # fmt: skip


def _keyed(vault, native: str) -> str:
    secret = vault.key_for("shop").text.encode()
    return hmac.new(secret, native.encode(), hashlib.sha256).hexdigest()[:16]


def _order_ids(vault) -> list[list[str]]:
    data = vault.dataset("shop").data()
    return [sorted(data[table].collect()["order_id"]) for table in ("orders", "order_items")]


def test_a_column_told_to_hold_identifiers_is_hashed_wherever_it_is_quoted(loading, vault):
    loading(TEXT, mapping=_mapping(keyed=["order_id"]))
    expected = sorted(f"shop:{_keyed(vault, native)}" for native in ("shop:C-1", "shop:77"))
    assert _order_ids(vault) == [expected, expected]


def test_an_id_that_is_the_customers_own_number_is_hashed_untold(loading, vault):
    loading(TEXT, mapping=_mapping())
    expected = sorted(["shop:77", f"shop:{_keyed(vault, 'shop:C-1')}"])
    assert _order_ids(vault) == [expected, expected]


@pytest.mark.parametrize(
    ("native", "is_kept"),
    [("ann@example.org", False), ("2024/ann@example.org/3", False), ("a@b", True), ("@1", True)],
)
def test_an_id_that_holds_an_email_address_is_hashed_untold(loading, vault, native, is_kept):
    loading(TEXT.replace(",77,", f",{native},"), mapping=_mapping())
    kept = f"shop:{native}"
    assert (kept in _order_ids(vault)[0]) is is_kept


def test_ids_are_the_same_in_every_load(loading, vault):
    loading(TEXT, mapping=_mapping(keyed=["order_id"]))
    report = loading(TEXT + "C-3,88,2024-01-02,1.00\n", mapping=_mapping(keyed=["order_id"]))
    assert (report.accepted, report.unchanged) == (3, 2)
