"""Rules on orders, payments and contracts; each function returns the rows that break a rule.

``schema.consistency`` has the rules for any customer data. In a world, nothing is unknown and
orders are paid in full or not at all, so these rules are stricter.
"""

from collections.abc import Mapping

import polars as pl

from workbench.schema.consistency import (
    orders_with_amounts_due,
    payments_per_order,
    reversals,
    sales_with_payments,
    terms_in_order,
)

Tables = Mapping[str, pl.LazyFrame]


def unexplained_totals(tables: Tables) -> pl.LazyFrame:
    """Return orders with an unknown amount due: they have no lines, which every order must have."""
    return orders_with_amounts_due(tables).filter(pl.col("due_minor").is_null())


def wrong_amounts(tables: Tables) -> pl.LazyFrame:
    """Return lines with an amount other than price times quantity."""
    due = pl.col("unit_price_minor") * pl.col("quantity")
    return tables["order_items"].filter(pl.col("amount_minor") != due)


def wrong_signs(tables: Tables) -> pl.LazyFrame:
    """Return sales with a total of 0 or less, and reversals with a total above 0."""
    is_sale = pl.col("kind") == "sale"
    return tables["orders"].filter(is_sale != (pl.col("total_minor") > 0))


def unfounded_reversals(tables: Tables) -> pl.LazyFrame:
    """Return reversals without a sale, or without the customer of the sale."""
    known = pl.col("sold", "record_id", "record_id_sale")
    return reversals(tables).filter(pl.any_horizontal(known.is_null()))


def wrong_payments(tables: Tables) -> pl.LazyFrame:
    """Return orders with payments of neither 0 nor the total."""
    paid = tables["orders"].join(payments_per_order(tables), on="order_id", how="inner")
    is_sale = pl.col("kind") == "sale"
    settled = pl.when(is_sale).then("charge").otherwise("refund")
    other = pl.when(is_sale).then("refund").otherwise("charge")
    is_partial = (settled != 0) & (settled != pl.col("total_minor"))
    return paid.filter(is_partial | (other != 0) | (pl.col("failed") != 0))


def unpaid_refunds(tables: Tables) -> pl.LazyFrame:
    """Return sales with a refund but without any payment."""
    is_unpaid = pl.col("charged_minor") == 0
    return sales_with_payments(tables).filter(is_unpaid & (pl.col("net_minor") < 0))


def interrupted_terms(tables: Tables) -> pl.LazyFrame:
    """Return terms with a gap before the next one, and ended terms without a reason."""
    ends = pl.col("ended_on")
    return terms_in_order(tables).filter(
        (ends < pl.col("following_on")) | (ends.is_null() != pl.col("end_reason").is_null())
    )
