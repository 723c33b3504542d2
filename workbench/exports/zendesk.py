"""Zendesk: the incremental export of tickets, with the users and comments beside them.

Ids are whole numbers, instants UTC. A requester who is also a Salesforce contact bears the
contact's id as ``external_id``. Each comment names its ticket, which the sample of the format
leaves out: without it no comment could be placed.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.jsontext import null
from workbench.exports.objects import lines
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
    subject = pl.coalesce("subject", pl.col("text").str.head(80), pl.lit("(no subject)"))
    rows = rows.with_columns(
        native_id=pl.col("ticket").cast(pl.String),
        url=pl.concat_str(pl.lit(_API), pl.col("ticket"), pl.lit(".json")),
        type=world.option("zendesk type", key, ("question", "incident", "problem")),
        shown_subject=subject,
        description=pl.col("text").fill_null(""),
        priority=world.option("zendesk priority", key, ("low", "normal", "high")),
        status=pl.when(is_closed)
        .then(pl.lit("closed"))
        .when(is_solved)
        .then(pl.lit("solved"))
        .otherwise(pl.lit("open")),
        agent=_agent(world, key),
        via=pl.when(pl.col("channel") == "chat")
        .then(pl.lit("chat"))
        .otherwise(world.option("zendesk via", key, ("email", "web"))),
        rating_id=pl.when(is_rated).then(_number(world.bits("zendesk rating", key), 9)),
        score=score,
        rating_comment=pl.when(is_rated).then(null()),
    )
    return lines(rows, "zendesk_tickets")


def _users(part: Slice, rows: pl.DataFrame) -> pl.DataFrame:
    """Return who wrote a ticket, once each; the agents come with the first slice."""
    world, key = part.world, pl.col("record_id")
    wrote = part.people.filter(key.is_in(rows["record_id"].drop_nulls().implode()))
    is_contact = world.u("salesforce knows", key) < SHARE
    wrote = wrote.with_columns(
        native_id=_user(world).cast(pl.String),
        user=_user(world),
        shown_name=pl.coalesce("full_name", "email", pl.lit("Unknown")),
        written_email=part.written_email("zendesk"),
        stated_phone=pl.when(world.u("zendesk phone", key) < 0.4).then("phone"),
        zone=pl.col("country").replace_strict(_ZONES, default="Berlin"),
        contact=pl.when(is_contact).then("contact_id"),
        locale=pl.coalesce("language", pl.lit("en-US")),
    )
    people = lines(wrote, "zendesk_users")
    return pl.concat([_staff(world), people]) if part.is_first else people


def _staff(world: World) -> pl.DataFrame:
    staff = pl.DataFrame({"n": range(_AGENTS)}, schema={"n": pl.UInt64})
    agent = _number(world.bits("zendesk agent", pl.col("n")), 11)
    staff = staff.with_columns(
        native_id=agent.cast(pl.String),
        record_id=pl.lit(None, pl.UInt64),
        agent=agent,
        name=pl.concat_str(pl.lit("Agent "), pl.col("n")),
        email=pl.concat_str(pl.lit("agent"), pl.col("n"), pl.lit("@shop.example.org")),
    )
    return lines(staff, "zendesk_agents")


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
    said = said.with_columns(
        native_id=pl.col("comment").cast(pl.String),
        is_public=pl.col("action") != "note",
        html=pl.concat_str(pl.lit("<div>"), marked, pl.lit("</div>")),
        text=body,
    )
    return lines(said, "zendesk_comments")


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
