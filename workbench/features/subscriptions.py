"""Features of subscriptions, as they were known on a date."""

from datetime import date

import polars as pl

from workbench.features.facts import Facts, dated_rows_before, with_declared_columns
from workbench.schema import CustomerData


def subscription_terms(facts: Facts) -> pl.LazyFrame:
    """Return the terms begun before ``as_of``; an end on that day or later is null.

    The end of a term is known only after its day: a term that ends next month is still running
    today, and neither its ``ended_on`` nor its ``end_reason`` is known.
    """
    return dated_rows_before(facts.data, "subscriptions", facts.as_of)


def subscription_features(facts: Facts, currency: str) -> pl.LazyFrame:
    """Return the subscription state per customer, in no order."""
    runs = pl.col("ended_on").is_null()
    in_currency = pl.col("currency") == currency
    has_ended = ~runs & (pl.col("end_reason").cast(pl.String).fill_null("unknown") != "changed")
    by_customer = (
        subscription_terms(facts)
        .group_by("customer_id")
        .agg(
            running_subscriptions=runs.sum().cast(pl.Int64),
            subscription_price_minor=pl.col("monthly_price_minor").filter(runs & in_currency).sum(),
            commitment_months=pl.col("commitment_months").filter(runs).max(),
            days_since_subscribed=facts.age_days(pl.col("started_on").min()),
            ended_subscriptions=has_ended.sum().cast(pl.Int64),
        )
    )
    return by_customer.with_columns(has_subscription=pl.col("running_subscriptions") > 0)


def last_terms(data: CustomerData, *, as_of: date, currency: str) -> pl.DataFrame:
    """Return each customer's latest contract in a snapshot, without a hint whether it has ended.

    The label of a snapshot is often the end of the contract itself, so these features are the same
    for a term that has ended and for one that is running.

    Returns
    -------
    DataFrame, shape (customers, 4)
        ``customer_id``, ``tenure_days`` (null if the view lacks ``first_seen_at``),
        ``last_price_minor`` and ``last_commitment_months`` of the term begun last, sorted by
        customer.
    """
    facts = Facts(data=data, as_of=as_of)
    customers = with_declared_columns(data, "customers").select(
        "customer_id", tenure_days=facts.age_days(pl.col("first_seen_at").dt.date())
    )
    terms = (
        dated_rows_before(data, "subscriptions", as_of)
        .filter(pl.col("currency") == currency)
        .group_by("customer_id")
        .agg(
            last_price_minor=pl.col("monthly_price_minor").sort_by("started_on", "plan").last(),
            last_commitment_months=pl.col("commitment_months").sort_by("started_on", "plan").last(),
        )
    )
    known = customers.join(terms, on="customer_id", how="left", maintain_order="left")
    return known.collect(engine="streaming").sort("customer_id")
