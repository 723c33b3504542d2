"""Tastes and circumstances of customers: the table ``attributes``.

Interests depend on the categories that the segment buys; circumstances such as household size do
not depend on the segment. A few statements belong to a special category (GDPR, article 9).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from workbench.synthetic.draws import Floats, Integers, choose
from workbench.synthetic.frames import (
    enum_labels,
    gather,
    instants,
    labels,
    make_table,
    null_texts,
)
from workbench.synthetic.people.block import Block
from workbench.synthetic.stock.catalogue import CATEGORIES

_INTERESTS = {
    "beauty": ("skincare", "wellness", "perfume"),
    "electronics": ("gaming", "photography", "gadgets"),
    "fashion": ("fashion", "running", "vintage"),
    "gifts": ("board_games", "crafts", "parenting"),
    "home": ("interior_design", "cooking", "gardening"),
}
#: Statements of customers: stream of the value, namespace, attribute, share of customers with the
#: statement, and share of each value.
_STATEMENTS: tuple[tuple[str, str, str, float, dict[str, float]], ...] = (
    ("value", "value", "shopping_value", 0.6,
     {"sustainability": 0.3, "price": 0.3, "quality": 0.25, "convenience": 0.15}),
    ("household", "profile", "household_size", 0.7,
     {"1": 0.34, "2": 0.32, "3": 0.16, "4": 0.13, "5": 0.05}),
    ("diet", "lifestyle", "diet", 0.3, {"none": 0.85, "vegetarian": 0.11, "vegan": 0.04}),
    ("contact", "preference", "contact_channel", 0.5, {"email": 0.75, "post": 0.15, "phone": 0.1}),
)  # fmt: skip
#: Ways in which customers found the shop, which the company observes.
_SOURCES = {"search": 0.35, "friend": 0.15, "social": 0.2, "advertising": 0.2, "store": 0.1}
_SPECIAL = (
    ("dietary_need", "coeliac"),
    ("dietary_need", "halal"),
    ("dietary_need", "kosher"),
    ("health_note", "allergy"),
)


def attributes(block: Block, observed: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """Return the table ``attributes``.

    Parameters
    ----------
    block : Block
    observed : sequence of mappings
        Further rows of the table: the company's own observations and conclusions.
    """
    statements = []
    for stream, namespace, attribute, share, values in _STATEMENTS:
        value = labels([*values], choose(block.u(stream), values))
        owner = np.flatnonzero(block.u(f"{stream} stated") < share)
        statements.append(attribute_rows(block, namespace, attribute, value, owner))
    source = labels([*_SOURCES], choose(block.u("acquired"), _SOURCES))
    acquired = attribute_rows(
        block, "profile", "acquisition_source", source, np.arange(block.size)
    ) | {"origin": "observed"}
    interests_of = [_interest(block, place) for place in range(3)]
    parts = [*interests_of, *statements[:2], acquired, *statements[2:], _special(block), *observed]
    return make_table("attributes", *parts)


def attribute_rows(
    block: Block, namespace: str, attribute: str, value: pl.Series, owner: Integers
) -> dict[str, object]:
    """Return rows of ``attributes``, as customers stated them at joining."""
    at = block.joined_at[owner]
    return block.rows_of(owner, at) | {
        "namespace": namespace,
        "attribute": attribute,
        "value": gather(value, owner),
        "origin": "declared",
        "is_special_category": False,
        "observed_at": instants(at),
    }


def interest_shares(block: Block) -> Floats:
    """Return the share of each category in interests, shape (segments, categories)."""
    weights = np.array(
        [
            [segment.categories[name] + 0.05 for name in CATEGORIES]
            for segment in block.recipe.contrasted_segments
        ]
    )
    shares: Floats = weights / weights.sum(axis=1, keepdims=True)
    return shares


def interests() -> dict[str, str]:
    """Return the category of each interest."""
    return {name: category for category, names in _INTERESTS.items() for name in names}


def _interest(block: Block, place: int) -> dict[str, object]:
    """Return rows of one interest, in a category that the customer's segment buys.

    No customer gets the same interest twice, because each place has interests of its own.
    """
    share = interest_shares(block)
    u = block.u(f"interest {place}")
    category = (
        (u[:, None] > np.cumsum(share, axis=1)[block.segment])
        .sum(axis=1)
        .clip(0, len(CATEGORIES) - 1)
    )
    names = [_INTERESTS[name][place] for name in CATEGORIES]
    owner = np.flatnonzero(block.u(f"interest stated {place}") < 0.55 - 0.15 * place)
    rows = attribute_rows(block, "interest", "", null_texts(block.size), owner)
    inferred = (block.u(f"interest inferred {place}", owner) < 0.4).astype(np.int64)
    return rows | {
        "attribute": labels(names, category[owner]),
        "origin": enum_labels("attributes", "origin", ["declared", "inferred"], inferred),
    }


def _special(block: Block) -> dict[str, object]:
    """Return statements of a special category, by 3 % of the customers."""
    owner = np.flatnonzero(block.u("special") < 0.03)
    which = choose(block.u("special kind", owner), (0.3, 0.3, 0.1, 0.3))
    rows = attribute_rows(block, "profile", "", null_texts(block.size), owner)
    return rows | {
        "attribute": labels([name for name, _ in _SPECIAL], which),
        "value": labels([value for _, value in _SPECIAL], which),
        "is_special_category": True,
    }
