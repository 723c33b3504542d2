"""The best observer: P(active), P(leaves) and P(buys) of each customer, given all tables.

The observer knows the recipe and the tables (``history``), and nothing else about a customer.
Nothing is fitted: every probability is computed from the recipe's likelihood by Bayes' rule. Given
the segment and the moment of leaving, five parts of the history are independent: the times of
purchases and visits (``activity``), openings of mails (``openings``), reactions to orders
(``moods``, ``evidence``), the plan (``plans``), and the content of orders, views and statements
(``likeness``). The weight of a segment k and a moment t is therefore the product of five
likelihoods, and the probabilities are sums over k and t. No model that learns from the tables can
rank customers better, except by chance or leakage.

Three approximations are made. Sums over hidden numbers are quadratures. Leaving is taken as uniform
within a span between two edges (starts of months, days of mails), and mails of one kind and day as
simultaneous. Prices are approximated as described in ``likeness``.
``tests/truth/test_best_observer.py`` compares the observer with importance sampling under the
generator's laws.
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
    """Probabilities as of the start of a month, given the tables; arrays of shape (customers,).

    Attributes
    ----------
    p_active, p_leaves, p_buys : array of float
        Probability of being active, and of being active and leaving, or buying, within the horizon.
    """

    p_active: Floats
    p_leaves: Floats
    p_buys: Floats


def observe(population: Population, horizon: Horizon) -> Observed:
    """Compute the probabilities from a block's tables up to the start of a month."""
    known = history(population, horizon.month)
    what = hypotheses(population.block, _states_age(population))
    what = what.updated(likeness(known, what))
    by_hazard = population.block.recipe.leaving.process == "hazard"
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
        mass = np.log(felt.leaving * _share_after_activity(known, edges, points)[owner])
        staying = np.log(felt.staying.sum(axis=(1, 2)))
    plan = log_plans(known)[owner]
    month = month_of(block, edges[:-1])
    # Simpson's rule over the part of each span after the customer's latest activity.
    ends = np.stack([active.at_edges[:, :-1], active.within + np.log(4), active.at_edges[:, 1:]])
    left = what.log_share[:, None] + logsumexp(ends, axis=0) - np.log(6) + mass
    left = logsumexp(left + opened[:, :-1] + plan[:, month], axis=1)
    there = what.log_share + active.at_edges[:, -1] + staying + opened[:, -1] + plan[:, -1]
    if block.recipe.plan.is_contractual:  # The tables show the end of the contract.
        left = np.full(len(owner), -np.inf)
    leaves, buys = _ahead(known, what, horizon, active, felt)
    found = _sum_hypotheses(block.size, owner, left, there, leaves, buys)
    if not block.recipe.plan.is_contractual:
        return found
    is_active = known.population.purchases.left_day >= known.as_of
    return Observed(
        p_active=is_active.astype(float),
        p_leaves=found.p_leaves * is_active,
        p_buys=found.p_buys * is_active,
    )


def _by_dropout(known: History, what: Hypotheses, horizon: Horizon) -> Observed:
    block, owner, purchases = known.block, what.owner, known.population.purchases
    end = np.full(block.size, known.as_of)
    active = activity(known, what, np.stack([known.last, end], axis=1))
    chances = np.maximum(known.orders - 1, 0)
    leaves_at, stays = log_dropout(block.recipe, chances)
    latest = known.begin.copy()
    day = block.clock.day_of(purchases.placed_at[known.before])
    np.maximum.at(latest, purchases.owner[known.before], day)
    # A visit after the latest purchase shows that the customer did not leave then.
    leaves_at = np.where(known.last > latest + 1e-9, -np.inf, leaves_at)
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
    return _sum_hypotheses(block.size, owner, left, there, leaves, buys)


def _sum_hypotheses(
    size: int, owner: Integers, left: Floats, there: Floats, leaves: Floats, buys: Floats
) -> Observed:
    """Sum the weights over the hypotheses of each customer.

    ``left`` and ``there`` are the log weights of having left and of being active; ``leaves`` and
    ``buys`` are P(leaves) and P(buys) of each hypothesis.
    """
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
    """Return P(leaves) and P(buys) of each hypothesis, given that the customer is active."""
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
    mailings = Mailings.ahead(
        block, known.population.purchases, horizon, owner=what.owner, kind=what.kind
    )
    buys = (active.weight * buying_within(mailings, staying, active.rate)).sum(axis=1)
    return leaves, buys


def _two_rates(active: Activity) -> list[tuple[Floats, Floats]]:
    """Return two rates and weights with the same first three moments as all rates (Gauss)."""
    mean = (active.weight * active.rate).sum(axis=1)
    off = active.rate - mean[:, None]
    sd = np.sqrt((active.weight * off**2).sum(axis=1))
    skew = (active.weight * off**3).sum(axis=1) / np.maximum(sd, 1e-300) ** 3
    root = np.sqrt(1 + (skew / 2) ** 2)
    return [
        ((1 + side * skew / 2 / root) / 2, np.maximum(mean + sd * (skew / 2 - side * root), 0.0))
        for side in (1, -1)
    ]


def _share_after_activity(known: History, edges: Floats, points: Floats) -> Floats:
    """Return the share of each span, from joining on, after the customer's latest activity."""
    length = edges[1:] - np.clip(known.begin[:, None], edges[:-1], edges[1:])
    found: Floats = np.diff(points, axis=1) / np.maximum(length, 1e-12)
    return found


def _states_age(population: Population) -> Flags:
    """Return whether the tables have each customer's birth year or age band."""
    people = population.tables["customers"]
    found: Flags = (
        people["birth_year"].is_not_null() | people["age_band"].is_not_null()
    ).to_numpy()
    return found
