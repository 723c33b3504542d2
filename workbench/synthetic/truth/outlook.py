"""The oracle: probabilities that a customer leaves and buys again, as of the start of a month.

The *oracle* knows everything about the customer except the coming draws: segment, rate, frailty,
whether active, and the past. The best observer of the tables (``observer``) knows less, and uses
the same functions for the coming months.

Leaving depends on coming bad experiences. A customer's state j is the number of months for which
the customer is still annoyed. Let s_m(j) be the survival of month m in state j, and q_m the
probability of a bad experience in the month. The probabilities v of the states change by

    v(K) <- q_m sum_j v(j) s_m(j),    v(max(j - 1, 0)) <- (1 - q_m) v(j) s_m(j),

and P(leaves within H months) is 1 less their sum after H months. Bad experiences from purchases
that mailings cause are ignored.

No order can annoy before the next purchase, so P(buys) uses the hazard without further bad
experiences. Let S(m) be the survival to the end of month m, and L(m) the expected purchases up to
then. Then

    P(buys not) = sum_m (S(m - 1) - S(m)) mean of exp(-L) over month m + S(M) exp(-L(M)).
"""

import math
from dataclasses import dataclass

import numpy as np

from workbench.synthetic.draws import Flags, Floats, Integers
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.leaving import (
    frailty,
    hazard_without_annoyance,
    month_days,
    payment_failure_hazard,
)
from workbench.synthetic.shop.purchasing import Purchases, annoying_shares, bad_experience_months
from workbench.synthetic.truth.horizon import Horizon, month_parts
from workbench.synthetic.truth.mailings import Mailings


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Probabilities as of the first moment of a month; arrays of shape (customers,).

    Attributes
    ----------
    is_known, is_active : array of bool
        Whether the customer has joined; whether the customer has joined and not left.
    p_leaves, p_buys : array of float
        Probability of leaving within the months, of buying within the days; 0 for customers who
        have left.
    """

    is_known: Flags
    is_active: Flags
    p_leaves: Floats
    p_buys: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthsAhead:
    """The coming months; one row per customer, or per hypothesis on a customer.

    Attributes
    ----------
    block : Block
    calm : array of float, shape (rows, months)
        Hazard without annoyance; the observer's is also without frailty.
    pace : array of float, shape (months,)
        Operational days in each month.
    annoys : array of float, shape (rows, months)
        Probability that an order annoys.
    rises : list of float
        Probability that a rise of the plan's price in the month annoys.
    """

    block: Block
    calm: Floats
    pace: Floats
    annoys: Floats
    rises: list[float]

    @classmethod
    def of(cls, block: Block, horizon: Horizon, calm: Floats, segment: Integers) -> "MonthsAhead":
        """Make the coming months for rows of these segments."""
        starts = horizon.starts(block)
        months = range(horizon.month, horizon.month + len(starts) - 1)
        shares = [annoying_shares(block, month / block.recipe.months)[segment] for month in months]
        return cls(
            block=block,
            calm=calm,
            pace=np.diff(block.clock.operational(starts.astype(np.float64))),
            annoys=np.stack(shares, axis=1),
            rises=[_annoying_rise(block, month) for month in months],
        )

    def survivals(
        self, states: Floats, log_frailty: Floats | float, rate: Floats | float, parts: Floats
    ) -> Floats:
        """Return the weight of customers who are still active after each month.

        Parameters
        ----------
        states : array of float, shape (rows, moods)
            Weight of each state.
        log_frailty : float, or array of shape (rows,)
            Frailty.
        rate : float, or array of shape (rows,)
            Purchases per operational day; 0 for the time up to the next purchase.
        parts : array of float, shape (months,)
            Part of each month within the horizon.

        Returns
        -------
        array of float, shape (rows, months + 1)
            The first column is the weight at the start.
        """
        annoyed, failing = self.block.recipe.leaving.annoyed, payment_failure_hazard(self.block)
        factor = np.where(np.arange(states.shape[1]) > 0, annoyed, 1.0)
        found = [states.sum(axis=1)]
        for step, part in enumerate(parts):
            hazard = (self.calm[:, step] * np.exp(log_frailty))[:, None] * factor + failing
            kept = states * np.exp(-hazard * part)
            bad = -np.expm1(-rate * self.pace[step] * self.annoys[:, step])
            bad = (1 - (1 - bad) * (1 - self.rises[step]))[:, None]
            states = np.zeros_like(kept)
            states[:, :-1] = kept[:, 1:] * (1 - bad)
            states[:, 0] += kept[:, 0] * (1 - bad[:, 0])
            states[:, -1] += kept.sum(axis=1) * bad[:, 0]
            found.append(kept.sum(axis=1))
        return np.stack(found, axis=1)


def hazard_outlook(block: Block, purchases: Purchases, horizon: Horizon) -> Outlook:
    """Return the outlook of customers who leave by a hazard."""
    starts = horizon.starts(block)
    as_of = float(starts[0])
    lasting = _months_annoyed(block, purchases, horizon.month)
    states = (np.arange(block.recipe.leaving.annoyed_months + 1) == lasting[:, None]).astype(float)
    months = range(horizon.month, horizon.month + len(starts) - 1)
    calm = hazard_without_annoyance(block, frailty(block), months)
    ahead = MonthsAhead.of(block, horizon, calm, block.segment)
    is_active = (block.joined_day < as_of) & (purchases.left_day >= as_of)
    whole = np.ones(horizon.months)
    p_leaves = 1 - ahead.survivals(states, 0.0, purchases.rate, whole)[:, -1]
    staying = ahead.survivals(states, 0.0, 0.0, month_parts(starts, horizon.days))
    every = np.arange(block.size)
    mailings = Mailings.ahead(block, purchases, horizon, owner=every, segment=block.segment)
    p_buys = p_buys_within(mailings, staying, purchases.rate[:, None])[:, 0]
    return Outlook(
        is_known=block.joined_day < as_of,
        is_active=is_active,
        p_leaves=np.where(is_active, p_leaves, 0.0),
        p_buys=np.where(is_active, p_buys, 0.0),
    )


def p_buys_within(mailings: Mailings, staying: Floats, rate: Floats) -> Floats:
    """Return P(buys within the days), shape (rows, rates).

    Parameters
    ----------
    mailings : Mailings
        Cases of coming mailings, with the operational days up to the end of each month.
    staying : array of float, shape (rows, months + 1)
        Survival to the end of each month; the first column is 1.
    rate : array of float, shape (rows, rates)
        Purchases per operational day.
    """
    leaving = staying[:, :-1] - staying[:, 1:]
    buys_not = np.zeros(rate.shape)
    for share, days, without in mailings.cases:
        silent = np.exp(-rate[:, :, None] * days[:, None, :]) * without[:, None, :]
        mean = (silent[..., :-1] + silent[..., 1:]) / 2
        by_leaving = (leaving[:, None, :] * mean).sum(axis=2)
        buys_not += share[:, None] * (by_leaving + staying[:, [-1]] * silent[..., -1])
    return 1 - buys_not


def _months_annoyed(block: Block, purchases: Purchases, month: int) -> Integers:
    """Return the number of months, from this month on, for which each customer is still annoyed."""
    longest = block.recipe.leaving.annoyed_months
    day = block.clock.day_of(purchases.placed_at)
    bad = purchases.annoys & (day < month_days(block, month)[month])
    experienced = bad_experience_months(block, purchases.owner[bad], day[bad])
    lasting = np.zeros(block.size, dtype=np.int64)
    for ago in range(1, min(longest, month) + 1):
        lasting = np.maximum(lasting, (longest - ago + 1) * experienced[:, month - ago])
    return lasting


def _annoying_rise(block: Block, month: int) -> float:
    """Return the probability that a rise of the plan's price in a month annoys; 0 without one."""
    plan = block.recipe.plan
    calm = [
        1 - rise.annoys
        for rise in (plan.price_rises if plan.is_contractual else ())
        if int(rise.at * block.recipe.months) == month
    ]
    return 1 - math.prod(calm)
