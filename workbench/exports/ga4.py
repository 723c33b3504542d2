"""Google Analytics 4: the BigQuery export as lines of JSON, and flattened as the console writes it.

Whole numbers are texts, instants microseconds (UTC), ``event_date`` the property's day
(Europe/Berlin). Who refused analytics is counted without cookie, user or session. ``user_id``
stands only where a visitor had logged in. A few events come twice, as after a late rewrite.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cells import amount, local, native, percent_encoded
from workbench.exports.field_tables import cells, columns
from workbench.exports.jsontext import array, null, number, obj, plain, string
from workbench.exports.objects import json_object, lines
from workbench.exports.slices import Slice
from workbench.exports.visits import address_of, repeated, visits
from workbench.exports.writing import Batch, Form, Vendor, csv

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
    rows = _seen(part)
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
        continent=_geo(0),
        sub_continent=_geo(1),
        country_name=_geo(2),
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
    yield Batch(EVENTS, lines(rows, "ga4_events"))


def flat_batches(part: Slice) -> Iterator[Batch]:
    """Yield the events of a slice as the console's CSV, repeated fields as text."""
    rows = _seen(part).with_columns(country_name=_geo(2))
    yield Batch(FLAT, cells(rows, _FLAT_FIELDS))


def _seen(part: Slice) -> pl.DataFrame:
    """Return the events with what both exports say of them."""
    world = part.world
    rows = visits(part, channels=("web", "app"))
    rows = part.with_consent(rows, "analytics", at="occurred_at", name="analytics")
    rows = part.with_consent(rows, "marketing.advertising", at="occurred_at", name="ads")
    rows = rows.join(_sold(part), on="order_id", how="left", maintain_order="left")
    key, seen = pl.col("event_id"), pl.col("analytics").fill_null(True)
    is_web = pl.col("channel") == "web"
    item = obj({"item_id": string(native(pl.col("product_id"))), "quantity": plain("1")})
    came = pl.col("traffic_source").str.splitn(" / ", 2)
    fine = (world.bits("ga4 microseconds", key) % 1_000_000).cast(pl.Int64)
    rows = rows.with_columns(
        native_id=pl.lit(None, pl.String),
        source=came.struct.field("field_0"),
        medium=came.struct.field("field_1"),
        date=local(pl.col("occurred_at"), "%Y%m%d"),
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
    page = pl.when(is_web).then(address_of(pl.col("page"), percent_encoded(pl.col("search_text"))))
    screen = pl.when(~is_web).then("page")
    engaged = (pl.col("duration_seconds") * 1000).cast(pl.Int64)
    session = pl.when(seen).then(pl.col("session_at").dt.epoch("s"))
    params = array(
        [
            _param("page_location", "string", string(page)),
            _param("firebase_screen", "string", string(screen)),
            _param("ga_session_id", "int", plain(session)),
            _param("ga_session_number", "int", plain(pl.when(seen).then("session_number"))),
            _param("engagement_time_msec", "int", plain(engaged)),
            _param("search_term", "string", string(pl.col("search_text"))),
            _param("source", "string", string(pl.col("source"))),
            _param("medium", "string", string(pl.col("medium"))),
            _param("campaign", "string", string(pl.col("campaign_id"))),
            _param("transaction_id", "string", string(pl.col("number"))),
            _param("currency", "string", string(pl.col("currency"))),
            _param("value", "double", number(pl.col("revenue"))),
        ]
    )
    rows = rows.with_columns(params=params)
    return repeated(rows, world.u("ga4 rewritten", key) < _REWRITTEN)


def _sold(part: Slice) -> pl.DataFrame:
    """Return what analytics hears of an order: number, totals, and its items as JSON text."""
    orders = part["orders"].filter(pl.col("kind") == "sale")
    sold = part["order_items"].join(
        orders.select("order_id", "currency"), on="order_id", how="inner", maintain_order="left"
    )
    currency = pl.col("currency")
    sold = sold.with_columns(
        product=native(pl.col("product_id")),
        price=amount(pl.col("unit_price_minor").round(0), currency),
        revenue=amount(pl.col("amount_minor"), currency),
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
    told = orders.select(
        "order_id",
        "currency",
        number=native(pl.col("order_id")),
        revenue=amount(pl.col("total_minor"), currency),
        shipping=amount(pl.col("shipping_minor"), currency),
        tax=amount(pl.col("tax_minor"), currency),
    )
    return told.join(items, on="order_id", how="left", maintain_order="left")


def _param(key: str, kind: str, value: pl.Expr) -> pl.Expr:
    """Return one parameter, its value in the field of its kind and null in the others."""
    kinds = ("string", "int", "float", "double")
    before = ",".join(f'"{each}_value":null' for each in kinds[: kinds.index(kind)])
    after = "".join(f',"{each}_value":null' for each in kinds[kinds.index(kind) + 1 :])
    lead = f'{{"key":"{key}","value":{{{before}{"," if before else ""}"{kind}_value":'
    return pl.concat_str(pl.lit(lead), value, pl.lit(f"{after}}}}}"))


def _geo(position: int) -> pl.Expr:
    names = {code: each[position] for code, each in _COUNTRIES.items()}
    return pl.col("country").replace_strict(names, default="(not set)", return_dtype=pl.String)


def _event_forms(_world: object) -> dict[str, Form]:
    return {EVENTS: Form()}


def _flat_forms(_world: object) -> dict[str, Form]:
    return {FLAT: csv(columns(_FLAT_FIELDS))}


GA4 = Vendor(forms=_event_forms, batches=event_batches)
GA4_FLAT = Vendor(forms=_flat_forms, batches=flat_batches)
