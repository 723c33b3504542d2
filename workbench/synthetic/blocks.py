"""One block of customers, from traits to all its tables and its truth."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.contact import offers as offering
from workbench.synthetic.contact.contact import campaigns, contact
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.permissions import all_decisions, consents
from workbench.synthetic.people.profiles import customers, identities, written
from workbench.synthetic.people.traits import attributes
from workbench.synthetic.recipes import Recipe
from workbench.synthetic.shop import purchasing
from workbench.synthetic.shop.browsing import events
from workbench.synthetic.shop.contracts import contracts, subscriptions
from workbench.synthetic.shop.ordering import order_items, orders, sales
from workbench.synthetic.shop.paying import payments


@dataclass(frozen=True)
class Made:
    """What a block holds: tables by name, without those that have no row, and truth by name."""

    tables: dict[str, pl.DataFrame]
    truth: dict[str, pl.DataFrame]


def make(recipe: Recipe, first: int, size: int) -> Made:
    """Make the customers ``first`` to ``first + size - 1`` of a world.

    Rows are sorted by customer, so the blocks of a world one after another are the world, however
    it is cut. ``campaigns`` belong to no customer; they come with the first.
    """
    block = Block(recipe, first, size)
    bought = purchasing.purchases(block)
    sold = sales(block, bought)
    held = contracts(block, bought)
    decided = offering.offers(block, bought, sold)
    allowed = all_decisions(block)
    home = written(block)
    said = contact(block, bought, sold, decided, allowed["marketing.communications"])
    seen = events(block, bought, sold)
    last_seen_at = block.joined_at.copy()
    np.maximum.at(last_seen_at, bought.owner, bought.placed_at)
    tables = {
        "customers": customers(block, home),
        "identities": identities(block, home, last_seen_at),
        "attributes": attributes(block, bought),
        "events": seen,
        "orders": orders(block, bought, sold),
        "order_items": order_items(block, bought, sold),
        "payments": payments(block, bought, sold, held),
        "subscriptions": subscriptions(block, held),
        "interactions": said.interactions,
        "answers": said.answers,
        "consents": consents(block, allowed),
    }
    if first == 0:
        tables["campaigns"] = campaigns(recipe, block.clock)
    return Made(
        tables={name: rows for name, rows in tables.items() if rows.height},
        truth={
            "customers": purchasing.truth(block, bought),
            "disparity": offering.truth(block, decided),
        },
    )
