"""Features of activity on site and in the app, of reactions to messages and of failed payments."""

import polars as pl

from workbench.features.facts import Facts
from workbench.features.purchases import DECIMALS, RECENT_DAYS, TREND_DAYS

_CART = ("add_to_cart", "begin_checkout")


def activity_features(facts: Facts) -> pl.LazyFrame:
    """Return events, sessions and active days per customer, in no order."""
    age, events = pl.col("age_days"), facts["events"]
    latest, before = age <= TREND_DAYS, age.is_between(TREND_DAYS + 1, 2 * TREND_DAYS)
    counted = events.group_by("customer_id").agg(
        days_since_last_event=age.min(),
        events_30=(age <= RECENT_DAYS).sum().cast(pl.Int64),
        events_90=latest.sum().cast(pl.Int64),
        events_before_90=before.sum().cast(pl.Int64),
    )
    # Counts of distinct values take long, so they are computed from the rows that count alone.
    recent = (
        events.filter(latest)
        .group_by("customer_id")
        .agg(
            sessions_90=pl.col("session_id").drop_nulls().n_unique().cast(pl.Int64),
            active_days_90=age.n_unique().cast(pl.Int64),
            carts_90=pl.col("event_name").is_in(_CART).sum().cast(pl.Int64),
        )
    )
    return counted.join(recent, on="customer_id", how="left").with_columns(
        pl.col("sessions_90", "active_days_90", "carts_90").fill_null(0),
        events_trend=pl.col("events_90") - pl.col("events_before_90"),
    )


def engagement_features(facts: Facts) -> pl.LazyFrame:
    """Return messages received, opened and clicked and contacts made per customer, in no order.

    Opens and clicks by mail proxies and scanners (``is_machine``) do not count.
    """
    age, action = pl.col("age_days"), pl.col("action")
    latest, human = age <= TREND_DAYS, ~pl.col("is_machine").fill_null(False)

    def count(*actions: str) -> pl.Expr:
        return (latest & human & action.is_in(actions)).sum().cast(pl.Int64)

    by_customer = (
        facts["interactions"]
        .group_by("customer_id")
        .agg(
            _sent=(latest & (action == "sent")).sum().cast(pl.Int64),
            _delivered=(latest & (action == "delivered")).sum().cast(pl.Int64),
            opened_90=count("opened"),
            clicked_90=count("clicked"),
            days_since_last_opened=age.filter(human & (action == "opened")).min(),
            contacts_90=(
                latest & (pl.col("direction") == "inbound") & action.is_in(["message", "started"])
            )
            .sum()
            .cast(pl.Int64),
            has_unsubscribed=(action == "unsubscribed").any(),
            mean_rating=pl.col("rating").cast(pl.Int64, strict=False).mean().round(DECIMALS),
        )
    )
    # Some sources log the sending of a message, some its delivery, some both.
    messages = pl.max_horizontal("_sent", "_delivered")
    return by_customer.with_columns(
        messages_90=messages,
        opened_share_90=pl.when(messages > 0).then(
            (pl.col("opened_90") / messages).clip(0, 1).round(DECIMALS)
        ),
    ).drop("_sent", "_delivered")


def payment_features(facts: Facts) -> pl.LazyFrame:
    """Return failed payments per customer, in no order."""
    failed = (pl.col("kind") == "failed") & (pl.col("age_days") <= TREND_DAYS)
    return (
        facts["payments"]
        .group_by("customer_id")
        .agg(failed_payments_90=failed.sum().cast(pl.Int64))
    )
