"""The tables ``orders`` and ``order_items``, made from sales and reversals."""

import numpy as np
import polars as pl

from workbench.synthetic.draws import Integers
from workbench.synthetic.frames import gather, instants, join_texts, labels, make_table
from workbench.synthetic.people.block import Block
from workbench.synthetic.recipes import CHANNELS
from workbench.synthetic.shop.ordering import CODE, Sales
from workbench.synthetic.shop.purchasing import MAILED, Purchases
from workbench.synthetic.stock.catalogue import catalogue


def reversal_ids(sales: Sales) -> pl.Series:
    """Return the order ids of returns (``…-R``) and cancellations (``…-C``)."""
    back = sales.reversals
    return join_texts(gather(sales.order_id, back.sale), labels(["-C", "-R"], back.is_return))


def orders(block: Block, purchases: Purchases, sales: Sales) -> pl.DataFrame:
    """Return the table ``orders``."""
    back = sales.reversals
    placed = block.rows_of(purchases.owner, purchases.placed_at) | {
        "order_id": sales.order_id,
        "kind": "sale",
        "ordered_at": instants(purchases.placed_at),
        "campaign_id": _campaigns(block, purchases, sales),
        "discount_minor": sales.discount,
        "shipping_minor": sales.shipping,
        "tax_minor": sales.tax,
        "total_minor": sales.total,
        "channel": labels(CHANNELS, sales.channel),
    }
    reversed_ = block.rows_of(purchases.owner[back.sale], back.at) | {
        "order_id": reversal_ids(sales),
        "kind": labels(["cancellation", "return"], back.is_return),
        "original_order_id": gather(sales.order_id, back.sale),
        "ordered_at": instants(back.at),
        "discount_minor": back.discount,
        "shipping_minor": back.shipping,
        "tax_minor": back.tax,
        "total_minor": back.total,
        "channel": labels(CHANNELS, sales.channel[back.sale]),
    }
    currency = {"currency": block.recipe.currency}
    return make_table("orders", placed | currency, reversed_ | currency)


def order_items(block: Block, purchases: Purchases, sales: Sales) -> pl.DataFrame:
    """Return the table ``order_items``: lines of sales; reversed lines have negative amounts."""
    back = sales.reversals
    of_reversal = np.full(len(sales.lines), -1)
    of_reversal[back.sale] = np.arange(len(back.sale))
    reversal = of_reversal[sales.line_sale]
    is_whole = ~np.append(back.is_return, False)[reversal] & (reversal >= 0)
    reversed_ = np.flatnonzero(is_whole | sales.reversed_line)
    of_sales = _lines(block, sales, np.arange(len(sales.line_sale)), 1) | {
        "order_id": gather(sales.order_id, sales.line_sale)
    }
    of_reversals = _lines(block, sales, reversed_, -1) | {
        "order_id": gather(reversal_ids(sales), reversal[reversed_])
    }
    owner = purchases.owner[sales.line_sale]
    return make_table(
        "order_items",
        of_sales | block.rows_of(owner, purchases.placed_at[sales.line_sale]),
        of_reversals | block.rows_of(owner[reversed_], back.at[reversal[reversed_]]),
    )


def _lines(block: Block, sales: Sales, lines: Integers, sign: int) -> dict[str, object]:
    """Return the products of some lines, for their sale (sign 1) or its reversal (-1)."""
    goods, product = catalogue(block.recipe.system), sales.product[lines]
    return {
        "line_number": sales.line_number[lines],
        "product_id": gather(goods.product_id, product),
        "product_name": gather(goods.name, product),
        "product_category": gather(goods.category, product),
        "quantity": sign * sales.quantity[lines],
        "unit_price_minor": goods.price_minor[product],
        "amount_minor": sign * sales.amount[lines],
    }


def mailing_of_sale(block: Block, purchases: Purchases) -> pl.Series:
    """Return the mailing that caused each sale, null where none did."""
    names = [*block.recipe.campaigns, None]
    number = np.where(purchases.place >= MAILED, purchases.place - MAILED, len(names) - 1)
    return labels(names, number)


def _campaigns(block: Block, purchases: Purchases, sales: Sales) -> pl.Series:
    """Return the campaign of each sale: a mailing, else the discount code, else null."""
    code = labels([None, CODE], sales.discount > 0)
    return mailing_of_sale(block, purchases).fill_null(code)
