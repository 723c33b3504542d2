"""What customers do on site and in the app: the table ``events``.

A session is a row of steps: arriving, looking at products, putting one into the basket, buying.
Every order placed on the web or in the app ends a session; other visits end without one.
"""

import math
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.synthetic.draws import (
    Integers,
    Keys,
    cells,
    choice,
    normal,
    spread,
)
from workbench.synthetic.frames import choices, instant, table, where, words
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.visits import Visits
from workbench.synthetic.stock.catalogue import catalogue

_STEPS = ("page_view", "view_item", "add_to_cart", "purchase", "sign_up", "search")
_SEARCHES = 0.15  # of visits
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
_PRICES = normal((np.arange(256) + 0.5) / 256)  # standard normal values of equal shares
_PAGES = ("/", "/sale", "/new", "/account")


def events(block: Block, sold: Sales, visited: Visits) -> pl.DataFrame:
    """Return the table ``events``: the steps of visits, one visit after another."""
    return table("events", [_steps(block, sold, visited)], is_sorted=True)


def _steps(block: Block, sold: Sales, visited: Visits) -> dict[str, object]:
    buys = visited.order >= 0
    first_view = 1 + visited.signs_up
    cart = first_view + visited.views
    count = cart + visited.has_cart + buys
    session, step = spread(count)
    owner, place = visited.owner[session], visited.place[session]
    is_view = (step >= first_view[session]) & (step < cart[session])
    is_cart = visited.has_cart[session] & (step == cart[session])
    is_purchase = buys[session] & (step == count[session] - 1)
    searches = ~buys & (block.u("searches", visited.owner, visited.place) < _SEARCHES)
    is_search = searches[session] & (step == 0)
    is_sign_up = visited.signs_up[session] & (step == 1)
    name = is_view + 2 * is_cart + 3 * is_purchase + 4 * is_sign_up + 5 * is_search

    at = visited.starts_at[session] + visited.pace[session] * step
    event_id = block.bits("event", owner, place * 16 + step)
    product = _product(block, sold, visited, session, step - first_view[session], event_id)
    # what goes into the basket is what was looked at first
    basket = np.flatnonzero(is_cart)
    product[basket] = product[basket - visited.views[session[basket]]]
    has_product = is_view | is_cart
    goods = catalogue(block.recipe.system)
    order_id = (
        sold.order_id.gather(np.maximum(visited.order, 0))
        if len(sold.order_id)
        else words([None], 0 * visited.order)
    )
    of_visit = _of_visits(block, visited) | {"order_id": order_id}
    rows = pl.Series(session.astype(np.uint32))
    spread_out = {column: values.gather(rows) for column, values in of_visit.items()}
    landing = choice(block.u("page", visited.owner, visited.place), (0.6, 0.15, 0.15, 0.1))
    return spread_out | {
        "_owner": owner,
        "event_id": event_id,
        "record_id": block.record_id[owner],
        "occurred_at": instant(at),
        "event_name": words(_STEPS, name),
        "page": _pages(name, landing[session], goods.product_id, product),
        "product_id": where(has_product, goods.product_id.gather(product)),
        "search_text": where(is_search, goods.noun.gather(product)),
        "duration_seconds": where(step < count[session] - 1, spread_out["duration_seconds"]),
        "order_id": where(is_purchase, spread_out["order_id"]),
    }


def _of_visits(block: Block, visited: Visits) -> dict[str, pl.Series]:
    """Return the columns that are the same for all steps of a visit, one value a visit."""
    device = _devices(block, visited)
    arrival = choice(
        block.u("traffic", visited.owner, visited.place), (0.3, 0.28, 0.12, 0.15, 0.1, 0.05)
    )
    arrival = np.where(visited.campaign.is_not_null(), _TRAFFIC.index(_BY_MAIL), arrival)
    arrival = np.where(visited.is_app, len(_TRAFFIC), arrival)
    return {
        "session_id": pl.Series(block.bits("session", visited.owner, visited.place)),
        "channel": choices("events", "channel", ["web", "app"], visited.is_app.astype(np.int64)),
        "device_type": choices("events", "device_type", ["desktop", "mobile", "tablet"], device),
        "traffic_source": words([*_TRAFFIC, None], arrival),
        "campaign_id": visited.campaign,
        "duration_seconds": pl.Series(visited.pace).cast(pl.Float64),
    }


@cache
def _liked(system: str, kinds: tuple[tuple[float, tuple[float, ...]], ...]) -> NDArray[np.uint16]:
    """Return the product looked at by segment and 16-bit piece, shape (segments, 65,536).

    Parameters
    ----------
    system : str
        Whose catalogue it is.
    kinds : tuple of (price, weights)
        By segment: median price of a line in minor units, about which prices are log-normal, and
        the weights of the categories.
    """
    goods, found = catalogue(system), []
    for price, weights in kinds:
        share = np.zeros(len(goods.product_id))
        for category, weight in enumerate(weights):
            wanted = math.log(price) + 0.5 * _PRICES
            rungs = goods.nearest(np.full(_PRICES.size, category), wanted)
            np.add.at(share, rungs, weight / _PRICES.size)
        found.append(dict(enumerate(share)))
    table: NDArray[np.uint16] = cells(found)
    return table


def _product(
    block: Block, sold: Sales, visited: Visits, session: Integers, view: Integers, bits: Keys
) -> Integers:
    """Return the product looked at: the order's lines first, then what the segment likes.

    Parameters
    ----------
    session, view : arrays of int, shape (steps,)
        The visit of each step; which of its views it is, from 0.
    bits : array of uint64, shape (steps,)
        Random bits of each step.
    """
    # another use of the bits that number the step: a multiplication stirs them
    stirred = (bits * np.uint64(0xD6E8FEB86659FD93) >> np.uint64(48)).astype(np.uint16)
    kinds = [(k.order_value_minor / k.lines, (*k.categories.values(),)) for k in block.recipe.kinds]
    liked = _liked(block.recipe.system, tuple(kinds))
    seen = liked[block.segment[visited.owner][session], stirred].astype(np.int64)
    order = visited.order[session]
    bought = np.flatnonzero(order >= 0)
    of_order, place = order[bought], view[bought]
    starts = np.cumsum(sold.lines) - sold.lines
    is_line = (place >= 0) & (place < sold.lines[of_order])
    seen[bought[is_line]] = sold.product[starts[of_order[is_line]] + place[is_line]]
    return seen


def _devices(block: Block, visited: Visits) -> Integers:
    """Return each session's device: a phone for the app, mostly the usual one for the site."""
    usual = choice(block.u("device"), (0.45, 0.48, 0.07))[visited.owner]
    other = choice(block.u("other device", visited.owner, visited.place), (0.45, 0.48, 0.07))
    is_other = block.u("device changes", visited.owner, visited.place) < 0.15
    return np.where(visited.is_app, 1, np.where(is_other, other, usual))


def _pages(name: Integers, page: Integers, product_id: pl.Series, product: Integers) -> pl.Series:
    """Return the path: the landing page, the product's page, the basket, the thanks, the form."""
    fixed = [*_PAGES, "/basket", "/thank-you", "/register", "/search"]
    paths = [f"/p/{each.split(':')[1].lower()}" for each in product_id]
    # of the steps that have a page of their own: by step, then by landing page
    places = np.array([[0, 1, 2, 3], *([each] * 4 for each in (0, 4, 5, 6, 7))])[name, page]
    return words([*fixed, *paths], np.where(name == 1, len(fixed) + product, places))
