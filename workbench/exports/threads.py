"""Tickets and chats in the form of service desks: one row per thread.

The company has two desks, as after a purchase of another shop: some threads are Salesforce cases,
and all others are Zendesk tickets.
"""

import polars as pl

from workbench.exports.slices import Slice

_CASES = 0.3  # share of the threads that are cases


def desk_messages(part: Slice) -> pl.DataFrame:
    """Return the interactions of tickets and chats, with ``thread`` (UInt64) and ``is_case``."""
    rows = part["interactions"].filter(pl.col("channel").cast(pl.String).is_in(["ticket", "chat"]))
    rows = rows.with_columns(thread=pl.coalesce("thread_id", "interaction_id"))
    return rows.with_columns(
        is_case=part.world.uniform("thread is a case", pl.col("thread")) < _CASES
    )


def desk_threads(part: Slice, *, are_cases: bool) -> pl.DataFrame:
    """Return the threads of one desk.

    Returns
    -------
    DataFrame
        One row per thread, in the order of customers and first messages: ``thread``,
        ``record_id``, ``channel``, ``topic``, ``created_at``, ``updated_at``, ``solved_at`` and
        ``rating`` (null if it is open or unrated), ``subject`` and ``text`` of the first message.
    """
    rows = desk_messages(part).filter(pl.col("is_case") == are_cases)
    rows = rows.sort("occurred_at", maintain_order=True)
    first_message = pl.col("body").filter(pl.col("action") == "message").first()
    found = rows.group_by("thread", maintain_order=True).agg(
        pl.col("record_id", "channel").first(),
        pl.col("topic").drop_nulls().first(),
        created_at=pl.col("occurred_at").min(),
        updated_at=pl.col("occurred_at").max(),
        solved_at=pl.col("occurred_at").filter(pl.col("action") == "solved").max(),
        rating=pl.col("rating").filter(pl.col("action") == "rated").last(),
        body=first_message,
    )
    pieces = pl.col("body").str.splitn("\n\n", 2)
    has_subject = pieces.struct.field("field_1").is_not_null()
    found = found.with_columns(
        subject=pl.when(has_subject).then(pieces.struct.field("field_0")),
        text=pl.when(has_subject).then(pieces.struct.field("field_1")).otherwise("body"),
    )
    return part.sort_by_customer(found.drop("body"))
