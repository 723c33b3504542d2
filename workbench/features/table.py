"""The feature table: one row per customer, as of a date."""

from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from workbench.features.behaviour import activity, engagement, payments
from workbench.features.contracts import subscriptions
from workbench.features.dictionary import feature_dictionary
from workbench.features.facts import Facts, declared
from workbench.features.products import baskets, channels, largest_categories
from workbench.features.purchases import LeftOut, left_out, purchases_of
from workbench.foundation import compute
from workbench.schema import CustomerData
from workbench.schema.timeline import rows_known_before

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
#: Customers whose aggregates are held in memory together.
_BUCKET_CUSTOMERS = 250_000
_FALSE = ("is_returns_only", "has_unsubscribed", "has_subscription")


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFeatures:
    """Features of customers as of a date.

    Attributes
    ----------
    rows : DataFrame, shape (customers, 1 + features)
        One row per customer known before ``as_of`` (``schema.timeline`` says who is known where a
        view shows by the month when customers were first seen), sorted by ``customer_id``.
    as_of : date
        Facts strictly before its first moment count.
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
    data: CustomerData,
    *,
    as_of: date,
    currency: str,
    history_days: int | None = None,
    buckets: int | None = None,
    pool: Executor | None = None,
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
        Facts strictly before its first moment count.
    currency : str
        ISO 4217; orders in another currency are left out and counted.
    history_days : int, optional
        Only facts of this many days before ``as_of`` count.
    buckets : int, optional
        Parts in which customers are worked on, one for each 250,000 unless given. The features are
        the same whatever their number.
    pool : Executor, optional
        Who works on the parts; this process unless given.

    Notes
    -----
    A part holds the customers whose ids lie in one range, in which a view keeps its rows. In each,
    every table is reduced to one row per customer before anything is joined, in polars' streaming
    engine, so memory holds one row per customer and not the events.
    """
    facts = Facts(data=data, as_of=as_of, history_days=history_days)
    if buckets is None:
        customers = declared(data, "customers").select(pl.len()).collect().item()
        buckets = max(1, -(-customers // _BUCKET_CUSTOMERS))
    work = _Bucket(
        facts=facts,
        currency=currency,
        categories=tuple(largest_categories(facts, currency)),
        buckets=buckets,
    )
    numbers = range(buckets)
    found = list(compute.over(work, numbers, pool=pool, title=f"features as of {as_of}"))
    return CustomerFeatures(
        rows=pl.concat(found),
        as_of=as_of,
        currency=currency,
        left_out=left_out(data, as_of=as_of, currency=currency),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bucket:
    """Computes the features of the customers of one part; picklable, for other processes.

    What is global (which categories are the largest) is handed in, so a customer's features depend
    on nobody else in the part.
    """

    facts: Facts
    currency: str
    categories: tuple[str, ...]
    buckets: int

    def __call__(self, number: int) -> pl.DataFrame:
        facts = replace(self.facts, data=self._part(number))
        parts = [
            purchases_of(facts, self.currency),
            channels(facts, self.currency),
            baskets(facts, self.currency, names=list(self.categories)),
            activity(facts),
            engagement(facts),
            payments(facts),
            subscriptions(facts, self.currency),
        ]
        rows = _known(facts)
        for part in parts:  # one after another: memory holds one table's aggregates at a time
            found = part.collect(engine="streaming")
            rows = rows.join(found, on="customer_id", how="left", maintain_order="left")
        return rows.with_columns(pl.col(_ZERO).fill_null(0), pl.col(_FALSE).fill_null(False))

    def _part(self, number: int) -> CustomerData:
        if self.buckets == 1:
            return self.facts.data
        edges = [2**64 * place // self.buckets for place in (number, number + 1)]
        low, high = (pl.lit(min(edge, 2**64 - 1), dtype=pl.UInt64) for edge in edges)
        owner = pl.col("customer_id")
        inside = (owner >= low) & (owner <= high if number + 1 == self.buckets else owner < high)
        return self.facts.data.with_tables(
            {
                name: frame.filter(inside)
                for name, frame in self.facts.data.tables.items()
                if "customer_id" in frame.collect_schema()
            }
        )


def _known(facts: Facts) -> pl.DataFrame:
    """Return the customers first seen before ``as_of``: customer_id and tenure_days."""
    # a view may not tell when somebody was first seen: they count, without a tenure
    data = facts.data
    everyone = data.with_tables({**data.tables, "customers": declared(data, "customers")})
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
