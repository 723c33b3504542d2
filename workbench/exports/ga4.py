"""Google Analytics 4: the BigQuery export as lines of JSON, and as the flat CSV of the console.

Whole numbers are texts, instants are microseconds (UTC), and ``event_date`` is the day in the zone
of the property (Europe/Berlin). Events of visitors who refused analytics have no cookie, user or
session. Only visitors who had logged in have a ``user_id``. A few events are exported twice, as
after a late rewrite.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cell_formats import (
    amount_text,
    local_time_text,
    percent_encode,
    strip_system,
)
from workbench.exports.export_files import Batch, FileForm, Vendor, csv_form
from workbench.exports.field_tables import column_headers, format_cells
from workbench.exports.json_text import array, null, number, obj, plain_string, string
from workbench.exports.objects import json_lines, json_object
from workbench.exports.slices import Slice
from workbench.exports.tracked_visits import page_address, repeat_rows, tracked_events

EVENTS = "events_export.ndjson"
FLAT = "events_flat_bq_csv.csv"
_FLAT_FIELDS = "ga4_flat"
_REWRITTEN = 0.002
_STREAMS = {"web": "2100450278", "app": "3607414280"}
_COUNTRIES = {
    "GB": ("Europe", "Northern Europe", "United Kingdom"),
    "US": ("Americas", "Northern America", "United States"),
    "DE": ("Europe", "Western Europe", "Germany"),
    "FR": ("Europe", "Western Europe", "France"),
    "ES": ("Europe", "Southern Europe", "Spain"),
    "NL": ("Europe", "Western Europe", "Netherlands"),
    "PL": ("Europe", "Eastern Europe", "Poland"),
    "JP": ("Asia", "Eastern Asia", "Japan"),
}


def event_batches(part: Slice) -> Iterator[Batch]:
    """Yield the events of a slice as lines of JSON."""
    rows = _tracked_events(part)
    storage = {True: "Yes", False: "No"}
    stated = {
        name: pl.col(name).replace_strict(storage, default="Unset", return_dtype=pl.String)
        for name in ("analytics", "ads")
    }
    platform = (
        pl.when(pl.col("channel") == "web")
        .then(pl.lit("WEB"))
        .when(pl.col("device_type") == "tablet")
        .then(pl.lit("IOS"))
        .otherwise(pl.lit("ANDROID"))
    )
    is_web = pl.col("channel") == "web"
    is_sale = pl.col("event_name") == "purchase"
    rows = rows.with_columns(
        stated_analytics=stated["analytics"],
        stated_ads=stated["ads"],
        brand=pl.when(~is_web).then(pl.lit("<Other>")),
        system=platform.replace("WEB", "Web"),
        spoken=pl.col("language").str.to_lowercase(),
        web_info=pl.when(is_web)
        .then(pl.lit('{"browser":"Chrome","browser_version":"131.0"}'))
        .otherwise(null()),
        continent=_geography(0),
        sub_continent=_geography(1),
        country_name=_geography(2),
        app_info=pl.when(~is_web).then(
            pl.lit('{"id":"org.example.shop","version":"3.2.1","install_source":"(not set)"}')
        ),
        came_name=pl.col("campaign_id").fill_null("(direct)"),
        came_medium=pl.col("medium").fill_null("(none)"),
        came_source=pl.col("source").fill_null("(direct)"),
        stream=pl.col("channel").cast(pl.String).replace_strict(_STREAMS, default="0"),
        platform=platform,
        ecommerce=pl.when(is_sale).then(json_object("ga4_sales")).otherwise(pl.lit("{}")),
    )
    yield Batch(EVENTS, json_lines(rows, "ga4_events"))


def flat_batches(part: Slice) -> Iterator[Batch]:
    """Yield the events of a slice in the console's CSV, where lists are JSON texts."""
    rows = _tracked_events(part).with_columns(country_name=_geography(2))
    yield Batch(FLAT, format_cells(rows, _FLAT_FIELDS))


def _tracked_events(part: Slice) -> pl.DataFrame:
    """Return the events with the sources that both exports share."""
    world = part.world
    rows = tracked_events(part, channels=("web", "app"))
    rows = part.add_consent(rows, "analytics", at="occurred_at", name="analytics")
    rows = part.add_consent(rows, "marketing.advertising", at="occurred_at", name="ads")
    rows = rows.join(_sales(part), on="order_id", how="left", maintain_order="left")
    key, seen = pl.col("event_id"), pl.col("analytics").fill_null(True)
    is_web = pl.col("channel") == "web"
    item = obj(
        {"item_id": string(strip_system(pl.col("product_id"))), "quantity": plain_string("1")}
    )
    traffic = pl.col("traffic_source").str.splitn(" / ", 2)
    fine = (world.bits("ga4 microseconds", key) % 1_000_000).cast(pl.Int64)
    rows = rows.with_columns(
        native_id=pl.lit(None, pl.String),
        source=traffic.struct.field("field_0"),
        medium=traffic.struct.field("field_1"),
        date=local_time_text(pl.col("occurred_at"), "%Y%m%d"),
        stamp=(pl.col("occurred_at").dt.truncate("1s").dt.epoch("us") + fine).cast(pl.String),
        bundle=(world.bits("ga4 bundle", pl.coalesce("session_id", "event_id")) % 10**10).cast(
            pl.String
        ),
        pseudo_id=pl.when(seen).then(
            pl.when(is_web)
            .then("client_id")
            .otherwise(pl.col("device_uuid").str.replace_all("-", ""))
        ),
        user_id=pl.when(seen & pl.col("is_logged_in")).then("shop_customer"),
        first_touch=pl.when(seen).then(pl.col("first_seen_at").dt.epoch("us").cast(pl.String)),
        items=pl.when(pl.col("sold").is_not_null())
        .then("sold")
        .when(pl.col("product_id").is_not_null())
        .then(array([item]))
        .otherwise(pl.lit("[]")),
    )
    page = pl.when(is_web).then(page_address(pl.col("page"), percent_encode(pl.col("search_text"))))
    screen = pl.when(~is_web).then("page")
    engaged = (pl.col("duration_seconds") * 1000).cast(pl.Int64)
    session = pl.when(seen).then(pl.col("session_at").dt.epoch("s"))
    params = array(
        [
            _parameter("page_location", "string", string(page)),
            _parameter("firebase_screen", "string", string(screen)),
            _parameter("ga_session_id", "int", plain_string(session)),
            _parameter(
                "ga_session_number", "int", plain_string(pl.when(seen).then("session_number"))
            ),
            _parameter("engagement_time_msec", "int", plain_string(engaged)),
            _parameter("search_term", "string", string(pl.col("search_text"))),
            _parameter("source", "string", string(pl.col("source"))),
            _parameter("medium", "string", string(pl.col("medium"))),
            _parameter("campaign", "string", string(pl.col("campaign_id"))),
            _parameter("transaction_id", "string", string(pl.col("number"))),
            _parameter("currency", "string", string(pl.col("currency"))),
            _parameter("value", "double", number(pl.col("revenue"))),
        ]
    )
    rows = rows.with_columns(params=params)
    return repeat_rows(rows, world.uniform("ga4 rewritten", key) < _REWRITTEN)


def _sales(part: Slice) -> pl.DataFrame:
    """Return per order the values that analytics receives: number, totals and items as JSON."""
    orders = part["orders"].filter(pl.col("kind") == "sale")
    sold = part["order_items"].join(
        orders.select("order_id", "currency"), on="order_id", how="inner", maintain_order="left"
    )
    currency = pl.col("currency")
    sold = sold.with_columns(
        product=strip_system(pl.col("product_id")),
        price=amount_text(pl.col("unit_price_minor").round(0), currency),
        revenue=amount_text(pl.col("amount_minor"), currency),
    )
    items = (
        sold.with_columns(item=json_object("ga4_items"))
        .group_by("order_id", maintain_order=True)
        .agg(
            sold=pl.concat_str(pl.lit("["), pl.col("item").str.join(","), pl.lit("]")).first(),
            units=pl.col("quantity").sum(),
            lines=pl.len(),
        )
    )
    sales = orders.select(
        "order_id",
        "currency",
        number=strip_system(pl.col("order_id")),
        revenue=amount_text(pl.col("total_minor"), currency),
        shipping=amount_text(pl.col("shipping_minor"), currency),
        tax=amount_text(pl.col("tax_minor"), currency),
    )
    return sales.join(items, on="order_id", how="left", maintain_order="left")


def _parameter(key: str, kind: str, value: pl.Expr) -> pl.Expr:
    """Return one parameter with its value in the field of its kind and nulls in the others."""
    kinds = ("string", "int", "float", "double")
    before = ",".join(f'"{each}_value":null' for each in kinds[: kinds.index(kind)])
    after = "".join(f',"{each}_value":null' for each in kinds[kinds.index(kind) + 1 :])
    lead = f'{{"key":"{key}","value":{{{before}{"," if before else ""}"{kind}_value":'
    return pl.concat_str(pl.lit(lead), value, pl.lit(f"{after}}}}}"))


def _geography(position: int) -> pl.Expr:
    names = {code: each[position] for code, each in _COUNTRIES.items()}
    return pl.col("country").replace_strict(names, default="(not set)", return_dtype=pl.String)


def _event_forms(_world: object) -> dict[str, FileForm]:
    return {EVENTS: FileForm()}


def _flat_forms(_world: object) -> dict[str, FileForm]:
    return {FLAT: csv_form(column_headers(_FLAT_FIELDS))}


GA4 = Vendor(forms=_event_forms, batches=event_batches)
GA4_FLAT = Vendor(forms=_flat_forms, batches=flat_batches)
