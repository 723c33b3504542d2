"""Rules of what is sold, taken back, paid and contracted in a world; each returns what breaks it.

What must hold in any customer data is checked by ``schema.consistency``. In a world nothing is
unknown besides, and orders are paid at once or not at all.
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
    """Return orders of which it is unknown what is due; in a world every order has its lines."""
    return orders_with_amounts_due(tables).filter(pl.col("due_minor").is_null())


def wrong_amounts(tables: Tables) -> pl.LazyFrame:
    """Return lines whose amount is not price times quantity."""
    due = pl.col("unit_price_minor") * pl.col("quantity")
    return tables["order_items"].filter(pl.col("amount_minor") != due)


def wrong_signs(tables: Tables) -> pl.LazyFrame:
    """Return sales of nothing or less, and reversals above zero."""
    is_sale = pl.col("kind") == "sale"
    return tables["orders"].filter(is_sale != (pl.col("total_minor") > 0))


def unfounded_reversals(tables: Tables) -> pl.LazyFrame:
    """Return reversals without their sale or its customer, which a world always has."""
    known = pl.col("sold", "record_id", "record_id_sale")
    return reversals(tables).filter(pl.any_horizontal(known.is_null()))


def wrong_payments(tables: Tables) -> pl.LazyFrame:
    """Return orders whose payments are neither nothing nor the total."""
    paid = tables["orders"].join(payments_per_order(tables), on="order_id", how="inner")
    is_sale = pl.col("kind") == "sale"
    settled = pl.when(is_sale).then("charge").otherwise("refund")
    other = pl.when(is_sale).then("refund").otherwise("charge")
    is_partial = (settled != 0) & (settled != pl.col("total_minor"))
    return paid.filter(is_partial | (other != 0) | (pl.col("failed") != 0))


def unpaid_refunds(tables: Tables) -> pl.LazyFrame:
    """Return sales of which money went back without any payment, which a world always has."""
    is_unpaid = pl.col("charged_minor") == 0
    return sales_with_payments(tables).filter(is_unpaid & (pl.col("net_minor") < 0))


def interrupted_terms(tables: Tables) -> pl.LazyFrame:
    """Return terms with a gap before the next one, and terms that do not say why they ended."""
    ends = pl.col("ended_on")
    return terms_in_order(tables).filter(
        (ends < pl.col("following_on")) | (ends.is_null() != pl.col("end_reason").is_null())
    )
