"""One block of customers, from traits to all its tables and its truth."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.contact.campaigns import campaigns
from workbench.synthetic.contact.contact import contact
from workbench.synthetic.contact.decision import concluded, decide
from workbench.synthetic.faults import spoil, untouched
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.experiments import experiments
from workbench.synthetic.people.permissions import all_decisions, consents
from workbench.synthetic.people.profiles import customers, identities
from workbench.synthetic.people.traits import attributes
from workbench.synthetic.people.written import written
from workbench.synthetic.recipes import Recipe
from workbench.synthetic.shop.browsing import events
from workbench.synthetic.shop.contracts import contracts, subscriptions
from workbench.synthetic.shop.loyalty import tiers
from workbench.synthetic.shop.ordering import sales
from workbench.synthetic.shop.orders import order_items, orders
from workbench.synthetic.shop.paying import payments
from workbench.synthetic.shop.purchasing import purchases
from workbench.synthetic.shop.visits import recorded, tracking, visits
from workbench.synthetic.truth import truths


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
    allowed = all_decisions(block)
    marketing = allowed["marketing.communications"]
    mailings = experiments(block, marketing)
    bought = purchases(block, mailings)
    sold = sales(block, bought)
    held = contracts(block, bought)
    decided = decide(block, bought, sold)
    home = written(block)
    told = contact(
        block, bought, sold, home, decided=decided, marketing=marketing, mailings=mailings
    )
    visited = visits(block, bought, sold, told.clicks)
    seen = recorded(block, visited, allowed["analytics"])
    last_seen_at = block.joined_at.copy()
    np.maximum.at(last_seen_at, bought.owner, bought.placed_at)
    tables = {
        "customers": customers(block, home),
        "identities": identities(block, home, last_seen_at),
        "attributes": attributes(block, [*tiers(block, bought), *concluded(block, decided)]),
        "events": events(block, sold, seen),
        "orders": orders(block, bought, sold),
        "order_items": order_items(block, bought, sold),
        "payments": payments(block, bought, sold, held),
        "subscriptions": subscriptions(block, held),
        "interactions": told.interactions,
        "answers": told.answers,
        "consents": consents(block, allowed),
    }
    if first == 0:
        tables["campaigns"] = campaigns(recipe)
    known = truths(block, bought, decided, mailings) | told.truth
    if recipe.tracking.banner != "none":
        known["tracking"] = tracking(block, visited, seen)
    tables, faults = spoil(block, tables)
    known |= faults
    if "faults" in faults:
        known["spans"] = untouched(known["spans"], faults["faults"])
    return Made(
        tables={name: rows for name, rows in tables.items() if rows.height},
        truth={name: rows for name, rows in known.items() if rows.height},
    )
