"""What customers do on site and in the app: the table ``events``.

A session is a row of steps: arriving, looking at products, putting one into the basket, buying.
Every order placed on the web or in the app ends a session; other visits end without one.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.foundation.streams import random_bits
from workbench.synthetic.draws import (
    Flags,
    Integers,
    Keys,
    NamedDraws,
    choice,
    normal,
    picked,
    picked_by,
    spread,
)
from workbench.synthetic.frames import choices, gathered, instant, table, where, words
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.visits import Visits
from workbench.synthetic.stock.catalogue import Catalogue, catalogue

_NAMES = ("page_view", "view_item", "add_to_cart", "purchase", "sign_up", "search")
_PAGE_VIEW, _VIEW_ITEM, _ADD_TO_CART, _PURCHASE, _SIGN_UP, _SEARCH = range(6)
_DRAWS = ("page", "searches", "traffic", "device changes", "other device")
_SEARCHES = 0.15  # of visits that end in no order
_TRAFFIC = (
    "(direct) / (none)",
    "google / organic",
    "bing / organic",
    "google / cpc",
    "instagram / social",
    "partner.example / referral",
    "newsletter / email",
)
_ARRIVALS = (0.3, 0.28, 0.12, 0.15, 0.1, 0.05)
_BY_MAIL = "newsletter / email"
_DEVICES = ("desktop", "mobile", "tablet")
_USED = (0.45, 0.48, 0.07)
_PRICES = normal((np.arange(256) + 0.5) / 256)  # standard normal values of equal shares
_LANDING = ("/", "/sale", "/new", "/account")
_LANDED = (0.6, 0.15, 0.15, 0.1)
#: Page of each step that has one of its own; the others land, or look at a product.
_PAGES = ("", "", "/basket", "/thank-you", "/register", "/search")
_TOGETHER = 80_000  # visits
_FIRST_EVENT = 16  # the hashes of a session's id before it are its draws
# an odd number whose bits are as good as random: multiplying by it stirs the bits of an id
_STIRRING = np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True, slots=True, kw_only=True)
class _VisitSteps:
    """Steps of visits, one visit after another.

    Attributes
    ----------
    visit, number, name : arrays of int, shape (steps,)
        The step's visit; its place in it from 0; its code in ``_NAMES``.
    event_id : array of uint64, shape (steps,)
    first, before, last : arrays of int, shape (visits,)
        The step that begins each visit; how many come before a product is looked at; the step
        that ends it.
    """

    visit: Integers
    number: Integers
    name: NDArray[np.uint8]
    event_id: Keys
    first: Integers
    before: Integers
    last: Integers


def events(block: Block, sold: Sales, visited: Visits) -> pl.DataFrame:
    """Return the table ``events``: the steps of visits, one visit after another.

    Some visits at a time, as the arrays over their steps are the largest of a block.
    """
    starts = range(0, max(len(visited.owner), 1), _TOGETHER)
    pieces = [visited.at(slice(start, start + _TOGETHER)) for start in starts]
    return pl.concat([_events(block, sold, each) for each in pieces])


def _events(block: Block, sold: Sales, visited: Visits) -> pl.DataFrame:
    session_id = block.bits("session", visited.owner, visited.place)
    draws = NamedDraws(session_id, _DRAWS)
    steps = _steps(visited, session_id, draws.happens("searches", _SEARCHES))
    product = _products(block, sold, visited, steps)
    goods = catalogue(block.recipe.system)
    name = steps.name
    is_about = (name == _VIEW_ITEM) | (name == _ADD_TO_CART)
    ends = np.zeros(len(name), dtype=bool)
    ends[steps.last] = True
    of_visit = _of_visits(block, visited, session_id, draws)
    every = {column: gathered(values, steps.visit) for column, values in of_visit.items()}
    at_second = visited.starts_at[steps.visit] + visited.pace[steps.visit] * steps.number
    part = every | {
        "_owner": visited.owner[steps.visit],
        "event_id": steps.event_id,
        "occurred_at": instant(at_second),
        "event_name": words(_NAMES, name),
        "page": _pages(steps, picked(draws["page"], _LANDED), goods, product),
        "product_id": where(is_about, gathered(goods.product_id, product)),
        "search_text": where(name == _SEARCH, gathered(goods.noun, product)),
        "duration_seconds": where(~ends, every["duration_seconds"]),
        "order_id": _order_ids(sold, visited, steps),
    }
    return table("events", [part], is_sorted=True)


def _steps(visited: Visits, session_id: Keys, searches: Flags) -> _VisitSteps:
    """Lay out the steps of every visit.

    One that ends in no order may begin with a search. All steps but those that are said otherwise
    look at a product.
    """
    buys = visited.order >= 0
    before = 1 + visited.signs_up
    count = before + visited.views + visited.has_cart + buys
    visit, number = spread(count)
    last = np.cumsum(count) - 1
    first = last + 1 - count
    name = np.full(len(visit), _VIEW_ITEM, dtype=np.uint8)
    name[first] = np.where(searches & ~buys, _SEARCH, _PAGE_VIEW)
    name[first[visited.signs_up] + 1] = _SIGN_UP
    name[(first + before + visited.views)[visited.has_cart]] = _ADD_TO_CART
    name[last[buys]] = _PURCHASE
    return _VisitSteps(
        visit=visit,
        number=number,
        name=name,
        event_id=random_bits(session_id[visit], (number + _FIRST_EVENT).view(np.uint64)),
        first=first,
        before=before,
        last=last,
    )


def _of_visits(
    block: Block, visited: Visits, session_id: Keys, draws: NamedDraws
) -> dict[str, pl.Series]:
    """Return the columns that are the same for all steps of a visit, one value a visit."""
    device = _devices(block, visited, draws)
    arrival = picked(draws["traffic"], _ARRIVALS)
    arrival[visited.campaign.is_not_null().to_numpy()] = _TRAFFIC.index(_BY_MAIL)
    return {
        "record_id": where(visited.is_known, pl.Series(block.record_id[visited.owner])),
        "session_id": pl.Series(session_id),
        "channel": choices("events", "channel", ["web", "app"], visited.is_app),
        "device_type": choices("events", "device_type", _DEVICES, device),
        "traffic_source": where(~visited.is_app, words(_TRAFFIC, arrival)),
        "campaign_id": visited.campaign,
        "duration_seconds": pl.Series(visited.pace).cast(pl.Float64),
    }


def _devices(block: Block, visited: Visits, draws: NamedDraws) -> Integers:
    """Return each session's device: a phone for the app, mostly the usual one for the site."""
    usual = choice(block.u("device"), _USED)[visited.owner]
    is_other = draws.happens("device changes", 0.15)
    device = np.where(is_other, picked(draws["other device"], _USED), usual)
    return np.where(visited.is_app, _DEVICES.index("mobile"), device)


def _products(block: Block, sold: Sales, visited: Visits, steps: _VisitSteps) -> NDArray[np.uint32]:
    """Return the product of every step, whether it is about one or not.

    What is looked at is the order's lines first, then what the segment likes; what goes into the
    basket was looked at first.
    """
    stirred = (steps.event_id * _STIRRING >> np.uint64(48)).view(np.int64)
    segment = block.segment[visited.owner]
    product = picked_by(stirred, segment[steps.visit], liked(block)).astype(np.uint32)
    buying = np.flatnonzero(visited.order >= 0)
    order = visited.order[buying]
    of_order, line = spread(sold.lines[order])
    looked = (steps.first + steps.before)[buying]
    starts = (np.cumsum(sold.lines) - sold.lines)[order]
    product[looked[of_order] + line] = sold.product[starts[of_order] + line]
    carting = np.flatnonzero(visited.has_cart)
    looked = (steps.first + steps.before)[carting]
    product[looked + visited.views[carting]] = product[looked]
    return product


def liked(block: Block) -> tuple[tuple[float, ...], ...]:
    """Return the share of each product in what customers look at, by segment."""
    kinds = [(k.order_value_minor / k.lines, (*k.categories.values(),)) for k in block.recipe.kinds]
    return _liked(block.recipe.system, tuple(kinds))


@cache
def _liked(
    system: str, kinds: tuple[tuple[float, tuple[float, ...]], ...]
) -> tuple[tuple[float, ...], ...]:
    """Return the share of each product in what is looked at, by segment.

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
        found.append(tuple(share))
    return tuple(found)


def _pages(
    steps: _VisitSteps, landing: Integers, goods: Catalogue, product: NDArray[np.uint32]
) -> pl.Series:
    """Return the path: the landing page, the product's page, or the step's own."""
    fixed = [*_LANDING, *_PAGES]
    own = np.arange(len(_LANDING), len(fixed), dtype=np.uint32)
    page = np.where(steps.name == _VIEW_ITEM, product + np.uint32(len(fixed)), own[steps.name])
    lands = steps.name[steps.first] == _PAGE_VIEW
    page[steps.first[lands]] = landing[lands]
    return words([*fixed, *goods.path], page)


def _order_ids(sold: Sales, visited: Visits, steps: _VisitSteps) -> pl.Series:
    """Return the order of the steps that buy."""
    is_purchase = steps.name == _PURCHASE
    order = np.zeros(len(is_purchase), dtype=np.int64)
    buys = visited.order >= 0
    order[steps.last[buys]] = visited.order[buys]
    ids = sold.order_id if len(sold.order_id) else pl.Series([""])
    return where(is_purchase, gathered(ids, order))
