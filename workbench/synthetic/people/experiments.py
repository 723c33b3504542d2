"""Randomised mailings: the customers in the treated and in the control arm of each.

All customers who have joined and allow marketing by e-mail at the time of the mailing take part. A
random number that depends on nothing else assigns them to an arm, so the propensity is the same for
all of them.
"""

from dataclasses import dataclass

import numpy as np

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.draws import Flags, Floats
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.permissions import Decision

_SENT_SECOND = 36_000  # Mailings are sent at 10 o'clock.


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """One mailing and its hold-out.

    Attributes
    ----------
    name : str
        Id of the campaign.
    at, until : int
        Time of the mailing, and time at which its effect ends, in seconds since 1970.
    share : float
        Propensity: probability of getting the mail.
    takes_part, is_treated : array of bool, shape (customers,)
        Whether the customer is in either arm; whether the customer gets the mail.
    effect : array of float, shape (customers,)
        Effect of the mail, see ``Campaign.effect``; 0 for customers who do not take part.
    """

    name: str
    at: int
    until: int
    share: float
    takes_part: Flags
    is_treated: Flags
    effect: Floats


def assign_experiments(block: Block, marketing: Decision) -> list[Experiment]:
    """Assign the customers of a block to the arms of all mailings of the recipe."""
    made = []
    for name, campaign in block.recipe.campaigns.items():
        at = mailing_second(block, campaign.at)
        everybody = np.arange(block.size)
        takes_part = marketing.holds(np.full(block.size, at), everybody) & (block.joined_at < at)
        effects = np.array([campaign.effect.get(each, 0.0) for each in block.recipe.segments])
        is_treated = takes_part & (block.u(f"arm of {name}") < campaign.treated)
        made.append(
            Experiment(
                name=name,
                at=at,
                until=at + campaign.days * DAY_SECONDS,
                share=campaign.treated,
                takes_part=takes_part,
                is_treated=is_treated,
                effect=np.where(takes_part, effects[block.segment], 0.0),
            )
        )
    return made


def mailing_second(block: Block, moment: float) -> int:
    """Return the second since 1970 at which a mailing is sent at a moment of the world."""
    return block.clock.start_at + int(moment * block.clock.days) * DAY_SECONDS + _SENT_SECOND
