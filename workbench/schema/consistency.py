"""Rules between the rows of any customer data: order totals, reversals, refunds, contracts.

``validation`` compares single rows with their declarations; these checks compare rows with each
other. A check returns the rows that break its rule with all their columns, so that a load can
refuse their records (``record_faults.make_faults``) and a synthetic world can count them. A row
that cannot be compared (an order without lines, a return whose sale is in another export) breaks no
rule.

The checks are in this room and not in a room of quality checks above ``sources``, because the
generator of synthetic worlds counts them and imports only downward.

>>> from workbench.schema.consistency import CHECKS
>>> CHECKS["refund"].rule.words
'the refunds of an order never exceed what was paid'
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from workbench.schema.record_faults import Rule

Tables = Mapping[str, pl.LazyFrame]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsistencyCheck:
    """One rule between rows.

    Attributes
    ----------
    rule : Rule
        Name and description of the rule.
    table : str
        Table whose rows can break the rule.
    needs : tuple of str
        Tables that the check reads.
    find_broken : callable
        Function of the needed tables that returns the rows of ``table`` that break the rule, with
        all their columns first.
    """

    rule: Rule
    table: str
    needs: tuple[str, ...]
    find_broken: Callable[[Tables], pl.LazyFrame]


def wrong_totals(tables: Tables) -> pl.LazyFrame:
    """Return orders whose total is not their lines less discount plus shipping.

    ``tax_minor`` is the tax that the total contains, so prices may include it or come without it.
    """
    total, due = pl.col("total_minor"), pl.col("due_minor")
    is_with_tax = (total == due + pl.col("tax_minor")).fill_null(value=False)
    return orders_with_amounts_due(tables).filter((total != due) & ~is_with_tax)


def orders_with_amounts_due(tables: Tables) -> pl.LazyFrame:
    """Return orders with ``due_minor``, lines less discount plus shipping, null if one is null."""
    lines = tables["order_items"].group_by("order_id").agg(due_minor=pl.col("amount_minor").sum())
    added = pl.col("shipping_minor") - pl.col("discount_minor")
    orders = tables["orders"].join(lines, on="order_id", how="left")
    return orders.with_columns(due_minor=pl.col("due_minor") + added)


def excessive_reversals(tables: Tables) -> pl.LazyFrame:
    """Return reversals of another customer's sale, of a later sale, or of more than the sale."""
    is_of_another = pl.col("record_id") != pl.col("record_id_sale")
    is_too_early = pl.col("ordered_at") < pl.col("sold_at")
    is_too_much = -pl.col("all_back") > pl.col("sold")
    return reversals(tables).filter(pl.any_horizontal(is_of_another, is_too_early, is_too_much))


def reversals(tables: Tables) -> pl.LazyFrame:
    """Return each reversal with the total and time of its sale and the sum of its reversals.

    ``sold``, ``sold_at`` and ``record_id_sale`` are null if the orders lack the sale; ``all_back``
    is the sum of all reversals of the sale.
    """
    sales = tables["orders"].filter(pl.col("kind") == "sale")
    sales = sales.select("order_id", "record_id", sold="total_minor", sold_at="ordered_at")
    back = tables["orders"].filter(pl.col("kind") != "sale")
    back = back.with_columns(all_back=pl.col("total_minor").sum().over("original_order_id"))
    return back.join(
        sales, left_on="original_order_id", right_on="order_id", how="left", suffix="_sale"
    )


def excessive_refunds(tables: Tables) -> pl.LazyFrame:
    """Return sales whose refunds exceed their payments; sales without a payment are left out."""
    is_charged = pl.col("charged_minor") > 0
    return sales_with_payments(tables).filter(is_charged & (pl.col("net_minor") < 0))


def sales_with_payments(tables: Tables) -> pl.LazyFrame:
    """Return paid orders with ``charged_minor`` and ``net_minor``.

    The payments of a reversal count for its sale.
    """
    origin = tables["orders"].select("order_id", sale=pl.coalesce("original_order_id", "order_id"))
    paid = payments_per_order(tables).join(origin, on="order_id", how="left")
    net = pl.col("charge") + pl.col("refund") + pl.col("chargeback")
    sums = paid.group_by("sale").agg(charged_minor=pl.col("charge").sum(), net_minor=net.sum())
    return tables["orders"].join(sums, left_on="order_id", right_on="sale", how="inner")


def payments_per_order(tables: Tables) -> pl.LazyFrame:
    """Return one row per paid order with the sum of each kind of payment."""
    amount = pl.col("amount_minor")
    kinds = ("charge", "refund", "chargeback", "failed")
    paid = tables["payments"].filter(pl.col("order_id").is_not_null())
    return paid.group_by("order_id").agg(
        **{kind: amount.filter(pl.col("kind") == kind).sum() for kind in kinds}
    )


def overlapping_terms(tables: Tables) -> pl.LazyFrame:
    """Return terms of contracts that end before they begin, or after the next term began."""
    ends, following = pl.col("ended_on"), pl.col("following_on")
    is_open = following.is_not_null() & ends.is_null()
    return terms_in_order(tables).filter(
        (ends <= pl.col("started_on")) | is_open | (ends > following)
    )


def terms_in_order(tables: Tables) -> pl.LazyFrame:
    """Return the terms of each contract with ``following_on``, the first day of the next term."""
    following = pl.col("started_on").shift(-1).over("subscription_id", order_by="started_on")
    return (
        tables["subscriptions"]
        .sort("subscription_id", "started_on")
        .with_columns(following_on=following)
    )


def _check(
    name: str,
    says: str,
    find_broken: Callable[[Tables], pl.LazyFrame],
    *,
    table: str = "orders",
    reads: tuple[str, ...] = (),
) -> ConsistencyCheck:
    return ConsistencyCheck(
        rule=Rule(name, {"says": says}), table=table, needs=(table, *reads), find_broken=find_broken
    )


_ALL = (
    _check(
        "order_total",
        "an order's total is its lines less discount plus shipping, plus tax where prices lack it",
        wrong_totals,
        reads=("order_items",),
    ),
    _check(
        "reversal",
        "a reversal is not before its sale, is of the same customer and never exceeds it",
        excessive_reversals,
    ),
    _check(
        "refund",
        "the refunds of an order never exceed what was paid",
        excessive_refunds,
        reads=("payments",),
    ),
    _check(
        "terms",
        "terms of a contract end after they begin and do not overlap",
        overlapping_terms,
        table="subscriptions",
    ),
)

#: All checks by the name of their rule.
CHECKS: Mapping[str, ConsistencyCheck] = MappingProxyType(
    {check.rule.name: check for check in _ALL}
)
