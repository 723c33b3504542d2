"""Visits to site and app: with and without an order, from clicks in mails, and anonymous ones.

Until they leave, customers visit at a constant rate on the clock of visits. In the first weeks
after joining they visit the app more often, because many users try a new app and then stop. People
who never register make anonymous visits. Each anonymous visit is drawn with the key of some
customer, to whom it is otherwise unrelated, so that a larger world begins with the rows of a
smaller one.

Where the world asks for permission in a banner, only visits of people who accepted before are
recorded; the truth has the number of all visits.
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
    child_rows,
    choose_from_bits,
    geometric,
    poisson,
)
from workbench.synthetic.frames import gather, null_texts, row_order
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.permissions import (
    Decision,
    acceptance_probability,
    allows_app_tracking,
)
from workbench.synthetic.recipes import BANNERS, CHANNELS
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.orders import mailing_of_sale
from workbench.synthetic.shop.purchasing import Purchases

#: Shares of visits without an order in which 0, 1, 2, ... products are viewed.
_VIEWS = (0.45, 0.13, 0.11, 0.08, 0.07, 0.06, 0.04, 0.03, 0.03)
_VIEWS_OF_MAIL = (0.30, 0.25, 0.17, 0.10, 0.08, 0.05, 0.03, 0.01, 0.01)
_VIEWS_OF_ANONYMOUS = (0.48, 0.25, 0.12, 0.06, 0.04, 0.02, 0.01, 0.01, 0.01)
_MOST_VIEWS, _MORE_VIEWS = 12, 5.0  # Views in a visit with an order: at most; beyond its lines.
#: Places of visits without an order begin here, above those of orders; places of visits from clicks
#: in mails of kind k begin at (2 + k) times this number.
_VISIT = 1 << 20
_TRIAL, _ANONYMOUS = 1 << 18, 1 << 19  # First places of visits to a new app; of anonymous visits.
_CART, _CART_OF_ANONYMOUS = 0.6, 0.06  # Shares with a basket, among visits with a viewed product.
#: Days after joining for which customers visit the app more often.
TRIAL_DAYS = 60
_DRAWS = ("pace", "views", "cart", "channel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicks:
    """Clicks in mails of one kind, each of which causes a visit; arrays of shape (clicks,).

    ``number`` identifies the mail among the customer's mails of this kind; ``at`` is in seconds
    since 1970.
    """

    stream: str
    owner: Integers
    number: Integers
    at: Integers
    campaign: pl.Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """Visits of a block, sorted by customer and time; arrays of shape (visits,).

    Attributes
    ----------
    owner, place : array of int
        Row of the customer; number that keys the visit's draws.
    is_app, has_cart, signs_up : array of bool
        Whether the visit is in the app; puts a product into the basket; contains the registration.
    views : array of int
        Number of viewed products.
    order : array of int
        Row of the sale at the end of the visit, or -1.
    starts_at, pace : array of int
        Seconds since 1970; seconds per step.
    campaign : Series of String
        Mail that caused the visit, null where none did.
    is_known : array of bool
        Whether the visitor is the customer; false for anonymous visits.
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

    def take(self, rows: Integers | slice) -> "Visits":
        """Return the visits at some rows."""
        taken: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        return Visits(**{name: column[rows] for name, column in taken.items()})

    @classmethod
    def combine(cls, kinds: "Sequence[Visits]") -> "Visits":
        """Join visits of several kinds, sorted by customer and time."""
        joined: dict[str, Any] = {}
        for each in fields(cls):
            columns = [getattr(kind, each.name) for kind in kinds]
            is_text = isinstance(columns[0], pl.Series)
            joined[each.name] = pl.concat(columns) if is_text else np.concatenate(columns)
        found = cls(**joined)
        return found.take(row_order(found.owner, found.starts_at))


def draw_visits(
    block: Block, purchases: Purchases, sales: Sales, clicks: Sequence[Clicks]
) -> Visits:
    """Draw all visits of a block, recorded or not."""
    every = [
        _visits_with_order(block, purchases, sales),
        _visits_without_order(block, purchases),
        _trial_visits(block, purchases),
    ]
    every += [_visits_from_clicks(block, each, kind) for kind, each in enumerate(clicks)]
    every.append(_anonymous_visits(block))
    return Visits.combine(every)


def select_recorded_visits(block: Block, made: Visits, analytics: Decision) -> Visits:
    """Return the visits that the company may record."""
    if block.recipe.tracking.banner == "none":
        return made
    rule = block.recipe.tracking
    anonymous = np.flatnonzero(~made.is_known)
    u = block.u("unknown tracked", made.owner[anonymous], made.place[anonymous])
    in_app = allows_app_tracking(block)[made.owner]
    in_app[anonymous] = u < rule.app_asked * rule.app_allowed
    on_site = analytics.holds(made.starts_at, made.owner)
    on_site[anonymous] = u < BANNERS[rule.banner][0]
    return made.take(np.flatnonzero(np.where(made.is_app, in_app, on_site)))


def tracking_truth(block: Block, made: Visits, recorded: Visits) -> pl.DataFrame:
    """Return the truth about the visits of each customer.

    Returns
    -------
    DataFrame, shape (customers, 5)
        ``record_id``; ``p_accepts`` (the banner) and ``allows_app``; ``visits`` and
        ``visits_recorded``.
    """
    return pl.DataFrame(
        {
            "record_id": block.record_id,
            "p_accepts": acceptance_probability(block),
            "allows_app": allows_app_tracking(block),
            "visits": np.bincount(made.owner[made.is_known], minlength=block.size),
            "visits_recorded": np.bincount(recorded.owner[recorded.is_known], minlength=block.size),
        }
    )


def _visits_with_order(block: Block, purchases: Purchases, sales: Sales) -> Visits:
    """Draw the visits that end with an order on the web or in the app."""
    order = np.flatnonzero(sales.channel != CHANNELS.index("store"))
    owner, place = purchases.owner[order], purchases.place[order]
    more = geometric(block.u("more views", owner, place), _MORE_VIEWS, most=_MOST_VIEWS)
    views = np.minimum(sales.lines[order] + more, _MOST_VIEWS)
    pace = _pace(_draws(block, owner, place))
    is_first = purchases.rank[order] == 0
    return Visits(
        owner=owner,
        place=place,
        is_app=sales.channel[order] == CHANNELS.index("app"),
        views=views,
        has_cart=np.ones(len(order), dtype=bool),
        order=order,
        signs_up=is_first,
        starts_at=purchases.placed_at[order] - pace * (views + 2 + is_first),
        pace=pace,
        campaign=gather(mailing_of_sale(block, purchases), order),
        is_known=np.ones(len(order), dtype=bool),
    )


def visit_rate(block: Block, rate: Floats) -> Floats:
    """Return each customer's number of visits without an order per operational day.

    It is the segment's number times the square root of the customer's rate of buying over the
    segment's.
    """
    usual = block.segment_values("purchases_per_month") / MONTH_DAYS
    found: Floats = block.segment_values("visits_per_month") / MONTH_DAYS * np.sqrt(rate / usual)
    return found


def app_shares(block: Block) -> Floats:
    """Return the share of each segment's visits without an order that are in the app."""
    shares = [
        segment.channels["app"] / (segment.channels["app"] + segment.channels["web"] or 1)
        for segment in block.recipe.contrasted_segments
    ]
    return np.array(shares)


def extra_app_days(block: Block, days: Floats) -> Floats:
    """Return the number of further visits to the app, divided by the usual number of one day.

    It is the integral of ``tries_app (1 + t)^-tires`` over the days since joining, at most over
    ``TRIAL_DAYS``.
    """
    rule = block.recipe.visitors
    power = 1 - rule.tires
    counted = np.clip(days, 0, TRIAL_DAYS)
    found: Floats = rule.tries_app * ((1 + counted) ** power - 1) / power
    return found


def _visits_without_order(block: Block, purchases: Purchases) -> Visits:
    """Draw the usual visits of customers until they leave."""
    clock = Clock.of(block.recipe, "visits")
    begin = clock.operational(block.joined_day)
    span = clock.operational(np.minimum(purchases.left_day, clock.days)) - begin
    mean = visit_rate(block, purchases.rate) * span
    owner, position = child_rows(poisson(block.u("visits"), mean))
    passed = begin[owner] + block.u("visit time", owner, position) * span[owner]
    starts_at = np.maximum(clock.instants(clock.calendar(passed)), block.joined_at[owner])
    place = _VISIT + position
    is_app = _draws(block, owner, place).happens("channel", app_shares(block)[block.segment][owner])
    return _make_visits(block, owner, place, starts_at, is_app=is_app)


def _trial_visits(block: Block, purchases: Purchases) -> Visits:
    """Draw the further visits to the app in the weeks after joining."""
    days = np.minimum(purchases.left_day, block.clock.days) - block.joined_day
    span = extra_app_days(block, days)
    mean = visit_rate(block, purchases.rate) * app_shares(block)[block.segment] * span
    owner, position = child_rows(poisson(block.u("trial visits"), mean))
    rule = block.recipe.visitors
    power = 1 - rule.tires
    passed = block.u("trial visit time", owner, position) * span[owner]
    after = (1 + passed * power / max(rule.tries_app, 1e-12)) ** (1 / power) - 1
    # Calendar time is added, because the instant of joining is already in the busy hours.
    starts_at = block.joined_at[owner] + (after * DAY_SECONDS).astype(np.int64)
    is_app = np.ones(len(owner), dtype=bool)
    return _make_visits(block, owner, _VISIT + _TRIAL + position, starts_at, is_app=is_app)


def _anonymous_visits(block: Block) -> Visits:
    """Draw the visits of people who never register, at a constant rate on the clock of visits."""
    rule, clock = block.recipe.visitors, Clock.of(block.recipe, "visits")
    mean = np.full(block.size, rule.anonymous_per_month * block.recipe.months)
    owner, position = child_rows(poisson(block.u("unknown visits"), mean))
    place = _VISIT + _ANONYMOUS + position
    end = clock.operational(np.array([float(clock.days)]))[0]
    day = clock.calendar(end * block.u("unknown visit time", owner, position))
    is_app = _draws(block, owner, place).happens("channel", rule.anonymous_in_app)
    made = _make_visits(
        block, owner, place, clock.instants(day), is_app=is_app, views=_VIEWS_OF_ANONYMOUS,
        cart=_CART_OF_ANONYMOUS,
    )  # fmt: skip
    return replace(made, is_known=np.zeros(len(owner), dtype=bool))


def _visits_from_clicks(block: Block, clicks: Clicks, kind: int) -> Visits:
    """Draw the visits that clicks in mails of one kind cause."""
    place = _VISIT * (2 + kind) + clicks.number
    is_app = np.zeros(len(clicks.owner), dtype=bool)
    made = _make_visits(block, clicks.owner, place, clicks.at, is_app=is_app, views=_VIEWS_OF_MAIL)
    return replace(made, campaign=clicks.campaign)


def _make_visits(
    block: Block,
    owner: Integers,
    place: Integers,
    starts_at: Integers,
    *,
    is_app: Flags,
    views: tuple[float, ...] = _VIEWS,
    cart: float = _CART,
) -> Visits:
    """Draw the content of visits without an order; they end within the world's time."""
    draws = _draws(block, owner, place)
    pace = _pace(draws)
    looked_at = choose_from_bits(draws["views"], views)
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
        campaign=null_texts(len(owner)),
        is_known=np.ones(len(owner), dtype=bool),
    )


def _draws(block: Block, owner: Integers, place: Integers) -> NamedDraws:
    return NamedDraws(block.bits("visit", owner, place), _DRAWS)


def _pace(draws: NamedDraws) -> Integers:
    """Return the seconds per step, 15 to 74."""
    seconds: Integers = 15 + (60 * draws["pace"] >> 16)
    return seconds
