"""Visits to site and app: with an order, without one, brought by a mail, of people unknown.

Customers visit at a constant rate on the clock of visits while active. They visit the app more
often in the weeks after joining: most who install an app try it and stop. People who never register
visit, too; their visits are drawn with those of a customer, to whom they are unrelated, so that a
larger world begins with the rows of a smaller one.

Where the world asks for tracking in a banner, only visits of people who accepted before are
recorded; the truth has the number of all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS, MONTH_DAYS, Clock
from workbench.synthetic.draws import (
    Flags,
    Floats,
    Integers,
    NamedDraws,
    geometric,
    picked,
    poisson,
    spread,
)
from workbench.synthetic.frames import gathered, nothing, ordered
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.permissions import Decision, allows_app, p_accepts
from workbench.synthetic.recipes import BANNERS, CHANNELS
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.orders import answered
from workbench.synthetic.shop.purchasing import Purchases

#: Products looked at in a visit that ends in no order: nearly half look at none (bounce).
_VIEWS = (0.45, 0.13, 0.11, 0.08, 0.07, 0.06, 0.04, 0.03, 0.03)
_VIEWS_OF_MAIL = (0.30, 0.25, 0.17, 0.10, 0.08, 0.05, 0.03, 0.01, 0.01)
_VIEWS_OF_UNKNOWN = (0.48, 0.25, 0.12, 0.06, 0.04, 0.02, 0.01, 0.01, 0.01)
_MOST_VIEWS, _MORE_VIEWS = 12, 5.0  # of a visit that ends in an order, beyond its lines
_VISIT = 1 << 20  # places of visits lie above those of orders
_TRIAL, _UNKNOWN = 1 << 18, 1 << 19  # first places of visits to a new app, of unknown people
_CART, _CART_OF_UNKNOWN = 0.6, 0.06  # of visits in which a product was looked at
#: Days after joining for which the app is visited more often.
TRIAL_DAYS = 60
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
    is_known : array of bool
        Whether the visitor is the customer; else somebody who never registers.
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
    is_known: Flags

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
    every = [_buying(block, bought, sold), _looking(block, bought), _trying(block, bought)]
    every += [_clicked(block, each, kind) for kind, each in enumerate(clicks)]
    every.append(_unknown(block))
    return Visits.of(every)


def recorded(block: Block, made: Visits, analytics: Decision) -> Visits:
    """Return the visits that may be seen."""
    if block.recipe.tracking.banner == "none":
        return made
    rule = block.recipe.tracking
    unknown = np.flatnonzero(~made.is_known)
    u = block.u("unknown tracked", made.owner[unknown], made.place[unknown])
    in_app = allows_app(block)[made.owner]
    in_app[unknown] = u < rule.app_asked * rule.app_allowed
    on_site = analytics.holds(made.starts_at, made.owner)
    on_site[unknown] = u < BANNERS[rule.banner][0]
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
            "visits": np.bincount(made.owner[made.is_known], minlength=block.size),
            "visits_recorded": np.bincount(seen.owner[seen.is_known], minlength=block.size),
        }
    )


def _buying(block: Block, bought: Purchases, sold: Sales) -> Visits:
    order = np.flatnonzero(sold.channel != CHANNELS.index("store"))
    owner, place = bought.owner[order], bought.place[order]
    more = geometric(block.u("more views", owner, place), _MORE_VIEWS, most=_MOST_VIEWS)
    views = np.minimum(sold.lines[order] + more, _MOST_VIEWS)
    pace = _pace(_draws(block, owner, place))
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
        is_known=np.ones(len(order), dtype=bool),
    )


def visit_rate(block: Block, rate: Floats) -> Floats:
    """Return visits without an order per day of the clock of visits, while active.

    Customers who buy more visit more: by the square root of their own rate over the segment's.
    """
    usual = block.of_kind("purchases_per_month") / MONTH_DAYS
    found: Floats = block.of_kind("visits_per_month") / MONTH_DAYS * np.sqrt(rate / usual)
    return found


def app_shares(block: Block) -> Floats:
    """Return the share of each segment's visits without an order that are in the app."""
    shares = [
        kind.channels["app"] / (kind.channels["app"] + kind.channels["web"] or 1)
        for kind in block.recipe.kinds
    ]
    return np.array(shares)


def trial_days(block: Block, days: Floats) -> Floats:
    """Return how many usual days so many days after joining count more for, in the app.

    The integral of ``tries_app (1 + t)^-tires`` up to these days, or up to ``TRIAL_DAYS``.
    """
    rule = block.recipe.visitors
    power = 1 - rule.tires
    held = np.clip(days, 0, TRIAL_DAYS)
    found: Floats = rule.tries_app * ((1 + held) ** power - 1) / power
    return found


def _looking(block: Block, bought: Purchases) -> Visits:
    clock = Clock.of(block.recipe, "visits")
    begin = clock.operational(block.joined_day)
    span = clock.operational(np.minimum(bought.left_day, clock.days)) - begin
    mean = visit_rate(block, bought.rate) * span
    owner, position = spread(poisson(block.u("visits"), mean))
    passed = begin[owner] + block.u("visit time", owner, position) * span[owner]
    starts_at = np.maximum(clock.instants(clock.calendar(passed)), block.joined_at[owner])
    place = _VISIT + position
    is_app = _draws(block, owner, place).happens("channel", app_shares(block)[block.segment][owner])
    return _without_order(block, owner, place, starts_at, is_app=is_app)


def _trying(block: Block, bought: Purchases) -> Visits:
    """Return the further visits to the app in the weeks after joining."""
    days = np.minimum(bought.left_day, block.clock.days) - block.joined_day
    span = trial_days(block, days)
    mean = visit_rate(block, bought.rate) * app_shares(block)[block.segment] * span
    owner, position = spread(poisson(block.u("trial visits"), mean))
    rule = block.recipe.visitors
    power = 1 - rule.tires
    passed = block.u("trial visit time", owner, position) * span[owner]
    after = (1 + passed * power / max(rule.tries_app, 1e-12)) ** (1 / power) - 1
    # by calendar time: an instant of joining falls into the busy hours already
    starts_at = block.joined_at[owner] + (after * DAY_SECONDS).astype(np.int64)
    is_app = np.ones(len(owner), dtype=bool)
    return _without_order(block, owner, _VISIT + _TRIAL + position, starts_at, is_app=is_app)


def _unknown(block: Block) -> Visits:
    """Return the visits of people who never register: evenly by the clock of visits."""
    rule, clock = block.recipe.visitors, Clock.of(block.recipe, "visits")
    mean = np.full(block.size, rule.anonymous_per_month * block.recipe.months)
    owner, position = spread(poisson(block.u("unknown visits"), mean))
    place = _VISIT + _UNKNOWN + position
    end = clock.operational(np.array([float(clock.days)]))[0]
    day = clock.calendar(end * block.u("unknown visit time", owner, position))
    is_app = _draws(block, owner, place).happens("channel", rule.anonymous_in_app)
    made = _without_order(
        block, owner, place, clock.instants(day), is_app=is_app, views=_VIEWS_OF_UNKNOWN,
        cart=_CART_OF_UNKNOWN,
    )  # fmt: skip
    return replace(made, is_known=np.zeros(len(owner), dtype=bool))


def _clicked(block: Block, clicks: Clicks, kind: int) -> Visits:
    place = _VISIT * (2 + kind) + clicks.number
    is_app = np.zeros(len(clicks.owner), dtype=bool)
    made = _without_order(
        block, clicks.owner, place, clicks.at, is_app=is_app, views=_VIEWS_OF_MAIL
    )
    return replace(made, campaign=clicks.campaign)


def _without_order(
    block: Block,
    owner: Integers,
    place: Integers,
    starts_at: Integers,
    *,
    is_app: Flags,
    views: tuple[float, ...] = _VIEWS,
    cart: float = _CART,
) -> Visits:
    """Return visits that end without an order, within the world's time."""
    draws = _draws(block, owner, place)
    pace = _pace(draws)
    looked_at = picked(draws["views"], views)
    has_cart = (looked_at > 0) & draws.happens("cart", cart)
    latest = block.clock.end_at - 1 - pace * (looked_at + has_cart)
    return Visits(
        owner=owner,
        place=place,
        is_app=is_app,
        views=looked_at,
        has_cart=has_cart,
        order=np.full(len(owner), -1),
        signs_up=np.zeros(len(owner), dtype=bool),
        starts_at=np.minimum(starts_at, latest),
        pace=pace,
        campaign=nothing(len(owner)),
        is_known=np.ones(len(owner), dtype=bool),
    )


def _draws(block: Block, owner: Integers, place: Integers) -> NamedDraws:
    return NamedDraws(block.bits("visit", owner, place), _DRAWS)


def _pace(draws: NamedDraws) -> Integers:
    """Return the seconds per step, 15 to 74."""
    seconds: Integers = 15 + (60 * draws["pace"] >> 16)
    return seconds
