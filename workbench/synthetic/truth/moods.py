"""Probability of leaving in each span by the hazard and the reactions to orders: a monthly filter.

The hazard of a month depends on the frailty z, which no table records, and on the mood, the number
of months for which the customer is still annoyed. Let v(z, s, j) be the weight of being active at
the start of a month with j such months and the own satisfaction s, h(z, j) the hazard, c(s) the
likelihood of the reactions to the month's orders if no order annoyed, and a(s) their likelihood
over both states. Then

    v'(z, s, max(j - 1, 0)) += v(z, s, j) exp(-h(z, j)) c(s),
    v'(z, s, K) += v(z, s, j) exp(-h(z, j)) (a(s) - c(s)).

The weight of leaving between two days of the month is the sum over z, s and j of
v(z, s, j) (exp(-h(z, j) f1) - exp(-h(z, j) f2)) a(s), where f1 and f2 are the parts of the month
before the two days. Sums over z and s are Gauss-Hermite.
"""

from dataclasses import dataclass

import numpy as np

from workbench.synthetic.draws import Floats
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.leaving import (
    month_days,
    month_of,
    monthly_hazards,
    payment_failure_hazard,
)
from workbench.synthetic.truth.evidence import OWN_NODES, OWN_WEIGHTS, Evidence
from workbench.synthetic.truth.history import History
from workbench.synthetic.truth.hypotheses import Hypotheses

_FRAILTIES = 5


@dataclass(frozen=True, slots=True)
class Moods:
    """Result of the filter; rows are hypotheses.

    Attributes
    ----------
    leaving : array of float, shape (rows, edges - 1)
        Weight of having left between two edges.
    staying : array of float, shape (rows, frailties, moods)
        Weight of being active, by frailty and by number of months for which the customer is
        still annoyed.
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


def calm_hazard_of(block: Block, hypotheses: Hypotheses, months: range) -> Floats:
    """Return the hazard of each month without frailty and annoyance, shape (rows, months)."""
    monthly = -np.log1p(-hypotheses.segment_values(block, "leaving_per_month")) * hypotheses.leaving
    joined = month_of(block, block.joined_day)[hypotheses.owner]
    return monthly_hazards(block.recipe, monthly, joined, months)


def filter_moods(
    history: History, hypotheses: Hypotheses, evidence: Evidence, edges: Floats
) -> Moods:
    """Run the filter.

    Parameters
    ----------
    history : History
    hypotheses : Hypotheses
    evidence : Evidence
    edges : array of float, shape (edges,)
        Days from the first day to the day of the history, ascending, with all starts of months.
    """
    block, owner = history.block, hypotheses.owner
    rule, starts = block.recipe.leaving, month_days(block, history.month).astype(float)
    frailty_nodes, share = frailties(block)
    lasting = rule.annoyed_months + 1
    calm, every = _likelihoods_by_month(history, evidence)
    hazard = calm_hazard_of(block, hypotheses, range(history.month))
    factor = (
        np.where(np.arange(lasting) > 0, rule.annoyed, 1.0)[None, :]
        * np.exp(frailty_nodes)[:, None]
    )
    failing = payment_failure_hazard(block)
    weights = np.zeros((len(owner), len(frailty_nodes), len(OWN_NODES), lasting))
    weights[..., 0] = share[:, None] * OWN_WEIGHTS[None, :]
    leaving = np.zeros((len(owner), len(edges) - 1))
    begin = history.begin[owner]
    for month in range(history.month):
        first, last = starts[month], starts[month + 1]
        spans = np.flatnonzero((edges[:-1] >= first) & (edges[:-1] < last))
        cuts = edges[[*spans, spans[-1] + 1]]
        month_share = np.maximum(cuts[None, :] - np.maximum(begin, first)[:, None], 0.0) / (
            last - first
        )
        pace = hazard[:, month, None, None] * factor[None] + failing
        of_month = weights * every[owner, month][:, None, :, None]
        by_mood = of_month.sum(axis=2)
        alive = np.exp(-pace[..., None] * month_share[:, None, None, :])
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


def _likelihoods_by_month(history: History, evidence: Evidence) -> tuple[Floats, Floats]:
    """Return c(s) and a(s) of each month, shape (customers, months, nodes of s)."""
    block, plan = history.block, history.block.recipe.plan
    day = block.clock.day_of(evidence.placed_at)
    month = month_of(block, day)
    logs = np.zeros((2, block.size, history.month, len(OWN_NODES)))
    with np.errstate(divide="ignore"):
        np.add.at(logs[0], (evidence.owner, month), np.log(evidence.calm))
        np.add.at(logs[1], (evidence.owner, month), np.log(evidence.calm + evidence.annoyed))
    calm, every = np.exp(logs)
    for rise in plan.price_rises if plan.is_contractual else ():
        place = int(rise.at * block.recipe.months)
        if place < history.month:
            calm[:, place] *= 1 - rise.annoys
    return calm, every
