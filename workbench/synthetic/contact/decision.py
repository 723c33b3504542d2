"""The planted disparity: to whom the company sent its ``retention-offer``.

At one date, three fifths through the world, the company decides for every customer it knows, by how
long the customer has been silent (need) and what an order of theirs has brought (value): the same
rule for all. Where a disparity is planted, the probability for the disadvantaged group is lower by
its size. Both probabilities are kept, for the same customers and with the same random number, so
what the mechanism does is known without noise: its effect is the difference of two means of
probabilities. The offer brings visits of who clicks it, and changes no purchase.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.draws import Flags, Floats
from workbench.synthetic.people.block import Block
from workbench.synthetic.recipes import GENDERS, Offer
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.purchasing import Purchases

CAMPAIGN = "retention-offer"
_HALF_NEED_DAYS = 45.0
_HALF_VALUE_MINOR = 6_000.0


@dataclass(frozen=True)
class Decided:
    """The decision for every customer of a block; arrays of shape (customers,).

    Attributes
    ----------
    is_known : array of bool
        Whether the customer had joined by then: nobody else could be sent anything.
    p_off, p_on : array of float
        Probability without and with the mechanism.
    is_sent : array of bool
    sent_at : int
        Second of the sending, since 1970.
    """

    is_known: Flags
    p_off: Floats
    p_on: Floats
    is_sent: Flags
    sent_at: int


def decision_day(offer: Offer, days: int) -> int:
    """Return the day of the decision in a world of this many days."""
    return int(days * offer.at)


def decide(block: Block, bought: Purchases, sold: Sales) -> Decided:
    """Decide for every customer of a block."""
    rule = block.recipe.offer
    at = block.clock.start_at + decision_day(rule, block.clock.days) * DAY_SECONDS
    before = bought.placed_at < at
    owner = bought.owner[before]
    orders = np.bincount(owner, minlength=block.size)
    spent = np.zeros(block.size, dtype=np.int64)
    np.add.at(spent, owner, sold.total[before])
    last = block.joined_at.copy()
    np.maximum.at(last, owner, bought.placed_at[before])

    silent_days = np.maximum(at - last, 0) / DAY_SECONDS
    need = silent_days / (silent_days + _HALF_NEED_DAYS)
    per_order = spent / np.maximum(orders, 1)
    value = per_order / (per_order + _HALF_VALUE_MINOR)
    score = (need + value) / 2  # 0 to 1
    p_off = (rule.base_rate + rule.spread * (score - 0.5)).round(6)
    p_on = p_off
    for bias in block.recipe.bias.values():
        less = np.where(block.is_in(bias.attribute, bias.group), bias.strength, 0.0)
        p_on = (p_on - less).clip(0, 1).round(6)
    is_known = block.joined_at < at
    return Decided(
        is_known=is_known,
        p_off=p_off,
        p_on=p_on,
        is_sent=is_known & (block.u("offer") < p_on),
        sent_at=at + 36_000,
    )


def truth(block: Block, decided: Decided) -> pl.DataFrame:
    """Return what is true of the decision: one row per customer known at the time.

    Returns
    -------
    DataFrame, shape (known customers, 5)
        ``record_id``; ``group`` (gender as stated, null as in the data); ``p_offer_without`` and
        ``p_offer`` (probability without and with the planted mechanism); ``is_offered``.
    """
    known = np.flatnonzero(decided.is_known)
    return pl.DataFrame(
        {
            "record_id": block.record_id[known],
            "group": pl.Series([*GENDERS[:4], None]).gather(block.gender[known]),
            "p_offer_without": decided.p_off[known],
            "p_offer": decided.p_on[known],
            "is_offered": decided.is_sent[known],
        }
    )
