"""Rules of what is sold, taken back, paid and contracted; each returns the rows that break it."""

from collections.abc import Mapping

import polars as pl

Tables = Mapping[str, pl.LazyFrame]


def wrong_totals(tables: Tables) -> pl.LazyFrame:
    """Return orders whose total is not their lines less discount plus shipping and tax."""
    lines = tables["order_items"].group_by("order_id").agg(lines=pl.col("amount_minor").sum())
    due = pl.col("lines") - pl.col("discount_minor") + pl.col("shipping_minor")
    due += pl.col("tax_minor")
    orders = tables["orders"].join(lines, on="order_id", how="left")
    return orders.filter(pl.col("total_minor").ne_missing(due))


def wrong_amounts(tables: Tables) -> pl.LazyFrame:
    """Return lines whose amount is not price times quantity."""
    due = pl.col("unit_price_minor") * pl.col("quantity")
    return tables["order_items"].filter(pl.col("amount_minor") != due)


def wrong_signs(tables: Tables) -> pl.LazyFrame:
    """Return sales of nothing or less, and reversals above zero."""
    is_sale = pl.col("kind") == "sale"
    return tables["orders"].filter(is_sale != (pl.col("total_minor") > 0))


def _sales_and_reversals(tables: Tables) -> pl.LazyFrame:
    """Return each reversal with its sale's total and time, and all taken back of that sale."""
    sales = tables["orders"].filter(pl.col("kind") == "sale")
    sales = sales.select("order_id", "record_id", sold="total_minor", sold_at="ordered_at")
    back = tables["orders"].filter(pl.col("kind") != "sale")
    back = back.with_columns(all_back=pl.col("total_minor").sum().over("original_order_id"))
    return back.join(
        sales, left_on="original_order_id", right_on="order_id", how="left", suffix="_sale"
    )


def unfounded_reversals(tables: Tables) -> pl.LazyFrame:
    """Return reversals of no earlier sale of the customer, or of more than it was."""
    holds = (
        (pl.col("record_id") == pl.col("record_id_sale"))
        & (pl.col("ordered_at") > pl.col("sold_at"))
        & (-pl.col("all_back") <= pl.col("sold"))
    )
    return _sales_and_reversals(tables).filter(~holds.fill_null(value=False))


def _payments_per_order(tables: Tables) -> pl.LazyFrame:
    amount = pl.col("amount_minor")
    kinds = ("charge", "refund", "chargeback", "failed")
    paid = tables["payments"].filter(pl.col("order_id").is_not_null())
    return paid.group_by("order_id").agg(
        **{kind: amount.filter(pl.col("kind") == kind).sum() for kind in kinds}
    )


def wrong_payments(tables: Tables) -> pl.LazyFrame:
    """Return orders whose payments are neither nothing nor the total."""
    paid = tables["orders"].join(_payments_per_order(tables), on="order_id", how="inner")
    is_sale = pl.col("kind") == "sale"
    settled = pl.when(is_sale).then("charge").otherwise("refund")
    other = pl.when(is_sale).then("refund").otherwise("charge")
    is_partial = (settled != 0) & (settled != pl.col("total_minor"))
    return paid.filter(is_partial | (other != 0) | (pl.col("failed") != 0))


def refunds_unpaid(tables: Tables) -> pl.LazyFrame:
    """Return sales of which more went back than was paid."""
    origin = tables["orders"].select("order_id", sale=pl.coalesce("original_order_id", "order_id"))
    flows = _payments_per_order(tables).join(origin, on="order_id", how="left")
    net = pl.col("charge") + pl.col("refund") + pl.col("chargeback")
    return flows.group_by("sale").agg(net=net.sum()).filter(pl.col("net") < 0)


def overlapping_terms(tables: Tables) -> pl.LazyFrame:
    """Return terms of contracts that overlap, leave a gap or do not say why they ended."""
    ordered = tables["subscriptions"].sort("subscription_id", "started_on")
    following = pl.col("started_on").shift(-1).over("subscription_id", order_by="started_on")
    ends = pl.col("ended_on")
    return ordered.filter(
        (ends <= pl.col("started_on"))
        | (following.is_not_null() & ends.ne_missing(following))
        | (ends.is_null() != pl.col("end_reason").is_null())
    )
