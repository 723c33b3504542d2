"""Who bought when and for how much: recency, frequency and value, each under its own name.

"Recency" means two opposite things in the literature: days since the last order (RFM) and the
time of the last order after the first one (value models). Neither goes by that name here.

An *order day* is a day whose orders, returns and cancellations come to more than nothing. A day on
which all was sent back, or nothing was paid, is none. Value is net of returns and never below
zero: who only sent things back has no value at all (null), as nothing is known of their buying.
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from workbench.features.facts import Facts, dated_before
from workbench.schema import CustomerData

#: Length of the window whose figures are compared with those of the window before.
TREND_DAYS = 90
#: Length of the window of the latest figures.
RECENT_DAYS = 30
#: Decimals of shares and means, so that equal data give equal bytes.
DECIMALS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Orders before ``as_of`` that are in no customer's figures.

    Attributes
    ----------
    other_currency : int
        Orders of known customers in another currency than asked for.
    of_nobody : int
        Orders without a customer (guests).
    """

    other_currency: int
    of_nobody: int


def purchases(
    data: CustomerData, *, as_of: date, currency: str, history_days: int | None = None
) -> pl.DataFrame:
    """Return what each customer bought before a date.

    Parameters
    ----------
    data : CustomerData
        Table ``orders`` is read.
    as_of : date
        Orders strictly before its first moment count.
    currency : str
        ISO 4217; orders in any other are left out (``left_out`` counts them).
    history_days : int, optional
        Only orders of this many days before ``as_of`` count.

    Returns
    -------
    DataFrame, shape (customers with an order, columns)
        One row per customer, sorted by ``customer_id``; the columns are described in
        ``workbench.features.FEATURES`` (group ``purchases``). Customers without an order are
        absent.
    """
    facts = Facts(data=data, as_of=as_of, history_days=history_days)
    return purchases_of(facts, currency).sort("customer_id").collect(engine="streaming")


def order_days(facts: Facts, currency: str) -> pl.LazyFrame:
    """Return one row per customer and day with an order of any kind, in no order.

    Columns: customer_id, on (Date), age_days, sales, returns (counts), sold_minor, returned_minor
    (0 or more), net_minor.
    """
    amount, is_sale = pl.col("total_minor"), pl.col("kind") == "sale"
    return (
        facts["orders"]
        .filter(pl.col("currency") == currency)
        .group_by("customer_id", "on")
        .agg(
            age_days=pl.col("age_days").first(),
            sales=is_sale.sum().cast(pl.Int64),
            returns=(~is_sale).sum().cast(pl.Int64),
            sold_minor=pl.when(is_sale).then(amount).otherwise(0).sum(),
            returned_minor=-pl.when(is_sale).then(0).otherwise(amount).sum(),
            net_minor=amount.sum(),
        )
    )


def purchases_of(facts: Facts, currency: str) -> pl.LazyFrame:
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
            days_since_last_order=age.filter(bought).min(),
            days_since_first_order=age.filter(bought).max(),
            spent_minor=net.filter(bought).sum(),
            all_net_minor=net.sum(),
            sold_minor=pl.col("sold_minor").sum(),
            returned_minor=pl.col("returned_minor").sum(),
            order_days_30=(bought & (age <= RECENT_DAYS)).sum().cast(pl.Int64),
            order_days_90=(bought & latest).sum().cast(pl.Int64),
            order_days_before_90=(bought & before).sum().cast(pl.Int64),
            spent_90_minor=net.filter(bought & latest).sum(),
            spent_before_90_minor=net.filter(bought & before).sum(),
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


def left_out(data: CustomerData, *, as_of: date, currency: str) -> LeftOut:
    """Count the orders before a date that are in no customer's figures."""
    orders = dated_before(data, "orders", as_of)
    known = pl.col("customer_id").is_not_null()
    found = orders.select(
        other=(known & (pl.col("currency") != currency)).sum(), nobody=(~known).sum()
    ).collect(engine="streaming")
    other, nobody = found.row(0)
    return LeftOut(other_currency=other, of_nobody=nobody)
