"""Exports of several vendors in one dataset: the shop counts the orders, others point to them."""

import re
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import PROJECT
from workbench.exports import write_exports
from workbench.foundation.errors import ParameterError
from workbench.intake import load
from workbench.synthetic import generate
from workbench.vault import Vault

SETTINGS = {"basis": "contract", "data_until": "2024-08-01", "currency": "EUR"}
#: The systems of one company in the order of loading. The shop has the orders, and systems that
#: quote its numbers have its name.
VENDORS = {
    "shopify_customers": {},
    "shopify_orders": {"zone": "Europe/Berlin", "orders": "own", "payments": "other"},
    "stripe_payments": {"system": "shopify"},
    "ga4_bigquery_export": {"system": "shopify", "visits": "web"},
    "segment": {"system": "shopify", "visits": "app"},
    "access_log": {"visits": "other"},
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a world of 60 customers with the exports of shop, payments, analytics and app."""
    folder = tmp_path_factory.mktemp("company") / "world"
    generate(PROJECT / "synthetic" / "retail.toml", out=folder, customers=60, months=7)
    out, truth = folder / "exports", folder / "truth" / "exports"
    write_exports(folder, out=out, truth=truth, vendors=list(VENDORS))
    return folder


@pytest.fixture(scope="module")
def tables(world: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """Return the tables of a dataset into which all vendors were loaded."""
    vault = Vault.init(tmp_path_factory.mktemp("company") / "workspace")
    for vendor, own in VENDORS.items():
        last = load(
            [world / "exports" / vendor], vault=vault, dataset="company", settings=SETTINGS | own
        )
    assert not [warning for warning in last.warnings if "counted twice" in warning]
    opened = vault.dataset("company").data()
    sources = opened["sources"].select("source_id", "format")
    tables = ("orders", "order_items", "payments", "interactions", "customers")
    return {
        "events": opened["events"].join(sources, on="source_id").collect(),
        **{name: opened[name].collect() for name in tables},
    }


def test_revenue_is_counted_once(world: Path, tables: dict[str, pl.DataFrame]) -> None:
    orders = pl.read_parquet(world / "orders" / "part-*.parquet")
    assert tables["orders"]["total_minor"].sum() == orders["total_minor"].sum() > 0
    sales = [rows.filter(pl.col("kind") == "sale") for rows in (tables["orders"], orders)]
    assert sales[0].height == sales[1].height
    assert set(tables["orders"]["order_id"].str.split(":").list.first()) == {"shopify"}


def test_lines_are_those_of_the_shops_sales(world: Path, tables: dict[str, pl.DataFrame]) -> None:
    items = pl.read_parquet(world / "order_items" / "part-*.parquet")
    sold = items.filter(pl.col("quantity") > 0)
    assert tables["order_items"]["amount_minor"].sum() == sold["amount_minor"].sum()


def test_a_guest_of_the_shop_is_no_customer(tables: dict[str, pl.DataFrame]) -> None:
    guests = tables["orders"].filter(pl.col("customer_id").is_null())
    assert 0 < guests.height < tables["orders"].height / 2


def test_payments_are_those_of_the_provider(world: Path, tables: dict[str, pl.DataFrame]) -> None:
    stated = pl.read_parquet(world / "payments" / "part-*.parquet")
    ours = stated.filter(pl.col("method").cast(pl.String).is_in(["card", "direct_debit", "wallet"]))
    assert tables["payments"]["amount_minor"].sum() == ours["amount_minor"].sum()


def test_visits_of_the_site_and_the_app_are_counted_from_one_export_each(
    world: Path, tables: dict[str, pl.DataFrame]
) -> None:
    stated = pl.read_parquet(world / "events" / "part-*.parquet")
    found = tables["events"].group_by("format", "channel").len().sort("format").rows()
    counts = {(form, channel): count for form, channel, count in found}
    assert set(counts) == {("ga4", "web"), ("segment", "app")}
    assert counts["ga4", "web"] == stated.filter(pl.col("channel") == "web").height
    assert 0 < counts["segment", "app"] <= stated.filter(pl.col("channel") == "app").height
    # The log still says who opened a mail and who decided on consent.
    assert tables["interactions"].filter(pl.col("channel") == "email").height > 0


def test_payments_that_the_provider_does_not_settle_are_those_of_the_shop(
    world: Path, tmp_path: Path
) -> None:
    vault = Vault.init(tmp_path)
    own = VENDORS["shopify_orders"] | {"provider": "shopify payments|paypal|sepa"}
    for vendor, settings in {
        "shopify_orders": own,
        "stripe_payments": {"system": "shopify"},
    }.items():
        found = load(
            [world / "exports" / vendor],
            vault=vault,
            dataset="company",
            settings=SETTINGS | settings,
        )
        if vendor == "shopify_orders":
            assumed = [each for file in found.files for each in file.assumptions]
    assert not [warning for warning in found.warnings if "counted twice" in warning]
    payments = vault.dataset("company").stored_rows("payments").collect()
    stated = pl.read_parquet(world / "payments" / "part-*.parquet")
    expected = stated.filter(pl.col("method").cast(pl.String).is_in(["cash", "invoice"]))
    others = payments.filter(~pl.col("payment_id").str.contains("ch_|py_"))
    assert others.height > 0
    assert others["amount_minor"].sum() == expected["amount_minor"].sum()
    assert any("payment is left to the export of the payment provider" in each for each in assumed)


def test_payments_that_shop_and_provider_report_are_a_warning(world: Path, tmp_path: Path) -> None:
    vault = Vault.init(tmp_path)
    shop = VENDORS["shopify_orders"] | {"payments": "own"}
    loads = {"shopify_orders": shop, "stripe_payments": VENDORS["stripe_payments"]}
    for vendor, settings in loads.items():
        found = load(
            [world / "exports" / vendor],
            vault=vault,
            dataset="company",
            settings=SETTINGS | settings,
        )
    told = [each for each in found.warnings if each.startswith("payments of method card of 2 exp")]
    assert len(told) == 1


def test_mails_that_two_exports_report_as_opened_are_a_warning(world: Path, tmp_path: Path) -> None:
    vault = Vault.init(tmp_path)
    out = tmp_path / "mails"
    write_exports(world, out=out, truth=tmp_path / "truth", vendors=["mailchimp"])
    for mails, warnings in (("own", 1), ("other", 0)):
        for vendor, folder in (("mailchimp", out), ("access_log", world / "exports")):
            own = {"visits": "other", "mails": mails} if vendor == "access_log" else {}
            found = load([folder / vendor], vault=vault, dataset=mails, settings=SETTINGS | own)
        told = [each for each in found.warnings if each.startswith("opened mails of 2 exports")]
        assert len(told) == warnings
        assert all("--set mails=other" in each for each in told)


def test_visits_that_several_exports_report_are_a_warning(world: Path, tmp_path: Path) -> None:
    vault = Vault.init(tmp_path)
    for vendor, own in {"ga4_bigquery_export": {}, "segment": {"visits": "web"}}.items():
        found = load(
            [world / "exports" / vendor], vault=vault, dataset="company", settings=SETTINGS | own
        )
    [warning] = [each for each in found.warnings if "counted twice" in each]
    assert re.match(r"events of channel web of 2 exports are in this dataset: ga4 of ga4", warning)
    assert "--set visits=other" in warning


def test_a_word_that_is_no_choice_of_a_setting_is_refused(world: Path, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="visits is 'none', expected own or web or app or oth"):
        load(
            [world / "exports" / "segment"],
            vault=Vault.init(tmp_path),
            dataset="company",
            settings={**SETTINGS, "visits": "none"},
        )


def test_payments_and_purchases_point_to_orders_of_the_shop(
    tables: dict[str, pl.DataFrame],
) -> None:
    known = tables["orders"].select("order_id")
    for table in ("payments", "events"):
        quoted = tables[table].filter(pl.col("order_id").is_not_null())
        assert quoted.height > 0
        assert quoted.join(known, on="order_id", how="anti").is_empty(), table
    products = tables["events"].filter(pl.col("event_name") == "view_item")["product_id"]
    assert products.is_in(tables["order_items"]["product_id"].implode()).any()
