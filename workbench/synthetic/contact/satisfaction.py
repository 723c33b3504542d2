"""Satisfaction of customers with their orders.

It is the sum of a part of the customer and a part of the order, which together are standard normal,
less deductions for a trouble and for annoyance. Tickets, reviews and surveys depend on it, and each
shows a selection of it.
"""

import numpy as np

from workbench.synthetic.draws import Floats, Integers, normal
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.purchasing import Purchases

OWN, ORDER = 0.6, 0.8  # Standard deviations of both parts; their squares add up to 1.
TROUBLE, ANNOYED = 0.8, 1.2  # Deductions.


def draw_satisfaction(block: Block, purchases: Purchases) -> Floats:
    """Return the satisfaction with every sale, shape (sales,)."""
    owner, place = purchases.owner, purchases.place
    own = OWN * normal(block.u("satisfied"))[owner]
    felt = own + ORDER * normal(block.u("satisfied with order", owner, place))
    trouble = TROUBLE * (purchases.is_late | purchases.is_damaged) + ANNOYED * purchases.annoys
    found: Floats = felt - trouble
    return found


def stars_of(satisfaction: Floats) -> Integers:
    """Return 1 to 5 stars for each satisfaction.

    Over all sales they are nearly normal; the J shape of reviews comes from their selection.
    """
    found: Integers = 1 + np.searchsorted([-1.8, -1.45, -1.0, -0.45], satisfaction)
    return found
