"""Who lives with whom: customers whose numbers are neighbours share a home.

Customers are taken in groups of fifty numbers. Within a group everybody of a locale draws one of a
few homes, as many as make a quarter of all customers share theirs. A group is always looked at
whole, whatever the block and however many customers the world has, so a home depends on numbers
alone. The last group of a world may be cut, and so may its homes.
"""

import numpy as np

from workbench.synthetic.draws import Keys
from workbench.synthetic.people.block import Block

_GROUP = 50
SHARED = 0.25  # share of customers who live with another one


def heads(block: Block) -> Keys:
    """Return the lowest number among those who share each customer's home, shape (customers,).

    It is the customer's own number where nobody with a lower one lives there. Those who live
    together have one locale.
    """
    low = block.first // _GROUP * _GROUP
    groups = -(-(block.first + block.size - low) // _GROUP)
    whole = block if groups * _GROUP == block.size else Block(block.recipe, low, groups * _GROUP)
    # with n others, each in the same home with this probability, nobody is with 1 - SHARED
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
