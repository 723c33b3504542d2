"""Sales with their lines, and reversals: returns and cancellations.

Amounts are whole minor units. The total of a sale is the sum of its lines, less the discount, plus
shipping, plus tax where prices do not contain it. Reversals are orders of their own, with negative
amounts, that name their sale. A return takes back whole lines and their share of the discount.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.draws import (
    Flags,
    Floats,
    Integers,
    child_rows,
    choose,
    choose_by_segment,
    gamma,
    geometric,
    normal,
    permute,
)
from workbench.synthetic.frames import join_texts, labels
from workbench.synthetic.people.block import Block
from workbench.synthetic.recipes import CHANNELS, MOST_CUSTOMERS
from workbench.synthetic.shop.purchasing import MOST_PLACES, Purchases
from workbench.synthetic.stock.catalogue import CATEGORIES, catalogue

MOST_LINES = 12
LINE_SD = 0.15  # Standard deviation of the log of a line's price around its share of the order.
#: Discount code that is valid all the time.
CODE = "welcome-back-10"

_CODE_SHARE, _CODE_RATE = 0.12, 0.10
_SHIPPING_MINOR, _FREE_FROM_MINOR = 490, 5_000
RETURNED_IF_DAMAGED = 0.7
RETURN_DAYS = (4, 17)  # A return comes 4 to 4 + 17 days after the sale.
_THOUSAND = [f"{number:03d}" for number in range(1_000)]
_NUMBER_BITS = (MOST_CUSTOMERS * MOST_PLACES - 1).bit_length()
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
        Reversed amounts in minor units, at most 0.
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
        Amounts in minor units; the total contains the tax.
    lines : array of int
        Number of lines of each sale.
    line_sale, line_number, product, quantity, amount : array of int, shape (all lines,)
        Row of the sale; number of the line, from 1; code in the catalogue; number of units;
        amount in minor units.
    reversed_line : array of bool
        Whether the line is returned; false for cancellations.
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


def draw_sales(block: Block, purchases: Purchases) -> Sales:
    """Draw lines, discount and reversals of every purchase."""
    owner, place = purchases.owner, purchases.place
    value = _order_values(block, purchases)
    wanted_lines = block.segment_values("lines")[owner]
    lines = geometric(block.u("lines", owner, place), wanted_lines, most=MOST_LINES)

    sale, line = child_rows(lines)
    # A line's draws are keyed by the place of its sale and its own position.
    spot = place[sale] * MOST_LINES + line
    line_owner = owner[sale]
    category = choose_by_segment(
        block.u("category", line_owner, spot),
        block.segment[line_owner],
        [each.categories for each in block.recipe.contrasted_segments],
    )
    quantity = 1 + choose(block.u("quantity", line_owner, spot), _QUANTITIES)
    price = np.log(value)[sale] + LINE_SD * normal(block.u("price", line_owner, spot))
    goods = catalogue(block.recipe.system)
    product = goods.nearest(category, price - np.log(lines[sale] * quantity))
    amount = goods.price_minor[product] * quantity

    sum_of_lines = np.zeros(len(owner), dtype=np.int64)
    np.add.at(sum_of_lines, sale, amount)
    has_code = block.u("code", owner, place) < _CODE_SHARE
    discount = np.where(has_code, np.rint(sum_of_lines * _CODE_RATE), 0).astype(np.int64)
    is_sent = purchases.channel != CHANNELS.index("store")
    shipping = np.where(is_sent & (sum_of_lines < _FREE_FROM_MINOR), _SHIPPING_MINOR, 0)
    net = sum_of_lines - discount + shipping
    tax = tax_of(block, net)
    total = net if block.recipe.prices_with_tax else net + tax
    basket = _Basket(sale, spot, category, amount, sum_of_lines, discount, shipping, tax, total)
    reversed_line, reversals = _reversals(block, purchases, basket)
    return Sales(
        order_id=_order_ids(block, purchases),
        channel=purchases.channel,
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


def _order_ids(block: Block, purchases: Purchases) -> pl.Series:
    """Return an order number for every sale, from which nobody can see the customer.

    A number has twelve digits, like 123456-789012. It is a permutation of the customer's number and
    the rank of the sale, so no two sales have the same number, and none depends on the number of
    customers.
    """
    key = block.stream("order number").bits(np.zeros(1, dtype=np.uint64))
    number = block.numbers[purchases.owner] * np.uint64(MOST_PLACES) + purchases.rank.astype(
        np.uint64
    )
    number = permute(number, key, bits=_NUMBER_BITS)
    thousands = [number // np.uint64(1_000**place) % np.uint64(1_000) for place in (3, 2, 1, 0)]
    first, second, third, fourth = (labels(_THOUSAND, each) for each in thousands)
    return join_texts(f"{block.recipe.system}:", first, second, "-", third, fourth)


@dataclass(frozen=True)
class _Basket:
    """Input of the reversals: four arrays over lines, then arrays over sales."""

    sale: Integers
    spot: Integers
    category: Integers
    amount: Integers
    sum_of_lines: Integers
    discount: Integers
    shipping: Integers
    tax: Integers
    total: Integers


def _reversals(block: Block, purchases: Purchases, basket: _Basket) -> tuple[Flags, Reversals]:
    """Draw the returned lines; return them, and the returns and cancellations."""
    owner, place = purchases.owner, purchases.place
    rule = block.recipe.returns
    hours = 10 * block.u("cancelled after", owner, place)
    cancels_at = purchases.placed_at + 600 + (hours * 3_600).astype(np.int64)
    is_cancelled = block.u("cancelled", owner, place) < rule.cancelled
    days = RETURN_DAYS[0] + RETURN_DAYS[1] * block.u("returned after", owner, place)
    returns_at = purchases.placed_at + (days * DAY_SECONDS).astype(np.int64)
    may_return = ~is_cancelled & (returns_at < block.clock.end_at)
    rate = np.array([rule.rates[name] for name in CATEGORIES])[basket.category]
    # The faulty item is in the first line of its order.
    is_first = np.diff(basket.sale, prepend=-1) > 0
    rate = np.where(is_first & purchases.is_damaged[basket.sale], RETURNED_IF_DAMAGED, rate)
    comes_back = block.u("returned", owner[basket.sale], basket.spot) < rate
    comes_back &= may_return[basket.sale]
    back = np.zeros(len(owner), dtype=np.int64)
    np.add.at(back, basket.sale[comes_back], basket.amount[comes_back])

    returned = np.flatnonzero(back > 0)
    # The discount's share is rounded down; a return of all lines takes back the whole discount.
    share = basket.discount[returned] * back[returned] // basket.sum_of_lines[returned]
    net = back[returned] - share
    tax = np.minimum(tax_of(block, net), basket.tax[returned])
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


def tax_of(block: Block, net: Integers) -> Integers:
    """Return the tax that an amount contains, or that is added to it."""
    rate = block.recipe.tax_rate
    tax = np.rint(net * (rate / (1 + rate) if block.recipe.prices_with_tax else rate))
    whole: Integers = tax.astype(np.int64)
    return whole


def _order_values(block: Block, purchases: Purchases) -> Floats:
    """Return the wanted value of every order, in minor units.

    Values are log-normal between and within customers. Where the segment has both shapes, they are
    gamma-gamma with the mean ``order_value_minor``.
    """
    owner, place = purchases.owner, purchases.place
    own = normal(block.u("order value")) * block.segment_values("order_value_sd")
    varied = np.exp(
        own[owner]
        + block.segment_values("order_sd")[owner] * normal(block.u("order", owner, place))
    )
    for code, segment in enumerate(block.recipe.contrasted_segments):
        if segment.order_shape is None or segment.order_value_shape is None:
            continue
        rows = np.flatnonzero(block.segment[owner] == code)
        scale = gamma(block.u("order scale"), np.full(block.size, segment.order_value_shape))
        drawn = gamma(
            block.u("order", owner[rows], place[rows]), np.full(rows.size, segment.order_shape)
        )
        # The scale has mean 1; its inverse has the mean q / (q - 1), which ``level`` divides out.
        level = (segment.order_value_shape - 1) / segment.order_value_shape
        varied[rows] = level * drawn / scale[owner[rows]]
    changed = block.change_factors("order_value")
    day = (purchases.placed_at - block.clock.start_at) // DAY_SECONDS
    base = block.segment_values("order_value_minor") * block.group_factor("order_value")
    value: Floats = base[owner] * changed[day] * varied
    return value
