"""Mailchimp: the audience by status, and what each recipient did with each campaign.

The status is in the file's name. Times are UTC without a zone; tags are quoted CSV within a cell;
the parts of an address are joined by two spaces. Activity is a file per campaign, a line per
recipient (Export API 1.0): opens and clicks, with the opens that proxies made.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cells import utc
from workbench.exports.field_tables import cells, columns
from workbench.exports.ids import decimal_digits, hexadecimal
from workbench.exports.jsontext import null, obj, plain, string
from workbench.exports.slices import Slice, World
from workbench.exports.visits import SITE, ip_address
from workbench.exports.writing import Batch, Form, Vendor, csv

_AUDIENCE = "ab12cd"
SUBSCRIBED, UNSUBSCRIBED, CLEANED = (
    f"{status}_members_export_{_AUDIENCE}.csv"
    for status in ("subscribed", "unsubscribed", "cleaned")
)
#: Field table of each file of members.
_MEMBERS = {
    SUBSCRIBED: "mailchimp_subscribed",
    UNSUBSCRIBED: "mailchimp_unsubscribed",
    CLEANED: "mailchimp_cleaned",
}
_STAMP = "%Y-%m-%d %H:%M:%S"
_ACTIONS = {"opened": "open", "clicked": "click", "bounced": "bounce"}


def activity_file(campaign: str) -> str:
    """Return the name of a campaign's file."""
    return f"campaignSubscriberActivity_{campaign}.ndjson"


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the members of a slice and their activity."""
    yield from _members(part)
    yield from _activity(part)


def _members(part: Slice) -> Iterator[Batch]:
    """Yield the members: who was asked for newsletters and has an address."""
    world, key = part.world, pl.col("record_id")
    asked = part["consents"].filter(
        pl.col("purpose") == "marketing.communications",
        pl.col("channel").cast(pl.String).fill_null("email") == "email",
    )
    decided = pl.col("decided_at")
    states = (
        asked.sort("decided_at", nulls_last=False, maintain_order=True)
        .group_by("record_id", maintain_order=True)
        .agg(
            last=pl.col("decision").cast(pl.String).last(),
            changed_at=decided.last(),
            given_at=decided.filter(pl.col("decision") == "given").first(),
            confirmed=(
                (pl.col("method") == "double_opt_in") & (pl.col("decision") == "given")
            ).any(),
        )
        .filter(pl.col("last").is_in(["given", "withdrawn", "objected"]))
    )
    mails = part["interactions"].filter(pl.col("channel") == "email")
    bounces = mails.group_by("record_id", maintain_order=True).agg(
        bounced_at=pl.col("occurred_at").filter(pl.col("action") == "bounced").last(),
        opens=(pl.col("action") == "opened").sum(),
        left_by=pl.col("campaign_id").filter(pl.col("action") == "unsubscribed").last(),
    )
    people = part.people.filter(pl.col("email").is_not_null())
    people = people.join(states, on="record_id", how="inner", maintain_order="left")
    for more in (bounces, part.latest("loyalty_tier")):
        people = people.join(more, on="record_id", how="left", maintain_order="left")
    names = world.campaigns.select(left_by="campaign_id", title="name")
    people = people.join(names, on="left_by", how="left", maintain_order="left")
    is_out = pl.col("last") != "given"
    is_dead = ~is_out & pl.col("bounced_at").is_not_null() & (world.u("mailchimp hard", key) < 0.4)
    asked_at = pl.col("given_at")
    confirmed = asked_at + pl.duration(seconds=30 + world.bits("mailchimp confirm", key) % 600)
    address = pl.concat_str(
        "street_address", "city", "postcode", "country", separator="  ", ignore_nulls=True
    )
    is_asked, is_confirmed = asked_at.is_not_null(), pl.col("confirmed")
    born = pl.col("birth_date")
    rows = people.with_columns(
        native_id=_euid(world),
        address=pl.when(pl.col("street_address").is_not_null()).then(address),
        stated_phone=pl.when(world.u("mailchimp phone", key) < 0.2).then("phone"),
        birthday=pl.concat_str(born.str.slice(5, 2), pl.lit("/"), born.str.slice(8, 2)),
        stars=2 + pl.col("opens").fill_null(0).clip(0, 6) // 2,
        asked_from=pl.when(is_asked).then(ip_address(world, key)),
        confirmed_at=pl.when(is_confirmed).then(confirmed),
        confirmed_from=pl.when(is_confirmed).then(ip_address(world, key)),
        last_changed_at=pl.coalesce("changed_at", "first_seen_at"),
        leid=decimal_digits(world.bits("mailchimp leid", key), 9),
        tags=pl.concat_str(pl.lit('"'), pl.col("loyalty_tier"), pl.lit('","shop"')),
        reason=world.option("mailchimp reason", key, ("NORMAL", "NOSIGNUP", "OTHER")),
        is_out=is_out,
        is_dead=is_dead,
    )
    for file, whose in (
        (SUBSCRIBED, ~pl.col("is_out") & ~pl.col("is_dead")),
        (UNSUBSCRIBED, pl.col("is_out")),
        (CLEANED, pl.col("is_dead")),
    ):
        yield Batch(file, cells(rows.filter(whose), _MEMBERS[file]))


def _activity(part: Slice) -> Iterator[Batch]:
    """Yield a line per recipient of a campaign; who did nothing has an empty list."""
    world = part.world
    mails = part["interactions"].filter(
        pl.col("channel") == "email", pl.col("campaign_id").is_in(_mailed(world))
    )
    rows = part.with_people(mails, "email").filter(pl.col("email").is_not_null())
    key = pl.col("record_id")
    euid = _euid(world)
    url = pl.concat_str(
        pl.lit(f"{SITE}/?mc_cid="),
        hexadecimal(world.bits("mailchimp campaign", pl.col("launched"))).str.head(10),
        pl.lit("&mc_eid="),
        euid,
    )
    launched = world.campaigns.select(
        "campaign_id", launched=pl.int_range(pl.len(), dtype=pl.UInt64)
    )
    rows = rows.join(launched, on="campaign_id", how="left", maintain_order="left")
    action = pl.col("action").cast(pl.String)
    ip = pl.when("is_machine").then(pl.lit("203.0.113.254")).otherwise(ip_address(world, key))
    done = obj(
        {
            "action": plain(action.replace_strict(_ACTIONS, default=None, return_dtype=pl.String)),
            "timestamp": plain(utc(pl.col("occurred_at"), _STAMP)),
            "url": pl.when(action == "clicked").then(plain(url)).otherwise(null()),
            "ip": pl.when(action != "bounced").then(plain(ip)).otherwise(null()),
        }
    )
    rows = rows.sort("occurred_at", maintain_order=True).with_columns(
        done=pl.when(action.is_in(list(_ACTIONS))).then(done)
    )
    lines = rows.group_by("campaign_id", "record_id", "email", maintain_order=True).agg(
        done=pl.col("done").drop_nulls().str.join(",")
    )
    lines = part.ordered(lines).with_columns(
        line=pl.concat_str(
            pl.lit("{"), string(pl.col("email")), pl.lit(":["), pl.col("done"), pl.lit("]}")
        ),
        native_id=euid,
    )
    for campaign in _mailed(world):
        own = lines.filter(pl.col("campaign_id") == campaign)
        yield Batch(activity_file(campaign), own.select("line", "native_id", "record_id"))


def _euid(world: World) -> pl.Expr:
    """Return Mailchimp's id of the person of a row with ``record_id``."""
    return hexadecimal(world.bits("mailchimp euid", pl.col("record_id"))).str.head(10)


def _mailed(world: World) -> list[str]:
    """Return the campaigns that went by mail, but for surveys."""
    mailed = world.campaigns.filter(
        pl.col("channel") == "email",
        ~pl.col("campaign_id").is_in(world.questions["survey"].drop_nulls().implode()),
        pl.col("campaign_id").str.contains(r"^[A-Za-z0-9._-]+$"),  # else no name of a file
    )
    return mailed["campaign_id"].to_list()


def _forms(world: World) -> dict[str, Form]:
    members = {file: csv(columns(table)) for file, table in _MEMBERS.items()}
    return members | {activity_file(campaign): Form() for campaign in _mailed(world)}


MAILCHIMP = Vendor(forms=_forms, batches=batches)
