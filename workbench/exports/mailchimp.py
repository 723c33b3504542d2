"""Mailchimp: the members of the audience by status, and the activity of each recipient.

The status is in the name of the file, and the files are in one zip archive. Times are UTC without a
zone; tags are quoted CSV within a cell; the parts of an address are joined by two spaces. Activity
has a file per campaign with a line per recipient (Export API 1.0): opens, including those by
proxies, and clicks.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cell_formats import utc_text
from workbench.exports.export_files import Batch, FileForm, Vendor, csv_form
from workbench.exports.field_tables import column_headers, format_cells
from workbench.exports.json_text import null, obj, plain_string, string
from workbench.exports.slices import ExportedWorld, Slice
from workbench.exports.tracked_visits import SITE, ip_address
from workbench.exports.vendor_ids import decimal_digits, hexadecimal

_AUDIENCE = "ab12cd"
SUBSCRIBED, UNSUBSCRIBED, CLEANED = (
    f"{status}_members_export_{_AUDIENCE}.csv"
    for status in ("subscribed", "unsubscribed", "cleaned")
)
ARCHIVE = f"audience_export_{_AUDIENCE}.zip"
#: Field table of each file of members.
_MEMBERS = {
    SUBSCRIBED: "mailchimp_subscribed",
    UNSUBSCRIBED: "mailchimp_unsubscribed",
    CLEANED: "mailchimp_cleaned",
}
_STAMP = "%Y-%m-%d %H:%M:%S"
_ACTIONS = {"opened": "open", "clicked": "click", "bounced": "bounce"}


def activity_file(campaign: str) -> str:
    """Return the name of a campaign's activity file."""
    return f"campaignSubscriberActivity_{campaign}.ndjson"


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the members of a slice and their activity."""
    yield from _member_batches(part)
    yield from _activity_batches(part)


def _member_batches(part: Slice) -> Iterator[Batch]:
    """Yield the members: customers with an e-mail address who were asked about newsletters."""
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
    for more in (bounces, part.latest_attribute("loyalty_tier")):
        people = people.join(more, on="record_id", how="left", maintain_order="left")
    names = world.campaigns.select(left_by="campaign_id", title="name")
    people = people.join(names, on="left_by", how="left", maintain_order="left")
    is_out = pl.col("last") != "given"
    is_dead = (
        ~is_out & pl.col("bounced_at").is_not_null() & (world.uniform("mailchimp hard", key) < 0.4)
    )
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
        stated_phone=pl.when(world.uniform("mailchimp phone", key) < 0.2).then("phone"),
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
    for file, condition in (
        (SUBSCRIBED, ~pl.col("is_out") & ~pl.col("is_dead")),
        (UNSUBSCRIBED, pl.col("is_out")),
        (CLEANED, pl.col("is_dead")),
    ):
        yield Batch(file, format_cells(rows.filter(condition), _MEMBERS[file]))


def _activity_batches(part: Slice) -> Iterator[Batch]:
    """Yield a line per recipient of a campaign; a recipient without activity has an empty list."""
    world = part.world
    mails = part["interactions"].filter(
        pl.col("channel") == "email", pl.col("campaign_id").is_in(_mailed_campaigns(world))
    )
    rows = part.add_person_columns(mails, "email").filter(pl.col("email").is_not_null())
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
    action_text = obj(
        {
            "action": plain_string(
                action.replace_strict(_ACTIONS, default=None, return_dtype=pl.String)
            ),
            "timestamp": plain_string(utc_text(pl.col("occurred_at"), _STAMP)),
            "url": pl.when(action == "clicked").then(plain_string(url)).otherwise(null()),
            "ip": pl.when(action != "bounced").then(plain_string(ip)).otherwise(null()),
        }
    )
    rows = rows.sort("occurred_at", maintain_order=True).with_columns(
        action_text=pl.when(action.is_in(list(_ACTIONS))).then(action_text)
    )
    lines = rows.group_by("campaign_id", "record_id", "email", maintain_order=True).agg(
        actions=pl.col("action_text").drop_nulls().str.join(",")
    )
    lines = part.sort_by_customer(lines).with_columns(
        line=pl.concat_str(
            pl.lit("{"), string(pl.col("email")), pl.lit(":["), pl.col("actions"), pl.lit("]}")
        ),
        native_id=euid,
    )
    for campaign in _mailed_campaigns(world):
        own = lines.filter(pl.col("campaign_id") == campaign)
        yield Batch(activity_file(campaign), own.select("line", "native_id", "record_id"))


def _euid(world: ExportedWorld) -> pl.Expr:
    """Return Mailchimp's id of the member with the row's ``record_id``."""
    return hexadecimal(world.bits("mailchimp euid", pl.col("record_id"))).str.head(10)


def _mailed_campaigns(world: ExportedWorld) -> list[str]:
    """Return the campaigns that were sent by mail, except surveys."""
    mailed = world.campaigns.filter(
        pl.col("channel") == "email",
        ~pl.col("campaign_id").is_in(world.questions["survey"].drop_nulls().implode()),
        pl.col("campaign_id").str.contains(r"^[A-Za-z0-9._-]+$"),  # The id is part of a file name.
    )
    return mailed["campaign_id"].to_list()


def _forms(world: ExportedWorld) -> dict[str, FileForm]:
    members = {
        file: csv_form(column_headers(table), archive=ARCHIVE, is_left_out_empty=True)
        for file, table in _MEMBERS.items()
    }
    return members | {activity_file(campaign): FileForm() for campaign in _mailed_campaigns(world)}


MAILCHIMP = Vendor(forms=_forms, batches=batches)
