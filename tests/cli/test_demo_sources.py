"""``make demo-sources`` on a small shop: from the exports of eleven vendors to reports, twice."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import PROJECT
from workbench.vault import Vault

pytestmark = pytest.mark.slow

CUSTOMERS = 150


class Shop:
    """A place of its own in which the target runs, and what it printed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.workspace, self.reports = root / "workspace", root / "reports"

    def make(self) -> str:
        """Run the target and return its lines."""
        environment = os.environ | {
            "WORKBENCH_WORKSPACE": str(self.workspace), "WORKBENCH_REPORTS": str(self.reports)
        }  # fmt: skip
        done = subprocess.run(
            [
                "make", "--silent", "--old-file=.venv/.installed", "demo-sources",
                f"BIN={Path(sys.executable).parent}", f"EXPORTED={self.root / 'world'}",
                f"EXPORTED_CUSTOMERS={CUSTOMERS}",
            ],
            cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=500, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def tables(self) -> dict[str, pl.DataFrame]:
        """Return the dataset's tables with the format of each row's export."""
        data = Vault.open(self.workspace).dataset("sources").data()
        sources = data["sources"].select("source_id", "format").collect()
        names = (
            "customers", "orders", "payments", "events", "interactions", "consents", "identities",
        )  # fmt: skip
        return {name: data[name].collect().join(sources, on="source_id") for name in names}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Return the shop after the first run."""
    made = Shop(tmp_path_factory.mktemp("sources"))
    made.make()
    return made


def test_every_report_is_there_and_reads_all_exports(shop: Shop) -> None:
    records = [
        json.loads(path.read_text()) for path in (shop.reports / "runs").glob("*/record.json")
    ]
    assert sorted(each["notebook"]["name"] for each in records) == [
        "bias_audit", "churn", "segmentation"
    ]  # fmt: skip
    for each in records:
        assert {source["format"].split("/")[0] for source in each["dataset"]["sources"]} == {
            "access_log", "ga4", "mailchimp", "meta_comments", "onetrust", "qualtrics",
            "salesforce", "segment", "shopify_customers", "shopify_orders", "stripe", "zendesk",
        }  # fmt: skip
        assert {source["until"] for source in each["dataset"]["sources"]} == {"2025-07-01"}
        page = shop.reports / "site" / "runs" / f"{each['run']}.html"
        assert "mailchimp/activity from mailchimp (19 loads)" in page.read_text()


def test_records_of_all_systems_are_the_customers_of_one_shop(shop: Shop) -> None:
    tables = shop.tables()
    persons = tables["customers"].filter(pl.col("kind") != "visitor")
    # guests without an e-mail address are customers of their own
    assert CUSTOMERS < persons.height < 1.5 * CUSTOMERS
    world = pl.read_parquet(shop.root / "world" / "orders" / "*.parquet")
    orders = tables["orders"]
    assert orders["format"].unique().to_list() == ["shopify_orders"]
    assert orders.height == pytest.approx(world.height, abs=3)  # of the last night, see the refused
    paid = tables["payments"].filter(pl.col("format") == "stripe", pl.col("order_id").is_not_null())
    assert paid["order_id"].is_in(orders["order_id"].implode()).mean() > 0.99
    buyers = orders["customer_id"].drop_nulls().unique().implode()
    for name, formats in {
        "events": ("ga4", "segment"),
        "interactions": (
            "zendesk/tickets", "mailchimp/activity", "salesforce/cases", "qualtrics/current",
        ),
        "consents": ("onetrust/receipts", "ga4", "mailchimp/members"),
        "identities": ("access_log",),
    }.items():  # fmt: skip
        for form in formats:
            rows = tables[name].filter(pl.col("format") == form)
            assert rows["customer_id"].is_in(buyers).any(), f"{name} of {form}"
    # Visits are counted from trackers and opened mails from the mail tool, not from the log too.
    for name in ("events", "interactions"):
        assert "access_log" not in tables[name]["format"].unique().to_list()


def test_a_second_run_changes_nothing_and_says_so(shop: Shop) -> None:
    said = shop.make()
    assert re.findall(r"^Nothing changed: dataset sources stays at version 12\.$", said, re.M) == [
        "Nothing changed: dataset sources stays at version 12."
    ] * 12  # fmt: skip
    assert "is now at version" not in said
    assert "Nothing to do: every run of this study has finished" in said
    assert f"Open {shop.reports}/site/index.html" in said
