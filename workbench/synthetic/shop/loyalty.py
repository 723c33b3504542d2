"""The loyalty tiers that orders earn."""

import numpy as np

from workbench.synthetic.frames import instant, words
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.traits import stated
from workbench.synthetic.shop.purchasing import Purchases

_TIERS = ("bronze", "silver", "gold")
_TIER_ORDERS = (3, 10)  # orders with which the second and the third tier are reached


def tiers(block: Block, bought: Purchases) -> list[dict[str, object]]:
    """Return the loyalty tier: the first from joining, the next from the order that earns it.

    Rows of the table ``attributes``.
    """
    everyone = np.arange(block.size)
    first = stated(block, "status", "loyalty_tier", words(_TIERS, everyone * 0), everyone)
    parts = [first | {"origin": "observed"}]
    for tier, orders in enumerate(_TIER_ORDERS, start=1):
        reached = np.flatnonzero(bought.rank == orders - 1)
        owner = bought.owner[reached]
        at = bought.placed_at[reached]
        rows = stated(block, "status", "loyalty_tier", words(_TIERS, everyone * 0 + tier), owner)
        parts.append(rows | {"origin": "observed", "_at": at, "observed_at": instant(at)})
    return parts
