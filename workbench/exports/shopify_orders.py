"""Shopify's ``orders_export_N.csv``: a row per line item, with order-level cells in the first only.

Times are the shop's local times (Europe/Berlin) with their offset. Returns and cancellations have
no rows of their own: they change ``Refunded Amount``, the status and ``Cancelled at`` of the sale.
The order number is the world's, because other systems quote it. Shopify mails the orders of a large
shop in several files, each with its header: here the last 365 days are apart from those before.
"""

from collections.abc import Iterator
from datetime import timedelta

import polars as pl

from workbench.exports.cell_formats import digits_of_key, strip_system
from workbench.exports.export_files import Batch, FileForm, Vendor, csv_form
from workbench.exports.field_tables import column_headers, format_cells
from workbench.exports.slices import ExportedWorld, Slice
from workbench.exports.vendor_ids import thirteen_digits

EARLIER, LAST_YEAR = "orders_export_1.csv", "orders_export_2.csv"
_FIELDS = "shopify_orders"

#: Columns that are filled on every line of an order; all others are filled on the first only.
_EVERY_LINE = ("Name", "Email", "Created at", "Vendor")
_METHODS = {
    "card": "Shopify Payments",
    "wallet": "PayPal Express Checkout",
    "bank_transfer": "Bank Deposit",
    "direct_debit": "SEPA-Lastschrift",
    "cash": "Cash",
    "gift_card": "Gift Card",
    "invoice": "Rechnung",
}
_SECOND_LINE = 0.08  # share of customers with a second line of the address
_SECOND_LINES = ("2. OG links", "Hinterhaus", "Apt 4", "c/o Empfang")
_NOTES = (
    'Please ring at the neighbours,\nnot in the "letterbox"',
    "Bitte erst nach 18 Uhr klingeln.\nDanke!",
    "It is a gift; no invoice in the parcel, please",
)


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the orders of a slice, a row per line item."""
    lines = part["order_items"].select(
        *("order_id", "product_id", "product_name", "quantity", "unit_price_minor", "amount_minor")
    )
    rows = _sales(part).join(lines, on="order_id", how="inner", maintain_order="left_right")
    price = pl.col("unit_price_minor")
    rows = rows.with_columns(
        unit_price_minor=price.round(0),
        line_discount=(price * pl.col("quantity")).round().cast(pl.Int64) - pl.col("amount_minor"),
        sku=strip_system(pl.col("product_id")),
    )
    is_first = rows["order_id"].is_first_distinct()
    once = [
        name
        for name in column_headers(_FIELDS)
        if name not in _EVERY_LINE and not name.startswith("Lineitem")
    ]
    written = format_cells(rows, _FIELDS)
    written = written.with_columns(pl.when(is_first).then(pl.col(once)))
    is_recent = rows["ordered_at"] >= part.world.end - timedelta(days=365)
    yield Batch(EARLIER, written.filter(~is_recent))
    yield Batch(LAST_YEAR, written.filter(is_recent))


def _sales(part: Slice) -> pl.DataFrame:
    """Return the sales with the sources of their order-level cells, a row per order."""
    world, all_orders = part.world, part["orders"]
    sales = all_orders.filter(pl.col("kind") == "sale")
    nth = pl.int_range(pl.len(), dtype=pl.UInt64).over("record_id")
    moment = pl.col("ordered_at").dt.epoch("us").cast(pl.UInt64)
    position = pl.when(pl.col("record_id").is_null()).then(moment).otherwise(nth)
    sales = part.add_person_columns(
        sales.with_columns(position=position),
        *("email", "full_name", "street_address", "city", "postcode", "country", "phone"),
        *("region", "organization"),
    )
    sales = part.add_consent(sales, "marketing.communications", at="ordered_at", name="mails")
    for more in (
        _reversals(all_orders),
        _first_payments(part["payments"]),
        _subtotals(part["order_items"]),
    ):
        sales = sales.join(more, on="order_id", how="left", maintain_order="left")
    key = pl.coalesce("record_id", digits_of_key(pl.col("order_id")))
    total = pl.col("total_minor")
    is_store = pl.col("channel") == "store"
    is_paid, is_cancelled = pl.col("paid_at").is_not_null(), pl.col("cancelled_at").is_not_null()
    # A cancelled order that nobody had paid is void: no money goes back.
    back = pl.when(is_paid | ~is_cancelled).then("refunded").fill_null(0)
    u = world.uniform("shopify order", key, pl.col("position"))
    reference = thirteen_digits(world.bits("shopify payment", key, pl.col("position")), 3)
    has_phone = u < 0.5
    hours = 18 + 60 * world.uniform("shopify sent", key, pl.col("position"))
    sent_after = pl.duration(seconds=(3_600 * pl.when(is_store).then(0.0).otherwise(hours)).round())
    sent_at = pl.col("ordered_at") + sent_after
    is_sent = pl.col("cancelled_at").is_null() & (sent_at < world.end)
    # The shop asks for a second line of the address, which no other system contains.
    second = pl.when(world.uniform("shopify second line", pl.col("record_id")) < _SECOND_LINE).then(
        world.option("shopify second", pl.col("record_id"), _SECOND_LINES)
    )
    has_address = pl.col("street_address").is_not_null()
    street = pl.concat_str("street_address", second, separator=", ", ignore_nulls=True)
    has_tax, beside = pl.col("tax_minor").fill_null(0) > 0, pl.col("shipping_minor", "tax_minor")
    return sales.with_columns(
        beside.fill_null(0),
        native_id=thirteen_digits(world.bits("shopify order", key, pl.col("position")), 5),
        name=pl.concat_str(pl.lit("#"), strip_system(pl.col("order_id"))),
        # Customers who pay in the store rarely give an e-mail address.
        written_email=pl.when(~(is_store.fill_null(False) & (u < 0.6))).then(
            part.email_in_system("shopify")
        ),
        financial_status=(
            pl.when(~is_paid & is_cancelled)
            .then(pl.lit("voided"))
            .when(~is_paid)
            .then(pl.lit("pending"))
            .when((back > 0) & (back >= total))
            .then(pl.lit("refunded"))
            .when(back > 0)
            .then(pl.lit("partially_refunded"))
            .otherwise(pl.lit("paid"))
        ),
        fulfillment_status=pl.when(is_sent)
        .then(pl.lit("fulfilled"))
        .otherwise(pl.lit("unfulfilled")),
        fulfilled_at=pl.when(is_sent).then(sent_at),
        subtotal=pl.col("items") - pl.col("discount_minor").fill_null(0),
        discount_minor=pl.col("discount_minor").fill_null(0),
        shipping_method=pl.when(~is_store).then(pl.lit("Standardversand")),
        street=pl.when(has_address).then(street),
        second_line=pl.when(has_address).then(second),
        billing_phone=pl.when(has_phone).then("phone"),
        order_phone=pl.when(~has_phone).then("phone"),
        shipping_name=pl.when(~is_store).then("full_name"),
        shipping_city=pl.when(~is_store).then("city"),
        shipping_zip=pl.when(~is_store).then("postcode"),
        shipping_country=pl.when(~is_store).then("country"),
        notes=pl.when(u > 0.96).then(world.option("shopify note", key, _NOTES)),
        note_attributes=pl.when((u > 0.94) & pl.col("campaign_id").is_not_null()).then(
            pl.concat_str(pl.lit("gift: yes\nutm_campaign: "), pl.col("campaign_id"))
        ),
        payment_reference=pl.when(is_paid).then(
            pl.concat_str(pl.lit("c"), reference, pl.lit(".1"))
        ),
        payment_id=pl.when(is_paid).then(pl.concat_str(pl.lit("rT"), reference, pl.lit(".1"))),
        refunded=back,
        outstanding=pl.when(~is_paid & ~is_cancelled).then(total).otherwise(0),
        location=pl.when(is_store).then(pl.lit("Laden Berlin")),
        tags=pl.concat_str(
            pl.when(is_store).then(pl.lit("pos")),
            pl.when(pl.col("position") > 0).then(pl.lit("returning")),
            separator=", ",
            ignore_nulls=True,
        ).replace("", None),
        came_by=pl.col("channel").cast(pl.String).replace({"store": "pos", "app": "iphone"}),
        tax_name=pl.when(has_tax).then(pl.lit("DE MwSt 19%")),
        tax_value=pl.when(has_tax).then("tax_minor"),
    )


def _reversals(orders: pl.DataFrame) -> pl.DataFrame:
    """Return per sale the refunded amount (minor units, above 0) and the time of cancellation."""
    is_cancelled = pl.col("kind") == "cancellation"
    back = orders.filter(pl.col("original_order_id").is_not_null())
    return back.group_by(order_id="original_order_id", maintain_order=True).agg(
        refunded=-pl.col("total_minor").sum(),
        cancelled_at=pl.col("ordered_at").filter(is_cancelled).min(),
    )


def _first_payments(payments: pl.DataFrame) -> pl.DataFrame:
    """Return per order the time of its first payment and the methods of all."""
    named = pl.col("method").cast(pl.String).replace_strict(_METHODS, default="manual")
    charges = payments.filter(pl.col("kind") == "charge", pl.col("order_id").is_not_null())
    return charges.group_by("order_id", maintain_order=True).agg(
        paid_at=pl.col("paid_at").min(),
        methods=named.unique(maintain_order=True).str.join(" + "),
    )


def _subtotals(items: pl.DataFrame) -> pl.DataFrame:
    summed = items.group_by("order_id", maintain_order=True)
    return summed.agg(items=pl.col("amount_minor").sum())


def _forms(_world: ExportedWorld) -> dict[str, FileForm]:
    return dict.fromkeys(
        (EARLIER, LAST_YEAR), csv_form(column_headers(_FIELDS), is_left_out_empty=True)
    )


SHOPIFY_ORDERS = Vendor(forms=_forms, batches=batches)
