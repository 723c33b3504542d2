"""The ``plus`` plan: contracts of customers, their terms, and the monthly charges.

In a contractual world all customers take the plan when they join, and cancel it when they leave.
Elsewhere some customers have the plan for a time, at most until they leave. A contract has a term
for every price: an upgrade and each rise of the price end one term and begin the next.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, Integers, child_rows, geometric
from workbench.synthetic.frames import join_texts, keep_where, labels, make_table
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.purchasing import Purchases

_UNTIL_UPGRADE_MONTHS = 4.0
#: In a world without contracts: mean and largest number of months from joining to the plan, and
#: largest number of months with it.
UNTIL_PLAN_MONTHS, LONGEST_UNTIL_PLAN_MONTHS, LONGEST_STAY_MONTHS = 3.0, 12, 120
_PLANS = ("plus", "plus family")
_REASONS = ("cancelled", "payment_failed")


@dataclass(frozen=True)
class Contracts:
    """Contracts of a block, arrays of shape (contracts,); months are counted from January 1970.

    Attributes
    ----------
    owner : array of int
        Row of the customer.
    begins, upgrades, ends : array of int
        First month; month of the upgrade, or ``ends`` without an upgrade; first month after the
        contract, which may be after the data end.
    is_committed : array of bool
        Whether the contract has a commitment of twelve months.
    payment_failed : array of bool
        Whether the contract ends because a payment failed.
    """

    owner: Integers
    begins: Integers
    upgrades: Integers
    ends: Integers
    is_committed: Flags
    payment_failed: Flags


def draw_contracts(block: Block, purchases: Purchases) -> Contracts:
    """Draw the contracts; each begins on the first of a month and ends at leaving at the latest."""
    plan = block.recipe.plan
    last_month = _last_month(block)
    left_at = block.clock.start_at + (np.minimum(purchases.left_day, 1e6) * 86_400).astype(np.int64)
    if plan.is_contractual:
        begins = month_number(block.joined_at)
        ends = month_number(left_at) + 1
        failed = purchases.lifetimes.by_failure
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


def subscriptions(block: Block, contracts: Contracts) -> pl.DataFrame:
    """Return the table ``subscriptions``: one row per term."""
    last_month = _last_month(block)
    # Months in which a term may end within the contract: the upgrade and every rise.
    rises = [np.full(contracts.owner.size, month) for month in _rise_months(block)]
    cuts = np.sort(np.stack([contracts.upgrades, *rises], axis=1), axis=1)
    within = (
        (cuts > contracts.begins[:, None]) & (cuts < contracts.ends[:, None]) & (cuts <= last_month)
    )
    within &= np.diff(cuts, axis=1, prepend=-1) > 0  # Two in one month count once.
    edges = np.concatenate(
        [contracts.begins[:, None], np.where(within, cuts, -1), contracts.ends[:, None]], axis=1
    )
    rows, columns = np.nonzero(edges >= 0)
    starts = columns < edges.shape[1] - 1
    begins = edges[rows, columns][starts]
    ends = edges[rows, columns][columns > 0]  # Each edge except the first ends a term.
    contract = rows[starts]
    is_changed = ends < contracts.ends[contract]
    reason = np.where(is_changed, 2, contracts.payment_failed[contract].astype(np.int64))
    has_ended = ends <= last_month
    owner = contracts.owner[contract]
    is_upgraded = begins >= contracts.upgrades[contract]
    return make_table(
        "subscriptions",
        block.rows_of(owner, begins)
        | {
            "subscription_id": join_texts(
                f"{block.recipe.system}:plus-", block.account_numbers(owner)
            ),
            "plan": labels(_PLANS, is_upgraded),
            "started_on": _start_dates(block, owner, begins),
            "ended_on": keep_where(has_ended, _first_day(ends)),
            "end_reason": labels([*_REASONS, "changed", None], np.where(has_ended, reason, 3)),
            "commitment_months": np.where(contracts.is_committed[contract], 12, 1),
            "currency": block.recipe.currency,
            "monthly_price_minor": _price(block, contracts, contract, begins),
        },
    )


@dataclass(frozen=True, slots=True)
class Charges:
    """Monthly charges up to the data end; arrays of shape (charges,).

    ``number`` counts a customer's charges from 0, ``at`` is in seconds since 1970, ``amount`` in
    minor units. ``fails`` is true where the first attempt failed, ``is_lost`` where no attempt
    succeeded.
    """

    owner: Integers
    number: Integers
    at: Integers
    amount: Integers
    fails: Flags
    is_lost: Flags


def charges(block: Block, contracts: Contracts) -> Charges:
    """Return the monthly charges of the plan.

    The last charge of a contract that ended because a payment failed is lost.
    """
    plan, last_month = block.recipe.plan, _last_month(block)
    count = np.maximum(np.minimum(contracts.ends, last_month + 1) - contracts.begins, 0)
    contract, number = child_rows(count)
    month = contracts.begins[contract] + number
    owner = contracts.owner[contract]
    seconds = 10_800 + (7_200 * block.u("charged", owner, number)).astype(np.int64)
    # The first charge of a customer who joins within a month is at joining.
    at = np.maximum(_first_second(month) + seconds, block.joined_at[owner] + 3_600)
    is_lost = contracts.payment_failed[contract] & (month == contracts.ends[contract] - 1)
    recovered = plan.failed_payment * plan.recovers
    fails = is_lost | (block.u("charge fails", owner, number) < recovered)
    within = at < block.clock.end_at
    return Charges(
        owner=owner[within],
        number=number[within],
        at=at[within],
        amount=_price(block, contracts, contract, month)[within],
        fails=fails[within],
        is_lost=is_lost[within],
    )


def _price(block: Block, contracts: Contracts, contract: Integers, month: Integers) -> Integers:
    """Return the price of one month of each contract."""
    plan = block.recipe.plan
    base = np.where(month >= contracts.upgrades[contract], plan.upgrade_minor, plan.price_minor)
    factor = np.ones(len(month))
    for rise, begins in zip(plan.price_rises, _rise_months(block), strict=True):
        factor = np.where(month >= begins, factor * (1 + rise.by), factor)
    price: Integers = np.rint(base * factor).astype(np.int64)
    return price


def _rise_months(block: Block) -> list[int]:
    """Return the months in which the price rises."""
    first = month_number(np.array([block.clock.start_at]))[0]
    return [int(first + int(r.at * block.recipe.months)) for r in block.recipe.plan.price_rises]


def _last_month(block: Block) -> int:
    return int(month_number(np.array([block.clock.end_at - 1]))[0])


def _start_dates(block: Block, owner: Integers, begins: Integers) -> pl.Series:
    """Return the first day of each term: of the month, or the day of joining within it."""
    joined = block.joined_at[owner].astype("datetime64[s]").astype("datetime64[D]")
    return pl.Series(np.maximum(begins.astype("datetime64[M]").astype("datetime64[D]"), joined))


def month_number(seconds: Integers) -> Integers:
    """Convert instants to months since January 1970."""
    return seconds.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)


def _first_second(month: Integers) -> Integers:
    return month.astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)


def _first_day(month: Integers) -> pl.Series:
    return pl.Series(month.astype("datetime64[M]").astype("datetime64[D]"))
