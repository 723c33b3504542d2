"""What is bought: sales with their lines, and what comes back.

Amounts are whole minor units. A sale's total is the sum of its lines less the discount plus
shipping; tax is contained in it. Returns and cancellations are orders of their own with negative
amounts that name their sale; a return brings back whole lines and its share of the discount.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.draws import Flags, Integers, choice, choice_by, geometric, normal, spread
from workbench.synthetic.frames import digits, instant, table, text, words
from workbench.synthetic.people.block import Block
from workbench.synthetic.recipes import CHANNELS
from workbench.synthetic.shop.purchasing import Purchases
from workbench.synthetic.stock.catalogue import CATEGORIES, RETURN_RATES, Catalogue, catalogue

MOST_LINES = 12
#: The discount code that is about all the time.
CODE = "welcome-back-10"

_CODE_SHARE, _CODE_RATE = 0.12, 0.10
_SHIPPING_MINOR, _FREE_FROM_MINOR = 490, 5_000
_TAX_RATE = 0.19
_CANCELLED = 0.01
_QUANTITIES = {"1": 0.84, "2": 0.12, "3": 0.04}


@dataclass(frozen=True)
class Reversals:
    """Returns and cancellations.

    Attributes
    ----------
    sale : array of int, shape (reversals,)
        Row of the sale.
    is_return : array of bool
    at : array of int
        Seconds since 1970.
    discount, shipping, total : array of int
        Minor units, at most 0: what was granted, charged and due is taken back.
    """

    sale: Integers
    is_return: Flags
    at: Integers
    discount: Integers
    shipping: Integers
    total: Integers


@dataclass(frozen=True)
class Sales:
    """Sales of a block with their lines, in the order of ``Purchases``.

    Attributes
    ----------
    order_id : Series of String, shape (sales,)
    channel : array of int
        Code in ``CHANNELS``.
    discount, shipping, total : array of int
        Minor units.
    lines : array of int
        Number of lines of each sale.
    line_sale, line_number, product, quantity, amount : array of int, shape (all lines,)
        Row of the sale, number from 1, code in the catalogue, units, minor units.
    reversed_line : array of bool
        Whether the line is sent back (in a return, not a cancellation).
    reversals : Reversals
    """

    order_id: pl.Series
    channel: Integers
    discount: Integers
    shipping: Integers
    total: Integers
    lines: Integers
    line_sale: Integers
    line_number: Integers
    product: Integers
    quantity: Integers
    amount: Integers
    reversed_line: Flags
    reversals: Reversals


def sales(block: Block, bought: Purchases) -> Sales:
    """Draw channel, lines, discount and reversals of every purchase."""
    owner, rank = bought.owner, bought.rank
    kinds = block.recipe.kinds
    segment = block.segment[owner]
    channel = choice_by(block.u("order channel", owner, rank), segment, [k.channels for k in kinds])
    value = np.log(block.of_kind("order_value_minor"))
    value = value + block.of_kind("order_value_sd") * normal(block.u("order value"))
    value = value[owner] + block.of_kind("order_sd")[owner] * normal(block.u("order", owner, rank))
    wanted_lines = block.of_kind("lines")[owner]
    lines = geometric(block.u("lines", owner, rank), wanted_lines, most=MOST_LINES)

    sale, line = spread(lines)
    place = rank[sale] * MOST_LINES + line
    at = owner[sale]
    category = choice_by(
        block.u("category", at, place), segment[sale], [k.categories for k in kinds]
    )
    quantity = 1 + choice(block.u("quantity", at, place), _QUANTITIES)
    price = np.exp(value[sale] + 0.15 * normal(block.u("price", at, place)))
    goods = catalogue(block.recipe.system)
    product = goods.nearest(category, price / (lines[sale] * quantity))
    amount = goods.price_minor[product] * quantity

    sum_of_lines = np.zeros(len(owner), dtype=np.int64)
    np.add.at(sum_of_lines, sale, amount)
    has_code = block.u("code", owner, rank) < _CODE_SHARE
    discount = np.where(has_code, np.rint(sum_of_lines * _CODE_RATE), 0).astype(np.int64)
    is_sent = channel != CHANNELS.index("store")
    shipping = np.where(is_sent & (sum_of_lines < _FREE_FROM_MINOR), _SHIPPING_MINOR, 0)
    total = sum_of_lines - discount + shipping
    basket = _Basket(sale, place, category, amount, sum_of_lines, discount, shipping, total)
    reversed_line, reversals = _reversals(block, bought, basket)
    system = block.recipe.system
    return Sales(
        order_id=text(
            f"{system}:",
            pl.Series(block.numbers[owner] + 100_000).cast(pl.String),
            "-",
            digits(rank + 1, 3),
        ),
        channel=channel,
        discount=discount,
        shipping=shipping,
        total=total,
        lines=lines,
        line_sale=sale,
        line_number=line + 1,
        product=product,
        quantity=quantity,
        amount=amount,
        reversed_line=reversed_line,
        reversals=reversals,
    )


@dataclass(frozen=True)
class _Basket:
    """What the reversals of a block's sales depend on: arrays over lines, then over sales."""

    sale: Integers
    place: Integers
    category: Integers
    amount: Integers
    sum_of_lines: Integers
    discount: Integers
    shipping: Integers
    total: Integers


def _reversals(block: Block, bought: Purchases, basket: _Basket) -> tuple[Flags, Reversals]:
    """Draw which lines come back, and the reversals they make up with the cancellations."""
    owner, rank = bought.owner, bought.rank
    hours = 10 * block.u("cancelled after", owner, rank)
    cancels_at = bought.placed_at + 600 + (hours * 3_600).astype(np.int64)
    is_cancelled = block.u("cancelled", owner, rank) < _CANCELLED
    days = 4 + 17 * block.u("returned after", owner, rank)
    returns_at = bought.placed_at + (days * DAY_SECONDS).astype(np.int64)
    may_return = ~is_cancelled & (returns_at < block.clock.end_at)
    rate = np.array([RETURN_RATES[name] for name in CATEGORIES])[basket.category]
    comes_back = block.u("returned", owner[basket.sale], basket.place) < rate
    comes_back &= may_return[basket.sale]
    back = np.zeros(len(owner), dtype=np.int64)
    np.add.at(back, basket.sale[comes_back], basket.amount[comes_back])

    returned = np.flatnonzero(back > 0)
    # rounded down, so that what is paid back never exceeds what was paid
    share = basket.discount[returned] * back[returned] // basket.sum_of_lines[returned]
    cancelled = np.flatnonzero(is_cancelled & (cancels_at < block.clock.end_at))
    return comes_back, Reversals(
        sale=np.concatenate([cancelled, returned]),
        is_return=np.repeat([False, True], [len(cancelled), len(returned)]),
        at=np.concatenate([cancels_at[cancelled], returns_at[returned]]),
        discount=-np.concatenate([basket.discount[cancelled], share]),
        shipping=-np.concatenate([basket.shipping[cancelled], 0 * share]),
        total=-np.concatenate([basket.total[cancelled], back[returned] - share]),
    )


def reversal_ids(sold: Sales) -> pl.Series:
    """Return the order ids of returns (``…-R``) and cancellations (``…-C``)."""
    codes = sold.reversals.is_return.astype(np.int64)
    return text(sold.order_id.gather(sold.reversals.sale), words(["-C", "-R"], codes))


def orders(block: Block, bought: Purchases, sold: Sales) -> pl.DataFrame:
    """Return the table ``orders``."""
    back = sold.reversals
    placed = {
        "_owner": bought.owner,
        "order_id": sold.order_id,
        "record_id": block.record_id[bought.owner],
        "kind": "sale",
        "ordered_at": instant(bought.placed_at),
        "campaign_id": words([None, CODE], (sold.discount > 0).astype(np.int64)),
        "discount_minor": sold.discount,
        "shipping_minor": sold.shipping,
        "total_minor": sold.total,
        "channel": words(CHANNELS, sold.channel),
    }
    owner = bought.owner[back.sale]
    reversed_ = {
        "_owner": owner,
        "order_id": reversal_ids(sold),
        "record_id": block.record_id[owner],
        "kind": words(["cancellation", "return"], back.is_return.astype(np.int64)),
        "original_order_id": sold.order_id.gather(back.sale),
        "ordered_at": instant(back.at),
        "discount_minor": back.discount,
        "shipping_minor": back.shipping,
        "total_minor": back.total,
        "channel": words(CHANNELS, sold.channel[back.sale]),
    }
    parts = [
        part
        | {
            "_at": np.asarray(at),
            "currency": block.recipe.currency,
            "tax_minor": _tax(np.asarray(part["total_minor"])),
        }
        for part, at in ((placed, bought.placed_at), (reversed_, back.at))
    ]
    return table("orders", parts)


def order_items(block: Block, bought: Purchases, sold: Sales) -> pl.DataFrame:
    """Return the table ``order_items``: lines of sales, and those taken back with a minus."""
    goods = catalogue(block.recipe.system)
    back = sold.reversals
    of_reversal = np.full(len(sold.lines), -1)
    of_reversal[back.sale] = np.arange(len(back.sale))
    reversal = of_reversal[sold.line_sale]
    is_whole = ~np.append(back.is_return, False)[reversal] & (reversal >= 0)
    reversed_ = np.flatnonzero(is_whole | sold.reversed_line)
    every = np.arange(len(sold.line_sale))
    return table(
        "order_items",
        [
            _lines(block, bought, sold, goods, every, sold.order_id.gather(sold.line_sale), 1)
            | {"_at": bought.placed_at[sold.line_sale]},
            _lines(
                block,
                bought,
                sold,
                goods,
                reversed_,
                reversal_ids(sold).gather(reversal[reversed_]),
                -1,
            )
            | {"_at": back.at[reversal[reversed_]]},
        ],
    )


def _lines(
    block: Block,
    bought: Purchases,
    sold: Sales,
    goods: Catalogue,
    lines: Integers,
    order_id: pl.Series,
    sign: int,
) -> dict[str, object]:
    owner = bought.owner[sold.line_sale[lines]]
    product = sold.product[lines]
    return {
        "_owner": owner,
        "order_id": order_id,
        "line_number": sold.line_number[lines],
        "record_id": block.record_id[owner],
        "product_id": goods.product_id.gather(product),
        "product_name": goods.name.gather(product),
        "product_category": goods.category.gather(product),
        "quantity": sign * sold.quantity[lines],
        "unit_price_minor": goods.price_minor[product],
        "amount_minor": sign * sold.amount[lines],
    }


def _tax(total: Integers) -> Integers:
    """Return the tax contained in a total."""
    tax: Integers = np.rint(total * _TAX_RATE / (1 + _TAX_RATE)).astype(np.int64)
    return tax
