"""UCI Online Retail: the leakage ladder's last rung, and groups that are a cloud."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from workbench.models import churn, segmentation
from workbench.schema import TABLES, CustomerData

AS_OF = date(2011, 12, 10)


@pytest.fixture(scope="module")
def shop(real_data: Path) -> CustomerData:
    """Return the known customers' lines as orders; lines at no price and negative are stock."""
    lines = (
        pl.read_parquet(real_data / "online_retail" / "online_retail.parquet")
        .filter(pl.col("CustomerID").is_not_null())
        .with_columns(
            at=pl.col("InvoiceDate").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            customer_id=pl.col("CustomerID").cast(pl.UInt64),
            amount_minor=(pl.col("Quantity") * pl.col("UnitPrice") * 100).round().cast(pl.Int64),
            kind=pl.when(pl.col("Quantity") < 0).then(pl.lit("return")).otherwise(pl.lit("sale")),
        )
        .with_columns(
            order_id=pl.coalesce("InvoiceNo", pl.format("{} {}", "customer_id", "at")),
        )
    )
    orders = lines.group_by("order_id", "customer_id", "kind").agg(
        ordered_at=pl.col("at").min(), total_minor=pl.col("amount_minor").sum()
    )
    return CustomerData.of(
        {
            "orders": orders.with_columns(
                pl.col("kind").cast(TABLES["orders"].column("kind").type), currency=pl.lit("GBP")
            ),
            "order_items": lines.select(
                "order_id", "customer_id", "amount_minor", product_id="StockCode"
            ),
            "customers": lines.group_by("customer_id").agg(first_seen_at=pl.col("at").min()),
        }
    )


def test_out_of_time_auc_is_that_of_a_design_without_leaks(shop: CustomerData) -> None:
    found = churn(shop, as_of=AS_OF, currency="GBP", horizon_days=90, seed=1)
    assert found.windows["as_of"].to_list()[-1] == date(2011, 9, 11)
    # .744 by the field's own measurement; near .9 the design leaks, at 1 the label is a feature
    assert 0.72 <= (found.auc.value or 0) <= 0.77
    base_rates = found.windows["rate"].round(2).to_list()
    assert base_rates == [0.44, 0.52, 0.43]
    calibrated = found.verdicts[2]
    assert calibrated.outcome == "shown not"  # the season moves the base rate from .52 to .43


def test_customers_are_one_cloud_cut_reproducibly(shop: CustomerData) -> None:
    found = segmentation(shop, as_of=AS_OF, currency="GBP", seed=1)
    # of groups planted among these customers fewer than half are found, so a no cannot be said
    assert found.verdicts[0].outcome == "cannot be said"
    assert "No valley was found" in found.verdicts[0].answer
    assert found.sizes["persons"].sum() == found.assignments.height
    assert max(found.tried["stability"]) > 0.85
