"""Segment: the messages of site and app as lines of JSON: identify, track, page and screen.

``anonymousId`` is the id of the device. ``userId`` is null until a customer logs in, when an
identify message contains their traits. ``timestamp`` is ``originalTimestamp`` corrected for a wrong
clock. Events have the names of Segment's commerce vocabulary; a decision in the consent banner is a
message of its own. A few messages are exported twice with the same ``messageId``.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cell_formats import amount_text, percent_encode, strip_system, utc_text
from workbench.exports.export_files import Batch, FileForm, Vendor
from workbench.exports.json_text import (
    flag,
    members,
    number,
    obj,
    or_null,
    plain_string,
    string,
)
from workbench.exports.objects import json_object
from workbench.exports.slices import ExportedWorld, Slice
from workbench.exports.tracked_visits import (
    device_uuid,
    ip_address,
    page_address,
    repeat_rows,
    tracked_events,
    user_agent,
)
from workbench.exports.vendor_ids import hexadecimal

FILE = "events.ndjson"
_SHARE = 0.8
_TWICE = 0.002
_STAMP = "%Y-%m-%dT%H:%M:%S%.3fZ"
#: Names of Segment's commerce vocabulary; other events have the world's name in title case.
NAMES = {
    "view_item": "Product Viewed",
    "add_to_cart": "Product Added",
    "search": "Products Searched",
    "begin_checkout": "Checkout Started",
    "purchase": "Order Completed",
    "refund": "Order Refunded",
    "sign_up": "Signed Up",
    "login": "Signed In",
    "app_open": "Application Opened",
}
#: Segment's names of the purposes.
_CATEGORIES = {
    "analytics": "Analytics",
    "marketing.advertising": "Advertising",
    "functional": "Functional",
    "third_party_sharing": "DataSharing",
}


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the messages of a slice; the message about a login precedes that about its event."""
    rows = _tracked_events(part)
    session = pl.coalesce("session_id", "event_id")
    logs_in = pl.col("is_logged_in") & (
        pl.col("is_logged_in").cast(pl.Int32).cum_sum().over(session) == 1
    )
    sent = pl.concat([_identify_messages(part, rows.filter(logs_in)), _event_messages(part, rows)])
    sent = sent.sort("place", "rank", maintain_order=True)
    sent = repeat_rows(
        sent, part.world.uniform("segment twice", pl.col("event_id"), pl.col("rank")) < _TWICE
    )
    columns = ("line", "native_id", "record_id")
    both = pl.concat([sent.select(columns), _decision_messages(part).select(columns)])
    yield Batch(FILE, part.sort_by_customer(both))


def _tracked_events(part: Slice) -> pl.DataFrame:
    """Return the events that are sent to Segment, with the parts that every message has."""
    world, key = part.world, pl.col("event_id")
    rows = tracked_events(part, channels=("web", "app"))
    rows = rows.filter(
        world.uniform("segment knows", pl.coalesce("record_id", "event_id")) < _SHARE
    )
    rows, consent = _add_consent(part, rows)
    delay = pl.duration(milliseconds=60 + world.bits("segment delay", key) % 900)
    # A few devices have a clock that is two hours fast.
    off = world.uniform("segment clock", pl.coalesce("record_id", "event_id"))
    skew = pl.when(off < 0.02).then(pl.duration(hours=2)).otherwise(pl.duration(hours=0))
    at = pl.col("occurred_at") + pl.duration(milliseconds=world.bits("segment fine", key) % 1000)
    context = obj(
        {
            "ip": plain_string(
                ip_address(world, pl.coalesce("record_id", "session_id", "event_id"))
            ),
            "locale": string(pl.col("language")),
            "timezone": plain_string("Europe/Berlin"),
            "userAgent": plain_string(user_agent(world)),
            "library": pl.when(pl.col("channel") == "web")
            .then(pl.lit('{"name":"analytics.js","version":"next-1.70.0"}'))
            .otherwise(pl.lit('{"name":"analytics-ios","version":"4.1.8"}')),
            "page": pl.when(pl.col("channel") == "web").then(
                obj({"url": string(_url()), "referrer": plain_string("")})
            ),
            "consent": consent,
        }
    )
    return rows.with_row_index("place").with_columns(
        user=or_null(plain_string(pl.when("is_logged_in").then("shop_customer"))),
        context=context,
        times=pl.concat_str(
            pl.lit('"timestamp":"'),
            utc_text(at, _STAMP),
            pl.lit('","sentAt":"'),
            utc_text(at + skew + delay, _STAMP),
            pl.lit('","receivedAt":"'),
            utc_text(at + delay, _STAMP),
            pl.lit('","originalTimestamp":"'),
            utc_text(at + skew, _STAMP),
            pl.lit('","version":2}'),
        ),
    )


def _add_consent(part: Slice, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.Expr]:
    """Return rows with the consent at their time, and its object, absent before any decision."""
    for purpose, name in _CATEGORIES.items():
        rows = part.add_consent(rows, purpose, at="occurred_at", name=name)
    is_decided = pl.any_horizontal(pl.col(name).is_not_null() for name in _CATEGORIES.values())
    stated = obj({name: flag(pl.col(name)) for name in _CATEGORIES.values()})
    return rows, pl.when(is_decided).then(obj({"categoryPreferences": stated}))


def _decision_messages(part: Slice) -> pl.DataFrame:
    """Return a message for each decision in the site's banner, on the customer's first device."""
    world, key = part.world, pl.col("record_id")
    rows = part["consents"].filter(
        pl.col("method") == "banner",
        pl.col("purpose").cast(pl.String).is_in(list(_CATEGORIES)),
        pl.col("decided_at").is_not_null(),
        world.uniform("segment knows", key) < _SHARE,
    )
    visitors = part["events"].group_by("record_id", maintain_order=True)
    seen = visitors.agg(pl.col("device_type").first())
    rows = rows.join(seen, on="record_id", how="left", maintain_order="left")
    rows, consent = _add_consent(part, rows.with_columns(occurred_at="decided_at"))
    kind, moment = pl.col("purpose").to_physical(), pl.col("occurred_at").dt.epoch("us")
    name = world.bits("segment decision", world.bits("segment decided", key, kind), moment)
    rows = rows.with_columns(
        native_id=pl.concat_str(pl.lit("ajs-next-"), hexadecimal(name)),
        device=device_uuid(world, key),
        consent=consent,
    )
    return rows.with_columns(line=json_object("segment_decisions"))


def _identify_messages(part: Slice, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the identify messages, which contain the traits of customers who log in."""
    rows = part.add_person_columns(
        rows, "email", "full_name", "birth_date", "gender", "city", "postcode"
    )
    birthday = pl.concat_str(pl.col("birth_date"), pl.lit("T00:00:00.000Z"))
    rows = rows.with_columns(written_email=part.email_in_system("segment"), birthday=birthday)
    traits = {"traits": json_object("segment_traits")}
    return _message_lines(part.world, rows, 0, {"type": plain_string("identify")}, traits)


def _event_messages(part: Slice, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the track, page and screen messages."""
    rows = rows.join(_order_members(part), on="order_id", how="left", maintain_order="left")
    is_page = pl.col("event_name") == "page_view"
    is_web = pl.col("channel") == "web"
    name = pl.col("event_name")
    title = name.replace_strict(
        NAMES, default=name.str.replace_all("_", " ").str.to_titlecase(), return_dtype=pl.String
    )
    product = strip_system(pl.col("product_id"))
    details = members(
        {
            "url": pl.when(is_page & is_web).then(string(_url())),
            "path": pl.when(is_page & is_web).then(string(pl.col("page"))),
            "product_id": string(product),
            "sku": string(product),
            "query": string(pl.col("search_text")),
            "order_id": string(strip_system(pl.col("order_id"))),
        }
    )
    both = pl.concat_str(details, "bought", separator=",", ignore_nulls=True)
    properties = pl.concat_str(pl.lit("{"), both, pl.lit("}"))
    kind = (
        pl.when(~is_page)
        .then(pl.lit("track"))
        .when(is_web)
        .then(pl.lit("page"))
        .otherwise(pl.lit("screen"))
    )
    head = {
        "type": plain_string(kind),
        "event": pl.when(~is_page).then(string(title)),
        "name": pl.when(is_page).then(string(pl.col("page"))),
    }
    return _message_lines(part.world, rows, 1, head, {"properties": properties})


def _message_lines(
    world: ExportedWorld,
    rows: pl.DataFrame,
    rank: int,
    head: dict[str, pl.Expr],
    what: dict[str, pl.Expr],
) -> pl.DataFrame:
    name = pl.concat_str(
        pl.lit("ajs-next-"), hexadecimal(world.bits(f"segment message {rank}", pl.col("event_id")))
    )
    opening = {
        "messageId": plain_string(pl.col("native_id")),
        "anonymousId": plain_string(pl.col("device_uuid")),
        "userId": pl.col("user"),
    }
    inner = obj(head | opening | what | {"context": pl.col("context")})
    line = pl.concat_str(inner.str.head(-1), pl.lit(","), pl.col("times"))
    return rows.with_columns(native_id=name).select(
        "place",
        "event_id",
        "native_id",
        "record_id",
        rank=pl.lit(rank, pl.UInt64),
        line=line,
    )


def _order_members(part: Slice) -> pl.DataFrame:
    """Return per order the members that the object of its purchase contains."""
    orders = part["orders"].filter(pl.col("kind") == "sale")
    currency = pl.col("currency")
    lines = part["order_items"].join(
        orders.select("order_id", "currency"), on="order_id", how="inner", maintain_order="left"
    )
    lines = lines.with_columns(
        product=strip_system(pl.col("product_id")),
        price=amount_text(pl.col("unit_price_minor").round(0), currency),
    )
    products = (
        lines.with_columns(item=json_object("segment_products"))
        .group_by("order_id", maintain_order=True)
        .agg(products=pl.col("item").str.join(","))
    )
    orders = orders.join(products, on="order_id", how="left", maintain_order="left")
    beside = pl.col("shipping_minor").fill_null(0) + pl.col("tax_minor").fill_null(0)
    cells = {
        "total": number(amount_text(pl.col("total_minor"), currency)),
        "revenue": number(amount_text(pl.col("total_minor") - beside, currency)),
        "shipping": number(amount_text(pl.col("shipping_minor"), currency)),
        "tax": number(amount_text(pl.col("tax_minor"), currency)),
        "discount": number(amount_text(pl.col("discount_minor"), currency)),
        "coupon": string(pl.col("campaign_id")),
        "currency": string(currency),
        "products": pl.concat_str(pl.lit("["), pl.col("products").fill_null(""), pl.lit("]")),
    }
    return orders.select("order_id", bought=members(cells))


def _url() -> pl.Expr:
    return page_address(pl.col("page"), percent_encode(pl.col("search_text")))


def _forms(_world: ExportedWorld) -> dict[str, FileForm]:
    return {FILE: FileForm()}


SEGMENT = Vendor(forms=_forms, batches=batches)
