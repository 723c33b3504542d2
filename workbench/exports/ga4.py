"""Google Analytics 4: the BigQuery export as lines of JSON, and flattened as the console writes it.

Whole numbers are texts, instants microseconds (UTC), ``event_date`` the property's day
(Europe/Berlin). Who refused analytics is counted without cookie, user or session. ``user_id``
stands only where a visitor had logged in. A few events come twice, as after a late rewrite.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cells import amount, local, native, percent_encoded
from workbench.exports.jsontext import array, null, number, obj, or_null, plain, string
from workbench.exports.slices import Slice
from workbench.exports.visits import address_of, repeated, visits
from workbench.exports.writing import Batch, Form, Vendor, csv

EVENTS = "events_export.ndjson"
FLAT = "events_flat_bq_csv.csv"
_FLAT_HEADER = "event_date,event_timestamp,event_name,event_params,user_pseudo_id,geo.country,items"
FLAT_COLUMNS = _FLAT_HEADER.split(",")
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
    continent, region, country = (_geo(position) for position in range(3))
    platform = (
        pl.when(pl.col("channel") == "web")
        .then(pl.lit("WEB"))
        .when(pl.col("device_type") == "tablet")
        .then(pl.lit("IOS"))
        .otherwise(pl.lit("ANDROID"))
    )
    is_web = pl.col("channel") == "web"
    is_sale = pl.col("event_name") == "purchase"
    line = obj(
        {
            "event_date": plain(pl.col("date")),
            "event_timestamp": plain(pl.col("stamp")),
            "event_name": string(pl.col("event_name")),
            "event_params": pl.col("params"),
            "event_bundle_sequence_id": plain(pl.col("bundle")),
            "user_id": or_null(plain(pl.col("user_id"))),
            "user_pseudo_id": or_null(plain(pl.col("pseudo_id"))),
            "privacy_info": obj(
                {
                    "analytics_storage": plain(stated["analytics"]),
                    "ads_storage": plain(stated["ads"]),
                    "uses_transient_token": plain("No"),
                }
            ),
            "user_properties": pl.lit("[]"),
            "user_first_touch_timestamp": or_null(plain(pl.col("first_touch"))),
            "user_ltv": null(),
            "device": obj(
                {
                    "category": plain(pl.col("device_type").cast(pl.String)),
                    "mobile_brand_name": pl.when(~is_web).then(plain("<Other>")),
                    "operating_system": plain(platform.replace("WEB", "Web")),
                    "language": string(pl.col("language").str.to_lowercase()),
                    "is_limited_ad_tracking": plain("No"),
                    "web_info": pl.when(is_web)
                    .then(pl.lit('{"browser":"Chrome","browser_version":"131.0"}'))
                    .otherwise(null()),
                }
            ),
            "geo": obj(
                {
                    "continent": plain(continent),
                    "sub_continent": plain(region),
                    "country": plain(country),
                    "region": plain(""),
                    "city": plain("(not set)"),
                    "metro": plain("(not set)"),
                }
            ),
            "app_info": pl.when(~is_web).then(
                pl.lit('{"id":"org.example.shop","version":"3.2.1","install_source":"(not set)"}')
            ),
            "traffic_source": obj(
                {
                    "name": string(pl.col("campaign_id").fill_null("(direct)")),
                    "medium": string(pl.col("medium").fill_null("(none)")),
                    "source": string(pl.col("source").fill_null("(direct)")),
                }
            ),
            "stream_id": plain(
                pl.col("channel").cast(pl.String).replace_strict(_STREAMS, default="0")
            ),
            "platform": plain(platform),
            "ecommerce": pl.when(is_sale)
            .then(
                obj(
                    {
                        "total_item_quantity": plain(pl.col("units")),
                        "purchase_revenue": number(pl.col("revenue")),
                        "shipping_value": or_null(number(pl.col("shipping"))),
                        "tax_value": or_null(number(pl.col("tax"))),
                        "unique_items": plain(pl.col("lines")),
                        "transaction_id": string(pl.col("number")),
                    }
                )
            )
            .otherwise(pl.lit("{}")),
            "items": pl.col("items"),
        }
    )
    yield Batch(EVENTS, rows.select(line.alias("line"), "native_id", "record_id"))


def flat_batches(part: Slice) -> Iterator[Batch]:
    """Yield the events of a slice as the console's CSV, repeated fields as text."""
    rows = _seen(part)
    cells = {
        "event_date": pl.col("date"),
        "event_timestamp": pl.col("stamp"),
        "event_name": pl.col("event_name"),
        "event_params": pl.col("params"),
        "user_pseudo_id": pl.col("pseudo_id"),
        "geo.country": _geo(2),
        "items": pl.col("items"),
    }
    yield Batch(
        FLAT,
        rows.select("native_id", "record_id", **cells).select(*cells, "native_id", "record_id"),
    )


def _seen(part: Slice) -> pl.DataFrame:
    """Return the events with what both exports say of them."""
    world = part.world
    rows = visits(part, channels=("web", "app"))
    rows = part.stood(rows, "analytics", at="occurred_at", name="analytics")
    rows = part.stood(rows, "marketing.advertising", at="occurred_at", name="ads")
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
    lines = part["order_items"].join(
        orders.select("order_id", "currency"), on="order_id", how="inner", maintain_order="left"
    )
    currency = pl.col("currency")
    item = obj(
        {
            "item_id": string(native(pl.col("product_id"))),
            "item_name": string(pl.col("product_name")),
            "item_category": string(pl.col("product_category")),
            "price": number(amount(pl.col("unit_price_minor").round(0), currency)),
            "quantity": plain(pl.col("quantity")),
            "item_revenue": number(amount(pl.col("amount_minor"), currency)),
        }
    )
    items = (
        lines.with_columns(item=item)
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
    return {FLAT: csv(FLAT_COLUMNS)}


GA4 = Vendor(forms=_event_forms, batches=event_batches)
GA4_FLAT = Vendor(forms=_flat_forms, batches=flat_batches)
