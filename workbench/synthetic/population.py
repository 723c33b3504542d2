"""Everything that happens to the customers of a block, before it is spoilt and before any truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.contact.campaigns import campaigns
from workbench.synthetic.contact.contact_tables import Contact, contact
from workbench.synthetic.contact.decision import Decided, concluded, decide
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.experiments import Experiment, experiments
from workbench.synthetic.people.permissions import Decision, all_decisions, consents
from workbench.synthetic.people.personal_details import make_personal_details
from workbench.synthetic.people.profiles import customers, identities
from workbench.synthetic.people.traits import attributes
from workbench.synthetic.recipes import Recipe
from workbench.synthetic.shop.browsing import events
from workbench.synthetic.shop.contracts import Contracts, contracts, subscriptions
from workbench.synthetic.shop.loyalty import tiers
from workbench.synthetic.shop.ordering import Sales, sales
from workbench.synthetic.shop.orders import order_items, orders
from workbench.synthetic.shop.paying import payments
from workbench.synthetic.shop.purchasing import Purchases, purchases
from workbench.synthetic.shop.visits import Visits, recorded, visits


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """What the customers of a block are and do, and the tables that show it.

    Attributes
    ----------
    block : Block
    allowed : mapping of str to Decision
        Decisions by purpose.
    mailings : sequence of Experiment
    bought : Purchases
    sold : Sales
    held : Contracts
    decided : Decided
    contact : Contact
    visited, seen : Visits
        All visits, and those that are recorded.
    tables : mapping of str to DataFrame
    """

    block: Block
    allowed: dict[str, Decision]
    mailings: Sequence[Experiment]
    bought: Purchases
    sold: Sales
    held: Contracts
    decided: Decided
    contact: Contact
    visited: Visits
    seen: Visits
    tables: dict[str, pl.DataFrame]


def populate(recipe: Recipe, first: int, size: int) -> Population:
    """Let the customers ``first`` to ``first + size - 1`` of a world live.

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
    home = make_personal_details(block)
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
    return Population(
        block=block,
        allowed=allowed,
        mailings=mailings,
        bought=bought,
        sold=sold,
        held=held,
        decided=decided,
        contact=told,
        visited=visited,
        seen=seen,
        tables=tables,
    )
