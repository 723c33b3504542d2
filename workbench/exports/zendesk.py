"""Zendesk: the incremental export of tickets, with the users and comments beside them.

Ids are whole numbers, instants UTC. A requester who is also a Salesforce contact bears the
contact's id as ``external_id``. Each comment names its ticket, which the sample of the format
leaves out: without it no comment could be placed.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cells import utc
from workbench.exports.jsontext import (
    flag,
    null,
    number,
    obj,
    or_null,
    plain,
    string,
    words,
)
from workbench.exports.salesforce import SHARE
from workbench.exports.slices import Slice, World
from workbench.exports.threads import messages, threads
from workbench.exports.writing import Batch, Form, Vendor, array_of

FILE = "tickets_incremental.json"
TICKETS, USERS, COMMENTS = (f"{FILE}@{name}" for name in ("tickets", "users", "comments"))
_API = "https://shop-example.zendesk.com/api/v2/tickets/"
_AGENTS = 5
_ZONES = {"GB": "London", "US": "Pacific Time (US & Canada)", "JP": "Tokyo", "PL": "Warsaw"}


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the tickets of a slice, who wrote them, and what was said."""
    world = part.world
    rows = threads(part, are_cases=False).with_columns(
        ticket=_ticket(world), requester=_user(world)
    )
    yield Batch(TICKETS, _tickets(world, rows))
    yield Batch(USERS, _users(part, rows))
    yield Batch(COMMENTS, _comments(part))


def _tickets(world: World, rows: pl.DataFrame) -> pl.DataFrame:
    key = pl.col("thread")
    agent = number(_agent(world, key))
    score = (
        pl.when(pl.col("rating") >= 4)
        .then(pl.lit("good"))
        .when(pl.col("rating").is_not_null())
        .then(pl.lit("bad"))
        .when(pl.col("solved_at").is_not_null())
        .then(pl.lit("offered"))
        .otherwise(pl.lit("unoffered"))
    )
    is_rated = pl.col("rating").is_not_null()
    is_solved = pl.col("solved_at").is_not_null()
    is_closed = is_solved & (world.u("zendesk closed", key) < 0.7)
    subject = string(pl.coalesce("subject", pl.col("text").str.head(80), pl.lit("(no subject)")))
    line = obj(
        {
            "url": plain(pl.concat_str(pl.lit(_API), pl.col("ticket"), pl.lit(".json"))),
            "id": number(pl.col("ticket")),
            "external_id": null(),
            "created_at": plain(utc(pl.col("created_at"))),
            "updated_at": plain(utc(pl.col("updated_at"))),
            "type": plain(world.option("zendesk type", key, ("question", "incident", "problem"))),
            "subject": subject,
            "raw_subject": subject,
            "description": string(pl.col("text").fill_null("")),
            "priority": plain(world.option("zendesk priority", key, ("low", "normal", "high"))),
            "status": plain(
                pl.when(is_closed)
                .then(pl.lit("closed"))
                .when(is_solved)
                .then(pl.lit("solved"))
                .otherwise(pl.lit("open"))
            ),
            "recipient": plain("support@shop.example.org"),
            "requester_id": or_null(number(pl.col("requester"))),
            "submitter_id": or_null(number(pl.col("requester"))),
            "assignee_id": agent,
            "organization_id": null(),
            "group_id": pl.lit("98738"),
            "collaborator_ids": pl.lit("[]"),
            "problem_id": null(),
            "has_incidents": pl.lit("false"),
            "due_at": null(),
            "tags": words(pl.col("topic")),
            "via": obj(
                {
                    "channel": plain(
                        pl.when(pl.col("channel") == "chat")
                        .then(pl.lit("chat"))
                        .otherwise(world.option("zendesk via", key, ("email", "web")))
                    ),
                    "source": pl.lit('{"from":{},"to":{},"rel":null}'),
                }
            ),
            "custom_fields": pl.lit('[{"id":27642,"value":null}]'),
            "satisfaction_rating": obj(
                {
                    "id": pl.when(is_rated).then(
                        number(_number(world.bits("zendesk rating", key), 9))
                    ),
                    "score": plain(score),
                    "comment": pl.when(is_rated).then(null()),
                }
            ),
            "brand_id": pl.lit("1"),
            "ticket_form_id": pl.lit("3"),
        }
    )
    return rows.select(
        line.alias("line"), pl.col("ticket").cast(pl.String).alias("native_id"), "record_id"
    )


def _users(part: Slice, rows: pl.DataFrame) -> pl.DataFrame:
    """Return who wrote a ticket, once each; the agents come with the first slice."""
    world, key = part.world, pl.col("record_id")
    wrote = part.people.filter(key.is_in(rows["record_id"].drop_nulls().implode()))
    is_contact = world.u("salesforce knows", key) < SHARE
    line = obj(
        {
            "id": number(_user(world)),
            "name": string(pl.coalesce("full_name", "email", pl.lit("Unknown"))),
            "email": or_null(string(part.written_email("zendesk"))),
            "phone": or_null(string(pl.when(world.u("zendesk phone", key) < 0.4).then("phone"))),
            "role": plain("end-user"),
            "time_zone": plain(pl.col("country").replace_strict(_ZONES, default="Berlin")),
            "external_id": or_null(plain(pl.when(is_contact).then("contact_id"))),
            "locale": string(pl.coalesce("language", pl.lit("en-US"))),
            "created_at": plain(utc(pl.col("first_seen_at"))),
        }
    )
    people = wrote.select(
        line.alias("line"), _user(world).cast(pl.String).alias("native_id"), "record_id"
    )
    return pl.concat([_staff(world), people]) if part.is_first else people


def _staff(world: World) -> pl.DataFrame:
    staff = pl.DataFrame({"n": range(_AGENTS)}, schema={"n": pl.UInt64})
    number_of = _number(world.bits("zendesk agent", pl.col("n")), 11)
    line = obj(
        {
            "id": number(number_of),
            "name": plain(pl.concat_str(pl.lit("Agent "), pl.col("n"))),
            "email": plain(
                pl.concat_str(pl.lit("agent"), pl.col("n"), pl.lit("@shop.example.org"))
            ),
            "phone": null(),
            "role": plain("agent"),
            "time_zone": plain("Berlin"),
            "external_id": null(),
            "locale": plain("de"),
            "created_at": plain("2019-01-07T08:00:00Z"),
        }
    )
    return staff.select(
        line.alias("line"),
        number_of.cast(pl.String).alias("native_id"),
        pl.lit(None, pl.UInt64).alias("record_id"),
    )


def _comments(part: Slice) -> pl.DataFrame:
    world, key = part.world, pl.col("thread")
    said = messages(part).filter(
        ~pl.col("is_case"), pl.col("action").cast(pl.String).is_in(["message", "note"])
    )
    said = said.with_columns(
        comment=_number(world.bits("zendesk comment", pl.col("interaction_id")), 12),
        ticket=_ticket(world),
        author=pl.when(pl.col("direction") == "inbound")
        .then(_user(world))
        .otherwise(_agent(world, key)),
    )
    body = pl.col("body").fill_null("").str.replace(r"(?s)^.*?\n\n", "")
    marked = body.str.replace_many(["&", "<", ">", "\n"], ["&amp;", "&lt;", "&gt;", "<br>"])
    line = obj(
        {
            "id": number(pl.col("comment")),
            "type": plain("Comment"),
            "ticket_id": number(pl.col("ticket")),
            "author_id": or_null(number(pl.col("author"))),
            "public": flag(pl.col("action") != "note"),
            "html_body": string(pl.concat_str(pl.lit("<div>"), marked, pl.lit("</div>"))),
            "plain_body": string(body),
            "created_at": plain(utc(pl.col("occurred_at"))),
        }
    )
    return said.select(
        line.alias("line"), pl.col("comment").cast(pl.String).alias("native_id"), "record_id"
    )


def _ticket(world: World) -> pl.Expr:
    return _number(world.bits("zendesk ticket", pl.col("thread")), 10)


def _user(world: World) -> pl.Expr:
    number_of = _number(world.bits("zendesk user", pl.col("record_id")), 12)
    return pl.when(pl.col("record_id").is_not_null()).then(number_of)


def _agent(world: World, key: pl.Expr) -> pl.Expr:
    chosen = world.bits("zendesk assignee", key) % _AGENTS
    return _number(world.bits("zendesk agent", chosen), 11)


def _number(bits: pl.Expr, width: int) -> pl.Expr:
    """Return whole numbers of ``width`` digits."""
    least = 10 ** (width - 1)
    numbers: pl.Expr = bits % (9 * least) + least
    return numbers


def _forms(_world: World) -> dict[str, Form]:
    return {
        TICKETS: array_of(head='{"tickets":[\n', tail="\n],\n"),
        USERS: array_of(head='"users":[\n', tail="\n],\n"),
        COMMENTS: array_of(
            head='"comments":[\n', tail='\n],\n"next_page":null,"count":COUNT}\n', counted=TICKETS
        ),
    }


ZENDESK = Vendor(forms=_forms, batches=batches)
