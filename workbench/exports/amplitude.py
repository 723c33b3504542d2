"""Amplitude: the app's events as its export API gives them, and which ids were merged.

Times are UTC texts with a space and microseconds. A device has an ``amplitude_id`` of its own until
somebody logs in on it; the second file says into which id it was merged then. Some events are
uploaded days later. A few come twice with one ``$insert_id``.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cells import amount, native, utc
from workbench.exports.ids import decimal_digits, uuid
from workbench.exports.jsontext import null, number, obj, or_null, plain, string
from workbench.exports.slices import Slice, World
from workbench.exports.visits import device_code, ip_address, repeated, visits
from workbench.exports.writing import Batch, Form, Vendor

PROJECT = "100011471"
EVENTS = f"{PROJECT}_events#0.json"
MERGED = f"{PROJECT}_merged_amplitude_ids.json"
_STAMP = "%Y-%m-%d %H:%M:%S%.6f"
_TWICE = 0.002
_COUNTRIES = {
    "GB": "United Kingdom",
    "US": "United States",
    "DE": "Germany",
    "FR": "France",
    "ES": "Spain",
    "NL": "Netherlands",
    "PL": "Poland",
    "JP": "Japan",
}
_NEVER_FILLED = (
    "$insert_key,$schema,adid,amplitude_attribution_ids,amplitude_event_type,city,device_brand,"
    "device_carrier,dma,idfa,is_attribution_event,location_lat,paying,region,sample_rate"
)
_ABSENT = _NEVER_FILLED.split(",")


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the app's events of a slice and the merged ids."""
    rows = _seen(part)
    yield Batch(EVENTS, _events(part, rows))
    yield Batch(MERGED, _merged(rows))


def _seen(part: Slice) -> pl.DataFrame:
    world, key = part.world, pl.col("event_id")
    rows = visits(part, channels=("app",))
    whose = pl.coalesce("record_id", "session_id", "event_id")
    device = device_code()
    is_late = world.u("amplitude late", key) < 0.01
    delay = pl.duration(milliseconds=300 + world.bits("amplitude delay", key) % 2000)
    days = pl.duration(days=1 + world.bits("amplitude days", key) % 3)
    return rows.with_columns(
        anonymous=pl.concat_str(
            pl.lit("4"), decimal_digits(world.bits("amplitude", whose, device), 10)
        ),
        resolved=pl.concat_str(
            pl.lit("5"), decimal_digits(world.bits("amplitude person", whose), 10)
        ),
        at=pl.col("occurred_at") + pl.duration(milliseconds=world.bits("amplitude ms", key) % 1000),
        delay=pl.when(is_late).then(delay + days).otherwise(delay),
    ).with_columns(amplitude_id=pl.when("is_logged_in").then("resolved").otherwise("anonymous"))


def _events(part: Slice, rows: pl.DataFrame) -> pl.DataFrame:
    world, key = part.world, pl.col("event_id")
    orders = part["orders"].select(
        "order_id", revenue=amount(pl.col("total_minor"), pl.col("currency"))
    )
    rows = rows.join(orders, on="order_id", how="left", maintain_order="left")
    revenue = number(pl.col("revenue"))
    properties = obj(
        {
            "screen": string(pl.col("page")),
            "product_id": string(native(pl.col("product_id"))),
            "query": string(pl.col("search_text")),
            "order_id": string(native(pl.col("order_id"))),
            "revenue": revenue,
            "$revenue": revenue,
        }
    )
    is_tablet = pl.col("device_type") == "tablet"
    uploaded = plain(utc(pl.col("at") + pl.col("delay"), _STAMP))
    insert = uuid(world.bits("amplitude insert", key), world.bits("amplitude insert, rest", key))
    country = pl.col("country").replace_strict(_COUNTRIES, default=None, return_dtype=pl.String)
    fields = {
        "$insert_id": plain(insert),
        "amplitude_id": number(pl.col("amplitude_id")),
        "app": pl.lit(PROJECT),
        "client_event_time": plain(utc(pl.col("at"), _STAMP)),
        "client_upload_time": uploaded,
        "country": or_null(plain(country)),
        "data": pl.lit('{"path":"/2/httpapi","group_first_event":{}}'),
        "data_type": plain("event"),
        "device_family": pl.when(is_tablet).then(plain("iOS")).otherwise(plain("Android")),
        "device_id": plain(pl.col("device_uuid")),
        "device_type": pl.when(is_tablet).then(plain("Apple iPad")).otherwise(plain("Android")),
        "event_id": number(pl.int_range(1, pl.len() + 1).over("device_uuid")),
        "event_properties": properties,
        "event_time": plain(utc(pl.col("at"), _STAMP)),
        "event_type": string(pl.col("event_name")),
        "group_properties": pl.lit("{}"),
        "groups": pl.lit("{}"),
        "ip_address": plain(ip_address(world, pl.coalesce("record_id", "session_id", "event_id"))),
        "language": or_null(string(pl.col("language"))),
        "library": plain("amplitude-ts/2.16.1"),
        "os_name": pl.when(is_tablet).then(plain("ios")).otherwise(plain("android")),
        "platform": pl.when(is_tablet).then(plain("iOS")).otherwise(plain("Android")),
        "processed_time": uploaded,
        "server_received_time": uploaded,
        "server_upload_time": uploaded,
        "session_id": number(pl.col("session_at").dt.epoch("ms")),
        "start_version": null(),
        "user_creation_time": or_null(plain(utc(pl.col("first_seen_at"), _STAMP))),
        "user_id": or_null(plain(pl.when("is_logged_in").then("shop_customer"))),
        "user_properties": pl.lit('{"initial_utm_source":"EMPTY"}'),
        "uuid": plain(
            uuid(world.bits("amplitude uuid", key), world.bits("amplitude uuid, rest", key))
        ),
        "version_name": plain("3.2.1"),
    }
    absent = {name: null() for name in _ABSENT}
    told = rows.select(
        obj(fields | absent).alias("line"), insert.alias("native_id"), "record_id", "event_id"
    )
    again = world.u("amplitude twice", key) < _TWICE
    return repeated(told, again).select("line", "native_id", "record_id")


def _merged(rows: pl.DataFrame) -> pl.DataFrame:
    """Return each device on which somebody logged in, with the id it was merged into."""
    devices = (
        rows.filter("is_logged_in")
        .group_by("record_id", "anonymous", "resolved", maintain_order=True)
        .agg(pl.col("at").min())
    )
    line = obj(
        {
            "scope": pl.lit(PROJECT),
            "merge_event_time": plain(utc(pl.col("at"), _STAMP)),
            "merge_server_time": plain(utc(pl.col("at") + pl.duration(seconds=1), _STAMP)),
            "amplitude_id": number(pl.col("anonymous")),
            "merged_amplitude_id": number(pl.col("resolved")),
        }
    )
    return devices.select(line.alias("line"), pl.col("anonymous").alias("native_id"), "record_id")


def _forms(_world: World) -> dict[str, Form]:
    return {EVENTS: Form(), MERGED: Form()}


AMPLITUDE = Vendor(forms=_forms, batches=batches)
