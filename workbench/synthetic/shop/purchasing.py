"""When customers buy, what goes wrong with it, and who leaves over it.

A customer buys at a rate drawn from the segment's gamma distribution, on the seasonal clock, from
joining on: a gamma-mixed Poisson process (Ehrenberg 1959; Schmittlein, Morrison and Colombo 1987,
"Counting your customers", Management Science 33). First come all purchases that the customer would
make, then what a mailing adds to or takes from them, then what goes wrong with each. That moves the
hazard of leaving (``leaving``), and purchases after leaving do not come about. Nobody sees the
leaving where there is no contract: a customer just stops.

Every purchase keeps its *place*, a number of its own that no other purchase changes: whatever else
is drawn for it is drawn by its place, so a customer with one cause changed has the rest unchanged.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.synthetic.clock import DAY_SECONDS, MONTH_DAYS
from workbench.synthetic.draws import (
    Flags,
    Floats,
    Integers,
    beta,
    choice_by,
    poisson,
    spread,
)
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.experiments import Experiment
from workbench.synthetic.recipes import CHANNELS
from workbench.synthetic.shop.leaving import NEVER, Lives, lives, month_of

FIRST_ORDER_SECONDS = 1_800  # after joining: registering and looking round come first
MOST_PLACES = 1 << 14  # of purchases of one customer; the last of them are for mailings
MAILED = MOST_PLACES - 64  # first place of purchases that mailings bring


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchases:
    """Sales of a block, customer by customer, in the order of time.

    Attributes
    ----------
    owner, rank, place : array of int, shape (sales,)
        Row of the customer in the block; which of the customer's sales, from 0; the number that
        keys its draws.
    placed_at : array of int, shape (sales,)
        Seconds since 1970.
    channel : array of int, shape (sales,)
        Code in ``CHANNELS``.
    is_late, is_damaged, annoys : array of bool, shape (sales,)
        Whether it came late, with a faulty item, and whether that annoyed the customer.
    last_day : array of float, shape (customers,)
        Day of the last purchase, or of joining where there is none.
    rate : array of float, shape (customers,)
        Purchases per operational day while active.
    dropout : array of float, shape (customers,)
        Probability of leaving after a purchase; 0 where leaving follows a hazard.
    lives : Lives
    """

    owner: Integers
    rank: Integers
    place: Integers
    placed_at: Integers
    channel: Integers
    is_late: Flags
    is_damaged: Flags
    annoys: Flags
    last_day: Floats
    rate: Floats
    dropout: Floats
    lives: Lives

    @property
    def left_day(self) -> Floats:
        """Day of leaving, ``NEVER`` if not before the data end."""
        return self.lives.left_day


@dataclass(frozen=True, slots=True)
class _Wished:
    """Purchases that customers would make if they stayed; arrays in the order of time."""

    owner: Integers
    place: Integers
    placed_at: Integers


def purchases(block: Block, mailings: Sequence[Experiment]) -> Purchases:
    """Draw all purchases of a block."""
    rate = mean_rate(block) * block.eagerness
    wished = _wished(block, rate, mailings)
    owner, place = wished.owner, wished.place
    channel = choice_by(
        block.u("order channel", owner, place),
        block.segment[owner],
        [kind.channels for kind in block.recipe.kinds],
    )
    day = (wished.placed_at - block.clock.start_at) / DAY_SECONDS
    is_late, is_damaged, annoys = _troubles(block, wished, channel, day)
    if block.recipe.leaving.process == "hazard":
        stay = lives(block, experiences(block, owner[annoys], day[annoys]))
        dropout = np.zeros(block.size)
    else:
        stay, dropout = _leaving_after_purchase(block, owner, day)
    kept = day <= stay.left_day[owner]
    owner, placed_at = owner[kept], wished.placed_at[kept]
    _, rank = spread(np.bincount(owner, minlength=block.size))
    last_day = block.joined_day.copy()
    np.maximum.at(last_day, owner, day[kept])
    return Purchases(
        owner=owner,
        rank=rank,
        place=place[kept],
        placed_at=placed_at,
        channel=channel[kept],
        is_late=is_late[kept],
        is_damaged=is_damaged[kept],
        annoys=annoys[kept],
        last_day=last_day,
        rate=rate,
        dropout=dropout,
        lives=stay,
    )


def mean_rate(block: Block) -> Floats:
    """Return the mean rate of each customer's kind and groups, per operational day."""
    return mean_rate_of_kinds(block)[block.segment] * block.group_factor("purchases")


def mean_rate_of_kinds(block: Block) -> Floats:
    """Return the mean rate of buying of each segment, per operational day."""
    return np.array([kind.purchases_per_month for kind in block.recipe.kinds]) / MONTH_DAYS


def annoying_shares(block: Block, moment: float) -> Floats:
    """Return the probability that an order annoys, by segment, at a moment of the world."""
    trouble = block.recipe.troubles
    late = min(trouble.late * block.recipe.change("late", moment), 1.0)
    sent = np.array(
        [1 - kind.channels["store"] / sum(kind.channels.values()) for kind in block.recipe.kinds]
    )
    goes_wrong = 1 - (1 - sent * late) * (1 - trouble.damaged)
    share: Floats = goes_wrong * trouble.annoys
    return share


def _wished(block: Block, rate: Floats, mailings: Sequence[Experiment]) -> _Wished:
    clock = block.clock
    begin = clock.operational(block.joined_day)
    end = clock.operational(np.full(block.size, float(clock.days)))
    at_once = np.flatnonzero(block.u("registered only") >= block.recipe.registered_only)
    counts = poisson(block.u("purchases"), rate * (end - begin))
    later, position = spread(np.minimum(counts, MAILED - 1))
    passed = begin[later] + block.u("purchase time", later, position) * (end - begin)[later]
    owner = np.concatenate([at_once, later])
    place = np.concatenate([0 * at_once, position + 1])
    placed_at = clock.instants(np.concatenate([block.joined_day[at_once], clock.calendar(passed)]))
    owner, place, placed_at = _mailed(block, mailings, owner, place, placed_at)
    placed_at = np.maximum(placed_at, (block.joined_at + FIRST_ORDER_SECONDS)[owner])
    placed_at = np.minimum(placed_at, clock.end_at - 1)
    # one sort of (customer, second, place) packed into an integer
    packed = owner << 44 | (placed_at - clock.start_at) << 14 | place
    packed.sort(kind="stable")
    return _Wished(
        owner=packed >> 44,
        place=packed & (MOST_PLACES - 1),
        placed_at=(packed >> 14 & ((1 << 30) - 1)) + clock.start_at,
    )


def _mailed(
    block: Block,
    mailings: Sequence[Experiment],
    owner: Integers,
    place: Integers,
    placed_at: Integers,
) -> tuple[Integers, Integers, Integers]:
    """Add the purchases that mailings bring, and take away those that they cost."""
    for number, mailing in enumerate(mailings):
        lost = mailing.is_treated & (mailing.effect < 0)
        within = (placed_at >= mailing.at) & (placed_at < mailing.until) & lost[owner]
        spoilt = block.u(f"lost to {mailing.name}", owner, place) < -mailing.effect[owner]
        kept = ~(within & spoilt)
        gains = mailing.is_treated & (block.u(f"gained by {mailing.name}") < mailing.effect)
        more = np.flatnonzero(gains)
        wait = block.u(f"bought after {mailing.name}", more) * (mailing.until - mailing.at)
        owner = np.concatenate([owner[kept], more])
        place = np.concatenate([place[kept], 0 * more + MAILED + number])
        placed_at = np.concatenate([placed_at[kept], mailing.at + wait.astype(np.int64)])
    return owner, place, placed_at


def _troubles(
    block: Block, wished: _Wished, channel: Integers, day: Floats
) -> tuple[Flags, Flags, Flags]:
    """Draw which purchases come late, damaged, and annoy."""
    rule = block.recipe.troubles
    owner, place = wished.owner, wished.place
    late = rule.late * block.changed_by_day("late")
    is_sent = channel != CHANNELS.index("store")
    is_late = is_sent & (block.u("late", owner, place) < late[day.astype(np.int64)])
    is_damaged = block.u("damaged", owner, place) < rule.damaged
    annoys = (is_late | is_damaged) & (block.u("annoyed", owner, place) < rule.annoys)
    return is_late, is_damaged, annoys


def experiences(block: Block, owner: Integers, day: Floats) -> Flags:
    """Return in which months of the world customers had a bad experience.

    Parameters
    ----------
    block : Block
    owner, day : arrays, shape (experiences,)
        Orders that annoyed: row of the customer, day. Rises of the plan's price come beside them.

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


def _leaving_after_purchase(block: Block, owner: Integers, day: Floats) -> tuple[Lives, Floats]:
    """Let customers leave right after a purchase that is not their first (BG/NBD)."""
    rule = block.recipe.leaving
    if rule.a is None or rule.b is None:  # the recipe refuses it
        raise ValueError("after_purchase needs a and b")
    dropout = beta(block.u("dropout"), rule.a, rule.b)
    # the first purchase after which the customer leaves; the one at joining does not count
    last = 1 + np.floor(np.log(block.u("leaving")) / np.log1p(-np.minimum(dropout, 1 - 1e-12)))
    _, rank = spread(np.bincount(owner, minlength=block.size))
    left_day = np.full(block.size, NEVER)
    leaves = rank == last[owner]
    left_day[owner[leaves]] = day[leaves]
    stays = Lives(
        hazard=np.zeros((block.size, block.recipe.months)),
        failing=0.0,
        left_day=left_day,
        by_failure=np.zeros(block.size, dtype=bool),
    )
    return stays, dropout
