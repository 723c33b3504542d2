"""When a customer may have left, by the hazard of leaving alone: a filter over months.

The hazard of a month follows from the frailty z, which nobody sees, and from the mood: for how many
months the customer stays annoyed. With v(z, s, j) the weight of still being there at the start of
a month with j months of annoyance to come and an own satisfaction s, h(z, j) the hazard, c(s) the
likelihood of what followed the month's orders if none of them annoyed and a(s) the likelihood in
all,

    v'(z, s, max(j - 1, 0)) += v(z, s, j) exp(-h(z, j)) c(s),
    v'(z, s, K) += v(z, s, j) exp(-h(z, j)) (a(s) - c(s)),

and customers who leave between two days of the month weigh the sum over z, s and j of
v(z, s, j) (exp(-h(z, j) f1) - exp(-h(z, j) f2)) a(s), with f the part of the month that has passed.
Sums over z and s are Gauss-Hermite.
"""

from dataclasses import dataclass

import numpy as np

from workbench.synthetic.draws import Floats
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.leaving import failing_hazard, hazards, month_days, month_of
from workbench.synthetic.truth.evidence import OWN_NODES, OWN_WEIGHTS, Evidence
from workbench.synthetic.truth.history import History
from workbench.synthetic.truth.hypotheses import Hypotheses

_FRAILTIES = 5


@dataclass(frozen=True, slots=True)
class Moods:
    """What the hazard says; rows are hypotheses.

    Attributes
    ----------
    leaving : array of float, shape (rows, edges - 1)
        Weight of having left between two edges.
    staying : array of float, shape (rows, frailties, moods)
        Weight of being active, with this frailty and so many months of annoyance to come.
    """

    leaving: Floats
    staying: Floats


def frailties(block: Block) -> tuple[Floats, Floats]:
    """Return frailties and their shares in the population."""
    spread = block.recipe.leaving.frailty_sd
    if spread == 0:
        return np.zeros(1), np.ones(1)
    points, weights = np.polynomial.hermite_e.hermegauss(_FRAILTIES)
    return spread * points, weights / weights.sum()


def calm_of(block: Block, what: Hypotheses, months: range) -> Floats:
    """Return the hazard of each month without frailty and annoyance, shape (rows, months)."""
    monthly = -np.log1p(-what.of_kind(block, "leaving_per_month")) * what.leaving
    joined = month_of(block, block.joined_day)[what.owner]
    return hazards(block.recipe, monthly, joined, months)


def moods(known: History, what: Hypotheses, followed: Evidence, edges: Floats) -> Moods:
    """Run the filter.

    Parameters
    ----------
    known : History
    what : Hypotheses
    followed : Evidence
    edges : array of float, shape (edges,)
        Days from the first to that of the history, ascending, among them all starts of months.
    """
    block, owner = known.block, what.owner
    rule, starts = block.recipe.leaving, month_days(block, known.month).astype(float)
    felt, share = frailties(block)
    lasting = rule.annoyed_months + 1
    calm, every = _by_month(known, followed)
    hazard = calm_of(block, what, range(known.month))
    factor = np.where(np.arange(lasting) > 0, rule.annoyed, 1.0)[None, :] * np.exp(felt)[:, None]
    failing = failing_hazard(block)
    weights = np.zeros((len(owner), len(felt), len(OWN_NODES), lasting))
    weights[..., 0] = share[:, None] * OWN_WEIGHTS[None, :]
    leaving = np.zeros((len(owner), len(edges) - 1))
    begin = known.begin[owner]
    for month in range(known.month):
        first, last = starts[month], starts[month + 1]
        spans = np.flatnonzero((edges[:-1] >= first) & (edges[:-1] < last))
        cuts = edges[[*spans, spans[-1] + 1]]
        lived = np.maximum(cuts[None, :] - np.maximum(begin, first)[:, None], 0.0) / (last - first)
        pace = hazard[:, month, None, None] * factor[None] + failing
        of_month = weights * every[owner, month][:, None, :, None]
        by_mood = of_month.sum(axis=2)
        alive = np.exp(-pace[..., None] * lived[:, None, None, :])
        summed = (by_mood[..., None] * alive).sum(axis=(1, 2))
        leaving[:, spans] = summed[:, :-1] - summed[:, 1:]
        kept = weights * alive[..., -1][:, :, None, :]
        good = kept * calm[owner, month][:, None, :, None]
        bad = kept.sum(axis=3) * (every - calm)[owner, month][:, None, :]
        weights = np.zeros_like(weights)
        weights[..., :-1] = good[..., 1:]
        weights[..., 0] += good[..., 0]
        weights[..., -1] += bad
    return Moods(leaving, weights.sum(axis=2))


def _by_month(known: History, followed: Evidence) -> tuple[Floats, Floats]:
    """Return c(s) and a(s) of each month, shape (customers, months, nodes of own)."""
    block, plan = known.block, known.block.recipe.plan
    day = (followed.placed_at - block.clock.start_at) / 86_400
    month = month_of(block, day)
    logs = np.zeros((2, block.size, known.month, len(OWN_NODES)))
    with np.errstate(divide="ignore"):
        np.add.at(logs[0], (followed.owner, month), np.log(followed.calm))
        np.add.at(logs[1], (followed.owner, month), np.log(followed.calm + followed.annoyed))
    calm, every = np.exp(logs)
    for rise in plan.price_rises if plan.is_contractual else ():
        place = int(rise.at * block.recipe.months)
        if place < known.month:
            calm[:, place] *= 1 - rise.annoys
    return calm, every
