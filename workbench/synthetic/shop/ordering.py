"""What is bought: sales with their lines, and what comes back.

Amounts are whole minor units. A sale's total is the sum of its lines less the discount plus
shipping; tax is contained in it. Returns and cancellations are orders of their own with negative
amounts that name their sale; a return brings back whole lines and its share of the discount.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.draws import (
    Flags,
    Floats,
    Integers,
    choice,
    choice_by,
    gamma,
    geometric,
    normal,
    spread,
)
from workbench.synthetic.frames import digits, instant, table, text, words
from workbench.synthetic.people.block import Block
from workbench.synthetic.recipes import CHANNELS
from workbench.synthetic.shop.purchasing import MAILED, Purchases
from workbench.synthetic.stock.catalogue import CATEGORIES, Catalogue, catalogue

MOST_LINES = 12
#: The discount code that is about all the time.
CODE = "welcome-back-10"

_CODE_SHARE, _CODE_RATE = 0.12, 0.10
_SHIPPING_MINOR, _FREE_FROM_MINOR = 490, 5_000
_RETURNED_IF_DAMAGED = 0.7
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
    discount, shipping, tax, total : array of int
        Minor units, at most 0: what was granted, charged and due is taken back.
    """

    sale: Integers
    is_return: Flags
    at: Integers
    discount: Integers
    shipping: Integers
    tax: Integers
    total: Integers


@dataclass(frozen=True)
class Sales:
    """Sales of a block with their lines, in the order of ``Purchases``.

    Attributes
    ----------
    order_id : Series of String, shape (sales,)
    channel : array of int
        Code in ``CHANNELS``.
    discount, shipping, tax, total : array of int
        Minor units; the tax is contained in the total.
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
    tax: Integers
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
    """Draw lines, discount and reversals of every purchase."""
    owner, place = bought.owner, bought.place
    kinds = block.recipe.kinds
    value = _values(block, bought)
    wanted_lines = block.of_kind("lines")[owner]
    lines = geometric(block.u("lines", owner, place), wanted_lines, most=MOST_LINES)

    sale, line = spread(lines)
    spot = place[sale] * MOST_LINES + line
    at = owner[sale]
    category = choice_by(
        block.u("category", at, spot), block.segment[at], [k.categories for k in kinds]
    )
    quantity = 1 + choice(block.u("quantity", at, spot), _QUANTITIES)
    price = np.log(value)[sale] + 0.15 * normal(block.u("price", at, spot))
    goods = catalogue(block.recipe.system)
    product = goods.nearest(category, price - np.log(lines[sale] * quantity))
    amount = goods.price_minor[product] * quantity

    sum_of_lines = np.zeros(len(owner), dtype=np.int64)
    np.add.at(sum_of_lines, sale, amount)
    has_code = block.u("code", owner, place) < _CODE_SHARE
    discount = np.where(has_code, np.rint(sum_of_lines * _CODE_RATE), 0).astype(np.int64)
    is_sent = bought.channel != CHANNELS.index("store")
    shipping = np.where(is_sent & (sum_of_lines < _FREE_FROM_MINOR), _SHIPPING_MINOR, 0)
    net = sum_of_lines - discount + shipping
    tax = tax_in(block, net)
    total = net if block.recipe.prices_with_tax else net + tax
    basket = _Basket(sale, spot, category, amount, sum_of_lines, discount, shipping, tax, total)
    reversed_line, reversals = _reversals(block, bought, basket)
    system = block.recipe.system
    return Sales(
        order_id=text(
            f"{system}:",
            pl.Series(block.numbers[owner] + 100_000).cast(pl.String),
            "-",
            digits(bought.rank + 1, 3),
        ),
        channel=bought.channel,
        discount=discount,
        shipping=shipping,
        tax=tax,
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
    spot: Integers
    category: Integers
    amount: Integers
    sum_of_lines: Integers
    discount: Integers
    shipping: Integers
    tax: Integers
    total: Integers


def _reversals(block: Block, bought: Purchases, basket: _Basket) -> tuple[Flags, Reversals]:
    """Draw which lines come back, and the reversals they make up with the cancellations."""
    owner, place = bought.owner, bought.place
    rule = block.recipe.returns
    hours = 10 * block.u("cancelled after", owner, place)
    cancels_at = bought.placed_at + 600 + (hours * 3_600).astype(np.int64)
    is_cancelled = block.u("cancelled", owner, place) < rule.cancelled
    days = 4 + 17 * block.u("returned after", owner, place)
    returns_at = bought.placed_at + (days * DAY_SECONDS).astype(np.int64)
    may_return = ~is_cancelled & (returns_at < block.clock.end_at)
    rate = np.array([rule.rates[name] for name in CATEGORIES])[basket.category]
    # the faulty item is the first of its order
    is_first = np.diff(basket.sale, prepend=-1) > 0
    rate = np.where(is_first & bought.is_damaged[basket.sale], _RETURNED_IF_DAMAGED, rate)
    comes_back = block.u("returned", owner[basket.sale], basket.spot) < rate
    comes_back &= may_return[basket.sale]
    back = np.zeros(len(owner), dtype=np.int64)
    np.add.at(back, basket.sale[comes_back], basket.amount[comes_back])

    returned = np.flatnonzero(back > 0)
    # rounded down, so that what is paid back never exceeds what was paid
    share = basket.discount[returned] * back[returned] // basket.sum_of_lines[returned]
    net = back[returned] - share
    tax = np.minimum(tax_in(block, net), basket.tax[returned])
    due = net if block.recipe.prices_with_tax else net + tax
    cancelled = np.flatnonzero(is_cancelled & (cancels_at < block.clock.end_at))
    return comes_back, Reversals(
        sale=np.concatenate([cancelled, returned]),
        is_return=np.repeat([False, True], [len(cancelled), len(returned)]),
        at=np.concatenate([cancels_at[cancelled], returns_at[returned]]),
        discount=-np.concatenate([basket.discount[cancelled], share]),
        shipping=-np.concatenate([basket.shipping[cancelled], 0 * share]),
        tax=-np.concatenate([basket.tax[cancelled], tax]),
        total=-np.concatenate([basket.total[cancelled], due]),
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
        "campaign_id": _campaigns(block, bought, sold),
        "discount_minor": sold.discount,
        "shipping_minor": sold.shipping,
        "tax_minor": sold.tax,
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
        "tax_minor": back.tax,
        "total_minor": back.total,
        "channel": words(CHANNELS, sold.channel[back.sale]),
    }
    parts = [
        part | {"_at": np.asarray(at), "currency": block.recipe.currency}
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


def answered(block: Block, bought: Purchases) -> pl.Series:
    """Return the mailing that brought each sale, null where none did."""
    names = [*block.recipe.campaigns, None]
    number = np.where(bought.place >= MAILED, bought.place - MAILED, len(names) - 1)
    return words(names, number)


def _campaigns(block: Block, bought: Purchases, sold: Sales) -> pl.Series:
    """Return what each sale answers: a mailing, else the discount code."""
    code = words([None, CODE], (sold.discount > 0).astype(np.int64))
    return answered(block, bought).fill_null(code)


def tax_in(block: Block, net: Integers) -> Integers:
    """Return the tax of an amount: contained in it, or to be added to it."""
    rate = block.recipe.tax_rate
    tax = np.rint(net * (rate / (1 + rate) if block.recipe.prices_with_tax else rate))
    whole: Integers = tax.astype(np.int64)
    return whole


def _values(block: Block, bought: Purchases) -> Floats:
    """Return the wanted value of every order, in minor units.

    Log-normal between and within customers; or gamma-gamma with its mean at the segment's
    ``order_value_minor``.
    """
    owner, place = bought.owner, bought.place
    own = normal(block.u("order value")) * block.of_kind("order_value_sd")
    varied = np.exp(
        own[owner] + block.of_kind("order_sd")[owner] * normal(block.u("order", owner, place))
    )
    for code, kind in enumerate(block.recipe.kinds):
        if kind.order_shape is None or kind.order_value_shape is None:
            continue
        rows = np.flatnonzero(block.segment[owner] == code)
        scale = gamma(block.u("order scale"), np.full(block.size, kind.order_value_shape))
        drawn = gamma(
            block.u("order", owner[rows], place[rows]), np.full(rows.size, kind.order_shape)
        )
        # scale has mean 1 and its inverse mean q / (q - 1)
        level = (kind.order_value_shape - 1) / kind.order_value_shape
        varied[rows] = level * drawn / scale[owner[rows]]
    changed = np.array([block.recipe.change("order_value", d / block.clock.days)
                        for d in range(block.clock.days + 1)])  # fmt: skip
    day = (bought.placed_at - block.clock.start_at) // DAY_SECONDS
    base = block.of_kind("order_value_minor") * block.group_factor("order_value")
    value: Floats = base[owner] * changed[day] * varied
    return value
