"""Possible effects of randomised mailings on coming purchases.

It is not known in advance whether a customer will get a coming mailing: it needs a permission that
is still valid, and the random arm. For a mailing that was sent already, the arm is known, and an
additional purchase is the less probable the fewer of the mailing's days are left.
"""

from dataclasses import dataclass

import numpy as np

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.draws import Floats, Integers
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.experiments import assign_experiments
from workbench.synthetic.people.permissions import Decision, all_decisions
from workbench.synthetic.recipes import Campaign
from workbench.synthetic.shop.purchasing import MAILED, Purchases
from workbench.synthetic.truth.horizon import Horizon

Case = tuple[Floats, Floats, Floats]


@dataclass(frozen=True, slots=True)
class Mailings:
    """Cases of coming mailings; rows are customers or hypotheses.

    Each case has its probability, shape (rows,), the operational days up to the end of each coming
    month, shape (rows, months + 1), and the probability that no mailing causes a purchase in them.
    """

    cases: list[Case]

    @classmethod
    def ahead(
        cls,
        block: Block,
        purchases: Purchases,
        horizon: Horizon,
        *,
        owner: Integers,
        segment: Integers,
    ) -> "Mailings":
        """Return the cases for rows of these customers and segments."""
        starts = horizon.starts(block)
        days = np.minimum(starts, starts[0] + horizon.days).astype(np.float64)
        passed = block.clock.operational(days) - block.clock.operational(days[:1])
        shape = (len(owner), len(days))
        cases = [(np.ones(len(owner)), np.broadcast_to(passed, shape), np.ones(shape))]
        if not block.recipe.campaigns:
            return cls(cases)
        marketing = all_decisions(block)["marketing.communications"]
        for number, mailing in enumerate(assign_experiments(block, marketing)):
            begin, end = (
                (at - block.clock.start_at) / DAY_SECONDS for at in (mailing.at, mailing.until)
            )
            if end <= days[0] or begin >= days[-1]:
                continue
            effect = effects_of(block, mailing.name)[segment]
            if begin < days[0]:
                share = mailing.is_treated.astype(float)[owner]
                has_gained = np.zeros(block.size, dtype=bool)
                has_gained[purchases.owner[_caused_sales(block, purchases, number, days[0])]] = True
                gone = (days[0] - begin) / (end - begin)
                left = (1 - gone) / (1 - np.maximum(effect, 0) * gone)
                gains = np.where(has_gained[owner], 0.0, np.maximum(effect, 0.0) * left)
            else:
                share = (
                    mailing.share * _p_still_allowed(block, marketing, days[0], mailing.at)[owner]
                )
                gains = np.maximum(effect, 0.0)
            begin = max(begin, days[0])
            within = np.clip(days, begin, end)
            worked = block.clock.operational(within) - block.clock.operational(within[:1])
            part = (within - begin) / (end - begin)
            further = np.minimum(effect, 0.0)[:, None] * worked
            without = 1 - gains[:, None] * part
            cases = [
                each
                for chance, at, none in cases
                for each in (
                    (chance * share, at + further, none * without),
                    (chance * (1 - share), at, none),
                )
            ]
        return cls(cases)


def effects_of(block: Block, campaign: str) -> Floats:
    """Return the effect of a mailing on each segment."""
    rule: Campaign = block.recipe.campaigns[campaign]
    return np.array([rule.effect.get(name, 0.0) for name in block.recipe.segments])


def _caused_sales(block: Block, purchases: Purchases, number: int, as_of: float) -> Integers:
    """Return the sales before a day that a mailing caused."""
    before = block.clock.day_of(purchases.placed_at) < as_of
    return np.flatnonzero(before & (purchases.place == MAILED + number))


def _p_still_allowed(block: Block, marketing: Decision, as_of: float, at: int) -> Floats:
    """Return the probability that a permission is valid at a coming instant, given it is now."""
    rate = block.recipe.permissions.marketing.withdrawn
    now = block.clock.start_at + int(as_of) * DAY_SECONDS
    span = np.maximum(block.clock.end_at - 1 - marketing.decided_at, 1)
    by_now, by_then = (
        np.clip((instant - marketing.decided_at) / span, 0.0, 1.0) for instant in (now, at)
    )
    holds = marketing.holds(np.full(block.size, now), np.arange(block.size))
    found: Floats = np.where(holds, (1 - rate * by_then) / (1 - rate * by_now), 0.0)
    return found
