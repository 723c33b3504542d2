"""Shopify and Stripe: the samples' headers, the notes' quirks, and the world's sums."""

import csv
import json
import re
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tests.exports.conftest import HOSTILE, Rows

Tables = Callable[[str], pl.DataFrame]


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file))


@pytest.fixture(scope="module")
def lines(exports: Path, cells: Callable[[Path], Rows]) -> Rows:
    """Return the lines of the orders."""
    files = ("orders_export_1.csv", "orders_export_2.csv")
    return [line for file in files for line in cells(exports / "shopify_orders" / file)]


@pytest.fixture(scope="module")
def orders(lines: Rows) -> Rows:
    """Return the first line of each order."""
    return [line for line in lines if line["Id"]]


@pytest.fixture(scope="module")
def accounts(exports: Path, cells: Callable[[Path], Rows]) -> Rows:
    """Return the customers with an account."""
    return cells(exports / "shopify_customers" / "customers_export.csv")


@pytest.fixture(scope="module")
def charges(exports: Path, cells: Callable[[Path], Rows]) -> Rows:
    """Return the payments that went through Stripe."""
    return cells(exports / "stripe_payments" / "unified_payments.csv")


def test_headers_are_the_samples(exports: Path, formats: Path) -> None:
    for vendor, file, sample in (
        ("shopify_orders", "orders_export_1.csv", "orders_export.csv"),
        ("shopify_orders", "orders_export_2.csv", "orders_export.csv"),
        ("stripe_payments", "unified_payments.csv", "unified_payments.csv"),
    ):
        assert _header(exports / vendor / file) == _header(formats / vendor / sample)
    own = _header(exports / "shopify_customers" / "customers_export.csv")
    sample = _header(formats / "shopify_customers" / "customers_export.csv")
    assert own[:-1] == sample[:-1]  # the metafield's name is in the shop's language
    in_brackets = re.compile(r"\((.*)\)$")
    assert in_brackets.findall(own[-1]) == in_brackets.findall(sample[-1])


def test_there_is_a_line_per_line_item_of_a_sale(lines: Rows, tables: Tables) -> None:
    sales = tables("orders").filter(pl.col("kind") == "sale")
    items = tables("order_items").join(sales.select("order_id"), on="order_id")
    assert len(lines) == items.height
    assert sum(int(line["Lineitem quantity"]) for line in lines) == items["quantity"].sum()


def test_order_level_cells_stand_on_the_first_line_only(lines: Rows) -> None:
    filled = {name for line in lines if not line["Id"] for name, cell in line.items() if cell}
    assert {name for name in filled if not name.startswith("Lineitem")} <= {
        "Name",
        "Email",
        "Created at",
        "Vendor",
    }
    firsts = [line["Name"] for line in lines if line["Id"]]
    assert len(firsts) == len(set(firsts)) == len({line["Name"] for line in lines})


def test_totals_are_the_worlds(orders: Rows, tables: Tables) -> None:
    written: dict[str, Decimal] = defaultdict(Decimal)
    back: dict[str, Decimal] = defaultdict(Decimal)
    for order in orders:
        written[order["Currency"]] += Decimal(order["Total"])
        back[order["Currency"]] += Decimal(order["Refunded Amount"])
    places = pl.col("currency").replace_strict({"EUR": 100, "JPY": 1})
    sums = (
        tables("orders")
        .group_by("currency")
        .agg(
            sold=pl.col("total_minor").filter(pl.col("kind") == "sale").sum(),
            back=-pl.col("total_minor").filter(pl.col("original_order_id").is_not_null()).sum(),
            places=places.first(),
        )
    )
    assert len(sums) == 2
    for row in sums.iter_rows(named=True):
        assert written[row["currency"]] == Decimal(row["sold"]) / row["places"]
        assert back[row["currency"]] == Decimal(row["back"]) / row["places"]


def test_an_order_adds_up(lines: Rows) -> None:
    items: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        cost = Decimal(line["Lineitem price"]) * int(line["Lineitem quantity"])
        items[line["Name"]] += cost - Decimal(line["Lineitem discount"])
    for order in lines:
        if order["Id"]:
            subtotal = Decimal(order["Subtotal"])
            assert items[order["Name"]] - Decimal(order["Discount Amount"]) == subtotal
            assert subtotal + Decimal(order["Shipping"]) == Decimal(order["Total"])


def test_local_times_have_both_offsets(orders: Rows) -> None:
    stamp = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (\+0[12]00)$")
    offsets = {stamp.match(order["Created at"])[1] for order in orders}
    assert offsets == {"+0100", "+0200"}
    assert all(stamp.match(order["Paid at"]) for order in orders if order["Paid at"])


def test_a_created_instant_is_the_worlds(orders: Rows, tables: Tables) -> None:
    named = tables("orders").select(
        name=pl.lit("#") + pl.col("order_id").str.strip_prefix("shop:"), at="ordered_at"
    )
    told = pl.DataFrame(
        {"name": [o["Name"] for o in orders], "at": [o["Created at"] for o in orders]}
    )
    told = told.with_columns(pl.col("at").str.to_datetime("%Y-%m-%d %H:%M:%S %z", time_unit="us"))
    both = told.join(named, on="name")
    assert both.height == len(orders)
    assert (both["at"].dt.convert_time_zone("UTC") == both["at_right"].dt.truncate("1s")).all()


def test_digits_are_guarded_and_ids_have_13_of_them(orders: Rows, accounts: Rows) -> None:
    zips = [order["Billing Zip"] for order in orders if order["Billing Zip"]]
    assert zips and all(cell.startswith("'") for cell in zips)
    assert all(re.match(r"^\d{13}$", order["Id"]) for order in orders)
    assert all(re.match(r"^'\d{13}$", account["Customer ID"]) for account in accounts)


def test_status_says_what_came_back(orders: Rows) -> None:
    found = {order["Financial Status"] for order in orders}
    assert {"paid", "refunded", "partially_refunded"} <= found
    for order in orders:
        back, total = Decimal(order["Refunded Amount"]), Decimal(order["Total"])
        assert (order["Financial Status"] == "partially_refunded") <= (0 < back < total)


def test_notes_run_over_lines_and_some_orders_have_no_address(orders: Rows) -> None:
    assert any("\n" in order["Notes"] for order in orders)
    assert any(not order["Email"] for order in orders if order["Source"] == "pos")


def test_accounts_come_with_mark_and_windows_line_ends(exports: Path, accounts: Rows) -> None:
    content = (exports / "shopify_customers" / "customers_export.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf") and content.endswith(b"\r\n")
    assert {account["Accepts Email Marketing"] for account in accounts} == {"yes", "no"}
    assert any(account["Email"] != account["Email"].lower() for account in accounts)
    assert any(not account["Email"] for account in accounts)


def test_hostile_cells_are_quoted_not_cleaned(orders: Rows, lines: Rows, accounts: Rows) -> None:
    assert any(order["Billing Name"] == HOSTILE for order in orders)
    assert any(line["Lineitem name"] == HOSTILE for line in lines)
    assert any(account["Last Name"] == HOSTILE for account in accounts)


def test_stripe_has_what_went_through_it(charges: Rows, tables: Tables) -> None:
    payments = tables("payments").with_columns(pl.col("kind", "method").cast(pl.String))
    own = payments.filter(
        pl.col("method").is_in(["card", "direct_debit", "wallet"]),
        pl.col("kind").is_in(["charge", "failed"]),
    )
    assert len(charges) == own.height
    paid = [c for c in charges if c["Status"] != "Failed" and c["Currency"] == "eur"]
    total = own.filter(pl.col("currency") == "EUR")["amount_minor"].sum()
    assert sum(Decimal(c["Amount"].replace(",", "")) for c in paid) == Decimal(total) / 100


def test_stripe_writes_amounts_and_times_in_two_ways(charges: Rows) -> None:
    amount = re.compile(r"^\d{1,3}(,\d{3})*(\.\d\d)?$")
    debits = [charge for charge in charges if charge["id"].startswith("py_")]
    others = [charge for charge in charges if charge["id"].startswith("ch_")]
    assert len(debits) + len(others) == len(charges)
    assert all(amount.match(charge["Amount"]) for charge in debits)
    assert any("," in charge["Amount"] for charge in debits)
    assert all(re.match(r"^\d+(\.\d\d)?$", charge["Amount"]) for charge in others)
    assert all(re.match(r"^\S{10} \d\d:\d\d$", charge["Created date (UTC)"]) for charge in debits)
    assert all(re.match(r"^\S{10} [\d:]{8}$", charge["Created date (UTC)"]) for charge in others)


def test_stripe_statuses_follow_the_amounts(charges: Rows) -> None:
    assert {charge["Status"] for charge in charges} == {"Paid", "Refunded", "Failed"}
    for charge in charges:
        whole = charge["Amount"] == charge["Amount Refunded"]
        assert (charge["Status"] == "Refunded") == (whole and charge["Status"] != "Failed")
        assert charge["Captured"] == ("false" if charge["Status"] == "Failed" else "true")
    assert all(Decimal(c["Amount"].replace(",", "")) > 0 for c in charges)


def test_yen_have_no_decimals(charges: Rows, orders: Rows) -> None:
    yen = [charge["Amount"] for charge in charges if charge["Currency"] == "jpy"]
    yen += [order["Total"] for order in orders if order["Currency"] == "JPY"]
    assert yen and not any("." in cell for cell in yen)


def test_an_address_may_be_in_the_metadata_only(charges: Rows) -> None:
    both = ("Customer Email", "email (metadata)")
    assert any(not charge[both[0]] and charge[both[1]] for charge in charges)
    assert len({charge["id"] for charge in charges}) == len(charges)


def test_orders_are_fulfilled_after_they_are_placed_unless_cancelled(
    orders: Rows, world: Path
) -> None:
    last = json.loads((world / "world.json").read_bytes())["data_until"]
    end = datetime.fromisoformat(last).replace(tzinfo=UTC)
    for order in orders:
        is_fulfilled = order["Fulfillment Status"] == "fulfilled"
        assert is_fulfilled == bool(order["Fulfilled at"])
        if is_fulfilled:
            assert not order["Cancelled at"]
            placed, sent = (
                datetime.strptime(order[name], "%Y-%m-%d %H:%M:%S %z")
                for name in ("Created at", "Fulfilled at")
            )
            assert placed <= sent < end


def test_a_street_is_both_lines_of_the_address(orders: Rows) -> None:
    second = [order for order in orders if order["Billing Address2"]]
    assert 0 < len(second) < len(orders) / 4
    for order in second:
        joined = f"{order['Billing Address1']}, {order['Billing Address2']}"
        assert order["Billing Street"] == joined
