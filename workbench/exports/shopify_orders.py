"""Shopify's ``orders_export_1.csv``: a row per line item, order-level cells on the first only.

Times are the shop's local ones (Europe/Berlin) with their offset. Returns and cancellations have
no rows of their own: they show in ``Refunded Amount``, the status and ``Cancelled at`` of the sale.
The order number is the world's, as other systems quote it. A large shop gets its orders by mail in
several files; here they are in one.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cells import amount, figures, guarded, local, native, yes_no
from workbench.exports.ids import thirteen_digits
from workbench.exports.slices import Slice, World
from workbench.exports.writing import Batch, Form, Vendor, csv, filled

FILE = "orders_export_1.csv"
_HEADER = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,"
    "Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,"
    "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,"
    "Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,"
    "Billing Name,Billing Street,Billing Address1,Billing Address2,Billing Company,Billing City,"
    "Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,Shipping Street,"
    "Shipping Address1,Shipping Address2,Shipping Company,Shipping City,Shipping Zip,"
    "Shipping Province,Shipping Country,Shipping Phone,Notes,Note Attributes,Cancelled at,"
    "Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,Employee,"
    "Location,Device ID,Id,Tags,Risk Level,Source,Lineitem discount,Tax 1 Name,Tax 1 Value,"
    "Tax 2 Name,Tax 2 Value,Tax 3 Name,Tax 3 Value,Tax 4 Name,Tax 4 Value,Tax 5 Name,Tax 5 Value,"
    "Phone,Receipt Number,Duties,Billing Province Name,Shipping Province Name,Payment ID,"
    "Payment Terms Name,Next Payment Due At,Payment References"
)
COLUMNS = _HEADER.split(",")
_STAMP = "%Y-%m-%d %H:%M:%S %z"

#: Cells that stand on every line of an order; all others only on the first.
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
_SECOND_LINE = 0.08  # of customers
_SECOND_LINES = ("2. OG links", "Hinterhaus", "Apt 4", "c/o Empfang")
_NOTES = (
    'Please ring at the neighbours,\nnot in the "letterbox"',
    "Bitte erst nach 18 Uhr klingeln.\nDanke!",
    "It is a gift; no invoice in the parcel, please",
)


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the orders of a slice, a row per line item."""
    lines = part["order_items"].rename({"record_id": "_line_record"})
    orders = _orders(part)
    rows = orders.join(lines, on="order_id", how="inner", maintain_order="left_right")
    rows = rows.with_columns(is_first=pl.col("order_id").is_first_distinct())
    price, quantity = pl.col("unit_price_minor"), pl.col("quantity")
    off = (price * quantity).round().cast(pl.Int64) - pl.col("amount_minor")
    currency = pl.col("Currency")
    rows = rows.with_columns(
        pl.col("product_name").alias("Lineitem name"),
        quantity.cast(pl.String).alias("Lineitem quantity"),
        amount(price.round(0), currency).alias("Lineitem price"),
        amount(off, currency).alias("Lineitem discount"),
        native(pl.col("product_id")).alias("Lineitem sku"),
        pl.lit("true").alias("Lineitem requires shipping"),
        pl.lit("true").alias("Lineitem taxable"),
        pl.col("Fulfillment Status").alias("Lineitem fulfillment status"),
        pl.lit("Shop Example").alias("Vendor"),
    )
    once = [
        name
        for name in COLUMNS
        if name in rows.columns and name not in _EVERY_LINE and not name.startswith("Lineitem")
    ]
    rows = rows.with_columns(pl.when("is_first").then(pl.col(once)))
    yield Batch(FILE, filled(rows, COLUMNS))


def _orders(part: Slice) -> pl.DataFrame:
    """Return the sales with their order-level cells, a row per order."""
    world, all_orders = part.world, part["orders"]
    sales = all_orders.filter(pl.col("kind") == "sale")
    nth = pl.int_range(pl.len(), dtype=pl.UInt64).over("record_id")
    moment = pl.col("ordered_at").dt.epoch("us").cast(pl.UInt64)
    position = pl.when(pl.col("record_id").is_null()).then(moment).otherwise(nth)
    sales = part.with_people(
        sales.with_columns(position=position),
        *("email", "full_name", "street_address", "city", "postcode", "country", "phone"),
        *("region", "organization"),
    )
    sales = part.stood(sales, "marketing.communications", at="ordered_at", name="mails")
    for more in (_reversed(all_orders), _paid(part["payments"]), _subtotals(part["order_items"])):
        sales = sales.join(more, on="order_id", how="left", maintain_order="left")
    key = pl.coalesce("record_id", figures(pl.col("order_id")))
    currency, total = pl.col("currency"), pl.col("total_minor")
    is_store = pl.col("channel") == "store"
    back = pl.col("refunded").fill_null(0)
    u = world.u("shopify order", key, pl.col("position"))
    reference = thirteen_digits(world.bits("shopify payment", key, pl.col("position")), 3)
    has_phone = u < 0.5
    hours = 18 + 60 * world.u("shopify sent", key, pl.col("position"))
    sent_after = pl.duration(seconds=(3_600 * pl.when(is_store).then(0.0).otherwise(hours)).round())
    sent_at = pl.col("ordered_at") + sent_after
    is_sent = pl.col("cancelled_at").is_null() & (sent_at < world.end)
    # a second line of the address, which the shop asks for and no other system knows
    second = pl.when(world.u("shopify second line", pl.col("record_id")) < _SECOND_LINE).then(
        world.option("shopify second", pl.col("record_id"), _SECOND_LINES)
    )
    has_address = pl.col("street_address").is_not_null()
    street = pl.concat_str("street_address", second, separator=", ", ignore_nulls=True)
    cells = {
        "native_id": thirteen_digits(world.bits("shopify order", key, pl.col("position")), 5),
        "Name": pl.concat_str(pl.lit("#"), native(pl.col("order_id"))),
        # who pays in the shop rarely leaves an address
        "Email": pl.when(~(is_store.fill_null(False) & (u < 0.6))).then(
            part.written_email("shopify")
        ),
        "Financial Status": (
            pl.when(pl.col("paid_at").is_null() & pl.col("cancelled_at").is_not_null())
            .then(pl.lit("voided"))
            .when(pl.col("paid_at").is_null())
            .then(pl.lit("pending"))
            .when((back > 0) & (back >= total))
            .then(pl.lit("refunded"))
            .when(back > 0)
            .then(pl.lit("partially_refunded"))
            .otherwise(pl.lit("paid"))
        ),
        "Paid at": local(pl.col("paid_at"), _STAMP),
        "Fulfillment Status": pl.when(is_sent)
        .then(pl.lit("fulfilled"))
        .otherwise(pl.lit("unfulfilled")),
        "Fulfilled at": local(pl.when(is_sent).then(sent_at), _STAMP),
        "Accepts Marketing": yes_no(pl.col("mails")),
        "Currency": currency,
        "Subtotal": amount(pl.col("items") - pl.col("discount_minor").fill_null(0), currency),
        "Shipping": amount(pl.col("shipping_minor").fill_null(0), currency),
        "Taxes": amount(pl.col("tax_minor").fill_null(0), currency),
        "Total": amount(total, currency),
        "Discount Code": pl.col("campaign_id"),
        "Discount Amount": amount(pl.col("discount_minor").fill_null(0), currency),
        "Shipping Method": pl.when(~is_store).then(pl.lit("Standardversand")),
        "Created at": local(pl.col("ordered_at"), _STAMP),
        "Billing Name": pl.col("full_name"),
        "Billing Street": pl.when(has_address).then(street),
        "Billing Address1": pl.col("street_address"),
        "Billing Address2": pl.when(has_address).then(second),
        "Billing Company": pl.col("organization"),
        "Billing City": pl.col("city"),
        "Billing Zip": guarded(pl.col("postcode")),
        "Billing Province": pl.col("region").str.replace("^[A-Z]{2}-", ""),
        "Billing Country": pl.col("country"),
        "Billing Phone": pl.when(has_phone).then(guarded(pl.col("phone"))),
        "Shipping Name": pl.when(~is_store).then(pl.col("full_name")),
        "Shipping City": pl.when(~is_store).then(pl.col("city")),
        "Shipping Zip": pl.when(~is_store).then(guarded(pl.col("postcode"))),
        "Shipping Country": pl.when(~is_store).then(pl.col("country")),
        "Notes": pl.when(u > 0.96).then(world.option("shopify note", key, _NOTES)),
        "Note Attributes": pl.when((u > 0.94) & pl.col("campaign_id").is_not_null()).then(
            pl.concat_str(pl.lit("gift: yes\nutm_campaign: "), pl.col("campaign_id"))
        ),
        "Cancelled at": local(pl.col("cancelled_at"), _STAMP),
        "Payment Method": pl.col("methods"),
        "Payment Reference": pl.when(pl.col("paid_at").is_not_null()).then(
            pl.concat_str(pl.lit("c"), reference, pl.lit(".1"))
        ),
        "Refunded Amount": amount(back, currency),
        "Outstanding Balance": pl.when(
            pl.col("paid_at").is_null() & pl.col("cancelled_at").is_null()
        )
        .then(amount(total, currency))
        .otherwise(amount(pl.lit(0), currency)),
        "Location": pl.when(is_store).then(pl.lit("Laden Berlin")),
        "Id": thirteen_digits(world.bits("shopify order", key, pl.col("position")), 5),
        "Tags": pl.concat_str(
            pl.when(is_store).then(pl.lit("pos")),
            pl.when(pl.col("position") > 0).then(pl.lit("returning")),
            separator=", ",
            ignore_nulls=True,
        ).replace("", None),
        "Risk Level": pl.lit("Low"),
        "Source": pl.col("channel").cast(pl.String).replace({"store": "pos", "app": "iphone"}),
        "Tax 1 Name": pl.when(pl.col("tax_minor") > 0).then(pl.lit("DE MwSt 19%")),
        "Tax 1 Value": pl.when(pl.col("tax_minor") > 0).then(amount(pl.col("tax_minor"), currency)),
        "Phone": pl.when(~has_phone).then(guarded(pl.col("phone"))),
        "Payment ID": pl.when(pl.col("paid_at").is_not_null()).then(
            pl.concat_str(pl.lit("rT"), reference, pl.lit(".1"))
        ),
    }
    return sales.select("order_id", "record_id", **cells)


def _reversed(orders: pl.DataFrame) -> pl.DataFrame:
    """Return what came back of each sale (minor units, above zero) and when it was cancelled."""
    is_cancelled = pl.col("kind") == "cancellation"
    back = orders.filter(pl.col("original_order_id").is_not_null())
    return back.group_by(order_id="original_order_id", maintain_order=True).agg(
        refunded=-pl.col("total_minor").sum(),
        cancelled_at=pl.col("ordered_at").filter(is_cancelled).min(),
    )


def _paid(payments: pl.DataFrame) -> pl.DataFrame:
    """Return when an order was first paid, and how."""
    named = pl.col("method").cast(pl.String).replace_strict(_METHODS, default="manual")
    charges = payments.filter(pl.col("kind") == "charge", pl.col("order_id").is_not_null())
    return charges.group_by("order_id", maintain_order=True).agg(
        paid_at=pl.col("paid_at").min(),
        methods=named.unique(maintain_order=True).str.join(" + "),
    )


def _subtotals(items: pl.DataFrame) -> pl.DataFrame:
    summed = items.group_by("order_id", maintain_order=True)
    return summed.agg(items=pl.col("amount_minor").sum())


def _forms(_world: World) -> dict[str, Form]:
    return {FILE: csv(COLUMNS)}


SHOPIFY_ORDERS = Vendor(forms=_forms, batches=batches)
