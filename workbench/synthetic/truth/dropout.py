"""What is coming where customers leave after a purchase: the world of BG/NBD.

With rate ~ Gamma(r, b), dropout p ~ Beta(a, c), x purchases after the first, the last at t_x and S
operational days in all (Fader, Hardie and Lee 2005, equations 5 to 10; Fader, Hardie and Lee 2008,
"Computing P(alive) using the BG/NBD model"):

    P(active) = 1 / (1 + [x > 0] a / (c + x - 1) ((b + S) / (b + t_x))^(r + x)).

An active customer leaves within s operational days with 1 - exp(-rate p s), and buys with
1 - exp(-rate s).
"""

import numpy as np

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.draws import beta
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.leaving import month_days
from workbench.synthetic.shop.purchasing import Purchases, mean_rate
from workbench.synthetic.truth.outlook import Outlook

_DROPOUTS = 32  # quantiles that the beta distribution is summed over


def dropout_outlook(
    block: Block, bought: Purchases, *, month: int, horizon_months: int, horizon_days: int
) -> Outlook:
    """Return the outlook as of the start of a month, see ``outlook``."""
    rule, clock = block.recipe.leaving, block.clock
    if rule.a is None or rule.b is None:  # the recipe refuses it
        raise ValueError("after_purchase needs a and b")
    starts = month_days(block, month + horizon_months)
    as_of = float(starts[month])
    day = (bought.placed_at - clock.start_at) / DAY_SECONDS
    before = day < as_of
    orders = np.bincount(bought.owner[before], minlength=block.size)
    at_once = block.u("registered only") >= block.recipe.registered_only
    repeats = np.maximum(orders - at_once, 0)
    last = block.joined_day.copy()
    np.maximum.at(last, bought.owner[before], day[before])

    shape = block.of_kind("purchases_shape")
    prior = shape / mean_rate(block)
    begin = clock.operational(np.minimum(block.joined_day, as_of))
    now = clock.operational(np.array([as_of]))[0]
    posterior, weighed = shape + repeats, prior + now - begin
    recent = prior + clock.operational(np.minimum(last, as_of)) - begin
    odds = rule.a / np.maximum(rule.b + repeats - 1, 1e-12) * (weighed / recent) ** posterior
    p_active = 1 / (1 + np.where(repeats > 0, odds, 0.0))

    leaving = clock.operational(np.array([float(starts[-1])]))[0] - now
    buying = clock.operational(np.array([as_of + horizon_days]))[0] - now
    is_active = (block.joined_day < as_of) & (bought.left_day >= as_of)
    leaves_seen = np.zeros(block.size)
    for count in np.unique(repeats):  # few: given active, p ~ Beta(a, c + x)
        rows = repeats == count
        u = (np.arange(_DROPOUTS) + 0.5) / _DROPOUTS
        for p in beta(u, rule.a, rule.b + float(count)):
            ratio = weighed[rows] / (weighed[rows] + p * leaving)
            leaves_seen[rows] += (1 - ratio ** posterior[rows]) / _DROPOUTS
    buys_seen = 1 - (weighed / (weighed + buying)) ** posterior
    return Outlook(
        is_known=block.joined_day < as_of,
        is_active=is_active,
        months_annoyed=np.zeros(block.size, dtype=np.int64),
        p_leaves=np.where(is_active, -np.expm1(-bought.rate * bought.dropout * leaving), 0.0),
        p_buys=np.where(is_active, -np.expm1(-bought.rate * buying), 0.0),
        p_active_seen=p_active,
        p_leaves_seen=p_active * leaves_seen,
        p_buys_seen=p_active * buys_seen,
    )
