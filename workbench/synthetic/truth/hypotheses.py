"""Hypotheses on customers: the possible segments, and age bands where no age is stated."""

from dataclasses import dataclass, fields

import numpy as np
from scipy.special import ndtr

from workbench.synthetic.draws import Flags, Floats, Integers
from workbench.synthetic.people.block import AGE_MEAN, AGE_SD, AGES, Block
from workbench.synthetic.recipes import AGE_BANDS, AGE_EDGES

_RULED_OUT = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypotheses:
    """Hypotheses on customers, one customer after another; arrays of shape (hypotheses,).

    Attributes
    ----------
    owner, kind : array of int
        Row of the customer in the block; code of the segment.
    log_share : array of float
        Logarithm of the probability of the hypothesis by the evidence so far, up to a constant of
        the customer.
    purchases, leaving, order_value : array of float
        Factors of the customer's groups.
    """

    owner: Integers
    segment: Integers
    log_share: Floats
    purchases: Floats
    leaving: Floats
    order_value: Floats

    def segment_values(self, block: Block, name: str) -> Floats:
        """Return one number of each hypothesis' segment, for example ``lines``."""
        found: Floats = block.values_by_segment(name)[self.segment]
        return found

    def updated(self, log_likelihood: Floats) -> "Hypotheses":
        """Return the hypotheses with further evidence.

        Hypotheses are dropped where their probability is at most e^-30 times that of the customer's
        most probable hypothesis.
        """
        share = self.log_share + log_likelihood
        most = np.full(self.owner.max(initial=0) + 1, -np.inf)
        np.maximum.at(most, self.owner, share)
        kept = share > most[self.owner] - _RULED_OUT
        own = {each.name: getattr(self, each.name)[kept] for each in fields(self)}
        return Hypotheses(**own | {"log_share": share[kept]})


def make_hypotheses(block: Block, states_age: Flags) -> Hypotheses:
    """Return all hypotheses on each customer.

    Parameters
    ----------
    block : Block
    states_age : array of bool, shape (customers,)
        Whether the tables have the customer's birth year or age band.
    """
    groups = block.recipe.groups
    bands = [name for name, each in groups.items() if each.attribute == "age_band"]
    # There is one column per age band in a group, and one for all other bands.
    shares = np.array([_share_of_band(name) for name in bands])
    unknown = np.append(shares, 1 - shares.sum())
    inside = [block.is_in("age_band", name) for name in bands]
    inside.append(~np.logical_or.reduce([*inside, np.zeros(block.size, dtype=bool)]))
    own_band = np.stack(inside, axis=1).astype(float)
    weights = np.where(states_age[:, None], own_band, unknown)
    joint = np.array(block.recipe.shares)[None, :, None] * weights[:, None, :]
    owner, segment, band = np.nonzero(joint)
    factors = {}
    for factor_name in ("purchases", "leaving", "order_value"):
        own = np.ones(block.size)
        by_band = np.ones(len(bands) + 1)
        for name, group in groups.items():
            factor = float(getattr(group, factor_name))
            if group.attribute == "age_band":
                by_band[bands.index(name)] *= factor
            else:
                own[block.is_in(group.attribute, name)] *= factor
        factors[factor_name] = own[owner] * by_band[band]
    return Hypotheses(
        owner=owner, segment=segment, log_share=np.log(joint[owner, segment, band]), **factors
    )


def _share_of_band(name: str) -> float:
    """Return the share of an age band among all customers."""
    edges = [*AGE_EDGES, AGES[1] + 1]
    place = AGE_BANDS.index(name)
    low, high = (edges[place] - 0.5, edges[place + 1] - 0.5)  # Ages are rounded.
    below = ndtr((low - AGE_MEAN) / AGE_SD) if place else 0.0
    above = ndtr((high - AGE_MEAN) / AGE_SD) if place + 1 < len(AGE_BANDS) else 1.0
    return float(above - below)
