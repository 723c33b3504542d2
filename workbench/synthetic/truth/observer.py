"""What the best observer concludes: P(active), P(leaves) and P(buys) given all the tables show.

The observer knows the recipe and the tables (``history``), and nothing else of a customer. Nothing
is fitted: every probability follows from the recipe's likelihood by Bayes' rule. Given the segment
and the moment of leaving, what was bought and visited (``activity``), what was opened
(``openings``), how orders went (``moods``, ``evidence``), the plan (``plans``) and what was bought
and stated (``likeness``) are independent of each other, so the weight of a segment k and a moment t
is the product of the five, and the answer is a sum over k and t. No model that learns from the
tables can rank customers better, save by chance or leakage.

What is not exact: sums over the hidden numbers are quadratures; within a span between two edges
(starts of months, days of mail) leaving is taken as even, and mails of a sending as simultaneous;
prices are taken as described in ``likeness``. ``tests/truth/test_best_observer.py`` compares it
with importance sampling by the generator's own laws.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from workbench.synthetic.draws import Flags, Floats, Integers
from workbench.synthetic.population import Population
from workbench.synthetic.shop.leaving import month_days, month_of
from workbench.synthetic.truth.activity import Activity, activity
from workbench.synthetic.truth.dropout import ahead_of_active, log_dropout
from workbench.synthetic.truth.evidence import evidence
from workbench.synthetic.truth.history import History, history
from workbench.synthetic.truth.horizon import Horizon, parts_of
from workbench.synthetic.truth.hypotheses import Hypotheses, hypotheses
from workbench.synthetic.truth.likeness import likeness
from workbench.synthetic.truth.mailings import Mailings
from workbench.synthetic.truth.moods import Moods, calm_of, frailties, moods
from workbench.synthetic.truth.openings import openings
from workbench.synthetic.truth.outlook import Coming, buying_within
from workbench.synthetic.truth.plans import log_plans


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What the observer concludes as of the start of a month; arrays of shape (customers,).

    Attributes
    ----------
    p_active, p_leaves, p_buys : array of float
        Probability of being active, and of being active and leaving, or buying, within the horizon.
    """

    p_active: Floats
    p_leaves: Floats
    p_buys: Floats


def observe(lived: Population, horizon: Horizon) -> Observed:
    """Conclude from the tables of a block up to the start of a month."""
    known = history(lived, horizon.month)
    what = hypotheses(lived.block, _states_age(lived))
    what = what.updated(likeness(known, what))
    by_hazard = lived.block.recipe.leaving.process == "hazard"
    return (_by_hazard if by_hazard else _by_dropout)(known, what, horizon)


def _by_hazard(known: History, what: Hypotheses, horizon: Horizon) -> Observed:
    block, owner = known.block, what.owner
    starts = month_days(block, known.month).astype(float)
    mail = openings(known)
    edges = np.unique(np.concatenate([starts, mail.days]))
    points = np.maximum(edges[None, :], known.last[:, None])
    active = activity(known, what, points)
    felt = moods(known, what, evidence(known), edges)
    with np.errstate(divide="ignore"):
        opened = np.log(mail.of_leaving(edges))[owner]
        mass = np.log(felt.leaving * _silent(known, edges, points)[owner])
        staying = np.log(felt.staying.sum(axis=(1, 2)))
    plan = log_plans(known)[owner]
    month = month_of(block, edges[:-1])
    # Simpson's rule over what of each span comes after the last sign of activity
    ends = np.stack([active.at_edges[:, :-1], active.within + np.log(4), active.at_edges[:, 1:]])
    left = what.log_share[:, None] + logsumexp(ends, axis=0) - np.log(6) + mass
    left = logsumexp(left + opened[:, :-1] + plan[:, month], axis=1)
    there = what.log_share + active.at_edges[:, -1] + staying + opened[:, -1] + plan[:, -1]
    if block.recipe.plan.is_contractual:  # the end of the contract is in the tables
        left = np.full(len(owner), -np.inf)
    leaves, buys = _ahead(known, what, horizon, active, felt)
    found = _concluded(block.size, owner, left, there, leaves, buys)
    if not block.recipe.plan.is_contractual:
        return found
    is_active = known.lived.bought.left_day >= known.as_of
    return Observed(
        p_active=is_active.astype(float),
        p_leaves=found.p_leaves * is_active,
        p_buys=found.p_buys * is_active,
    )


def _by_dropout(known: History, what: Hypotheses, horizon: Horizon) -> Observed:
    block, owner, bought = known.block, what.owner, known.lived.bought
    end = np.full(block.size, known.as_of)
    active = activity(known, what, np.stack([known.last, end], axis=1))
    chances = np.maximum(known.orders - 1, 0)
    leaves_at, stays = log_dropout(block.recipe, chances)
    latest = known.begin.copy()
    day = (bought.placed_at[known.before] - block.clock.start_at) / 86_400
    np.maximum.at(latest, bought.owner[known.before], day)
    leaves_at = np.where(known.last > latest + 1e-9, -np.inf, leaves_at)  # seen afterwards
    mail = openings(known)
    edges = np.unique(np.concatenate([[0.0], mail.days, [known.as_of]]))
    opened = np.log(mail.of_leaving(edges))
    span = np.searchsorted(edges, latest, "right") - 1
    left = (
        what.log_share
        + active.at_edges[:, 0]
        + (leaves_at + opened[np.arange(block.size), span])[owner]
    )
    there = what.log_share + active.at_edges[:, -1] + (stays + opened[:, -1])[owner]
    leaves, buys = ahead_of_active(block, horizon, chances[owner], active.rate, active.weight)
    return _concluded(block.size, owner, left, there, leaves, buys)


def _concluded(
    size: int, owner: Integers, left: Floats, there: Floats, leaves: Floats, buys: Floats
) -> Observed:
    """Sum over the hypotheses of each customer."""
    most = np.full(size, -np.inf)
    np.maximum.at(most, owner, np.maximum(left, there))
    gone, here = (np.exp(each - most[owner]) for each in (left, there))
    whole = np.bincount(owner, gone + here, minlength=size)
    active, leaving, buying = (
        np.bincount(owner, each, minlength=size) / whole
        for each in (here, here * leaves, here * buys)
    )
    return Observed(p_active=active, p_leaves=leaving, p_buys=buying)


def _ahead(
    known: History, what: Hypotheses, horizon: Horizon, active: Activity, felt: Moods
) -> tuple[Floats, Floats]:
    """Return P(leaves) and P(buys) of each hypothesis, if the customer is active."""
    block, starts = known.block, horizon.starts(known.block)
    months = range(horizon.month, horizon.month + len(starts) - 1)
    coming = Coming.of(block, horizon, calm_of(block, what, months), what.kind)
    weight = felt.staying / np.maximum(felt.staying.sum(axis=(1, 2), keepdims=True), 1e-300)
    whole, parts = np.ones(horizon.months), parts_of(starts, horizon.days)
    leaves = np.zeros(len(what.owner))
    staying = np.zeros((len(what.owner), len(parts) + 1))
    rates = _two_rates(active)
    for place, frailty in enumerate(frailties(block)[0]):
        states = weight[:, place]
        staying += coming.survivals(states, frailty, 0.0, parts)
        for share, rate in rates:
            survived = coming.survivals(states, frailty, rate, whole)
            leaves += share * (survived[:, 0] - survived[:, -1])
    mailings = Mailings.ahead(block, known.lived.bought, horizon, owner=what.owner, kind=what.kind)
    buys = (active.weight * buying_within(mailings, staying, active.rate)).sum(axis=1)
    return leaves, buys


def _two_rates(active: Activity) -> list[tuple[Floats, Floats]]:
    """Return two rates and their weights with the first three moments of all (Gauss)."""
    mean = (active.weight * active.rate).sum(axis=1)
    off = active.rate - mean[:, None]
    sd = np.sqrt((active.weight * off**2).sum(axis=1))
    skew = (active.weight * off**3).sum(axis=1) / np.maximum(sd, 1e-300) ** 3
    root = np.sqrt(1 + (skew / 2) ** 2)
    return [
        ((1 + side * skew / 2 / root) / 2, np.maximum(mean + sd * (skew / 2 - side * root), 0.0))
        for side in (1, -1)
    ]


def _silent(known: History, edges: Floats, points: Floats) -> Floats:
    """Return the part of each span, as far as it was lived, that comes after the last activity."""
    lived = edges[1:] - np.clip(known.begin[:, None], edges[:-1], edges[1:])
    found: Floats = np.diff(points, axis=1) / np.maximum(lived, 1e-12)
    return found


def _states_age(lived: Population) -> Flags:
    """Return whose birth year or age band is in the tables."""
    people = lived.tables["customers"]
    found: Flags = (
        people["birth_year"].is_not_null() | people["age_band"].is_not_null()
    ).to_numpy()
    return found
