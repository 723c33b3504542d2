"""The tables ``orders`` and ``order_items``, from what was sold and taken back."""

import numpy as np
import polars as pl

from workbench.synthetic.draws import Integers
from workbench.synthetic.frames import gathered, instant, table, text, words
from workbench.synthetic.people.block import Block
from workbench.synthetic.recipes import CHANNELS
from workbench.synthetic.shop.ordering import CODE, Sales
from workbench.synthetic.shop.purchasing import MAILED, Purchases
from workbench.synthetic.stock.catalogue import Catalogue, catalogue


def reversal_ids(sold: Sales) -> pl.Series:
    """Return the order ids of returns (``…-R``) and cancellations (``…-C``)."""
    codes = sold.reversals.is_return.astype(np.int64)
    return text(gathered(sold.order_id, sold.reversals.sale), words(["-C", "-R"], codes))


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
        "original_order_id": gathered(sold.order_id, back.sale),
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
            _lines(block, bought, sold, goods, every, gathered(sold.order_id, sold.line_sale), 1)
            | {"_at": bought.placed_at[sold.line_sale]},
            _lines(
                block,
                bought,
                sold,
                goods,
                reversed_,
                gathered(reversal_ids(sold), reversal[reversed_]),
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
        "product_id": gathered(goods.product_id, product),
        "product_name": gathered(goods.name, product),
        "product_category": gathered(goods.category, product),
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
