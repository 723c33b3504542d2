"""What randomised mailings really do to each customer.

A mail with effect e > 0 adds one purchase with probability e; with e < 0 it takes away each
purchase of its days with probability -e. With m expected purchases in these days while active,

    p_without = 1 - exp(-m),
    p_with = 1 - (1 - e) exp(-m)  or  1 - exp(-m (1 + e)),

the probabilities that at least one is made; uplift is the one less the other. Both outcomes of a
customer come from the same draws, so nobody who would have bought is lost to a mail that adds
(monotone coupling: an assumption of the world). Who has left by then is beyond reach: 0 and 0.
Leaving within the days is not counted.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.experiments import Experiment
from workbench.synthetic.shop.purchasing import Purchases


def uplift(block: Block, bought: Purchases, mailings: Sequence[Experiment]) -> pl.DataFrame:
    """Return one row per customer and mailing that the customer took part in.

    Returns
    -------
    DataFrame, shape (participations, 9)
        ``record_id``; ``campaign_id``; ``is_treated``; ``propensity``; ``is_active`` (at the
        mailing); ``p_buys_without``, ``p_buys_with``, ``uplift``; ``bought`` (within the days).
    """
    return pl.concat([_of_mailing(block, bought, each) for each in mailings])


def _of_mailing(block: Block, bought: Purchases, mailing: Experiment) -> pl.DataFrame:
    clock = block.clock
    begin, end = ((at - clock.start_at) / DAY_SECONDS for at in (mailing.at, mailing.until))
    passed = np.diff(clock.operational(np.array([begin, end])))[0]
    is_active = bought.left_day >= begin
    expected = bought.rate * passed
    effect = mailing.effect
    without = -np.expm1(-expected)
    with_it = np.where(
        effect >= 0,
        1 - (1 - np.maximum(effect, 0)) * np.exp(-expected),
        -np.expm1(-expected * (1 + np.minimum(effect, 0))),
    )
    within = (bought.placed_at >= mailing.at) & (bought.placed_at < mailing.until)
    has_bought = np.bincount(bought.owner[within], minlength=block.size) > 0
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
