"""What is coming for a customer as of a month: leaving, and buying again.

Two see it. The *oracle* knows everything of the customer but the draws to come: rate, frailty,
whether active, what has happened. The *observer* knows the recipe, the customer's kind and groups
and all that has happened to the customer, but neither rate, nor frailty, nor, where there is no
contract, the leaving; what can be known of these follows from the history by Bayes' rule. No model
that learns from the tables can do better than the observer, save by leakage.

Leaving depends on bad experiences still to come. A customer's state is the number of months for
which annoyance will last; with s_m(j) the survival of month m in state j and q_m the probability of
a bad experience in it, the probabilities of the states move by

    v(K) <- q_m sum_j v(j) s_m(j),    v(max(j - 1, 0)) <- (1 - q_m) v(j) s_m(j),

and what is missing from 1 after H months is P(leaves within H). Bad experiences beyond those of the
usual purchases (of purchases that mailings bring) are not counted.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.draws import Flags, Floats, Integers
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.leaving import (
    calm_hazard,
    failing_hazard,
    frailty,
    month_days,
)
from workbench.synthetic.shop.purchasing import (
    Purchases,
    annoying_share,
    experiences,
)
from workbench.synthetic.truth.observer import observed


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is coming, as of the first moment of a month; arrays of shape (customers,).

    Attributes
    ----------
    is_known, is_active : array of bool
        Whether the customer has joined; and not left.
    months_annoyed : array of int
        Months for which annoyance lasts from here on.
    p_leaves, p_buys : array of float
        Oracle's probability of leaving within the months, of buying within the days; 0 for who has
        left.
    p_active_seen, p_leaves_seen, p_buys_seen : array of float
        Observer's, of being active, and of being active and leaving, or buying.
    """

    is_known: Flags
    is_active: Flags
    months_annoyed: Integers
    p_leaves: Floats
    p_buys: Floats
    p_active_seen: Floats
    p_leaves_seen: Floats
    p_buys_seen: Floats


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What is the same for oracle and observer: of the coming months, shape (customers, months).

    ``calm`` is the hazard without frailty, ``pace`` the operational days, ``annoys`` the
    probability that an order annoys, ``rises`` that a rise of the price does.
    """

    calm: Floats
    pace: Floats
    annoys: Floats
    rises: list[float]
    months_annoyed: Integers


def outlook(
    block: Block, bought: Purchases, *, month: int, horizon_months: int, horizon_days: int
) -> Outlook:
    """Return the outlook as of the start of a month of the world.

    Parameters
    ----------
    block : Block
    bought : Purchases
    month : int
        0 to the number of months of the world, which is the data end.
    horizon_months, horizon_days : int
        For leaving, 1 to 12; for buying, 1 to 365.
    """
    starts = month_days(block, month + max(horizon_months, horizon_days // 28 + 1))
    as_of = float(starts[month])
    day = (bought.placed_at - block.clock.start_at) / DAY_SECONDS
    before = day < as_of
    bad = before & bought.annoys
    experienced = experiences(block, bought.owner[bad], day[bad])
    experienced[:, month:] = False
    ahead = _ahead(block, experienced, starts, month)
    is_known = block.joined_day < as_of
    is_active = is_known & (bought.left_day >= as_of)
    own = frailty(block)
    p_leaves = _p_leaves(block, ahead, own, bought.rate, horizon_months)
    p_buys = _p_buys(block, ahead, own, bought.rate, starts[month:], horizon_days)
    seen = observed(
        block, bought, before=before, experienced=experienced, starts=starts[: month + 1]
    )
    p_active = is_active.astype(float) if block.recipe.plan.is_contractual else seen.p_active
    leaves_seen, buys_seen = np.zeros(block.size), np.zeros(block.size)
    for weight, felt, rate in seen.nodes:
        leaves_seen += weight * _p_leaves(block, ahead, felt, rate, horizon_months)
        buys_seen += weight * _p_buys(block, ahead, felt, rate, starts[month:], horizon_days)
    return Outlook(
        is_known=is_known,
        is_active=is_active,
        months_annoyed=ahead.months_annoyed,
        p_leaves=np.where(is_active, p_leaves, 0.0),
        p_buys=np.where(is_active, p_buys, 0.0),
        p_active_seen=p_active,
        p_leaves_seen=p_active * leaves_seen,
        p_buys_seen=p_active * buys_seen,
    )


def _ahead(block: Block, experienced: Flags, starts: Integers, month: int) -> _Ahead:
    rule, coming = block.recipe.leaving, range(month, len(starts) - 1)
    lasting = np.zeros(block.size, dtype=np.int64)
    for ago in range(1, min(rule.annoyed_months, month) + 1):
        left = (rule.annoyed_months - ago + 1) * experienced[:, month - ago]
        lasting = np.maximum(lasting, left)
    pace = np.diff(block.clock.operational(starts[month:].astype(np.float64)))
    share = [annoying_share(block, m / block.recipe.months) for m in coming]
    return _Ahead(
        calm=calm_hazard(block, np.zeros(block.size), coming),
        pace=pace,
        annoys=np.stack(share, axis=1),
        rises=[_rise(block, m) for m in coming],
        months_annoyed=lasting,
    )


def _rise(block: Block, month: int) -> float:
    """Return the probability that the plan's price rises in a month and annoys."""
    plan = block.recipe.plan
    calm = [
        1 - rise.annoys
        for rise in (plan.price_rises if plan.is_contractual else ())
        if int(rise.at * block.recipe.months) == month
    ]
    return 1 - math.prod(calm)


def _p_leaves(
    block: Block, ahead: _Ahead, felt: Floats, rate: Floats, horizon_months: int
) -> Floats:
    rule = block.recipe.leaving
    failing, worst = failing_hazard(block), rule.annoyed_months
    states = np.zeros((worst + 1, block.size))
    states[ahead.months_annoyed, np.arange(block.size)] = 1.0
    for step in range(horizon_months):
        hazard = ahead.calm[:, step] * np.exp(felt)
        calm = np.exp(-hazard - failing)
        annoyed = np.exp(-hazard * rule.annoyed - failing)
        kept = states * annoyed
        kept[0] = states[0] * calm
        bad = -np.expm1(-rate * ahead.pace[step] * ahead.annoys[:, step])
        bad = 1 - (1 - bad) * (1 - ahead.rises[step])
        moved = np.zeros_like(states)
        moved[:-1] = kept[1:] * (1 - bad)
        moved[0] += kept[0] * (1 - bad)
        moved[worst] += kept.sum(axis=0) * bad
        states = moved
    leaves: Floats = 1 - states.sum(axis=0)
    return leaves


def _p_buys(
    block: Block, ahead: _Ahead, felt: Floats, rate: Floats, starts: Integers, horizon_days: int
) -> Floats:
    """Return P(buys within the days | active).

    Up to the first purchase nothing new happens, so the hazard is known; within a month it and the
    pace are taken as even: lambda s / (lambda s + h) (1 - exp(-(lambda s + h))) of what is left.
    """
    surviving, bought = np.ones(block.size), np.zeros(block.size)
    failing = failing_hazard(block)
    for step, (begin, end) in enumerate(pairwise(starts)):
        part = min(max(starts[0] + horizon_days - begin, 0) / (end - begin), 1.0)
        is_annoyed = ahead.months_annoyed > step
        hazard = ahead.calm[:, step] * np.exp(felt) + failing
        hazard = part * np.where(is_annoyed, hazard * block.recipe.leaving.annoyed, hazard)
        buying = rate * ahead.pace[step] * part
        gone = -np.expm1(-(buying + hazard))
        bought += surviving * gone * buying / np.maximum(buying + hazard, 1e-300)
        surviving *= 1 - gone
    return bought
