"""Draw the purchases of customers, troubles with them, and the moments of leaving.

From joining on, a customer buys at a constant rate on the seasonal clock. The rate is drawn from
the segment's gamma distribution, which makes a gamma-mixed Poisson process (Ehrenberg 1959;
Schmittlein, Morrison and Colombo 1987, "Counting your customers", Management Science 33). The steps
are: draw the purchases of a customer who never leaves, add and remove purchases by mailings, draw
the troubles with each purchase, draw the moment of leaving, which depends on the troubles
(``leaving``), and drop purchases after it. Without a contract, no table records the leaving.

Every purchase has a *place*, a number that does not depend on other purchases. All further draws
for the purchase use it, so a change of one cause does not change anything else about a customer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.synthetic.clock import MONTH_DAYS
from workbench.synthetic.draws import (
    Flags,
    Floats,
    Integers,
    beta,
    child_rows,
    choose_by_segment,
    poisson,
)
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.experiments import Experiment
from workbench.synthetic.recipes import CHANNELS
from workbench.synthetic.shop.leaving import NEVER, Lifetimes, draw_lifetimes, month_of

FIRST_ORDER_SECONDS = 1_800  # Seconds from joining to the earliest order.
MOST_PLACES = 1 << 14  # Number of places of one customer; the last are for mailings.
MAILED = MOST_PLACES - 64  # First place of purchases that mailings cause.


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchases:
    """Sales of a block, sorted by customer and time.

    Attributes
    ----------
    owner, rank, place : array of int, shape (sales,)
        Row of the customer in the block; number of the sale among the customer's, from 0; number
        that keys its draws.
    placed_at : array of int, shape (sales,)
        Seconds since 1970.
    channel : array of int, shape (sales,)
        Code in ``CHANNELS``.
    is_late, is_damaged, annoys : array of bool, shape (sales,)
        Whether the order came late; whether it had a faulty item; whether a trouble annoyed.
    rate : array of float, shape (customers,)
        Purchases per operational day while active.
    dropout : array of float, shape (customers,)
        Probability of leaving after a purchase; 0 where leaving follows a hazard.
    lifetimes : Lifetimes
    """

    owner: Integers
    rank: Integers
    place: Integers
    placed_at: Integers
    channel: Integers
    is_late: Flags
    is_damaged: Flags
    annoys: Flags
    rate: Floats
    dropout: Floats
    lifetimes: Lifetimes

    @property
    def left_day(self) -> Floats:
        """Day of leaving; ``NEVER`` for customers who stay until the data end."""
        return self.lifetimes.left_day


@dataclass(frozen=True, slots=True)
class _WantedPurchases:
    """Purchases of customers who never leave; arrays sorted by customer and time."""

    owner: Integers
    place: Integers
    placed_at: Integers


def draw_purchases(block: Block, mailings: Sequence[Experiment]) -> Purchases:
    """Draw all purchases of a block."""
    rate = mean_rate(block) * block.eagerness
    wanted = _wanted_purchases(block, rate, mailings)
    owner, place = wanted.owner, wanted.place
    channel = choose_by_segment(
        block.u("order channel", owner, place),
        block.segment[owner],
        [segment.channels for segment in block.recipe.contrasted_segments],
    )
    day = block.clock.day_of(wanted.placed_at)
    is_late, is_damaged, annoys = _troubles(block, wanted, channel, day)
    if block.recipe.leaving.process == "hazard":
        lifetimes = draw_lifetimes(block, bad_experience_months(block, owner[annoys], day[annoys]))
        dropout = np.zeros(block.size)
    else:
        lifetimes, dropout = _leaving_after_purchase(block, owner, day)
    kept = day <= lifetimes.left_day[owner]
    owner, placed_at = owner[kept], wanted.placed_at[kept]
    _, rank = child_rows(np.bincount(owner, minlength=block.size))
    return Purchases(
        owner=owner,
        rank=rank,
        place=place[kept],
        placed_at=placed_at,
        channel=channel[kept],
        is_late=is_late[kept],
        is_damaged=is_damaged[kept],
        annoys=annoys[kept],
        rate=rate,
        dropout=dropout,
        lifetimes=lifetimes,
    )


def mean_rate(block: Block) -> Floats:
    """Return the mean rate of buying in each customer's segment and groups, per operational day."""
    return mean_rate_by_segment(block)[block.segment] * block.group_factor("purchases")


def mean_rate_by_segment(block: Block) -> Floats:
    """Return the mean rate of buying of each segment, per operational day."""
    return block.values_by_segment("purchases_per_month") / MONTH_DAYS


def annoying_shares(block: Block, moment: float) -> Floats:
    """Return the probability that an order annoys its customer, by segment, at a moment."""
    trouble = block.recipe.troubles
    late = min(trouble.late * block.recipe.change("late", moment), 1.0)
    sent = np.array(
        [
            1 - segment.channels["store"] / sum(segment.channels.values())
            for segment in block.recipe.contrasted_segments
        ]
    )
    goes_wrong = 1 - (1 - sent * late) * (1 - trouble.damaged)
    share: Floats = goes_wrong * trouble.annoys
    return share


def _wanted_purchases(
    block: Block, rate: Floats, mailings: Sequence[Experiment]
) -> _WantedPurchases:
    """Draw the purchases of customers who never leave, after the effects of mailings."""
    clock = block.clock
    begin = clock.operational(block.joined_day)
    end = clock.operational(np.full(block.size, float(clock.days)))
    at_once = np.flatnonzero(block.u("registered only") >= block.recipe.registered_only)
    counts = poisson(block.u("purchases"), rate * (end - begin))
    later, position = child_rows(np.minimum(counts, MAILED - 1))
    passed = begin[later] + block.u("purchase time", later, position) * (end - begin)[later]
    owner = np.concatenate([at_once, later])
    place = np.concatenate([0 * at_once, position + 1])
    placed_at = clock.instants(np.concatenate([block.joined_day[at_once], clock.calendar(passed)]))
    owner, place, placed_at = _apply_mailings(block, mailings, owner, place, placed_at)
    placed_at = np.maximum(placed_at, (block.joined_at + FIRST_ORDER_SECONDS)[owner])
    placed_at = np.minimum(placed_at, clock.end_at - 1)
    # Customer, second and place are packed into one integer, so that one sort is enough.
    packed = owner << 44 | (placed_at - clock.start_at) << 14 | place
    packed.sort(kind="stable")
    return _WantedPurchases(
        owner=packed >> 44,
        place=packed & (MOST_PLACES - 1),
        placed_at=(packed >> 14 & ((1 << 30) - 1)) + clock.start_at,
    )


def _apply_mailings(
    block: Block,
    mailings: Sequence[Experiment],
    owner: Integers,
    place: Integers,
    placed_at: Integers,
) -> tuple[Integers, Integers, Integers]:
    """Add the purchases that mailings cause, and remove those that they prevent."""
    for number, mailing in enumerate(mailings):
        lost = mailing.is_treated & (mailing.effect < 0)
        within = (placed_at >= mailing.at) & (placed_at < mailing.until) & lost[owner]
        prevented = block.u(f"lost to {mailing.name}", owner, place) < -mailing.effect[owner]
        kept = ~(within & prevented)
        gains = mailing.is_treated & (block.u(f"gained by {mailing.name}") < mailing.effect)
        more = np.flatnonzero(gains)
        wait = block.u(f"bought after {mailing.name}", more) * (mailing.until - mailing.at)
        owner = np.concatenate([owner[kept], more])
        place = np.concatenate([place[kept], 0 * more + MAILED + number])
        placed_at = np.concatenate([placed_at[kept], mailing.at + wait.astype(np.int64)])
    return owner, place, placed_at


def _troubles(
    block: Block, wanted: _WantedPurchases, channel: Integers, day: Floats
) -> tuple[Flags, Flags, Flags]:
    """Return whether each purchase is late, is damaged, and annoys its customer."""
    rule = block.recipe.troubles
    owner, place = wanted.owner, wanted.place
    late = rule.late * block.change_factors("late")
    is_sent = channel != CHANNELS.index("store")
    is_late = is_sent & (block.u("late", owner, place) < late[day.astype(np.int64)])
    is_damaged = block.u("damaged", owner, place) < rule.damaged
    annoys = (is_late | is_damaged) & (block.u("annoyed", owner, place) < rule.annoys)
    return is_late, is_damaged, annoys


def bad_experience_months(block: Block, owner: Integers, day: Floats) -> Flags:
    """Return whether each customer had a bad experience in each month of the world.

    Rises of the plan's price are bad experiences as well.

    Parameters
    ----------
    block : Block
    owner, day : arrays, shape (experiences,)
        Orders that annoyed: row of the customer, and day.

    Returns
    -------
    array of bool, shape (customers, months)
    """
    plan = block.recipe.plan
    bad = np.zeros((block.size, block.recipe.months), dtype=bool)
    bad[owner, month_of(block, day)] = True
    for number, rise in enumerate(plan.price_rises if plan.is_contractual else ()):
        annoyed = block.u("price rise", position=number) < rise.annoys
        bad[:, int(rise.at * block.recipe.months)] |= annoyed
    return bad


def _leaving_after_purchase(block: Block, owner: Integers, day: Floats) -> tuple[Lifetimes, Floats]:
    """Let customers leave right after a purchase that is not their first (BG/NBD)."""
    rule = block.recipe.leaving
    if rule.a is None or rule.b is None:  # A checked recipe has both.
        raise ValueError("after_purchase needs a and b")
    dropout = beta(block.u("dropout"), rule.a, rule.b)
    # Rank of the purchase after which the customer leaves; nobody leaves after rank 0.
    last = 1 + np.floor(np.log(block.u("leaving")) / np.log1p(-np.minimum(dropout, 1 - 1e-12)))
    _, rank = child_rows(np.bincount(owner, minlength=block.size))
    left_day = np.full(block.size, NEVER)
    leaves = rank == last[owner]
    left_day[owner[leaves]] = day[leaves]
    lifetimes = Lifetimes(
        hazard=np.zeros((block.size, block.recipe.months)),
        left_day=left_day,
        by_failure=np.zeros(block.size, dtype=bool),
    )
    return lifetimes, dropout
