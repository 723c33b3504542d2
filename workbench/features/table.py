"""The feature table: one row per customer, as of a date."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from workbench.features.behaviour import activity, engagement, payments
from workbench.features.contracts import subscriptions
from workbench.features.dictionary import feature_dictionary
from workbench.features.facts import Facts, declared
from workbench.features.products import baskets, channels
from workbench.features.purchases import LeftOut, left_out, purchases_of
from workbench.features.windows import first_moment
from workbench.schema import CustomerData

#: Counts of what did not happen are 0; everything else that is not known stays null.
_ZERO = (
    "orders",
    "order_days",
    "returns",
    "returned_minor",
    "order_days_30",
    "order_days_90",
    "order_days_before_90",
    "order_days_trend",
    "spent_90_minor",
    "spent_before_90_minor",
    "spent_trend_minor",
    "events_30",
    "events_90",
    "events_before_90",
    "events_trend",
    "sessions_90",
    "active_days_90",
    "carts_90",
    "messages_90",
    "opened_90",
    "clicked_90",
    "contacts_90",
    "failed_payments_90",
    "running_subscriptions",
    "subscription_price_minor",
    "ended_subscriptions",
)
_FALSE = ("is_returns_only", "has_unsubscribed", "has_subscription")


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFeatures:
    """Features of customers as of a date.

    Attributes
    ----------
    rows : DataFrame, shape (customers, 1 + features)
        One row per customer known before ``as_of``, sorted by ``customer_id``.
    as_of : date
        Facts strictly before its first moment (UTC) count.
    currency : str
        ISO 4217 of all amounts.
    left_out : LeftOut
        Orders that are in nobody's figures.
    """

    rows: pl.DataFrame
    as_of: date
    currency: str
    left_out: LeftOut

    @property
    def names(self) -> list[str]:
        """Names of the features."""
        return [name for name in self.rows.columns if name != "customer_id"]

    def dictionary(self) -> pl.DataFrame:
        """Return what each feature is: feature, group, unit, meaning."""
        return feature_dictionary(self.names)


def customer_features(
    data: CustomerData, *, as_of: date, currency: str, history_days: int | None = None
) -> CustomerFeatures:
    """Return the features of every customer known before a date.

    Nothing that happened on ``as_of`` or later has any effect (truncation invariance, tested).
    Demographics and attributes are not among the features; ``profile`` gives them.

    Parameters
    ----------
    data : CustomerData
        Orders, order items, events, interactions, payments and subscriptions are read. Tables and
        columns that a view leaves out count as empty.
    as_of : date
        Facts strictly before its first moment (UTC) count.
    currency : str
        ISO 4217; orders in another currency are left out and counted.
    history_days : int, optional
        Only facts of this many days before ``as_of`` count.

    Notes
    -----
    Every table is reduced to one row per customer before anything is joined, in polars' streaming
    engine, so memory holds one row per customer and not the events.
    """
    facts = Facts(data=data, as_of=as_of, history_days=history_days)
    parts = [
        purchases_of(facts, currency),
        channels(facts, currency),
        baskets(facts, currency),
        activity(facts),
        engagement(facts),
        payments(facts),
        subscriptions(facts, currency),
    ]
    rows = _known(facts)
    for part in parts:  # one after another: memory holds one table's aggregates at a time
        found = part.collect(engine="streaming")
        rows = rows.join(found, on="customer_id", how="left", maintain_order="left")
    return CustomerFeatures(
        rows=rows.with_columns(pl.col(_ZERO).fill_null(0), pl.col(_FALSE).fill_null(False)),
        as_of=as_of,
        currency=currency,
        left_out=left_out(data, as_of=as_of, currency=currency),
    )


def _known(facts: Facts) -> pl.DataFrame:
    """Return the customers first seen before ``as_of``: customer_id and tenure_days."""
    customers = declared(facts.data, "customers").filter(
        pl.col("first_seen_at") < first_moment(facts.as_of),
        pl.col("kind").is_null() | (pl.col("kind").cast(pl.String) != "test"),
    )
    return (
        customers.select(
            "customer_id", tenure_days=facts.age_days(pl.col("first_seen_at").dt.date())
        )
        .collect(engine="streaming")
        .sort("customer_id")
    )
