"""Steps of visits to site and app: the table ``events``.

A session is a sequence of steps: arriving, viewing products, putting one into the basket, buying.
Every order on the web or in the app is the last step of a session; other sessions have no order.
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
    child_rows,
    choose,
    choose_from_bits,
    choose_from_bits_by_segment,
    normal,
)
from workbench.synthetic.frames import (
    enum_labels,
    gather,
    instants,
    keep_where,
    labels,
    make_table,
)
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.visits import Visits
from workbench.synthetic.stock.catalogue import Catalogue, catalogue

_NAMES = ("page_view", "view_item", "add_to_cart", "purchase", "sign_up", "search")
_PAGE_VIEW, _VIEW_ITEM, _ADD_TO_CART, _PURCHASE, _SIGN_UP, _SEARCH = range(6)
_DRAWS = ("page", "searches", "traffic", "device changes", "other device")
_SEARCHES = 0.15  # Share of visits without an order that begin with a search.
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
_PRICES = normal((np.arange(256) + 0.5) / 256)  # Quantiles of the standard normal distribution.
_LANDING = ("/", "/sale", "/new", "/account")
_LANDED = (0.6, 0.15, 0.15, 0.1)
#: Page of each step; empty for steps with a landing page or a product page.
_PAGES = ("", "", "/basket", "/thank-you", "/register", "/search")
_TOGETHER = 80_000  # Visits that are processed at a time.
_FIRST_EVENT = 16  # Positions of a session's hashes from here on are ids of its events.
# Multiplying an id by this odd number with irregular bits gives further random bits.
_STIRRING = np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True, slots=True, kw_only=True)
class _VisitSteps:
    """Steps of visits, one visit after another.

    Attributes
    ----------
    visit, number, name : arrays of int, shape (steps,)
        Visit of the step; number of the step in the visit, from 0; code in ``_NAMES``.
    event_id : array of uint64, shape (steps,)
    first, before, last : arrays of int, shape (visits,)
        First step of each visit; number of steps before the first product; last step.
    """

    visit: Integers
    number: Integers
    name: NDArray[np.uint8]
    event_id: Keys
    first: Integers
    before: Integers
    last: Integers


def events(block: Block, sales: Sales, visits: Visits) -> pl.DataFrame:
    """Return the table ``events``: the steps of visits, one visit after another.

    Only some visits are processed at a time, because arrays over steps are the largest of a block.
    """
    starts = range(0, max(len(visits.owner), 1), _TOGETHER)
    pieces = [visits.take(slice(start, start + _TOGETHER)) for start in starts]
    return pl.concat([_events(block, sales, each) for each in pieces])


def _events(block: Block, sales: Sales, visits: Visits) -> pl.DataFrame:
    """Return the rows of some visits."""
    session_id = block.bits("session", visits.owner, visits.place)
    draws = NamedDraws(session_id, _DRAWS)
    steps = _lay_out_steps(visits, session_id, draws.happens("searches", _SEARCHES))
    product = _products(block, sales, visits, steps)
    goods = catalogue(block.recipe.system)
    name = steps.name
    is_about = (name == _VIEW_ITEM) | (name == _ADD_TO_CART)
    ends = np.zeros(len(name), dtype=bool)
    ends[steps.last] = True
    of_visit = _visit_columns(block, visits, session_id, draws)
    every = {column: gather(values, steps.visit) for column, values in of_visit.items()}
    at_second = visits.starts_at[steps.visit] + visits.pace[steps.visit] * steps.number
    part = every | {
        "_owner": visits.owner[steps.visit],
        "event_id": steps.event_id,
        "occurred_at": instants(at_second),
        "event_name": labels(_NAMES, name),
        "page": _pages(steps, choose_from_bits(draws["page"], _LANDED), goods, product),
        "product_id": keep_where(is_about, gather(goods.product_id, product)),
        "search_text": keep_where(name == _SEARCH, gather(goods.noun, product)),
        "duration_seconds": keep_where(~ends, every["duration_seconds"]),
        "order_id": _order_ids(sales, visits, steps),
    }
    return make_table("events", part, is_sorted=True)


def _lay_out_steps(visits: Visits, session_id: Keys, searches: Flags) -> _VisitSteps:
    """Make the steps of every visit.

    A visit begins with a page view, or with a search, which only visits without an order have. A
    registration, product views, the basket and the purchase follow.
    """
    buys = visits.order >= 0
    before = 1 + visits.signs_up
    count = before + visits.views + visits.has_cart + buys
    visit, number = child_rows(count)
    last = np.cumsum(count) - 1
    first = last + 1 - count
    name = np.full(len(visit), _VIEW_ITEM, dtype=np.uint8)
    name[first] = np.where(searches & ~buys, _SEARCH, _PAGE_VIEW)
    name[first[visits.signs_up] + 1] = _SIGN_UP
    name[(first + before + visits.views)[visits.has_cart]] = _ADD_TO_CART
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


def _visit_columns(
    block: Block, visits: Visits, session_id: Keys, draws: NamedDraws
) -> dict[str, pl.Series]:
    """Return the columns with the same value for all steps of a visit, one value per visit."""
    device = _devices(block, visits, draws)
    arrival = choose_from_bits(draws["traffic"], _ARRIVALS)
    arrival[visits.campaign.is_not_null().to_numpy()] = _TRAFFIC.index(_BY_MAIL)
    return {
        "record_id": keep_where(visits.is_known, pl.Series(block.record_id[visits.owner])),
        "session_id": pl.Series(session_id),
        "channel": enum_labels("events", "channel", ["web", "app"], visits.is_app),
        "device_type": enum_labels("events", "device_type", _DEVICES, device),
        "traffic_source": keep_where(~visits.is_app, labels(_TRAFFIC, arrival)),
        "campaign_id": visits.campaign,
        "duration_seconds": pl.Series(visits.pace).cast(pl.Float64),
    }


def _devices(block: Block, visits: Visits, draws: NamedDraws) -> Integers:
    """Return each session's device: a phone in the app, on the site mostly the customer's own."""
    usual = choose(block.u("device"), _USED)[visits.owner]
    is_other = draws.happens("device changes", 0.15)
    device = np.where(is_other, choose_from_bits(draws["other device"], _USED), usual)
    return np.where(visits.is_app, _DEVICES.index("mobile"), device)


def _products(block: Block, sales: Sales, visits: Visits, steps: _VisitSteps) -> NDArray[np.uint32]:
    """Return a product for every step; steps without a product ignore it.

    In a visit with an order the products of its lines are viewed first; all other products are
    drawn by the shares of the segment. The first viewed product goes into the basket.
    """
    stirred = (steps.event_id * _STIRRING >> np.uint64(48)).view(np.int64)
    segment = block.segment[visits.owner]
    product = choose_from_bits_by_segment(
        stirred, segment[steps.visit], product_shares(block)
    ).astype(np.uint32)
    buying = np.flatnonzero(visits.order >= 0)
    order = visits.order[buying]
    of_order, line = child_rows(sales.lines[order])
    looked = (steps.first + steps.before)[buying]
    starts = (np.cumsum(sales.lines) - sales.lines)[order]
    product[looked[of_order] + line] = sales.product[starts[of_order] + line]
    carting = np.flatnonzero(visits.has_cart)
    looked = (steps.first + steps.before)[carting]
    product[looked + visits.views[carting]] = product[looked]
    return product


def product_shares(block: Block) -> tuple[tuple[float, ...], ...]:
    """Return the share of each product in the views of customers, by segment."""
    segments = tuple(
        (each.order_value_minor / each.lines, (*each.categories.values(),))
        for each in block.recipe.contrasted_segments
    )
    return _product_shares(block.recipe.system, segments)


@cache
def _product_shares(
    system: str, segments: tuple[tuple[float, tuple[float, ...]], ...]
) -> tuple[tuple[float, ...], ...]:
    """Return the share of each product in views, by segment.

    Parameters
    ----------
    system : str
        System whose catalogue is used.
    segments : tuple of (price, weights)
        For each segment: median price of a line in minor units, of a log-normal distribution with
        standard deviation 1/2, and weights of the categories.
    """
    goods, found = catalogue(system), []
    for price, weights in segments:
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
    """Return the path of each step: a landing page, a product's page, or the step's own page."""
    fixed = [*_LANDING, *_PAGES]
    own = np.arange(len(_LANDING), len(fixed), dtype=np.uint32)
    page = np.where(steps.name == _VIEW_ITEM, product + np.uint32(len(fixed)), own[steps.name])
    lands = steps.name[steps.first] == _PAGE_VIEW
    page[steps.first[lands]] = landing[lands]
    return labels([*fixed, *goods.path], page)


def _order_ids(sales: Sales, visits: Visits, steps: _VisitSteps) -> pl.Series:
    """Return the order id of each purchase, null for other steps."""
    is_purchase = steps.name == _PURCHASE
    order = np.zeros(len(is_purchase), dtype=np.int64)
    buys = visits.order >= 0
    order[steps.last[buys]] = visits.order[buys]
    ids = sales.order_id if len(sales.order_id) else pl.Series([""])
    return keep_where(is_purchase, gather(ids, order))
