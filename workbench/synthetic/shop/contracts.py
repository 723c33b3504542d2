"""The ``plus`` plan: who holds it, on what terms, and what is charged for it month by month.

In a contractual world all who join take it at once, and leaving the company is cancelling it.
Elsewhere part of the customers holds it for a time, at most until leaving. A plan has a term for
every price: an upgrade and each rise of the price end one term and begin the next.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, Integers, geometric, spread
from workbench.synthetic.frames import table, text, where, words
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.purchasing import Purchases

_UNTIL_UPGRADE_MONTHS = 4.0
#: Mean and most months from joining to a plan that is no contract; the longest it is kept.
UNTIL_PLAN_MONTHS, LONGEST_UNTIL_PLAN_MONTHS, LONGEST_STAY_MONTHS = 3.0, 12, 120
_PLANS = ("plus", "plus family")
_REASONS = ("cancelled", "payment_failed")


@dataclass(frozen=True)
class Contracts:
    """Contracts of a block.

    Months count from January 1970.

    Attributes
    ----------
    owner : array of int, shape (contracts,)
    begins, upgrades, ends : array of int
        First month; month of the upgrade, ``ends`` where there is none; first month no longer held,
        beyond the data where the contract still runs.
    is_committed : array of bool
        Whether it binds for twelve months.
    payment_failed : array of bool
        Why it ended, where it did.
    """

    owner: Integers
    begins: Integers
    upgrades: Integers
    ends: Integers
    is_committed: Flags
    payment_failed: Flags


def contracts(block: Block, bought: Purchases) -> Contracts:
    """Draw who holds the plan, and for how long: not beyond leaving, from a first of a month on."""
    plan = block.recipe.plan
    last_month = _last_month(block)
    left_at = block.clock.start_at + (np.minimum(bought.left_day, 1e6) * 86_400).astype(np.int64)
    if plan.is_contractual:
        begins = month_number(block.joined_at)
        ends = month_number(left_at) + 1
        failed = bought.lives.by_failure
    else:
        begins = month_number(block.joined_at) + geometric(
            block.u("plan begins"), UNTIL_PLAN_MONTHS, most=LONGEST_UNTIL_PLAN_MONTHS
        )
        stays = geometric(block.u("plan stays"), plan.stays_months, most=LONGEST_STAY_MONTHS)
        ends = np.minimum(begins + stays, month_number(left_at) + 1)
        lost = plan.failed_payment * (1 - plan.recovers)
        failed = block.u("plan failed") < min(lost * plan.stays_months, 1.0)
    owner = np.flatnonzero(
        (block.u("holds plan") < plan.share) & (ends > begins) & (begins <= last_month)
    )
    begins, ends = begins[owner], ends[owner]
    upgrades = begins + geometric(
        block.u("plan upgrades after", owner), _UNTIL_UPGRADE_MONTHS, most=24
    )
    is_upgraded = (block.u("plan upgrades", owner) < plan.upgrades) & (upgrades < ends)
    upgrades = np.where(is_upgraded & (upgrades <= last_month), upgrades, ends)
    is_committed = block.u("plan committed", owner) < plan.committed
    return Contracts(owner, begins, upgrades, ends, is_committed, failed[owner])


def subscriptions(block: Block, held: Contracts) -> pl.DataFrame:
    """Return the table ``subscriptions``: one row per term."""
    last_month = _last_month(block)
    # moments at which a term may end within the contract: the upgrade and every rise
    rises = [np.full(held.owner.size, month) for month in _rises(block)]
    cuts = np.sort(np.stack([held.upgrades, *rises], axis=1), axis=1)
    within = (cuts > held.begins[:, None]) & (cuts < held.ends[:, None]) & (cuts <= last_month)
    within &= np.diff(cuts, axis=1, prepend=-1) > 0  # two in one month are one
    edges = np.concatenate(
        [held.begins[:, None], np.where(within, cuts, -1), held.ends[:, None]], axis=1
    )
    rows, columns = np.nonzero(edges >= 0)
    starts = columns < edges.shape[1] - 1
    begins = edges[rows, columns][starts]
    ends = edges[rows, columns][columns > 0]  # each edge but the first ends a term
    contract = rows[starts]
    is_changed = ends < held.ends[contract]
    reason = np.where(is_changed, 2, held.payment_failed[contract].astype(np.int64))
    has_ended = ends <= last_month
    owner = held.owner[contract]
    is_upgraded = begins >= held.upgrades[contract]
    return table(
        "subscriptions",
        [
            {
                "_owner": owner,
                "_at": begins,
                "subscription_id": text(f"{block.recipe.system}:plus-", _number(block, owner)),
                "record_id": block.record_id[owner],
                "plan": words(_PLANS, is_upgraded.astype(np.int64)),
                "started_on": _started(block, owner, begins),
                "ended_on": where(has_ended, _first_of(ends)),
                "end_reason": words([*_REASONS, "changed", None], np.where(has_ended, reason, 3)),
                "commitment_months": np.where(held.is_committed[contract], 12, 1),
                "currency": block.recipe.currency,
                "monthly_price_minor": _price(block, held, contract, begins),
            }
        ],
    )


@dataclass(frozen=True, slots=True)
class Charges:
    """Monthly charges up to the data end; arrays of shape (charges,).

    ``number`` counts a customer's charges from 0, ``at`` is in seconds since 1970, ``amount`` in
    minor units. ``fails`` marks attempts that failed at first, ``is_lost`` those never made good.
    """

    owner: Integers
    number: Integers
    at: Integers
    amount: Integers
    fails: Flags
    is_lost: Flags


def charges(block: Block, held: Contracts) -> Charges:
    """Return what is charged for the plan; the last charge of a plan that failed is lost."""
    plan, last_month = block.recipe.plan, _last_month(block)
    count = np.maximum(np.minimum(held.ends, last_month + 1) - held.begins, 0)
    contract, number = spread(count)
    month = held.begins[contract] + number
    owner = held.owner[contract]
    seconds = 10_800 + (7_200 * block.u("charged", owner, number)).astype(np.int64)
    # who joins in the middle of a month pays the first at joining
    at = np.maximum(_first_second(month) + seconds, block.joined_at[owner] + 3_600)
    is_lost = held.payment_failed[contract] & (month == held.ends[contract] - 1)
    recovered = plan.failed_payment * plan.recovers
    fails = is_lost | (block.u("charge fails", owner, number) < recovered)
    within = at < block.clock.end_at
    return Charges(
        owner=owner[within],
        number=number[within],
        at=at[within],
        amount=_price(block, held, contract, month)[within],
        fails=fails[within],
        is_lost=is_lost[within],
    )


def _price(block: Block, held: Contracts, contract: Integers, month: Integers) -> Integers:
    """Return the price of a month of each contract."""
    plan = block.recipe.plan
    base = np.where(month >= held.upgrades[contract], plan.upgrade_minor, plan.price_minor)
    factor = np.ones(len(month))
    for rise, begins in zip(plan.price_rises, _rises(block), strict=True):
        factor = np.where(month >= begins, factor * (1 + rise.by), factor)
    price: Integers = np.rint(base * factor).astype(np.int64)
    return price


def _rises(block: Block) -> list[int]:
    """Return the months in which the price rises."""
    first = month_number(np.array([block.clock.start_at]))[0]
    return [int(first + int(r.at * block.recipe.months)) for r in block.recipe.plan.price_rises]


def _last_month(block: Block) -> int:
    return int(month_number(np.array([block.clock.end_at - 1]))[0])


def _started(block: Block, owner: Integers, begins: Integers) -> pl.Series:
    """Return the first day of terms: of the month, or that of joining in it."""
    joined = block.joined_at[owner].astype("datetime64[s]").astype("datetime64[D]")
    return pl.Series(np.maximum(begins.astype("datetime64[M]").astype("datetime64[D]"), joined))


def _number(block: Block, owner: Integers) -> pl.Series:
    return pl.Series(block.numbers[owner] + 100_000).cast(pl.String)


def month_number(seconds: Integers) -> Integers:
    """Return the months since January 1970 of instants."""
    return seconds.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)


def _first_second(month: Integers) -> Integers:
    return month.astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)


def _first_of(month: Integers) -> pl.Series:
    return pl.Series(month.astype("datetime64[M]").astype("datetime64[D]"))
