"""The feature table: one row per customer, as of a date."""

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date

import polars as pl

from workbench.features.behaviour_features import (
    activity_features,
    engagement_features,
    payment_features,
)
from workbench.features.facts import Facts, with_declared_columns
from workbench.features.feature_dictionary import feature_dictionary
from workbench.features.products import basket_features, channel_features, largest_categories
from workbench.features.purchases import LeftOutOrders, count_left_out_orders, purchase_features
from workbench.features.subscriptions import subscription_features
from workbench.foundation import compute
from workbench.schema import CustomerData
from workbench.schema.customer_ranges import CustomerRange, equal_ranges
from workbench.schema.timeline import rows_known_before

#: Features that are 0, not null, for customers without rows.
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
#: Number of customers whose aggregates are in memory together.
_BUCKET_CUSTOMERS = 100_000
_FALSE = ("is_returns_only", "has_unsubscribed", "has_subscription")


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFeatures:
    """Features of customers as of a date.

    Attributes
    ----------
    rows : DataFrame, shape (customers, 1 + features)
        One row per customer known at the first moment of ``as_of``, sorted by ``customer_id``. If a
        view rounds the time of first sight to months, ``schema.timeline`` decides who was known.
    as_of : date
        Date before whose first moment facts count.
    currency : str
        ISO 4217 code of all amounts.
    left_out : LeftOutOrders
        Numbers of orders that no feature includes.
    """

    rows: pl.DataFrame
    as_of: date
    currency: str
    left_out: LeftOutOrders

    @property
    def names(self) -> list[str]:
        """Names of the features."""
        return [name for name in self.rows.columns if name != "customer_id"]

    def dictionary(self) -> pl.DataFrame:
        """Return feature, group, unit and meaning of each feature."""
        return feature_dictionary(self.names)


def customer_features(
    data: CustomerData,
    *,
    as_of: date,
    currency: str,
    history_days: int | None = None,
    lines: pl.LazyFrame | None = None,
    buckets: int | None = None,
    pool: Executor | None = None,
) -> CustomerFeatures:
    """Return the features of every customer known before a date.

    No row of ``as_of`` or later has any effect (truncation invariance, tested). Demographics and
    attributes are not among the features; ``profile`` returns them.

    Parameters
    ----------
    data : CustomerData
        Customer data, of which orders, order items, events, interactions, payments and
        subscriptions are read. Tables and columns that a view lacks count as empty.
    as_of : date
        Date before whose first moment facts count.
    currency : str
        ISO 4217 code; orders in another currency are left out and counted.
    history_days : int, optional
        Number of days before ``as_of`` whose facts count; all by default.
    lines : LazyFrame, optional
        The lines of the data, see ``sold_lines``. Joining them with their orders takes most of the
        time of their features, so models of several dates do it once.
    buckets : int, optional
        Number of buckets into which customers are divided, by default one for each 100,000. It does
        not change the features.
    pool : Executor, optional
        Executor that computes the buckets; by default this process.

    Notes
    -----
    A bucket contains the customers whose ids are in one range, because a view is sorted by id. In
    each bucket every table is reduced to one row per customer before tables are joined, in polars'
    streaming engine, so memory contains one row per customer and not the events.
    """
    batches = feature_batches(
        data, as_of=as_of, currency=currency, history_days=history_days, lines=lines,
        buckets=buckets, pool=pool,
    )  # fmt: skip
    return CustomerFeatures(
        rows=pl.concat([rows for _, rows in batches]),
        as_of=as_of,
        currency=currency,
        left_out=count_left_out_orders(data, as_of=as_of, currency=currency),
    )


def feature_batches(
    data: CustomerData,
    *,
    as_of: date,
    currency: str,
    history_days: int | None = None,
    lines: pl.LazyFrame | None = None,
    buckets: int | None = None,
    pool: Executor | None = None,
) -> Iterator[tuple[CustomerRange, pl.DataFrame]]:
    """Yield the features of one bucket of customers after the other, with the range of their ids.

    The parameters are those of ``customer_features``, which returns all rows at once. Whoever
    reduces the features of each customer to a score needs the memory of one bucket only.
    """
    facts = Facts(data=data, as_of=as_of, history_days=history_days, lines=lines)
    work = _BucketFeatures(
        facts=facts,
        currency=currency,
        categories=tuple(largest_categories(facts, currency)),
    )
    ranges = bucket_ranges(data) if buckets is None else equal_ranges(buckets)
    found = compute.over(work, ranges, pool=pool, title=f"features as of {as_of}")
    yield from zip(ranges, found, strict=True)


def bucket_ranges(data: CustomerData) -> list[CustomerRange]:
    """Divide customers into ranges whose aggregates fit into memory together."""
    customers = with_declared_columns(data, "customers").select(pl.len()).collect().item()
    return equal_ranges(max(1, -(-customers // _BUCKET_CUSTOMERS)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _BucketFeatures:
    """Function that returns the features of the customers in one bucket; it can be pickled.

    The largest categories depend on all customers and are given, so that a customer's features do
    not depend on the other customers of the bucket.
    """

    facts: Facts
    currency: str
    categories: tuple[str, ...]

    def __call__(self, bucket: CustomerRange) -> pl.DataFrame:
        facts = self.facts.of_customers(bucket)
        parts = [
            purchase_features(facts, self.currency),
            channel_features(facts, self.currency),
            basket_features(facts, self.currency, names=list(self.categories)),
            activity_features(facts),
            engagement_features(facts),
            payment_features(facts),
            subscription_features(facts, self.currency),
        ]
        rows = _known_customers(facts)
        for part in parts:  # Only one table's aggregates are in memory at a time.
            found = part.collect(engine="streaming").sort("customer_id")  # A sorted join is fast.
            rows = rows.join(found, on="customer_id", how="left", maintain_order="left")
        return rows.with_columns(pl.col(_ZERO).fill_null(0), pl.col(_FALSE).fill_null(False))


def _known_customers(facts: Facts) -> pl.DataFrame:
    """Return the customers first seen before ``as_of``: customer_id and tenure_days."""
    # A customer whose first sight the view does not contain is included, without a tenure.
    data = facts.data
    everyone = data.with_tables(
        {**data.tables, "customers": with_declared_columns(data, "customers")}
    )
    customers = rows_known_before(everyone, "customers", facts.as_of).filter(
        pl.col("kind").is_null() | (pl.col("kind").cast(pl.String) != "test"),
    )
    return (
        customers.select(
            "customer_id", tenure_days=facts.age_days(pl.col("first_seen_at").dt.date())
        )
        .collect(engine="streaming")
        .sort("customer_id")
    )
