"""What customers do on site and in the app: the table ``events``.

A session is a row of steps: arriving, looking at products, putting one into the basket, buying.
Every order placed on the web or in the app ends a session; other visits end without one.
"""

import numpy as np
import polars as pl

from workbench.synthetic.draws import (
    Flags,
    Integers,
    cells,
    choice,
    normal_cells,
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
        "event_id": block.bits("event", owner, place * 16 + step),
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


def _product(
    block: Block, sold: Sales, visited: Visits, session: Integers, view: Integers, is_cart: Flags
) -> Integers:
    """Return the product looked at: the order's lines first, then what the segment likes."""
    view = np.where(is_cart, 0, view)
    owner = visited.owner[session]
    bits = block.bits("viewed", owner, visited.place[session] * 16 + view)
    piece = (bits & np.uint64(0xFFFF)).astype(np.uint16)
    category = cells([each.categories for each in block.recipe.kinds])[block.segment[owner], piece]
    usual = np.log(block.of_kind("order_value_minor") / block.of_kind("lines"))
    price = (bits >> np.uint64(16) & np.uint64(0xFFFF)).astype(np.uint16)
    wanted = usual[owner] + 0.5 * normal_cells()[price]
    seen = catalogue(block.recipe.system).nearest(category.astype(np.int64), wanted)
    order = visited.order[session]
    if not len(sold.lines):
        return seen
    starts = np.cumsum(sold.lines) - sold.lines
    is_line = (order >= 0) & (view < sold.lines[order])
    line = np.minimum(starts[order] + view, len(sold.product) - 1)
    return np.where(is_line, sold.product[line], seen)


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
    of_step = np.array([0, 0, 4, 5, 6, 7])  # a landing page or a product's are looked up
    places = of_step[name]
    places = np.where(name == 0, page, places)
    places = np.where(name == 1, len(fixed) + product, places)
    return words([*fixed, *paths], places)
