"""When customers buy and when they leave: the churn process, and what is true of it.

A customer buys at a rate drawn from the segment's gamma distribution, on the seasonal clock, from
joining until leaving, which is exponential: Pareto/NBD (Schmittlein, Morrison and Colombo 1987,
"Counting your customers", Management Science 33) with segments in place of one gamma, one dropout
rate per segment, and seasons. Nobody sees the leaving: a customer just stops.

With rate lambda, dropout mu, S the operational clock and T the end of the data, the probability
that an active customer buys within H days is

    integral over t from 0 to H of  lambda s(T+t) exp(-lambda (S(T+t) - S(T)) - mu t) dt,

and, seen with rate and dropout but not the leaving, the probability that a customer whose last
purchase was at x is still active is A / (A + D) with

    A = exp(-lambda (S(T) - S(x)) - mu (T - x)),
    D = integral over t from x to T of  mu exp(-mu (t - x) - lambda (S(t) - S(x))) dt.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS, MONTH_DAYS
from workbench.synthetic.draws import Flags, Floats, Integers, exponential, gamma, poisson, spread
from workbench.synthetic.people.block import Block
from workbench.synthetic.recipes import GENDERS

HORIZON_DAYS = 90
FIRST_ORDER_SECONDS = 1_800  # after joining: registering and looking round come first
_GRID = 64  # steps of the integral over the time since the last purchase


@dataclass(frozen=True)
class Purchases:
    """Sales of a block, customer by customer, in the order of time.

    Attributes
    ----------
    owner, rank : array of int, shape (sales,)
        Row of the customer in the block; which of the customer's sales, from 0.
    placed_at : array of int, shape (sales,)
        Seconds since 1970.
    last_day : array of float, shape (customers,)
        Day of the last purchase, or of joining where there is none.
    rate : array of float, shape (customers,)
        Purchases per operational day while active.
    leaving : array of float, shape (customers,)
        Dropout rate per day.
    left_day : array of float, shape (customers,)
        Day of leaving, also beyond the end of the data.
    buys_next : array of bool, shape (customers,)
        Whether a purchase comes within ``HORIZON_DAYS`` after the data end.
    """

    owner: Integers
    rank: Integers
    placed_at: Integers
    last_day: Floats
    rate: Floats
    leaving: Floats
    left_day: Floats
    buys_next: Flags


def purchases(block: Block) -> Purchases:
    """Draw all purchases of a block."""
    clock = block.clock
    rate = block.of_kind("purchases_per_month") / MONTH_DAYS
    rate = rate * gamma(block.u("rate"), block.of_kind("purchases_shape"))
    leaving = -np.log1p(-block.of_kind("leaving_per_month")) / MONTH_DAYS
    left = block.joined_day + exponential(block.u("leaving")) / leaving
    begin = clock.operational(block.joined_day)
    active_until = np.minimum(left, clock.days)
    end = clock.operational(active_until)
    at_once = block.u("registered only") >= block.recipe.registered_only
    later = poisson(block.u("purchases"), rate * (end - begin))

    owner, position = spread(later)
    passed = begin[owner] + block.u("purchase time", owner, position) * (end - begin)[owner]
    day = np.concatenate([block.joined_day[at_once], clock.calendar(passed)])
    owner = np.concatenate([np.flatnonzero(at_once), owner])
    placed_at = np.maximum(clock.instants(day), (block.joined_at + FIRST_ORDER_SECONDS)[owner])
    placed_at = np.minimum(placed_at, clock.end_at - 1)
    # one sort of (customer, second) packed into an integer; what is drawn by rank comes after it
    packed = np.sort(owner << 36 | placed_at)
    owner, placed_at = packed >> 36, packed & ((1 << 36) - 1)
    counts = np.bincount(owner, minlength=block.size)
    _, rank = spread(counts)

    last_day = block.joined_day.copy()
    np.maximum.at(last_day, owner, (placed_at - clock.start_at) / DAY_SECONDS)
    beyond = clock.operational(np.clip(left, clock.days, clock.days + HORIZON_DAYS))
    coming = rate * (beyond - clock.operational(np.full(block.size, float(clock.days))))
    return Purchases(
        owner=owner,
        rank=rank,
        placed_at=placed_at,
        last_day=last_day,
        rate=rate,
        leaving=leaving,
        left_day=left,
        buys_next=block.u("purchase beyond") < -np.expm1(-coming),
    )


def truth(block: Block, bought: Purchases) -> pl.DataFrame:
    """Return what is true of each customer, one row each, in the block's order.

    Returns
    -------
    DataFrame, shape (customers, 11)
        ``record_id``; ``segment``; ``gender`` (null as in the data); ``purchase_rate_per_day`` and
        ``leaving_rate_per_day`` (while active, before season); ``left_on`` (Date, null: still
        active at the end); ``is_active``; ``p_buys_90_days`` (given the true state; 0 for who
        left); ``p_active_given_history`` and ``p_buys_90_days_given_history`` (what an observer who
        knows the rates but not the leaving can know at best, as of the end); ``buys_90_days``
        (drawn).
    """
    clock = block.clock
    if_active = _buys(bought.rate, bought.leaving, clock.passed[clock.days :])
    active = _still_active(block, bought)
    is_active = bought.left_day >= clock.days
    left_on = np.datetime64(clock.start_on) + np.floor(bought.left_day).astype("timedelta64[D]")
    names = pl.Series(list(block.recipe.segments))
    return pl.DataFrame(
        {
            "record_id": block.record_id,
            "segment": names.gather(block.segment),
            "gender": pl.Series([*GENDERS[:4], None]).gather(block.gender),
            "purchase_rate_per_day": bought.rate.round(6),
            "leaving_rate_per_day": bought.leaving.round(6),
            "left_on": pl.Series(left_on.astype("datetime64[D]")),
            "is_active": is_active,
            "p_buys_90_days": np.where(is_active, if_active, 0.0).round(6),
            "p_active_given_history": active.round(6),
            "p_buys_90_days_given_history": (active * if_active).round(6),
            "buys_90_days": bought.buys_next & is_active,
        }
    ).with_columns(left_on=pl.when(~pl.col("is_active")).then("left_on"))


def _buys(rate: Floats, leaving: Floats, passed: Floats) -> Floats:
    """Return P(buys within the horizon | active), summed day by day with a constant pace in each.

    On one day with pace s the competing risks are lambda s and mu, so the part of the day is
    lambda s / (lambda s + mu) x (1 - exp(-(lambda s + mu))), times the survival so far.
    """
    surviving = np.ones(len(rate))
    bought = np.zeros(len(rate))
    for pace in np.diff(passed)[:HORIZON_DAYS]:
        risk = rate * pace + leaving
        gone = -np.expm1(-risk)
        bought += surviving * (rate * pace / risk) * gone
        surviving *= 1 - gone
    return bought


def _still_active(block: Block, bought: Purchases) -> Floats:
    clock = block.clock
    length = clock.days - bought.last_day
    start = clock.operational(bought.last_day)

    def kept(t: Floats) -> Floats:
        passed = clock.operational(bought.last_day + t)
        return np.exp(-bought.leaving * t - bought.rate * (passed - start))

    left = np.zeros(block.size)
    before = kept(np.zeros(block.size))
    for step in range(1, _GRID + 1):
        after = kept(length * step / _GRID)
        left += (before + after) / 2 * length / _GRID
        before = after
    return before / (before + bought.leaving * left)
