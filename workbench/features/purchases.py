"""Features of purchases: recency, frequency and value, each under its own name.

"Recency" means two opposite things in the literature: days since the last order (RFM), and the time
from the first order to the last (value models). So neither has that name here.

An *order day* of a customer is a day whose orders less returns and cancellations are above 0. A day
on which the customer returned everything, or paid nothing, is not an order day. Value is net of
returns and never below 0. It is null for customers with returns only, because their purchases are
not in the data.
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from workbench.features.facts import Facts, dated_rows_before
from workbench.schema import CustomerData

#: Length of the two windows that a trend compares, days.
TREND_DAYS = 90
#: Length of the window of the most recent figures, days.
RECENT_DAYS = 30
#: Decimals to which shares and means are rounded, so that equal data give equal bytes.
DECIMALS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutOrders:
    """Numbers of orders before ``as_of`` that no feature includes.

    Attributes
    ----------
    other_currency : int
        Number of orders of customers in another currency than the features.
    without_customer : int
        Number of orders of guests.
    """

    other_currency: int
    without_customer: int


def purchases(
    data: CustomerData, *, as_of: date, currency: str, history_days: int | None = None
) -> pl.DataFrame:
    """Return recency, frequency and value of each customer's purchases before a date.

    Parameters
    ----------
    data : CustomerData
        Customer data, of which the table ``orders`` is read.
    as_of : date
        Date before whose first moment orders count.
    currency : str
        ISO 4217 code; orders in another currency are left out, see ``count_left_out_orders``.
    history_days : int, optional
        Number of days before ``as_of`` whose orders count; all by default.

    Returns
    -------
    DataFrame, shape (customers with an order, columns)
        One row per customer, sorted by ``customer_id``; the columns are described in
        ``workbench.features.FEATURES`` (group ``purchases``). Customers without an order are
        absent.
    """
    facts = Facts(data=data, as_of=as_of, history_days=history_days)
    return purchase_features(facts, currency).sort("customer_id").collect(engine="streaming")


def order_days(facts: Facts, currency: str) -> pl.LazyFrame:
    """Return one row per customer and day with an order of any kind, in no order.

    Columns: customer_id, age_days, sales, returns (counts), sold_minor, returned_minor
    (0 or more), net_minor.
    """
    amount, is_sale = pl.col("total_minor"), pl.col("kind") == "sale"
    return (
        facts["orders"]
        .filter(pl.col("currency") == currency)
        .group_by("customer_id", "age_days")
        .agg(
            sales=is_sale.sum().cast(pl.Int64),
            returns=(~is_sale).sum().cast(pl.Int64),
            sold_minor=pl.when(is_sale).then(amount).otherwise(0).sum(),
            returned_minor=-pl.when(is_sale).then(0).otherwise(amount).sum(),
            net_minor=amount.sum(),
        )
    )


def purchase_features(facts: Facts, currency: str) -> pl.LazyFrame:
    """Return the figures of ``purchases`` lazily, in no order."""
    net, age = pl.col("net_minor"), pl.col("age_days")
    bought = net > 0
    latest, before = age <= TREND_DAYS, age.is_between(TREND_DAYS + 1, 2 * TREND_DAYS)
    by_customer = (
        order_days(facts, currency)
        .group_by("customer_id")
        .agg(
            orders=pl.col("sales").sum(),
            order_days=bought.sum().cast(pl.Int64),
            returns=pl.col("returns").sum(),
            days_since_last_order=pl.when(bought).then(age).min(),
            days_since_first_order=pl.when(bought).then(age).max(),
            spent_minor=pl.when(bought).then(net).sum(),
            all_net_minor=net.sum(),
            sold_minor=pl.col("sold_minor").sum(),
            returned_minor=pl.col("returned_minor").sum(),
            order_days_30=(bought & (age <= RECENT_DAYS)).sum().cast(pl.Int64),
            order_days_90=(bought & latest).sum().cast(pl.Int64),
            order_days_before_90=(bought & before).sum().cast(pl.Int64),
            spent_90_minor=pl.when(bought & latest).then(net).sum(),
            spent_before_90_minor=pl.when(bought & before).then(net).sum(),
        )
    )
    days, first, last = (
        pl.col("order_days"),
        pl.col("days_since_first_order"),
        pl.col("days_since_last_order"),
    )
    has_bought = days > 0
    return by_customer.with_columns(
        repeat_order_days=pl.when(has_bought).then(days - 1),
        days_to_last_order=first - last,
        mean_days_between_orders=pl.when(days > 1).then(
            ((first - last) / (days - 1)).round(DECIMALS)
        ),
        orders_missed=pl.when(has_bought).then((days * last / first).round(DECIMALS)),
        monetary_minor=pl.when(has_bought).then(pl.max_horizontal("all_net_minor", pl.lit(0))),
        mean_order_day_minor=pl.when(has_bought).then(
            (pl.col("spent_minor") / days).round(DECIMALS)
        ),
        order_days_trend=pl.col("order_days_90") - pl.col("order_days_before_90"),
        spent_trend_minor=pl.col("spent_90_minor") - pl.col("spent_before_90_minor"),
        return_share=pl.when(pl.col("sold_minor") > 0).then(
            (pl.col("returned_minor") / pl.col("sold_minor")).clip(0, 1).round(DECIMALS)
        ),
        is_returns_only=~has_bought & (pl.col("returns") > 0),
    ).drop("all_net_minor", "sold_minor", "spent_minor")


def count_left_out_orders(data: CustomerData, *, as_of: date, currency: str) -> LeftOutOrders:
    """Return the numbers of orders before a date that no feature includes."""
    orders = dated_rows_before(data, "orders", as_of)
    known = pl.col("customer_id").is_not_null()
    found = orders.select(
        other=(known & (pl.col("currency") != currency)).sum(), nobody=(~known).sum()
    ).collect(engine="streaming")
    other, nobody = found.row(0)
    return LeftOutOrders(other_currency=other, without_customer=nobody)
