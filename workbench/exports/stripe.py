"""Stripe: ``unified_payments.csv``, a row per charge or failed attempt by card, debit or wallet.

Money back has no row: it shows in ``Amount Refunded``, and the status is ``Refunded`` only when
all came back. Times are UTC. Debits (``py_``) are written by an older part of the system, without
seconds and with a comma between the thousands. A failed attempt bears the amount it was for.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cells import amount, figures, native, utc
from workbench.exports.field_tables import cells, columns
from workbench.exports.ids import base62
from workbench.exports.slices import Slice, World
from workbench.exports.writing import Batch, Form, Vendor, csv

FILE = "unified_payments.csv"
_FIELDS = "stripe_payments"
#: Methods that go through Stripe, and what it calls them.
METHODS = {"card": "card", "direct_debit": "sepa_debit", "wallet": "link"}
_DECLINES = tuple(
    f"The bank returned the decline code `{code}`."
    for code in ("insufficient_funds", "generic_decline", "expired_card", "do_not_honor")
)


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the payments of a slice."""
    world, key, currency = part.world, pl.col("record_id"), pl.col("currency")
    rows = _charges(part)
    rows = part.with_people(rows, "email", "full_name")
    place = pl.col("position")
    whose = pl.coalesce("record_id", figures(pl.col("payment_id")))
    is_debit, is_failed = pl.col("method") == "direct_debit", pl.col("kind") == "failed"
    number = pl.concat_str(
        pl.when(is_debit).then(pl.lit("py_3")).otherwise(pl.lit("ch_3")),
        base62(world.bits("stripe charge", whose, place)),
        base62(world.bits("stripe charge, rest", whose, place), 6),
    )
    back = pl.col("refunded").fill_null(0)
    due = amount(pl.col("due"), currency)
    returned = amount(back, currency)
    money = _grouped(due, is_debit)
    money_back = _grouped(returned, is_debit)
    fee = (pl.col("due") * 15 // 1000 + 25).cast(pl.Int64)
    email = part.written_email("stripe")
    invoice = pl.concat_str(pl.lit("in_1"), base62(world.bits("stripe invoice", whose, place), 8))
    rows = rows.with_columns(
        native_id=number,
        created=pl.when(is_debit)
        .then(utc(pl.col("paid_at"), "%Y-%m-%d %H:%M"))
        .otherwise(utc(pl.col("paid_at"), "%Y-%m-%d %H:%M:%S")),
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
        .otherwise(pl.concat_str(pl.lit('"Shop" order '), native(pl.col("order_id")))),
        seller_message=pl.when(is_failed)
        .then(world.option("stripe decline", whose, _DECLINES))
        .otherwise(pl.lit("Payment complete.")),
        customer=pl.when(key.is_not_null()).then(
            pl.concat_str(pl.lit("cus_"), base62(world.bits("stripe customer", key)))
        ),
        customer_description=pl.when(world.u("stripe described", key) < 0.4).then("full_name"),
        written_email=email,
        invoice=pl.when(pl.col("order_id").is_null()).then(invoice),
        order_name=pl.concat_str(pl.lit("#"), native(pl.col("order_id"))),
        # the shop hands over the address it has, also where Stripe was told none
        email_elsewhere=pl.when(email.is_null()).then("email"),
    )
    yield Batch(FILE, cells(rows, _FIELDS))


def _charges(part: Slice) -> pl.DataFrame:
    """Return charges and failed attempts with ``due`` and ``refunded`` (minor units, from 0).

    What came back for an order counts to its first charge.
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


def _grouped(figures: pl.Expr, is_grouped: pl.Expr) -> pl.Expr:
    """Return amounts with a comma between the thousands, where they are to have it."""
    # polars' regular expressions have no look-ahead: one group of three at a time
    with_one = figures.str.replace(r"^(\d+)(\d{3})(\.|$)", "${1},${2}${3}")
    with_two = with_one.str.replace(r"^(\d+)(\d{3}),", "${1},${2},")
    return pl.when(is_grouped).then(with_two).otherwise(figures)


def _forms(_world: World) -> dict[str, Form]:
    return {FILE: csv(columns(_FIELDS))}


STRIPE = Vendor(forms=_forms, batches=batches)
