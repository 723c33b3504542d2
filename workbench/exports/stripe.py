"""Stripe: ``unified_payments.csv``, a row per charge or failed attempt by card, debit or wallet.

A refund has no row of its own: it is in ``Amount Refunded``, and the status is ``Refunded`` only if
everything was refunded. Times are UTC. Debits (``py_``) are written by an older part of the system,
without seconds and with a comma between the thousands. A failed attempt has the amount that was
due.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cell_formats import amount_text, digits_of_key, strip_system, utc_text
from workbench.exports.export_files import Batch, FileForm, Vendor, csv_form
from workbench.exports.field_tables import column_headers, format_cells
from workbench.exports.slices import ExportedWorld, Slice
from workbench.exports.vendor_ids import base62

FILE = "unified_payments.csv"
_FIELDS = "stripe_payments"
#: Payment methods that Stripe processes, with Stripe's names.
METHODS = {"card": "card", "direct_debit": "sepa_debit", "wallet": "link"}
_DECLINES = tuple(
    f"The bank returned the decline code `{code}`."
    for code in ("insufficient_funds", "generic_decline", "expired_card", "do_not_honor")
)


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the payments of a slice."""
    world, key, currency = part.world, pl.col("record_id"), pl.col("currency")
    rows = _charges(part)
    rows = part.add_person_columns(rows, "email", "full_name")
    place = pl.col("position")
    owner_key = pl.coalesce("record_id", digits_of_key(pl.col("payment_id")))
    is_debit, is_failed = pl.col("method") == "direct_debit", pl.col("kind") == "failed"
    number = pl.concat_str(
        pl.when(is_debit).then(pl.lit("py_3")).otherwise(pl.lit("ch_3")),
        base62(world.bits("stripe charge", owner_key, place)),
        base62(world.bits("stripe charge, rest", owner_key, place), 6),
    )
    back = pl.col("refunded").fill_null(0)
    due = amount_text(pl.col("due"), currency)
    returned = amount_text(back, currency)
    money = _group_thousands(due, is_debit)
    money_back = _group_thousands(returned, is_debit)
    fee = (pl.col("due") * 15 // 1000 + 25).cast(pl.Int64)
    email = part.email_in_system("stripe")
    invoice = pl.concat_str(
        pl.lit("in_1"), base62(world.bits("stripe invoice", owner_key, place), 8)
    )
    rows = rows.with_columns(
        native_id=number,
        created=pl.when(is_debit)
        .then(utc_text(pl.col("paid_at"), "%Y-%m-%d %H:%M"))
        .otherwise(utc_text(pl.col("paid_at"), "%Y-%m-%d %H:%M:%S")),
        money=money,
        money_back=money_back,
        currency_lower=currency.str.to_lowercase(),
        is_captured=~is_failed,
        converted=pl.when(~is_failed).then(money),
        converted_back=pl.when(~is_failed).then(money_back),
        converted_currency=pl.when(~is_failed).then(currency.str.to_lowercase()),
        fee=pl.when(is_failed).then(0).otherwise(fee),
        nothing=0,
        source_type=pl.col("method").cast(pl.String).replace_strict(METHODS),
        status=pl.when(is_failed)
        .then(pl.lit("Failed"))
        .when((back > 0) & (back >= pl.col("due")))
        .then(pl.lit("Refunded"))
        .otherwise(pl.lit("Paid")),
        descriptor=pl.when(~is_failed).then(pl.lit("SHOP EXAMPLE")),
        description=pl.when(pl.col("order_id").is_null())
        .then(pl.lit("Subscription update"))
        .otherwise(pl.concat_str(pl.lit('"Shop" order '), strip_system(pl.col("order_id")))),
        seller_message=pl.when(is_failed)
        .then(world.option("stripe decline", owner_key, _DECLINES))
        .otherwise(pl.lit("Payment complete.")),
        customer=pl.when(key.is_not_null()).then(
            pl.concat_str(pl.lit("cus_"), base62(world.bits("stripe customer", key)))
        ),
        customer_description=pl.when(world.uniform("stripe described", key) < 0.4).then(
            "full_name"
        ),
        written_email=email,
        invoice=pl.when(pl.col("order_id").is_null()).then(invoice),
        order_name=pl.concat_str(pl.lit("#"), strip_system(pl.col("order_id"))),
        # The shop passes its e-mail address on, even if the customer gave Stripe none.
        email_elsewhere=pl.when(email.is_null()).then("email"),
    )
    yield Batch(FILE, format_cells(rows, _FIELDS))


def _charges(part: Slice) -> pl.DataFrame:
    """Return charges and failed attempts with ``due`` and ``refunded`` (minor units, 0 or more).

    All refunds of an order belong to its first charge.
    """
    payments, orders = part["payments"], part["orders"]
    ours = payments.filter(pl.col("method").cast(pl.String).is_in(list(METHODS)))
    kind = pl.col("kind").cast(pl.String)
    rows = ours.filter(kind.is_in(["charge", "failed"]))
    nth = pl.int_range(pl.len(), dtype=pl.UInt64).over("record_id")
    moment = pl.col("paid_at").dt.epoch("us").cast(pl.UInt64)
    rows = rows.with_columns(
        position=pl.when(pl.col("record_id").is_null()).then(moment).otherwise(nth)
    )
    reversed_of = orders.select("order_id", sale=pl.coalesce("original_order_id", "order_id"))
    back = (
        ours.filter(kind.is_in(["refund", "chargeback"]), pl.col("order_id").is_not_null())
        .join(reversed_of, on="order_id", how="left", maintain_order="left")
        .group_by(order_id=pl.coalesce("sale", "order_id"), maintain_order=True)
        .agg(refunded=-pl.col("amount_minor").sum())
    )
    totals = orders.select("order_id", total="total_minor")
    prices = part["subscriptions"].group_by("record_id", maintain_order=True)
    for more, on in (
        (back, "order_id"),
        (totals, "order_id"),
        (prices.agg(price=pl.col("monthly_price_minor").last()), "record_id"),
    ):
        rows = rows.join(more, on=on, how="left", maintain_order="left")
    is_charge = pl.col("kind") == "charge"
    is_first = is_charge & (is_charge.cum_sum().over("order_id") == 1)
    wanted = pl.when(pl.col("order_id").is_not_null()).then("total").otherwise("price")
    return rows.with_columns(
        due=pl.when(is_charge).then("amount_minor").otherwise(wanted.fill_null(0)),
        refunded=pl.when(is_first & pl.col("order_id").is_not_null()).then("refunded").otherwise(0),
    )


def _group_thousands(digits_of_key: pl.Expr, is_grouped: pl.Expr) -> pl.Expr:
    """Return amounts, with a comma between the thousands if ``is_grouped``."""
    # Regular expressions of polars have no look-ahead, so each line inserts one comma.
    with_one = digits_of_key.str.replace(r"^(\d+)(\d{3})(\.|$)", "${1},${2}${3}")
    with_two = with_one.str.replace(r"^(\d+)(\d{3}),", "${1},${2},")
    return pl.when(is_grouped).then(with_two).otherwise(digits_of_key)


def _forms(_world: ExportedWorld) -> dict[str, FileForm]:
    return {FILE: csv_form(column_headers(_FIELDS))}


STRIPE = Vendor(forms=_forms, batches=batches)
