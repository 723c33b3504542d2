"""Make the customers of a block with all their tables, before faults are planted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.contact.campaigns import campaigns
from workbench.synthetic.contact.contact_tables import Contact, make_contact
from workbench.synthetic.contact.decision import OfferDecisions, decide_offers, noted_attributes
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.experiments import Experiment, assign_experiments
from workbench.synthetic.people.permissions import Decision, all_decisions, consents
from workbench.synthetic.people.personal_details import make_personal_details
from workbench.synthetic.people.profiles import customers, identities
from workbench.synthetic.people.traits import attributes
from workbench.synthetic.recipes import Recipe
from workbench.synthetic.shop.browsing import events
from workbench.synthetic.shop.contracts import Contracts, draw_contracts, subscriptions
from workbench.synthetic.shop.loyalty import tiers
from workbench.synthetic.shop.ordering import Sales, draw_sales
from workbench.synthetic.shop.orders import order_items, orders
from workbench.synthetic.shop.paying import payments
from workbench.synthetic.shop.purchasing import Purchases, draw_purchases
from workbench.synthetic.shop.visits import Visits, draw_visits, select_recorded_visits


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The customers of a block: their behaviour, and the tables that record it.

    Attributes
    ----------
    block : Block
    decisions : mapping of str to Decision
        Decisions by purpose.
    mailings : sequence of Experiment
    purchases : Purchases
    sales : Sales
    contracts : Contracts
    offers : OfferDecisions
    contact : Contact
    visits, recorded_visits : Visits
        All visits; visits that the company may record.
    tables : mapping of str to DataFrame
    """

    block: Block
    decisions: dict[str, Decision]
    mailings: Sequence[Experiment]
    purchases: Purchases
    sales: Sales
    contracts: Contracts
    offers: OfferDecisions
    contact: Contact
    visits: Visits
    recorded_visits: Visits
    tables: dict[str, pl.DataFrame]


def populate(recipe: Recipe, first: int, size: int) -> Population:
    """Make the customers ``first`` to ``first + size - 1`` of a world.

    Rows are sorted by customer, so the concatenated blocks of a world do not depend on the size of
    the blocks. The first block also contains the table ``campaigns``, which has no customers.
    """
    block = Block(recipe, first, size)
    decisions = all_decisions(block)
    marketing = decisions["marketing.communications"]
    mailings = assign_experiments(block, marketing)
    purchases = draw_purchases(block, mailings)
    sales = draw_sales(block, purchases)
    contracts = draw_contracts(block, purchases)
    offers = decide_offers(block, purchases, sales)
    details = make_personal_details(block)
    contact = make_contact(
        block, purchases, sales, details, offers=offers, marketing=marketing, mailings=mailings
    )
    visits = draw_visits(block, purchases, sales, contact.clicks)
    recorded_visits = select_recorded_visits(block, visits, decisions["analytics"])
    last_seen_at = block.joined_at.copy()
    np.maximum.at(last_seen_at, purchases.owner, purchases.placed_at)
    tables = {
        "customers": customers(block, details),
        "identities": identities(block, details, last_seen_at),
        "attributes": attributes(
            block, [*tiers(block, purchases), *noted_attributes(block, offers)]
        ),
        "events": events(block, sales, recorded_visits),
        "orders": orders(block, purchases, sales),
        "order_items": order_items(block, purchases, sales),
        "payments": payments(block, purchases, sales, contracts),
        "subscriptions": subscriptions(block, contracts),
        "interactions": contact.interactions,
        "answers": contact.answers,
        "consents": consents(block, decisions),
    }
    if first == 0:
        tables["campaigns"] = campaigns(recipe)
    return Population(
        block=block,
        decisions=decisions,
        mailings=mailings,
        purchases=purchases,
        sales=sales,
        contracts=contracts,
        offers=offers,
        contact=contact,
        visits=visits,
        recorded_visits=recorded_visits,
        tables=tables,
    )
