"""Loyalty tiers of customers."""

import numpy as np

from workbench.synthetic.frames import instants, labels
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.traits import attribute_rows
from workbench.synthetic.shop.purchasing import Purchases

_TIERS = ("bronze", "silver", "gold")
_TIER_ORDERS = (3, 10)  # Numbers of orders that give the second and the third tier.


def tiers(block: Block, purchases: Purchases) -> list[dict[str, object]]:
    """Return rows of ``attributes`` with the loyalty tier, one for each tier that is reached."""
    everyone = np.arange(block.size)
    first = attribute_rows(block, "status", "loyalty_tier", labels(_TIERS, everyone * 0), everyone)
    parts = [first | {"origin": "observed"}]
    for tier, orders in enumerate(_TIER_ORDERS, start=1):
        reached = np.flatnonzero(purchases.rank == orders - 1)
        owner = purchases.owner[reached]
        at = purchases.placed_at[reached]
        rows = attribute_rows(
            block, "status", "loyalty_tier", labels(_TIERS, everyone * 0 + tier), owner
        )
        parts.append(rows | {"origin": "observed", "_at": at, "observed_at": instants(at)})
    return parts
