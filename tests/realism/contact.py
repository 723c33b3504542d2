"""Measures of what is said and visited: mail, surveys, reviews, service, visits, consent."""

import polars as pl

from tests.realism.buying import Measures, number

Tables = dict[str, pl.LazyFrame]


def mail(tables: Tables) -> Measures:
    """Return rates of newsletters: of mails sent, whatever a customer gets of them."""
    said = tables["interactions"].filter(pl.col("channel").cast(pl.String) == "email")
    letters = said.filter(pl.col("campaign_id").str.starts_with("newsletter-"))
    action, by_person = pl.col("action").cast(pl.String), ~pl.col("is_machine")
    opened = action == "opened"
    per_mail = letters.group_by("thread_id").agg(
        person=(opened & by_person).any(),
        anyone=opened.any(),
        clicked=(action == "clicked").any(),
        bounced=(action == "bounced").any(),
    )
    row = per_mail.select(pl.len(), pl.col("person", "anyone", "clicked", "bounced").mean())
    shares = row.collect().row(0, named=True)
    gone = said.filter(action == "unsubscribed").select(pl.len()).collect().item()
    return {
        "opened_by_people": number(shares["person"]),
        "opened_in_all": number(shares["anyone"]),
        "clicked": number(shares["clicked"]),
        "bounced": number(shares["bounced"]),
        "unsubscribed": gone / max(shares["len"], 1),
    }


def answers(tables: Tables) -> Measures:
    """Return the share of survey invitations that were answered."""
    action = pl.col("action").cast(pl.String)
    asked = tables["interactions"].filter(pl.col("channel").cast(pl.String) == "survey")
    counts = asked.select((action == "sent").sum().alias("sent"), n=(action == "responded").sum())
    sent, answered = counts.collect().row(0)
    return {"answered": answered / max(sent, 1)}


def reviews(tables: Tables) -> Measures:
    """Return the shape of stars."""
    stars = tables["interactions"].filter(pl.col("channel").cast(pl.String) == "review")
    counts = dict(stars.group_by("rating").len().collect().iter_rows())
    return {
        "five_stars": counts.get(5, 0) / max(sum(counts.values()), 1),
        "one_over_three_stars": counts.get(1, 0) / max(counts.get(3, 0), 1),
    }


def visits(tables: Tables) -> Measures:
    """Return how visits go."""
    name = pl.col("event_name")
    is_page = name.is_in(["page_view", "view_item", "search"])
    every = (
        tables["events"]
        .group_by("session_id")
        .agg(
            pages=is_page.sum(),
            buys=(name == "purchase").any(),
            basket=(name == "add_to_cart").any(),
            seconds=pl.col("occurred_at").max() - pl.col("occurred_at").min(),
            human=pl.len() <= 100,
        )
        .filter("human")
        .collect(engine="streaming")
    )
    idle = every.filter("basket")
    return {
        "pages_per_visit": number(every["pages"].mean()),
        "pages_per_buying_visit": number(every.filter("buys")["pages"].mean()),
        "visit_seconds": number(
            every.filter(pl.col("pages") > 1)["seconds"].dt.total_seconds().median()
        ),
        "bounced_visits": number(every.select((pl.col("pages") == 1).mean()).item()),
        "conversion": number(every["buys"].mean()),
        "abandoned_carts": number(idle.select((~pl.col("buys")).mean()).item()),
    }


def service(tables: Tables) -> Measures:
    """Return topics, first replies and ratings of threads."""
    channel, action = (pl.col(name).cast(pl.String) for name in ("channel", "action"))
    threads = (
        tables["interactions"]
        .filter(channel.is_in(["ticket", "chat"]))
        .sort("occurred_at")
        .group_by("thread_id")
        .agg(
            channel.first(),
            pl.col("topic").first(),
            asked=pl.col("occurred_at").filter(pl.col("direction") == "inbound").first(),
            replied=pl.col("occurred_at").filter(pl.col("direction") == "outbound").first(),
            rating=pl.col("rating").filter(action == "rated").first(),
        )
        .collect()
        .with_columns(wait=(pl.col("replied") - pl.col("asked")).dt.total_seconds())
    )
    wait = {
        each: number(threads.filter(pl.col("channel") == each)["wait"].median())
        for each in ("ticket", "chat")
    }
    tickets = threads.filter(pl.col("channel") == "ticket")
    about = tickets.select(pl.col("topic").str.contains("delivery").mean()).item()
    return {
        "where_is_my_order": number(about),
        "first_reply_chat": wait["chat"],
        "first_reply_ticket": wait["ticket"] / 3_600,
        "satisfied_threads": number(
            threads.drop_nulls("rating").select((pl.col("rating") >= 4).mean()).item()
        ),
    }


def app_retention(tables: Tables) -> Measures:
    """Return who comes back to the app, of those first seen there 40 days before the end."""
    in_app = tables["events"].filter(pl.col("channel").cast(pl.String) == "app")
    days = in_app.select("record_id", on=pl.col("occurred_at").dt.date()).unique()
    every = days.with_columns(first=pl.col("on").min().over("record_id")).collect()
    last = every["on"].max()
    known = every.filter(pl.col("first") + pl.duration(days=40) <= pl.lit(last))
    users = known["record_id"].n_unique()
    later = (known["on"] - known["first"]).dt.total_days()
    return {
        "app_on_day_1": int((later == 1).sum()) / max(users, 1),
        "app_on_day_30": int((later == 30).sum()) / max(users, 1),
    }
