"""Rules on order in time and on references; each function returns the rows that break a rule."""

from collections.abc import Mapping

import polars as pl

Tables = Mapping[str, pl.LazyFrame]

#: Column with the time of a row, by table; a date means its first moment.
_INSTANTS = {
    "attributes": "observed_at",
    "events": "occurred_at",
    "orders": "ordered_at",
    "payments": "paid_at",
    "subscriptions": "started_on",
    "interactions": "occurred_at",
    "consents": "decided_at",
    "identities": "last_seen_at",
}
_FOREIGN = (
    ("order_items", "order_id", "orders"),
    ("payments", "order_id", "orders"),
    ("events", "order_id", "orders"),
    ("answers", "interaction_id", "interactions"),
    ("orders", "campaign_id", "campaigns"),
    ("interactions", "campaign_id", "campaigns"),
    *((name, "record_id", "customers") for name in ("identities", "answers", *_INSTANTS)),
)


def before_first_seen(tables: Tables) -> pl.LazyFrame:
    """Return rows with a time before their customer was first seen."""
    seen = tables["customers"].select("record_id", "first_seen_at")
    early = []
    for name, column in _INSTANTS.items():
        at = pl.col(column)
        # A contract begins on a date, which may be the day of joining.
        bound = (
            pl.col("first_seen_at").dt.date() if column.endswith("_on") else pl.col("first_seen_at")
        )
        joined = tables[name].join(seen, on="record_id", how="inner")
        early.append(joined.filter(at < bound).select("record_id"))
    return pl.concat(early)


def before_their_cause(tables: Tables) -> pl.LazyFrame:
    """Return messages of a thread that are earlier than its mail or its first question."""
    said = tables["interactions"].filter(pl.col("thread_id").is_not_null())
    channel, action = (pl.col(name).cast(pl.String) for name in ("channel", "action"))
    is_mail = channel.is_in(["email", "survey"])
    is_asked = channel.is_in(["ticket", "chat"])
    begins = (is_mail & (action == "sent")) | (
        is_asked & (action == "message") & (pl.col("direction").cast(pl.String) == "inbound")
    )
    first = said.filter(begins).group_by("thread_id").agg(begun_at=pl.col("occurred_at").min())
    later = said.filter(is_mail | is_asked).join(first, on="thread_id", how="left")
    return later.filter((pl.col("occurred_at") < pl.col("begun_at")).fill_null(value=True))


def unplaced_orders(tables: Tables) -> pl.LazyFrame:
    """Return purchase events without the customer and the moment of their order."""
    placed = tables["orders"].select("order_id", "ordered_at", "record_id")
    bought = tables["events"].filter(pl.col("event_name") == "purchase")
    both = bought.join(placed, on="order_id", how="left", suffix="_of_order")
    return both.filter(
        (pl.col("occurred_at") != pl.col("ordered_at")).fill_null(value=True)
        | (pl.col("record_id") != pl.col("record_id_of_order")).fill_null(value=True)
    )


def unknown_keys(tables: Tables) -> pl.LazyFrame:
    """Return rows that refer to a row which does not exist."""
    lost = []
    for name, column, target in _FOREIGN:
        keys = tables[target].select(column)
        rows = tables[name].filter(pl.col(column).is_not_null())
        # A literal in place of the column would give one row for an empty table.
        lost.append(rows.join(keys, on=column, how="anti").select(pl.col(column).is_null()))
    return pl.concat(lost)
