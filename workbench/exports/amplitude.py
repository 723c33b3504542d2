"""Amplitude: the app's events as its export API gives them, and which ids were merged.

Times are UTC texts with a space and microseconds. A device has an ``amplitude_id`` of its own until
somebody logs in on it; the second file says into which id it was merged then. Some events are
uploaded days later. A few come twice with one ``$insert_id``.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cells import amount, native
from workbench.exports.ids import decimal_digits, uuid
from workbench.exports.objects import lines
from workbench.exports.slices import Slice, World
from workbench.exports.visits import device_code, ip_address, repeated, visits
from workbench.exports.writing import Batch, Form, Vendor

PROJECT = "100011471"
EVENTS = f"{PROJECT}_events#0.json"
MERGED = f"{PROJECT}_merged_amplitude_ids.json"
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
    is_tablet = pl.col("device_type") == "tablet"
    rows = rows.with_columns(
        native_id=uuid(
            world.bits("amplitude insert", key), world.bits("amplitude insert, rest", key)
        ),
        uploaded_at=pl.col("at") + pl.col("delay"),
        country_name=pl.col("country").replace_strict(
            _COUNTRIES, default=None, return_dtype=pl.String
        ),
        family=pl.when(is_tablet).then(pl.lit("iOS")).otherwise(pl.lit("Android")),
        model=pl.when(is_tablet).then(pl.lit("Apple iPad")).otherwise(pl.lit("Android")),
        os_name=pl.when(is_tablet).then(pl.lit("ios")).otherwise(pl.lit("android")),
        platform=pl.when(is_tablet).then(pl.lit("iOS")).otherwise(pl.lit("Android")),
        number_on_device=pl.int_range(1, pl.len() + 1).over("device_uuid"),
        product=native(pl.col("product_id")),
        order=native(pl.col("order_id")),
        ip=ip_address(world, pl.coalesce("record_id", "session_id", "event_id")),
        session_ms=pl.col("session_at").dt.epoch("ms"),
        user=pl.when("is_logged_in").then("shop_customer"),
        uuid=uuid(world.bits("amplitude uuid", key), world.bits("amplitude uuid, rest", key)),
    )
    again = world.u("amplitude twice", key) < _TWICE
    return lines(repeated(rows, again), "amplitude_events")


def _merged(rows: pl.DataFrame) -> pl.DataFrame:
    """Return each device on which somebody logged in, with the id it was merged into."""
    devices = (
        rows.filter("is_logged_in")
        .group_by("record_id", "anonymous", "resolved", maintain_order=True)
        .agg(pl.col("at").min())
    )
    devices = devices.with_columns(
        native_id="anonymous", merged_at=pl.col("at") + pl.duration(seconds=1)
    )
    return lines(devices, "amplitude_merged")


def _forms(_world: World) -> dict[str, Form]:
    return {EVENTS: Form(), MERGED: Form()}


AMPLITUDE = Vendor(forms=_forms, batches=batches)
