"""What customers do on site and in the app: the table ``events``.

A session is a row of steps: arriving, looking at products, putting one into the basket, buying.
Every order placed on the web or in the app ends a session; other visits end without one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.clock import MONTH_DAYS, Clock
from workbench.synthetic.draws import (
    Flags,
    Integers,
    Keys,
    choice,
    choice_by,
    normal,
    poisson,
    spread,
)
from workbench.synthetic.frames import choices, instant, table, where, words
from workbench.synthetic.people.block import Block
from workbench.synthetic.recipes import CHANNELS
from workbench.synthetic.shop.ordering import Sales, answered
from workbench.synthetic.shop.purchasing import Purchases
from workbench.synthetic.stock.catalogue import catalogue

_STEPS = ("page_view", "view_item", "add_to_cart", "purchase", "sign_up", "search")
_SEARCHES = 0.15  # of visits
_MOST_VIEWS = 2
_VISIT = 1 << 20  # positions of visits lie above those of orders
_TRAFFIC = (
    "(direct) / (none)",
    "google / organic",
    "bing / organic",
    "google / cpc",
    "instagram / social",
    "partner.example / referral",
    "newsletter / email",
)
_BY_MAIL = "newsletter / email"
_PAGES = ("/", "/sale", "/new", "/account")


@dataclass(frozen=True)
class _Sessions:
    """Sessions before they are spread into steps; arrays of shape (sessions,).

    ``order`` is the row of the sale, or -1. ``starts_at`` is in seconds since 1970, ``pace`` in
    seconds per step; ``campaign`` is the mail that brought the visit, null where none did.
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


def events(block: Block, bought: Purchases, sold: Sales, clicks: Sequence[Clicks]) -> pl.DataFrame:
    """Return the table ``events``."""
    visited = [_buying(block, bought, sold), _visits(block, bought)]
    visited += [_clicked(block, each, place) for place, each in enumerate(clicks)]
    return table("events", [_steps(block, sold, each) for each in visited])


def _clicked(block: Block, clicks: Clicks, kind: int) -> _Sessions:
    owner = clicks.owner
    place = _VISIT * (2 + kind) + clicks.number
    pace = 15 + (60 * block.u("pace", owner, place)).astype(np.int64)
    views = choice(block.u("views", owner, place), (0.25, 0.40, 0.25, 0.10))
    has_cart = (views > 0) & (block.u("cart", owner, place) < 0.25)
    return _Sessions(
        owner=owner,
        place=place,
        is_app=np.zeros(len(owner), dtype=bool),
        views=views,
        has_cart=has_cart,
        order=np.full(len(owner), -1),
        signs_up=np.zeros(len(owner), dtype=bool),
        starts_at=np.minimum(clicks.at, block.clock.end_at - 1 - pace * (views + has_cart)),
        pace=pace,
        campaign=clicks.campaign,
    )


def _buying(block: Block, bought: Purchases, sold: Sales) -> _Sessions:
    order = np.flatnonzero(sold.channel != CHANNELS.index("store"))
    owner, place = bought.owner[order], bought.place[order]
    views = np.minimum(sold.lines[order], _MOST_VIEWS)
    pace = 15 + (60 * block.u("pace", owner, place)).astype(np.int64)
    is_first = bought.rank[order] == 0
    return _Sessions(
        owner=owner,
        place=place,
        is_app=sold.channel[order] == CHANNELS.index("app"),
        views=views,
        has_cart=np.ones(len(order), dtype=bool),
        order=order,
        signs_up=is_first,
        starts_at=bought.placed_at[order] - pace * (views + 2 + is_first),
        pace=pace,
        campaign=answered(block, bought).gather(order),
    )


def _visits(block: Block, bought: Purchases) -> _Sessions:
    clock = Clock.of(block.recipe, "visits")
    begin = clock.operational(block.joined_day)
    until = np.minimum(bought.left_day, clock.days)
    span = clock.operational(until) - begin
    # who buys more visits more: the rate follows the customer's own
    usual = block.of_kind("purchases_per_month") / MONTH_DAYS
    eager = np.sqrt(bought.rate / usual)
    mean = block.of_kind("visits_per_month") / MONTH_DAYS * eager * span
    owner, position = spread(poisson(block.u("visits"), mean))
    passed = begin[owner] + block.u("visit time", owner, position) * span[owner]
    place = _VISIT + position
    pace = 15 + (60 * block.u("pace", owner, place)).astype(np.int64)
    starts_at = np.maximum(clock.instants(clock.calendar(passed)), block.joined_at[owner])
    views = choice(block.u("views", owner, place), (0.35, 0.35, 0.2, 0.1))
    has_cart = (views > 0) & (block.u("cart", owner, place) < 0.25)
    starts_at = np.minimum(starts_at, clock.end_at - 1 - pace * (views + has_cart))
    starts_at = np.maximum(starts_at, block.joined_at[owner])
    likes_app = np.array(
        [
            k.channels["app"] / (k.channels["app"] + k.channels["web"] or 1)
            for k in block.recipe.kinds
        ]
    )
    is_app = block.u("visit channel", owner, place) < likes_app[block.segment[owner]]
    nowhere = np.full(len(owner), -1)
    never = np.zeros(len(owner), dtype=bool)
    campaign = words([None], 0 * owner)
    return _Sessions(
        owner, place, is_app, views, has_cart, nowhere, never, starts_at, pace, campaign
    )


def _steps(block: Block, sold: Sales, visited: _Sessions) -> dict[str, object]:
    buys = visited.order >= 0
    first_view = 1 + visited.signs_up
    cart = first_view + visited.views
    count = cart + visited.has_cart + buys
    session, step = spread(count)
    owner = visited.owner[session]
    is_view = (step >= first_view[session]) & (step < cart[session])
    is_cart = visited.has_cart[session] & (step == cart[session])
    is_purchase = buys[session] & (step == count[session] - 1)
    searches = ~buys & (block.u("searches", visited.owner, visited.place) < _SEARCHES)
    is_search = searches[session] & (step == 0)
    name = np.select([is_view, is_cart, is_purchase, is_search, step == 0], [1, 2, 3, 5, 0], 4)

    at = visited.starts_at[session] + visited.pace[session] * step
    product = _product(
        block, sold, visited, session, np.maximum(step - first_view[session], 0), is_cart
    )
    has_product = is_view | is_cart
    goods = catalogue(block.recipe.system)
    is_app = visited.is_app[session]
    device = _devices(block, visited)
    arrival = choice(
        block.u("traffic", visited.owner, visited.place), (0.3, 0.28, 0.12, 0.15, 0.1, 0.05)
    )
    arrival = np.where(visited.campaign.is_not_null(), _TRAFFIC.index(_BY_MAIL), arrival)
    page = choice(block.u("page", visited.owner, visited.place), (0.6, 0.15, 0.15, 0.1))
    session_id = block.bits("session", visited.owner, visited.place)
    order = visited.order[session]
    order_id = (
        sold.order_id.gather(np.maximum(order, 0))
        if len(sold.order_id)
        else words([None], order * 0)
    )
    return {
        "_owner": owner,
        "_at": at,
        "event_id": _event_ids(block, owner, visited.place[session], step),
        "record_id": block.record_id[owner],
        "session_id": session_id[session],
        "occurred_at": instant(at),
        "event_name": words(_STEPS, name),
        "channel": choices("events", "channel", ["web", "app"], is_app.astype(np.int64)),
        "device_type": choices(
            "events", "device_type", ["desktop", "mobile", "tablet"], device[session]
        ),
        "page": _pages(name, page[session], goods.product_id, product),
        "product_id": where(has_product, goods.product_id.gather(product)),
        "search_text": where(is_search, goods.noun.gather(product)),
        "traffic_source": where(~is_app, words(_TRAFFIC, arrival[session])),
        "campaign_id": visited.campaign.gather(session),
        "duration_seconds": where(
            step < count[session] - 1, pl.Series(visited.pace[session]).cast(pl.Float64)
        ),
        "order_id": where(is_purchase, order_id),
    }


def _event_ids(block: Block, owner: Integers, place: Integers, step: Integers) -> Keys:
    return block.bits("event", owner, place * 16 + step)


def _product(
    block: Block, sold: Sales, visited: _Sessions, session: Integers, view: Integers, is_cart: Flags
) -> Integers:
    """Return the product looked at: the order's lines in turn, or what the segment likes."""
    view = np.where(is_cart, 0, view)
    kinds = block.recipe.kinds
    owner, place = visited.owner[session], visited.place[session] * 16 + view
    category = choice_by(
        block.u("viewed", owner, place), block.segment[owner], [k.categories for k in kinds]
    )
    price = np.log(block.of_kind("order_value_minor") / block.of_kind("lines"))[owner]
    wanted = np.exp(price + 0.5 * normal(block.u("viewed price", owner, place)))
    seen = catalogue(block.recipe.system).nearest(category, wanted)
    order = visited.order[session]
    if not len(sold.lines):
        return seen
    starts = np.cumsum(sold.lines) - sold.lines
    line = np.minimum(
        starts[order] + np.minimum(view, sold.lines[order] - 1), len(sold.product) - 1
    )
    return np.where(order >= 0, sold.product[line], seen)


def _devices(block: Block, visited: _Sessions) -> Integers:
    """Return each session's device: a phone for the app, mostly the usual one for the site."""
    usual = choice(block.u("device"), (0.45, 0.48, 0.07))[visited.owner]
    other = choice(block.u("other device", visited.owner, visited.place), (0.45, 0.48, 0.07))
    is_other = block.u("device changes", visited.owner, visited.place) < 0.15
    return np.where(visited.is_app, 1, np.where(is_other, other, usual))


def _pages(name: Integers, page: Integers, product_id: pl.Series, product: Integers) -> pl.Series:
    """Return the path: the landing page, the product's page, the basket, the thanks, the form."""
    fixed = [*_PAGES, "/basket", "/thank-you", "/register", "/search"]
    paths = [f"/p/{each.split(':')[1].lower()}" for each in product_id]
    places = np.select(
        [name == step for step in range(1, 6)], [len(fixed) + product, 4, 5, 6, 7], page
    )
    return words([*fixed, *paths], places)
