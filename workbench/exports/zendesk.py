"""Zendesk: the incremental export of tickets, with their users and comments.

Ids are whole numbers, instants are UTC. The ``external_id`` of a requester who is also a Salesforce
contact is the contact's id. Each comment has the id of its ticket, which the sample of the format
lacks; without it no comment could be assigned to a ticket.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.export_files import Batch, FileForm, Vendor, json_array_form
from workbench.exports.json_text import null
from workbench.exports.objects import json_lines
from workbench.exports.salesforce import SHARE
from workbench.exports.slices import ExportedWorld, Slice
from workbench.exports.threads import desk_messages, desk_threads

FILE = "tickets_incremental.json"
TICKETS, USERS, COMMENTS = (f"{FILE}@{name}" for name in ("tickets", "users", "comments"))
_API = "https://shop-example.zendesk.com/api/v2/tickets/"
_AGENTS = 5
_ZONES = {"GB": "London", "US": "Pacific Time (US & Canada)", "JP": "Tokyo", "PL": "Warsaw"}


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the tickets of a slice, their users and their comments."""
    world = part.world
    rows = desk_threads(part, are_cases=False).with_columns(
        ticket=_ticket_id(world), requester=_user_id(world)
    )
    yield Batch(TICKETS, _ticket_lines(world, rows))
    yield Batch(USERS, _user_lines(part, rows))
    yield Batch(COMMENTS, _comment_lines(part))


def _ticket_lines(world: ExportedWorld, rows: pl.DataFrame) -> pl.DataFrame:
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
    is_closed = is_solved & (world.uniform("zendesk closed", key) < 0.7)
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
        agent=_agent_id(world, key),
        via=pl.when(pl.col("channel") == "chat")
        .then(pl.lit("chat"))
        .otherwise(world.option("zendesk via", key, ("email", "web"))),
        rating_id=pl.when(is_rated).then(_whole_number(world.bits("zendesk rating", key), 9)),
        score=score,
        rating_comment=pl.when(is_rated).then(null()),
    )
    return json_lines(rows, "zendesk_tickets")


def _user_lines(part: Slice, rows: pl.DataFrame) -> pl.DataFrame:
    """Return each requester of a ticket once; the first slice contains the agents too."""
    world, key = part.world, pl.col("record_id")
    wrote = part.people.filter(key.is_in(rows["record_id"].drop_nulls().implode()))
    is_contact = world.uniform("salesforce knows", key) < SHARE
    wrote = wrote.with_columns(
        native_id=_user_id(world).cast(pl.String),
        user=_user_id(world),
        shown_name=pl.coalesce("full_name", "email", pl.lit("Unknown")),
        written_email=part.email_in_system("zendesk"),
        stated_phone=pl.when(world.uniform("zendesk phone", key) < 0.4).then("phone"),
        zone=pl.col("country").replace_strict(_ZONES, default="Berlin"),
        contact=pl.when(is_contact).then("contact_id"),
        locale=pl.coalesce("language", pl.lit("en-US")),
    )
    people = json_lines(wrote, "zendesk_users")
    return pl.concat([_agent_lines(world), people]) if part.is_first else people


def _agent_lines(world: ExportedWorld) -> pl.DataFrame:
    staff = pl.DataFrame({"n": range(_AGENTS)}, schema={"n": pl.UInt64})
    agent = _whole_number(world.bits("zendesk agent", pl.col("n")), 11)
    staff = staff.with_columns(
        native_id=agent.cast(pl.String),
        record_id=pl.lit(None, pl.UInt64),
        agent=agent,
        name=pl.concat_str(pl.lit("Agent "), pl.col("n")),
        email=pl.concat_str(pl.lit("agent"), pl.col("n"), pl.lit("@shop.example.org")),
    )
    return json_lines(staff, "zendesk_agents")


def _comment_lines(part: Slice) -> pl.DataFrame:
    world, key = part.world, pl.col("thread")
    comments = desk_messages(part).filter(
        ~pl.col("is_case"), pl.col("action").cast(pl.String).is_in(["message", "note"])
    )
    comments = comments.with_columns(
        comment=_whole_number(world.bits("zendesk comment", pl.col("interaction_id")), 12),
        ticket=_ticket_id(world),
        author=pl.when(pl.col("direction") == "inbound")
        .then(_user_id(world))
        .otherwise(_agent_id(world, key)),
    )
    body = pl.col("body").fill_null("").str.replace(r"(?s)^.*?\n\n", "")
    marked = body.str.replace_many(["&", "<", ">", "\n"], ["&amp;", "&lt;", "&gt;", "<br>"])
    comments = comments.with_columns(
        native_id=pl.col("comment").cast(pl.String),
        is_public=pl.col("action") != "note",
        html=pl.concat_str(pl.lit("<div>"), marked, pl.lit("</div>")),
        text=body,
    )
    return json_lines(comments, "zendesk_comments")


def _ticket_id(world: ExportedWorld) -> pl.Expr:
    return _whole_number(world.bits("zendesk ticket", pl.col("thread")), 10)


def _user_id(world: ExportedWorld) -> pl.Expr:
    number_of = _whole_number(world.bits("zendesk user", pl.col("record_id")), 12)
    return pl.when(pl.col("record_id").is_not_null()).then(number_of)


def _agent_id(world: ExportedWorld, key: pl.Expr) -> pl.Expr:
    chosen = world.bits("zendesk assignee", key) % _AGENTS
    return _whole_number(world.bits("zendesk agent", chosen), 11)


def _whole_number(bits: pl.Expr, width: int) -> pl.Expr:
    """Return whole numbers of ``width`` digits."""
    least = 10 ** (width - 1)
    numbers: pl.Expr = bits % (9 * least) + least
    return numbers


def _forms(_world: ExportedWorld) -> dict[str, FileForm]:
    return {
        TICKETS: json_array_form(head='{"tickets":[\n', tail="\n],\n"),
        USERS: json_array_form(head='"users":[\n', tail="\n],\n"),
        COMMENTS: json_array_form(
            head='"comments":[\n', tail='\n],\n"next_page":null,"count":COUNT}\n', counted=TICKETS
        ),
    }


ZENDESK = Vendor(forms=_forms, batches=batches)
