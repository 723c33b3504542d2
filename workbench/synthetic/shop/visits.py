"""Visits to site and app: those that end in an order, those that do not, those that a mail brings.

Where the world asks for tracking in a banner, only the visits of who has accepted by then are
recorded; how many there were, the truth keeps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import polars as pl

from workbench.synthetic.clock import MONTH_DAYS, Clock
from workbench.synthetic.draws import Dice, Flags, Integers, geometric, picked, poisson, spread
from workbench.synthetic.frames import gathered, nothing, ordered
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.permissions import Decision, allows_app, p_accepts
from workbench.synthetic.recipes import CHANNELS
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.orders import answered
from workbench.synthetic.shop.purchasing import Purchases

#: Products looked at in a visit that ends in no order: nearly half look at none (bounce).
_VIEWS = (0.45, 0.13, 0.11, 0.08, 0.07, 0.06, 0.04, 0.03, 0.03)
_VIEWS_OF_MAIL = (0.30, 0.25, 0.17, 0.10, 0.08, 0.05, 0.03, 0.01, 0.01)
_MOST_VIEWS, _MORE_VIEWS = 12, 5.0  # of a visit that ends in an order, beyond its lines
_VISIT = 1 << 20  # places of visits lie above those of orders
_CART = 0.6
_DRAWS = ("pace", "views", "cart", "channel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicks:
    """Clicks in mails of one kind, each of which brings a visit; arrays of shape (clicks,).

    ``number`` tells a customer's mails of the kind apart; ``at`` is in seconds since 1970.
    """

    stream: str
    owner: Integers
    number: Integers
    at: Integers
    campaign: pl.Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """Visits of a block by customer and time; arrays of shape (visits,).

    Attributes
    ----------
    owner, place : array of int
        Row of the customer; the number that keys the visit's draws.
    is_app, has_cart, signs_up : array of bool
    views : array of int
        Products looked at.
    order : array of int
        Row of the sale that it ends in, or -1.
    starts_at, pace : array of int
        Seconds since 1970; seconds per step.
    campaign : Series of String
        The mail that brought it, null where none did.
    """

    owner: Integers
    place: Integers
    is_app: Flags
    views: Integers
    has_cart: Flags
    order: Integers
    signs_up: Flags
    starts_at: Integers
    pace: Integers
    campaign: pl.Series

    def at(self, rows: Integers | slice) -> "Visits":
        """Return these of the visits."""
        taken: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        return Visits(**{name: column[rows] for name, column in taken.items()})

    @classmethod
    def of(cls, kinds: "Sequence[Visits]") -> "Visits":
        """Return the visits of all kinds, by customer and time."""
        joined: dict[str, Any] = {}
        for each in fields(cls):
            columns = [getattr(kind, each.name) for kind in kinds]
            is_text = isinstance(columns[0], pl.Series)
            joined[each.name] = pl.concat(columns) if is_text else np.concatenate(columns)
        found = cls(**joined)
        return found.at(ordered(found.owner, found.starts_at))


def visits(block: Block, bought: Purchases, sold: Sales, clicks: Sequence[Clicks]) -> Visits:
    """Return all visits of a block, recorded or not."""
    every = [_buying(block, bought, sold), _looking(block, bought)]
    every += [_clicked(block, each, kind) for kind, each in enumerate(clicks)]
    return Visits.of(every)


def recorded(block: Block, made: Visits, analytics: Decision) -> Visits:
    """Return the visits that may be seen."""
    if block.recipe.tracking.banner == "none":
        return made
    in_app = allows_app(block)[made.owner]
    on_site = analytics.holds(made.starts_at, made.owner)
    return made.at(np.flatnonzero(np.where(made.is_app, in_app, on_site)))


def tracking(block: Block, made: Visits, seen: Visits) -> pl.DataFrame:
    """Return what is true of the visits of each customer, seen and unseen.

    Returns
    -------
    DataFrame, shape (customers, 5)
        ``record_id``; ``p_accepts`` (the banner) and ``allows_app``; ``visits`` and
        ``visits_recorded``.
    """
    return pl.DataFrame(
        {
            "record_id": block.record_id,
            "p_accepts": p_accepts(block),
            "allows_app": allows_app(block),
            "visits": np.bincount(made.owner, minlength=block.size),
            "visits_recorded": np.bincount(seen.owner, minlength=block.size),
        }
    )


def _buying(block: Block, bought: Purchases, sold: Sales) -> Visits:
    order = np.flatnonzero(sold.channel != CHANNELS.index("store"))
    owner, place = bought.owner[order], bought.place[order]
    more = geometric(block.u("more views", owner, place), _MORE_VIEWS, most=_MOST_VIEWS)
    views = np.minimum(sold.lines[order] + more, _MOST_VIEWS)
    pace = _pace(_dice(block, owner, place))
    is_first = bought.rank[order] == 0
    return Visits(
        owner=owner,
        place=place,
        is_app=sold.channel[order] == CHANNELS.index("app"),
        views=views,
        has_cart=np.ones(len(order), dtype=bool),
        order=order,
        signs_up=is_first,
        starts_at=bought.placed_at[order] - pace * (views + 2 + is_first),
        pace=pace,
        campaign=gathered(answered(block, bought), order),
    )


def _looking(block: Block, bought: Purchases) -> Visits:
    clock = Clock.of(block.recipe, "visits")
    begin = clock.operational(block.joined_day)
    span = clock.operational(np.minimum(bought.left_day, clock.days)) - begin
    # who buys more visits more: the rate follows the customer's own
    usual = block.of_kind("purchases_per_month") / MONTH_DAYS
    eager = np.sqrt(bought.rate / usual)
    mean = block.of_kind("visits_per_month") / MONTH_DAYS * eager * span
    owner, position = spread(poisson(block.u("visits"), mean))
    passed = begin[owner] + block.u("visit time", owner, position) * span[owner]
    place = _VISIT + position
    dice = _dice(block, owner, place)
    pace = _pace(dice)
    views = picked(dice["views"], _VIEWS)
    has_cart = (views > 0) & dice.happens("cart", _CART)
    starts_at = clock.instants(clock.calendar(passed))
    starts_at = np.minimum(starts_at, clock.end_at - 1 - pace * (views + has_cart))
    likes_app = np.array(
        [
            k.channels["app"] / (k.channels["app"] + k.channels["web"] or 1)
            for k in block.recipe.kinds
        ]
    )
    return Visits(
        order=np.full(len(owner), -1),
        signs_up=np.zeros(len(owner), dtype=bool),
        owner=owner,
        place=place,
        is_app=dice.happens("channel", likes_app[block.segment[owner]]),
        views=views,
        has_cart=has_cart,
        starts_at=np.maximum(starts_at, block.joined_at[owner]),
        pace=pace,
        campaign=nothing(len(owner)),
    )


def _clicked(block: Block, clicks: Clicks, kind: int) -> Visits:
    owner = clicks.owner
    place = _VISIT * (2 + kind) + clicks.number
    dice = _dice(block, owner, place)
    pace = _pace(dice)
    views = picked(dice["views"], _VIEWS_OF_MAIL)
    has_cart = (views > 0) & dice.happens("cart", _CART)
    return Visits(
        order=np.full(len(owner), -1),
        signs_up=np.zeros(len(owner), dtype=bool),
        owner=owner,
        place=place,
        is_app=np.zeros(len(owner), dtype=bool),
        views=views,
        has_cart=has_cart,
        starts_at=np.minimum(clicks.at, block.clock.end_at - 1 - pace * (views + has_cart)),
        pace=pace,
        campaign=clicks.campaign,
    )


def _dice(block: Block, owner: Integers, place: Integers) -> Dice:
    return Dice(block.bits("visit", owner, place), _DRAWS)


def _pace(dice: Dice) -> Integers:
    """Return the seconds per step, 15 to 74."""
    seconds: Integers = 15 + (60 * dice["pace"] >> 16)
    return seconds
