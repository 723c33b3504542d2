"""The ``plus`` plan that part of the customers holds, month by month, and its charges."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, Integers, geometric, spread
from workbench.synthetic.frames import table, text, where, words
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.purchasing import Purchases

_HOLDS = 0.18
_UPGRADES = 0.15
_STAY_MONTHS = 9.0
PRICES_MINOR = (499, 899)
_PLANS = ("plus", "plus family")
_REASONS = ("cancelled", "payment_failed")


@dataclass(frozen=True)
class Contracts:
    """Contracts of a block, each with one term or, after an upgrade, two.

    Months count from January 1970.

    Attributes
    ----------
    owner : array of int, shape (contracts,)
    begins, upgrades, ends : array of int
        First month; month of the second term; first month no longer held. ``upgrades`` is ``ends``
        where there is none, and ``ends`` is beyond the data where the contract still runs.
    payment_failed : array of bool
        Why it ended, where it did.
    """

    owner: Integers
    begins: Integers
    upgrades: Integers
    ends: Integers
    payment_failed: Flags


def contracts(block: Block, bought: Purchases) -> Contracts:
    """Draw who holds the plan, and for how long: not beyond leaving, from a first of a month on."""
    last_month = _month(np.array([block.clock.end_at - 1]))[0]
    begins = _month(block.joined_at) + geometric(block.u("plan begins"), 3.0, most=12)
    stays = geometric(block.u("plan stays"), _STAY_MONTHS, most=60)
    left_at = block.clock.start_at + (bought.left_day * 86_400).astype(np.int64)
    ends = np.minimum(begins + stays, _month(left_at) + 1)
    owner = np.flatnonzero(
        (block.u("holds plan") < _HOLDS) & (ends > begins) & (begins <= last_month)
    )
    begins, ends = begins[owner], ends[owner]
    upgrades = begins + geometric(block.u("plan upgrades after", owner), 4.0, most=24)
    is_upgraded = (block.u("plan upgrades", owner) < _UPGRADES) & (upgrades < ends)
    upgrades = np.where(is_upgraded & (upgrades <= last_month), upgrades, ends)
    failed = block.u("plan failed", owner) < 0.25
    return Contracts(owner, begins, upgrades, ends, failed)


def subscriptions(block: Block, held: Contracts) -> pl.DataFrame:
    """Return the table ``subscriptions``: one row per term."""
    last_month = _month(np.array([block.clock.end_at - 1]))[0]
    second = np.flatnonzero(held.upgrades < held.ends)
    rows = np.concatenate([np.arange(len(held.owner)), second])
    is_second = np.arange(len(rows)) >= len(held.owner)
    begins = np.where(is_second, held.upgrades[rows], held.begins[rows])
    ends = np.where(is_second, held.ends[rows], held.upgrades[rows])
    is_changed = ends < held.ends[rows]
    reason = np.where(is_changed, 2, held.payment_failed[rows].astype(np.int64))
    has_ended = ends <= last_month
    owner = held.owner[rows]
    return table(
        "subscriptions",
        [
            {
                "_owner": owner,
                "_at": begins,
                "subscription_id": text(f"{block.recipe.system}:plus-", _number(block, owner)),
                "record_id": block.record_id[owner],
                "plan": words(_PLANS, is_second.astype(np.int64)),
                "started_on": _first_of(begins),
                "ended_on": where(has_ended, _first_of(ends)),
                "end_reason": words([*_REASONS, "changed", None], np.where(has_ended, reason, 3)),
                "commitment_months": np.ones(len(rows), dtype=np.int64),
                "currency": block.recipe.currency,
                "monthly_price_minor": np.array(PRICES_MINOR)[is_second.astype(np.int64)],
            }
        ],
    )


def charges(block: Block, held: Contracts) -> tuple[Integers, Integers, Integers, Integers]:
    """Return the monthly charges up to the data end.

    Returns
    -------
    owner, number, at, amount : arrays of int, shape (charges,)
        Row of the customer; which of the customer's charges; seconds since 1970; minor units.
    """
    last_month = _month(np.array([block.clock.end_at - 1]))[0]
    count = np.maximum(np.minimum(held.ends, last_month + 1) - held.begins, 0)
    contract, number = spread(count)
    month = held.begins[contract] + number
    owner = held.owner[contract]
    seconds = 10_800 + (7_200 * block.u("charged", owner, number)).astype(np.int64)
    at = _first_second(month) + seconds
    amount = np.array(PRICES_MINOR)[(month >= held.upgrades[contract]).astype(np.int64)]
    within = at < block.clock.end_at
    return owner[within], number[within], at[within], amount[within]


def _number(block: Block, owner: Integers) -> pl.Series:
    return pl.Series(block.numbers[owner] + 100_000).cast(pl.String)


def _month(seconds: Integers) -> Integers:
    return seconds.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)


def _first_second(month: Integers) -> Integers:
    return month.astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)


def _first_of(month: Integers) -> pl.Series:
    return pl.Series(month.astype("datetime64[M]").astype("datetime64[D]"))
