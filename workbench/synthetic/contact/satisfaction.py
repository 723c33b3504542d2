"""How satisfied a customer is with an order, whether anybody asks or not.

On the scale of a standard normal: what is the customer's own, what is the order's, and what went
wrong with it. Tickets, reviews and surveys show it to those who look, each by its own selection.
"""

import numpy as np

from workbench.synthetic.draws import Floats, Integers, normal
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.purchasing import Purchases

OWN, ORDER = 0.6, 0.8  # squares add up to 1
TROUBLE, ANNOYED = 0.8, 1.2


def satisfaction(block: Block, bought: Purchases) -> Floats:
    """Return the satisfaction with every sale, shape (sales,)."""
    owner, place = bought.owner, bought.place
    own = OWN * normal(block.u("satisfied"))[owner]
    felt = own + ORDER * normal(block.u("satisfied with order", owner, place))
    trouble = TROUBLE * (bought.is_late | bought.is_damaged) + ANNOYED * bought.annoys
    found: Floats = felt - trouble
    return found


def stars(satisfied: Floats) -> Integers:
    """Return 1 to 5 stars, near normal over all sales: the J comes from who reviews."""
    found: Integers = 1 + np.searchsorted([-1.8, -1.45, -1.0, -0.45], satisfied)
    return found
