"""Households: some customers with neighbouring numbers share a home.

Customers are divided into groups of fifty successive numbers. Within a group the customers of one
locale draw their homes from so few homes that a quarter of all customers share theirs. The homes of
a whole group are drawn even if the block or the world ends within it, so a home depends only on the
customer's number.
"""

import numpy as np

from workbench.synthetic.draws import Keys
from workbench.synthetic.people.block import Block

_GROUP = 50
SHARED = 0.25  # Share of customers who live with another customer.


def household_heads(block: Block) -> Keys:
    """Return the lowest customer number in each customer's home, shape (customers,).

    Customers who live alone get their own number. All customers of a home have the same locale.
    """
    low = block.first // _GROUP * _GROUP
    groups = -(-(block.first + block.size - low) // _GROUP)
    whole = block if groups * _GROUP == block.size else Block(block.recipe, low, groups * _GROUP)
    # Each of the 49 others is in the same home with this probability, all independently.
    together = 1 - (1 - SHARED) ** (1 / (_GROUP - 1))
    shares = np.array([*block.recipe.locales.values()])
    homes = np.maximum(np.rint(shares / shares.sum() / together), 1).astype(np.int64)
    before = np.cumsum(homes) - homes
    bits = (whole.bits("household") >> np.uint64(48)).astype(np.int64)
    home = before[whole.locale] + (bits * homes[whole.locale] >> 16)
    place = np.arange(whole.size)
    key = place // _GROUP * homes.sum() + home
    lowest = np.full(groups * int(homes.sum()), whole.size)
    np.minimum.at(lowest, key, place)
    found: Keys = whole.numbers[lowest[key]][block.first - low :][: block.size]
    return found
