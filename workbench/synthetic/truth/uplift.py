"""True effects of randomised mailings on each customer.

A mail with effect e > 0 adds one purchase with probability e; a mail with e < 0 removes each
purchase in its days with probability -e. With m expected purchases in these days while active,

    p_without = 1 - exp(-m),
    p_with = 1 - (1 - e) exp(-m)  or  1 - exp(-m (1 + e)),

are the probabilities of at least one purchase; uplift is their difference. Both outcomes of a
customer come from the same draws, so a mail with e > 0 never prevents a purchase (monotone
coupling, an assumption of the world). Both probabilities are 0 for customers who left before the
mail. Leaving within the days is ignored.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.experiments import Experiment
from workbench.synthetic.shop.purchasing import Purchases


def uplift_truth(
    block: Block, purchases: Purchases, mailings: Sequence[Experiment]
) -> pl.DataFrame:
    """Return the truth about mailings, one row per mailing and customer who takes part.

    Returns
    -------
    DataFrame, shape (participations, 9)
        ``record_id``; ``campaign_id``; ``is_treated``; ``propensity``; ``is_active`` (at the
        mailing); ``p_buys_without``, ``p_buys_with``, ``uplift``; ``bought`` (within the days).
    """
    return pl.concat([_of_mailing(block, purchases, each) for each in mailings])


def _of_mailing(block: Block, purchases: Purchases, mailing: Experiment) -> pl.DataFrame:
    clock = block.clock
    begin, end = ((at - clock.start_at) / DAY_SECONDS for at in (mailing.at, mailing.until))
    passed = np.diff(clock.operational(np.array([begin, end])))[0]
    is_active = purchases.left_day >= begin
    expected = purchases.rate * passed
    effect = mailing.effect
    without = -np.expm1(-expected)
    with_it = np.where(
        effect >= 0,
        1 - (1 - np.maximum(effect, 0)) * np.exp(-expected),
        -np.expm1(-expected * (1 + np.minimum(effect, 0))),
    )
    within = (purchases.placed_at >= mailing.at) & (purchases.placed_at < mailing.until)
    has_bought = np.bincount(purchases.owner[within], minlength=block.size) > 0
    rows = np.flatnonzero(mailing.takes_part)
    without, with_it = (np.where(is_active, each, 0.0)[rows] for each in (without, with_it))
    return pl.DataFrame(
        {
            "record_id": block.record_id[rows],
            "campaign_id": mailing.name,
            "is_treated": mailing.is_treated[rows],
            "propensity": mailing.share,
            "is_active": is_active[rows],
            "p_buys_without": without.round(6),
            "p_buys_with": with_it.round(6),
            "uplift": (with_it - without).round(6),
            "bought": has_bought[rows],
        }
    )
