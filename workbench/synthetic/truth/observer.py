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
from workbench.synthetic.truth.activity import Activity, weigh_activity
from workbench.synthetic.truth.dropout import ahead_if_active, log_dropout
from workbench.synthetic.truth.evidence import weigh_evidence
from workbench.synthetic.truth.history import History, read_history
from workbench.synthetic.truth.horizon import Horizon, month_parts
from workbench.synthetic.truth.hypotheses import Hypotheses, make_hypotheses
from workbench.synthetic.truth.likeness import log_likeness
from workbench.synthetic.truth.mailings import Mailings
from workbench.synthetic.truth.moods import Moods, calm_hazard_of, filter_moods, frailties
from workbench.synthetic.truth.openings import weigh_openings
from workbench.synthetic.truth.outlook import MonthsAhead, p_buys_within
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
    history = read_history(population, horizon.month)
    hypotheses = make_hypotheses(population.block, _states_age(population))
    hypotheses = hypotheses.updated(log_likeness(history, hypotheses))
    by_hazard = population.block.recipe.leaving.process == "hazard"
    return (_by_hazard if by_hazard else _by_dropout)(history, hypotheses, horizon)


def _by_hazard(history: History, hypotheses: Hypotheses, horizon: Horizon) -> Observed:
    block, owner = history.block, hypotheses.owner
    starts = month_days(block, history.month).astype(float)
    mail = weigh_openings(history)
    edges = np.unique(np.concatenate([starts, mail.days]))
    points = np.maximum(edges[None, :], history.last[:, None])
    active = weigh_activity(history, hypotheses, points)
    moods = filter_moods(history, hypotheses, weigh_evidence(history), edges)
    with np.errstate(divide="ignore"):
        opened = np.log(mail.of_leaving(edges))[owner]
        mass = np.log(moods.leaving * _share_after_activity(history, edges, points)[owner])
        staying = np.log(moods.staying.sum(axis=(1, 2)))
    plan = log_plans(history)[owner]
    month = month_of(block, edges[:-1])
    # Simpson's rule over the part of each span after the customer's latest activity.
    ends = np.stack([active.at_edges[:, :-1], active.within + np.log(4), active.at_edges[:, 1:]])
    left = hypotheses.log_share[:, None] + logsumexp(ends, axis=0) - np.log(6) + mass
    left = logsumexp(left + opened[:, :-1] + plan[:, month], axis=1)
    there = hypotheses.log_share + active.at_edges[:, -1] + staying + opened[:, -1] + plan[:, -1]
    if block.recipe.plan.is_contractual:  # The tables show the end of the contract.
        left = np.full(len(owner), -np.inf)
    leaves, buys = _ahead(history, hypotheses, horizon, active, moods)
    found = _sum_hypotheses(block.size, owner, left, there, leaves, buys)
    if not block.recipe.plan.is_contractual:
        return found
    is_active = history.population.purchases.left_day >= history.as_of
    return Observed(
        p_active=is_active.astype(float),
        p_leaves=found.p_leaves * is_active,
        p_buys=found.p_buys * is_active,
    )


def _by_dropout(history: History, hypotheses: Hypotheses, horizon: Horizon) -> Observed:
    block, owner, purchases = history.block, hypotheses.owner, history.population.purchases
    end = np.full(block.size, history.as_of)
    active = weigh_activity(history, hypotheses, np.stack([history.last, end], axis=1))
    chances = np.maximum(history.orders - 1, 0)
    leaves_at, stays = log_dropout(block.recipe, chances)
    latest = history.begin.copy()
    day = block.clock.day_of(purchases.placed_at[history.before])
    np.maximum.at(latest, purchases.owner[history.before], day)
    # A visit after the latest purchase shows that the customer did not leave then.
    leaves_at = np.where(history.last > latest + 1e-9, -np.inf, leaves_at)
    mail = weigh_openings(history)
    edges = np.unique(np.concatenate([[0.0], mail.days, [history.as_of]]))
    opened = np.log(mail.of_leaving(edges))
    span = np.searchsorted(edges, latest, "right") - 1
    left = (
        hypotheses.log_share
        + active.at_edges[:, 0]
        + (leaves_at + opened[np.arange(block.size), span])[owner]
    )
    there = hypotheses.log_share + active.at_edges[:, -1] + (stays + opened[:, -1])[owner]
    leaves, buys = ahead_if_active(block, horizon, chances[owner], active.rate, active.weight)
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
    history: History, hypotheses: Hypotheses, horizon: Horizon, active: Activity, moods: Moods
) -> tuple[Floats, Floats]:
    """Return P(leaves) and P(buys) of each hypothesis, given that the customer is active."""
    block, starts = history.block, horizon.starts(history.block)
    months = range(horizon.month, horizon.month + len(starts) - 1)
    ahead = MonthsAhead.of(
        block, horizon, calm_hazard_of(block, hypotheses, months), hypotheses.segment
    )
    weight = moods.staying / np.maximum(moods.staying.sum(axis=(1, 2), keepdims=True), 1e-300)
    whole, parts = np.ones(horizon.months), month_parts(starts, horizon.days)
    leaves = np.zeros(len(hypotheses.owner))
    staying = np.zeros((len(hypotheses.owner), len(parts) + 1))
    rates = _two_rates(active)
    for place, frailty in enumerate(frailties(block)[0]):
        states = weight[:, place]
        staying += ahead.survivals(states, frailty, 0.0, parts)
        for share, rate in rates:
            survived = ahead.survivals(states, frailty, rate, whole)
            leaves += share * (survived[:, 0] - survived[:, -1])
    mailings = Mailings.ahead(
        block,
        history.population.purchases,
        horizon,
        owner=hypotheses.owner,
        segment=hypotheses.segment,
    )
    buys = (active.weight * p_buys_within(mailings, staying, active.rate)).sum(axis=1)
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


def _share_after_activity(history: History, edges: Floats, points: Floats) -> Floats:
    """Return the share of each span, from joining on, after the customer's latest activity."""
    length = edges[1:] - np.clip(history.begin[:, None], edges[:-1], edges[1:])
    found: Floats = np.diff(points, axis=1) / np.maximum(length, 1e-12)
    return found


def _states_age(population: Population) -> Flags:
    """Return whether the tables have each customer's birth year or age band."""
    people = population.tables["customers"]
    found: Flags = (
        people["birth_year"].is_not_null() | people["age_band"].is_not_null()
    ).to_numpy()
    return found
