"""Who is in which arm of the company's randomised mailings.

Everybody known who allows marketing by e-mail when the mailing goes out takes part; a coin that
knows nothing else decides who is mailed and who is held out, so the propensity is the same for all.
"""

from dataclasses import dataclass

import numpy as np

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.draws import Flags, Floats
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.permissions import Decision

_HOUR = 36_000  # mailings go out at 10 o'clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """One mailing and its hold-out.

    Attributes
    ----------
    name : str
        The campaign's id.
    at : int
        Second of the mailing, since 1970.
    until : int
        Second up to which it works.
    share : float
        Propensity: probability of being mailed.
    takes_part, is_treated : array of bool, shape (customers,)
        Whether the customer is in either arm; in the one that is mailed.
    effect : array of float, shape (customers,)
        What the mail would do, see ``Campaign.effect``; 0 for who takes no part.
    """

    name: str
    at: int
    until: int
    share: float
    takes_part: Flags
    is_treated: Flags
    effect: Floats


def experiments(block: Block, marketing: Decision) -> list[Experiment]:
    """Assign the customers of a block to the arms of all mailings of the recipe."""
    made = []
    for name, campaign in block.recipe.campaigns.items():
        at = mailed_at(block, campaign.at)
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


def mailed_at(block: Block, moment: float) -> int:
    """Return the second at which a mailing goes out, for a share of the world's time."""
    return block.clock.start_at + int(moment * block.clock.days) * DAY_SECONDS + _HOUR
