"""Probabilities of leaving and buying in worlds where customers leave after a purchase (BG/NBD).

After each of d purchases, without the first, a customer leaves with probability p ~ Beta(a, b)
(Fader, Hardie and Lee 2005). By the number of purchases alone,

    P(active) = B(a, b + d) / B(a, b),    P(left at the last) = B(a + 1, b + d - 1) / B(a, b),

and p ~ Beta(a, b + d) for an active customer. Within s operational days an active customer leaves
with probability 1 - exp(-rate p s), and buys with probability 1 - exp(-rate s).
"""

import numpy as np
from scipy.special import betaln

from workbench.synthetic.draws import Floats, Integers, beta
from workbench.synthetic.people.block import Block
from workbench.synthetic.recipes import Recipe
from workbench.synthetic.shop.purchasing import Purchases
from workbench.synthetic.truth.horizon import Horizon
from workbench.synthetic.truth.outlook import Outlook

_DROPOUTS = 32  # Number of quantiles of the beta distribution in a sum.


def dropout_outlook(block: Block, purchases: Purchases, horizon: Horizon) -> Outlook:
    """Return the outlook of customers who leave after a purchase."""
    as_of = float(horizon.starts(block)[0])
    leaving, buying = _operational_days(block, horizon)
    is_active = (block.joined_day < as_of) & (purchases.left_day >= as_of)
    p_leaves = -np.expm1(-purchases.rate * purchases.dropout * leaving)
    p_buys = -np.expm1(-purchases.rate * buying)
    return Outlook(
        is_known=block.joined_day < as_of,
        is_active=is_active,
        p_leaves=np.where(is_active, p_leaves, 0.0),
        p_buys=np.where(is_active, p_buys, 0.0),
    )


def log_dropout(recipe: Recipe, chances: Integers) -> tuple[Floats, Floats]:
    """Return log P(left after the last purchase) and log P(active), by numbers of chances.

    Chances are purchases without the first, after each of which the customer may leave.
    """
    a, b = beta_shapes(recipe)
    stays = betaln(a, b + chances) - betaln(a, b)
    with np.errstate(invalid="ignore"):
        leaves = np.where(chances > 0, betaln(a + 1, b + chances - 1) - betaln(a, b), -np.inf)
    return leaves, stays


def ahead_if_active(
    block: Block, horizon: Horizon, chances: Integers, rate: Floats, weight: Floats
) -> tuple[Floats, Floats]:
    """Return P(leaves) and P(buys) of active customers.

    Parameters
    ----------
    block : Block
    horizon : Horizon
    chances : array of int, shape (customers,)
        Purchases after which the customer could have left.
    rate, weight : array of float, shape (customers, rates)
        Possible rates in purchases per operational day, and their probabilities.
    """
    a, b = beta_shapes(block.recipe)
    leaving, buying = _operational_days(block, horizon)
    leaves = np.zeros(len(chances))
    u = (np.arange(_DROPOUTS) + 0.5) / _DROPOUTS
    for count in np.unique(chances):  # There are few different counts.
        rows = chances == count
        for p in beta(u, a, b + float(count)):
            gone = -np.expm1(-rate[rows] * p * leaving)
            leaves[rows] += (weight[rows] * gone).sum(axis=1) / _DROPOUTS
    return leaves, (weight * -np.expm1(-rate * buying)).sum(axis=1)


def beta_shapes(recipe: Recipe) -> tuple[float, float]:
    """Return the shapes of the beta distribution of dropout."""
    rule = recipe.leaving
    if rule.a is None or rule.b is None:  # A checked recipe has both.
        raise ValueError("after_purchase needs a and b")
    return rule.a, rule.b


def _operational_days(block: Block, horizon: Horizon) -> tuple[float, float]:
    """Return the operational days within the horizons of leaving and of buying."""
    starts = horizon.starts(block)
    days = np.array([starts[0], starts[horizon.months], starts[0] + horizon.days], dtype=np.float64)
    now, leaving, buying = block.clock.operational(days)
    return float(leaving - now), float(buying - now)
