"""Amplitude: the events of the app in the form of the export API, and the merged ids.

Times are UTC texts with a space and microseconds. A device has an ``amplitude_id`` of its own until
a customer logs in on it; the second file contains the id into which it is merged then. Some events
are uploaded days later. A few events are exported twice with the same ``$insert_id``.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cell_formats import amount_text, strip_system
from workbench.exports.export_files import Batch, FileForm, Vendor
from workbench.exports.objects import json_lines
from workbench.exports.slices import ExportedWorld, Slice
from workbench.exports.tracked_visits import device_code, ip_address, repeat_rows, tracked_events
from workbench.exports.vendor_ids import decimal_digits, uuid

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
    """Yield the events of the app and the merged ids of a slice."""
    rows = _tracked_events(part)
    yield Batch(EVENTS, _event_lines(part, rows))
    yield Batch(MERGED, _merged_id_lines(rows))


def _tracked_events(part: Slice) -> pl.DataFrame:
    world, key = part.world, pl.col("event_id")
    rows = tracked_events(part, channels=("app",))
    owner_key = pl.coalesce("record_id", "session_id", "event_id")
    device = device_code()
    is_late = world.uniform("amplitude late", key) < 0.01
    delay = pl.duration(milliseconds=300 + world.bits("amplitude delay", key) % 2000)
    days = pl.duration(days=1 + world.bits("amplitude days", key) % 3)
    return rows.with_columns(
        anonymous=pl.concat_str(
            pl.lit("4"), decimal_digits(world.bits("amplitude", owner_key, device), 10)
        ),
        resolved=pl.concat_str(
            pl.lit("5"), decimal_digits(world.bits("amplitude person", owner_key), 10)
        ),
        at=pl.col("occurred_at") + pl.duration(milliseconds=world.bits("amplitude ms", key) % 1000),
        delay=pl.when(is_late).then(delay + days).otherwise(delay),
    ).with_columns(amplitude_id=pl.when("is_logged_in").then("resolved").otherwise("anonymous"))


def _event_lines(part: Slice, rows: pl.DataFrame) -> pl.DataFrame:
    world, key = part.world, pl.col("event_id")
    orders = part["orders"].select(
        "order_id", revenue=amount_text(pl.col("total_minor"), pl.col("currency"))
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
        product=strip_system(pl.col("product_id")),
        order=strip_system(pl.col("order_id")),
        ip=ip_address(world, pl.coalesce("record_id", "session_id", "event_id")),
        session_ms=pl.col("session_at").dt.epoch("ms"),
        user=pl.when("is_logged_in").then("shop_customer"),
        uuid=uuid(world.bits("amplitude uuid", key), world.bits("amplitude uuid, rest", key)),
    )
    again = world.uniform("amplitude twice", key) < _TWICE
    return json_lines(repeat_rows(rows, again), "amplitude_events")


def _merged_id_lines(rows: pl.DataFrame) -> pl.DataFrame:
    """Return each device on which a customer logged in, with the id into which it was merged."""
    devices = (
        rows.filter("is_logged_in")
        .group_by("record_id", "anonymous", "resolved", maintain_order=True)
        .agg(pl.col("at").min())
    )
    devices = devices.with_columns(
        native_id="anonymous", merged_at=pl.col("at") + pl.duration(seconds=1)
    )
    return json_lines(devices, "amplitude_merged")


def _forms(_world: ExportedWorld) -> dict[str, FileForm]:
    return {EVENTS: FileForm(), MERGED: FileForm()}


AMPLITUDE = Vendor(forms=_forms, batches=batches)
