"""The tables ``orders`` and ``order_items``, made from sales and reversals."""

import numpy as np
import polars as pl

from workbench.synthetic.draws import Integers
from workbench.synthetic.frames import gather, instants, join_texts, labels, make_table
from workbench.synthetic.people.block import Block
from workbench.synthetic.recipes import CHANNELS
from workbench.synthetic.shop.ordering import CODE, Sales
from workbench.synthetic.shop.purchasing import MAILED, Purchases
from workbench.synthetic.stock.catalogue import Catalogue, catalogue


def reversal_ids(sales: Sales) -> pl.Series:
    """Return the order ids of returns (``…-R``) and cancellations (``…-C``)."""
    codes = sales.reversals.is_return.astype(np.int64)
    return join_texts(gather(sales.order_id, sales.reversals.sale), labels(["-C", "-R"], codes))


def orders(block: Block, purchases: Purchases, sales: Sales) -> pl.DataFrame:
    """Return the table ``orders``."""
    back = sales.reversals
    placed = {
        "_owner": purchases.owner,
        "order_id": sales.order_id,
        "record_id": block.record_id[purchases.owner],
        "kind": "sale",
        "ordered_at": instants(purchases.placed_at),
        "campaign_id": _campaigns(block, purchases, sales),
        "discount_minor": sales.discount,
        "shipping_minor": sales.shipping,
        "tax_minor": sales.tax,
        "total_minor": sales.total,
        "channel": labels(CHANNELS, sales.channel),
    }
    owner = purchases.owner[back.sale]
    reversed_ = {
        "_owner": owner,
        "order_id": reversal_ids(sales),
        "record_id": block.record_id[owner],
        "kind": labels(["cancellation", "return"], back.is_return.astype(np.int64)),
        "original_order_id": gather(sales.order_id, back.sale),
        "ordered_at": instants(back.at),
        "discount_minor": back.discount,
        "shipping_minor": back.shipping,
        "tax_minor": back.tax,
        "total_minor": back.total,
        "channel": labels(CHANNELS, sales.channel[back.sale]),
    }
    parts = [
        part | {"_at": np.asarray(at), "currency": block.recipe.currency}
        for part, at in ((placed, purchases.placed_at), (reversed_, back.at))
    ]
    return make_table("orders", parts)


def order_items(block: Block, purchases: Purchases, sales: Sales) -> pl.DataFrame:
    """Return the table ``order_items``: lines of sales; reversed lines have negative amounts."""
    goods = catalogue(block.recipe.system)
    back = sales.reversals
    of_reversal = np.full(len(sales.lines), -1)
    of_reversal[back.sale] = np.arange(len(back.sale))
    reversal = of_reversal[sales.line_sale]
    is_whole = ~np.append(back.is_return, False)[reversal] & (reversal >= 0)
    reversed_ = np.flatnonzero(is_whole | sales.reversed_line)
    every = np.arange(len(sales.line_sale))
    return make_table(
        "order_items",
        [
            _lines(
                block, purchases, sales, goods, every, gather(sales.order_id, sales.line_sale), 1
            )
            | {"_at": purchases.placed_at[sales.line_sale]},
            _lines(
                block,
                purchases,
                sales,
                goods,
                reversed_,
                gather(reversal_ids(sales), reversal[reversed_]),
                -1,
            )
            | {"_at": back.at[reversal[reversed_]]},
        ],
    )


def _lines(
    block: Block,
    purchases: Purchases,
    sales: Sales,
    goods: Catalogue,
    lines: Integers,
    order_id: pl.Series,
    sign: int,
) -> dict[str, object]:
    """Return some lines of sales, as lines of a sale (sign 1) or of a reversal (-1)."""
    owner = purchases.owner[sales.line_sale[lines]]
    product = sales.product[lines]
    return {
        "_owner": owner,
        "order_id": order_id,
        "line_number": sales.line_number[lines],
        "record_id": block.record_id[owner],
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
    code = labels([None, CODE], (sales.discount > 0).astype(np.int64))
    return mailing_of_sale(block, purchases).fill_null(code)
