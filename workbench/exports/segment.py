"""Segment: what site and app tell it, as lines of JSON: identify, track and page or screen.

``anonymousId`` is the device's; ``userId`` is null until somebody logs in, and an identify call
then says who. ``timestamp`` is ``originalTimestamp`` corrected for a clock that is wrong. Events
bear the names of Segment's commerce vocabulary; a decision in the consent banner is one of its own.
A few messages come twice with one ``messageId``.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cells import amount, native, percent_encoded, utc
from workbench.exports.ids import hexadecimal
from workbench.exports.jsontext import (
    flag,
    members,
    number,
    obj,
    or_null,
    plain,
    string,
)
from workbench.exports.objects import json_object
from workbench.exports.slices import Slice, World
from workbench.exports.visits import (
    address_of,
    device_uuid,
    ip_address,
    repeated,
    user_agent,
    visits,
)
from workbench.exports.writing import Batch, Form, Vendor

FILE = "events.ndjson"
_SHARE = 0.8
_TWICE = 0.002
_STAMP = "%Y-%m-%dT%H:%M:%S%.3fZ"
#: Names of Segment's commerce vocabulary; other events keep the world's, as title.
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
#: What Segment calls the purposes.
_CATEGORIES = {
    "analytics": "Analytics",
    "marketing.advertising": "Advertising",
    "functional": "Functional",
    "third_party_sharing": "DataSharing",
}


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the messages of a slice: who logged in, then what was done."""
    rows = _told(part)
    session = pl.coalesce("session_id", "event_id")
    logs_in = pl.col("is_logged_in") & (
        pl.col("is_logged_in").cast(pl.Int32).cum_sum().over(session) == 1
    )
    said = pl.concat([_identified(part, rows.filter(logs_in)), _done(part, rows)])
    said = said.sort("place", "rank", maintain_order=True)
    said = repeated(
        said, part.world.u("segment twice", pl.col("event_id"), pl.col("rank")) < _TWICE
    )
    columns = ("line", "native_id", "record_id")
    both = pl.concat([said.select(columns), _decided(part).select(columns)])
    yield Batch(FILE, part.ordered(both))


def _told(part: Slice) -> pl.DataFrame:
    """Return the events that are sent to Segment, with what every message says."""
    world, key = part.world, pl.col("event_id")
    rows = visits(part, channels=("web", "app"))
    rows = rows.filter(world.u("segment knows", pl.coalesce("record_id", "event_id")) < _SHARE)
    rows, consent = _with_consent(part, rows)
    delay = pl.duration(milliseconds=60 + world.bits("segment delay", key) % 900)
    # a few devices have a clock that is hours off
    off = world.u("segment clock", pl.coalesce("record_id", "event_id"))
    skew = pl.when(off < 0.02).then(pl.duration(hours=2)).otherwise(pl.duration(hours=0))
    at = pl.col("occurred_at") + pl.duration(milliseconds=world.bits("segment fine", key) % 1000)
    context = obj(
        {
            "ip": plain(ip_address(world, pl.coalesce("record_id", "session_id", "event_id"))),
            "locale": string(pl.col("language")),
            "timezone": plain("Europe/Berlin"),
            "userAgent": plain(user_agent(world)),
            "library": pl.when(pl.col("channel") == "web")
            .then(pl.lit('{"name":"analytics.js","version":"next-1.70.0"}'))
            .otherwise(pl.lit('{"name":"analytics-ios","version":"4.1.8"}')),
            "page": pl.when(pl.col("channel") == "web").then(
                obj({"url": string(_url()), "referrer": plain("")})
            ),
            "consent": consent,
        }
    )
    return rows.with_row_index("place").with_columns(
        user=or_null(plain(pl.when("is_logged_in").then("shop_customer"))),
        context=context,
        times=pl.concat_str(
            pl.lit('"timestamp":"'),
            utc(at, _STAMP),
            pl.lit('","sentAt":"'),
            utc(at + skew + delay, _STAMP),
            pl.lit('","receivedAt":"'),
            utc(at + delay, _STAMP),
            pl.lit('","originalTimestamp":"'),
            utc(at + skew, _STAMP),
            pl.lit('","version":2}'),
        ),
    )


def _with_consent(part: Slice, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.Expr]:
    """Return rows with consent as it stood, and its object, absent before any decision."""
    for purpose, name in _CATEGORIES.items():
        rows = part.with_consent(rows, purpose, at="occurred_at", name=name)
    is_decided = pl.any_horizontal(pl.col(name).is_not_null() for name in _CATEGORIES.values())
    stated = obj({name: flag(pl.col(name)) for name in _CATEGORIES.values()})
    return rows, pl.when(is_decided).then(obj({"categoryPreferences": stated}))


def _decided(part: Slice) -> pl.DataFrame:
    """Return a message for each decision in the site's banner, made on the device seen first."""
    world, key = part.world, pl.col("record_id")
    rows = part["consents"].filter(
        pl.col("method") == "banner",
        pl.col("purpose").cast(pl.String).is_in(list(_CATEGORIES)),
        pl.col("decided_at").is_not_null(),
        world.u("segment knows", key) < _SHARE,
    )
    visitors = part["events"].group_by("record_id", maintain_order=True)
    seen = visitors.agg(pl.col("device_type").first())
    rows = rows.join(seen, on="record_id", how="left", maintain_order="left")
    rows, consent = _with_consent(part, rows.with_columns(occurred_at="decided_at"))
    kind, moment = pl.col("purpose").to_physical(), pl.col("occurred_at").dt.epoch("us")
    name = world.bits("segment decision", world.bits("segment decided", key, kind), moment)
    rows = rows.with_columns(
        native_id=pl.concat_str(pl.lit("ajs-next-"), hexadecimal(name)),
        device=device_uuid(world, key),
        consent=consent,
    )
    return rows.with_columns(line=json_object("segment_decisions"))


def _identified(part: Slice, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the identify messages: what the shop knows of who logs in."""
    rows = part.with_people(rows, "email", "full_name", "birth_date", "gender", "city", "postcode")
    birthday = pl.concat_str(pl.col("birth_date"), pl.lit("T00:00:00.000Z"))
    rows = rows.with_columns(written_email=part.written_email("segment"), birthday=birthday)
    told = {"traits": json_object("segment_traits")}
    return _messages(part.world, rows, 0, {"type": plain("identify")}, told)


def _done(part: Slice, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the track, page and screen messages."""
    rows = rows.join(_orders(part), on="order_id", how="left", maintain_order="left")
    is_page = pl.col("event_name") == "page_view"
    is_web = pl.col("channel") == "web"
    name = pl.col("event_name")
    title = name.replace_strict(
        NAMES, default=name.str.replace_all("_", " ").str.to_titlecase(), return_dtype=pl.String
    )
    product = native(pl.col("product_id"))
    told = members(
        {
            "url": pl.when(is_page & is_web).then(string(_url())),
            "path": pl.when(is_page & is_web).then(string(pl.col("page"))),
            "product_id": string(product),
            "sku": string(product),
            "query": string(pl.col("search_text")),
            "order_id": string(native(pl.col("order_id"))),
        }
    )
    both = pl.concat_str(told, "bought", separator=",", ignore_nulls=True)
    properties = pl.concat_str(pl.lit("{"), both, pl.lit("}"))
    kind = (
        pl.when(~is_page)
        .then(pl.lit("track"))
        .when(is_web)
        .then(pl.lit("page"))
        .otherwise(pl.lit("screen"))
    )
    head = {
        "type": plain(kind),
        "event": pl.when(~is_page).then(string(title)),
        "name": pl.when(is_page).then(string(pl.col("page"))),
    }
    return _messages(part.world, rows, 1, head, {"properties": properties})


def _messages(
    world: World,
    rows: pl.DataFrame,
    rank: int,
    head: dict[str, pl.Expr],
    what: dict[str, pl.Expr],
) -> pl.DataFrame:
    name = pl.concat_str(
        pl.lit("ajs-next-"), hexadecimal(world.bits(f"segment message {rank}", pl.col("event_id")))
    )
    opening = {
        "messageId": plain(pl.col("native_id")),
        "anonymousId": plain(pl.col("device_uuid")),
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


def _orders(part: Slice) -> pl.DataFrame:
    """Return what a purchase says of its order, as members of an object."""
    orders = part["orders"].filter(pl.col("kind") == "sale")
    currency = pl.col("currency")
    lines = part["order_items"].join(
        orders.select("order_id", "currency"), on="order_id", how="inner", maintain_order="left"
    )
    lines = lines.with_columns(
        product=native(pl.col("product_id")),
        price=amount(pl.col("unit_price_minor").round(0), currency),
    )
    products = (
        lines.with_columns(item=json_object("segment_products"))
        .group_by("order_id", maintain_order=True)
        .agg(products=pl.col("item").str.join(","))
    )
    told = orders.join(products, on="order_id", how="left", maintain_order="left")
    beside = pl.col("shipping_minor").fill_null(0) + pl.col("tax_minor").fill_null(0)
    cells = {
        "total": number(amount(pl.col("total_minor"), currency)),
        "revenue": number(amount(pl.col("total_minor") - beside, currency)),
        "shipping": number(amount(pl.col("shipping_minor"), currency)),
        "tax": number(amount(pl.col("tax_minor"), currency)),
        "discount": number(amount(pl.col("discount_minor"), currency)),
        "coupon": string(pl.col("campaign_id")),
        "currency": string(currency),
        "products": pl.concat_str(pl.lit("["), pl.col("products").fill_null(""), pl.lit("]")),
    }
    return told.select("order_id", bought=members(cells))


def _url() -> pl.Expr:
    return address_of(pl.col("page"), percent_encoded(pl.col("search_text")))


def _forms(_world: World) -> dict[str, Form]:
    return {FILE: Form()}


SEGMENT = Vendor(forms=_forms, batches=batches)
