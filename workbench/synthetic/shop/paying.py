"""Payments: charges of sales and of the plan, failed attempts, refunds and chargebacks.

A sale is charged in full or, with an unpaid invoice, not at all. A refund has the total of its
return or cancellation, and only sales that were paid are refunded.
"""

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, Integers, choose
from workbench.synthetic.frames import gather, instants, join_texts, labels, make_table
from workbench.synthetic.people.block import Block
from workbench.synthetic.recipes import CHANNELS
from workbench.synthetic.shop.contracts import Charges, Contracts, charges
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.orders import reversal_ids
from workbench.synthetic.shop.purchasing import Purchases

_ONLINE = {"card": 0.5, "wallet": 0.25, "direct_debit": 0.1, "invoice": 0.15}
_STORE = {"card": 0.7, "wallet": 0.0, "direct_debit": 0.0, "invoice": 0.0, "cash": 0.3}
_METHODS = ("card", "wallet", "direct_debit", "invoice", "cash")
_DAY = 86_400
_RETRIED_SECONDS = 3 * _DAY + 7_200


def payments(
    block: Block, purchases: Purchases, sales: Sales, contracts: Contracts
) -> pl.DataFrame:
    """Return the table ``payments``."""
    owner, place = purchases.owner, purchases.place
    is_store = sales.channel == CHANNELS.index("store")
    u = block.u("method", owner, place)
    method = np.where(is_store, choose(u, _STORE), choose(u, _ONLINE))
    delay = np.where(
        method == _METHODS.index("invoice"),
        (3 + 20 * block.u("invoice paid", owner, place)) * _DAY,
        60 * block.u("charged after", owner, place),
    )
    charged_at = purchases.placed_at + delay.astype(np.int64)
    is_paid = charged_at < block.clock.end_at

    back = sales.reversals
    refunded_at = np.maximum(back.at, charged_at[back.sale])
    refunded_at = refunded_at + (
        (1 + 4 * block.u("refunded after", owner[back.sale], place[back.sale])) * _DAY
    ).astype(np.int64)
    is_refunded = is_paid[back.sale] & (refunded_at < block.clock.end_at)
    untouched = np.ones(len(owner), dtype=bool)
    untouched[back.sale] = False
    disputed_at = charged_at + ((20 + 30 * block.u("disputed after", owner, place)) * _DAY).astype(
        np.int64
    )
    is_disputed = (
        (method == 0) & ~is_store & untouched & is_paid & (disputed_at < block.clock.end_at)
    )
    is_disputed &= block.u("disputed", owner, place) < block.recipe.returns.chargebacks
    # A failed attempt is followed by the charge that succeeded.
    fails = (
        (block.u("failed", owner, place) < block.recipe.returns.declined)
        & is_paid
        & (method < 2)
        & ~is_store
    )

    found = [
        ("charge", "P", np.flatnonzero(is_paid), charged_at, sales.total),
        ("failed", "F", np.flatnonzero(fails), purchases.placed_at, 0 * sales.total),
        ("chargeback", "B", np.flatnonzero(is_disputed), disputed_at, -sales.total),
    ]
    kind = np.repeat(np.arange(len(found)), [len(rows) for _, _, rows, _, _ in found])
    sale = np.concatenate([rows for _, _, rows, _, _ in found])
    order_id = gather(sales.order_id, sale)
    at = np.concatenate([at[rows] for _, _, rows, at, _ in found])
    of_sales = block.rows_of(owner[sale], at) | {
        "payment_id": join_texts(order_id, "-", labels([letter for _, letter, *_ in found], kind)),
        "order_id": order_id,
        "kind": labels([name for name, *_ in found], kind),
        "method": labels(_METHODS, method[sale]),
        "paid_at": instants(at),
        "amount_minor": np.concatenate([amount[rows] for _, _, rows, _, amount in found]),
    }
    parts = [
        of_sales,
        _refunds(block, purchases, sales, method, refunded_at, is_refunded),
        *_plan_payments(block, contracts),
    ]
    return make_table("payments", *(part | {"currency": block.recipe.currency} for part in parts))


def _refunds(
    block: Block,
    purchases: Purchases,
    sales: Sales,
    method: Integers,
    at: Integers,
    is_refunded: Flags,
) -> dict[str, object]:
    """Return the refunds of reversals."""
    rows = np.flatnonzero(is_refunded)
    sale = sales.reversals.sale[rows]
    order_id = gather(reversal_ids(sales), rows)
    return block.rows_of(purchases.owner[sale], at[rows]) | {
        "payment_id": join_texts(order_id, "-P"),
        "order_id": order_id,
        "kind": "refund",
        "method": labels(_METHODS, method[sale]),
        "paid_at": instants(at[rows]),
        "amount_minor": sales.reversals.total[rows],
    }


def _plan_payments(block: Block, contracts: Contracts) -> list[dict[str, object]]:
    """Return the payments for the plan: failed attempts, and charges that succeeded."""
    every = charges(block, contracts)
    failed, paid = np.flatnonzero(every.fails), np.flatnonzero(~every.is_lost)
    again = np.where(every.fails, _RETRIED_SECONDS, 0)
    return [
        _plan_rows(block, every, failed, "failed", every.at, 0 * every.amount, "-F"),
        _plan_rows(block, every, paid, "charge", every.at + again, every.amount, ""),
    ]


def _plan_rows(
    block: Block,
    every: Charges,
    rows: Integers,
    kind: str,
    at: Integers,
    amount: Integers,
    letter: str,
) -> dict[str, object]:
    """Return payments for the plan of one kind, before the data end."""
    rows = rows[at[rows] < block.clock.end_at]
    owner = every.owner[rows]
    own = block.account_numbers(owner)
    number = pl.Series(every.number[rows] + 1).cast(pl.String)
    return block.rows_of(owner, at[rows]) | {
        "payment_id": join_texts(f"{block.recipe.system}:plus-", own, "-", number, letter),
        "kind": kind,
        "method": labels(_METHODS, 2 * (block.u("plan method", owner) < 0.5)),
        "paid_at": instants(at[rows]),
        "amount_minor": amount[rows],
    }
