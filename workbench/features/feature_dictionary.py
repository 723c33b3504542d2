"""The dictionary of features: group, unit and meaning of each, for the reader of a report."""

from typing import NamedTuple

import polars as pl

from workbench.features.products import CHANNELS


class Feature(NamedTuple):
    """One line of the dictionary of features."""

    name: str
    group: str
    unit: str
    meaning: str


_LAST_90 = "in the last 90 days"
_BEFORE_90 = "in the 90 days before the last 90"

FEATURES: tuple[Feature, ...] = (
    Feature(
        "days_since_last_order",
        "recency",
        "days",
        "Days from the last order day to the as-of date. An order day is a day on which orders "
        "less returns are above 0.",
    ),
    Feature(
        "days_since_first_order",
        "tenure",
        "days",
        "Days from the first order day to the as-of date; the age T of value models.",
    ),
    Feature(
        "days_to_last_order",
        "tenure",
        "days",
        "Days from the first to the last order day; the 't_x' (elsewhere called recency) of value "
        "models.",
    ),
    Feature(
        "last_price_minor",
        "subscription",
        "minor unit",
        "Monthly price of the term begun last, whether it runs or not.",
    ),
    Feature(
        "last_commitment_months",
        "subscription",
        "months",
        "Commitment of the term begun last, whether it runs or not.",
    ),
    Feature("tenure_days", "tenure", "days", "Days since the customer was first seen."),
    Feature("orders", "frequency", "count", "Sales before the as-of date."),
    Feature("order_days", "frequency", "count", "Order days before the as-of date."),
    Feature(
        "repeat_order_days",
        "frequency",
        "count",
        "Order days after the first; the frequency x of value models. Null without an order day.",
    ),
    Feature(
        "mean_days_between_orders", "frequency", "days", "Mean gap; null with one order day only."
    ),
    Feature(
        "orders_missed",
        "frequency",
        "count",
        "Orders that the customer would have made since the last one at their usual pace: "
        "order_days divided by days_since_first_order, times days_since_last_order.",
    ),
    Feature("order_days_30", "frequency", "count", "Order days in the last 30 days."),
    Feature("order_days_90", "frequency", "count", f"Order days {_LAST_90}."),
    Feature("order_days_before_90", "frequency", "count", f"Order days {_BEFORE_90}."),
    Feature("order_days_trend", "trend", "count", "order_days_90 less order_days_before_90."),
    Feature(
        "monetary_minor",
        "value",
        "minor unit",
        "Sum of all orders net of returns, at least 0; null for customers with returns only.",
    ),
    Feature("mean_order_day_minor", "value", "minor unit", "Mean net amount of the order days."),
    Feature("spent_90_minor", "value", "minor unit", f"Net amount of the order days {_LAST_90}."),
    Feature(
        "spent_before_90_minor",
        "value",
        "minor unit",
        f"Net amount of the order days {_BEFORE_90}.",
    ),
    Feature("spent_trend_minor", "trend", "minor unit", "spent_90_minor less the one before."),
    Feature("returns", "returns", "count", "Returns and cancellations."),
    Feature("returned_minor", "returns", "minor unit", "Amount of returns and cancellations."),
    Feature("return_share", "returns", "share", "Returned amount as a share of the sold amount."),
    Feature("is_returns_only", "returns", "yes/no", "Has returns and no order day, so no value."),
    Feature("distinct_products", "products", "count", "Products bought."),
    Feature("distinct_categories", "products", "count", "Top-level categories bought."),
    *(
        Feature(f"channel_share_{name}", "channels", "share", f"Share of sales placed by {name}.")
        for name in CHANNELS
    ),
    Feature("days_since_last_event", "activity", "days", "Days since the last event."),
    Feature("events_30", "activity", "count", "Events in the last 30 days."),
    Feature("events_90", "activity", "count", f"Events {_LAST_90}."),
    Feature("events_before_90", "activity", "count", f"Events {_BEFORE_90}."),
    Feature("events_trend", "trend", "count", "events_90 less events_before_90."),
    Feature("sessions_90", "activity", "count", f"Sessions {_LAST_90}."),
    Feature("active_days_90", "activity", "count", f"Days with an event {_LAST_90}."),
    Feature("carts_90", "activity", "count", f"Products put in a cart, check-outs {_LAST_90}."),
    Feature("messages_90", "engagement", "count", f"Messages sent to the customer {_LAST_90}."),
    Feature("opened_90", "engagement", "count", f"Messages opened, not by machines, {_LAST_90}."),
    Feature("clicked_90", "engagement", "count", f"Messages clicked, not by machines, {_LAST_90}."),
    Feature(
        "opened_share_90", "engagement", "share", "opened_90 by messages_90; null without messages."
    ),
    Feature("days_since_last_opened", "engagement", "days", "Days since a message was opened."),
    Feature("contacts_90", "engagement", "count", f"Messages from the customer {_LAST_90}."),
    Feature("has_unsubscribed", "engagement", "yes/no", "Has ever unsubscribed from messages."),
    Feature("mean_rating", "engagement", "stars", "Mean of the customer's ratings, 1 to 5."),
    Feature("failed_payments_90", "payments", "count", f"Payments that failed {_LAST_90}."),
    Feature("has_subscription", "subscription", "yes/no", "A subscription runs at the as-of date."),
    Feature("running_subscriptions", "subscription", "count", "Subscriptions that run."),
    Feature(
        "subscription_price_minor",
        "subscription",
        "minor unit per month",
        "Price of those that run.",
    ),
    Feature("commitment_months", "subscription", "months", "Longest commitment of those that run."),
    Feature("days_since_subscribed", "subscription", "days", "Days since the first subscription."),
    Feature("ended_subscriptions", "subscription", "count", "Contracts ended before that date."),
)

_CATEGORY_PREFIX = "category_share: "


def feature_group(name: str) -> str:
    """Return the group of a feature; profile columns are of group ``profile``."""
    if name.startswith(_CATEGORY_PREFIX):
        return "products"
    return next((feature.group for feature in FEATURES if feature.name == name), "profile")


def feature_dictionary(names: tuple[str, ...] | list[str]) -> pl.DataFrame:
    """Return group, unit and meaning of the named features.

    Returns
    -------
    DataFrame, shape (names, 4)
        ``feature``, ``group``, ``unit`` and ``meaning`` (String), in the order of the names.
    """
    known = {feature.name: feature for feature in FEATURES}
    lines = [known[name] if name in known else _undeclared_feature(name) for name in names]
    return pl.DataFrame(
        lines,
        schema={"feature": pl.String, "group": pl.String, "unit": pl.String, "meaning": pl.String},
        orient="row",
    )


def _undeclared_feature(name: str) -> Feature:
    if name.startswith(_CATEGORY_PREFIX):
        category = name.removeprefix(_CATEGORY_PREFIX)
        return Feature(name, "products", "share", f"Share of spending on {category}.")
    return Feature(name, "profile", "as stated", "As the customer or the source states it.")
