"""What the shop knows of tastes and circumstances: the table ``attributes``.

Interests follow what the segment buys, so they say something about a customer; circumstances such
as household size do not. A few statements are of a special category (GDPR 9).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from workbench.synthetic.draws import Floats, Integers, choice
from workbench.synthetic.frames import choices, gathered, instant, nothing, table, words
from workbench.synthetic.people.block import Block
from workbench.synthetic.stock.catalogue import CATEGORIES

_INTERESTS = {
    "beauty": ("skincare", "wellness", "perfume"),
    "electronics": ("gaming", "photography", "gadgets"),
    "fashion": ("fashion", "running", "vintage"),
    "gifts": ("board_games", "crafts", "parenting"),
    "home": ("interior_design", "cooking", "gardening"),
}
_VALUES = ("sustainability", "price", "quality", "convenience")
_SPECIAL = (
    ("dietary_need", "coeliac"),
    ("dietary_need", "halal"),
    ("dietary_need", "kosher"),
    ("health_note", "allergy"),
)
_HOUSEHOLD = (0.34, 0.32, 0.16, 0.13, 0.05)
_SOURCES = ("search", "friend", "social", "advertising", "store")


def attributes(block: Block, observed: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """Return the table ``attributes``.

    Parameters
    ----------
    block : Block
    observed : sequence of mappings
        What the company itself saw and concluded, as parts of the table.
    """
    everyone = np.arange(block.size)
    return table(
        "attributes",
        [
            *(_interest(block, place) for place in range(3)),
            stated(
                block,
                "value",
                "shopping_value",
                words(_VALUES, choice(block.u("value"), (0.3, 0.3, 0.25, 0.15))),
                np.flatnonzero(block.u("value stated") < 0.6),
            ),
            stated(
                block,
                "profile",
                "household_size",
                words(["1", "2", "3", "4", "5"], choice(block.u("household"), _HOUSEHOLD)),
                np.flatnonzero(block.u("household stated") < 0.7),
            ),
            stated(
                block,
                "profile",
                "acquisition_source",
                words(_SOURCES, choice(block.u("acquired"), (0.35, 0.15, 0.2, 0.2, 0.1))),
                everyone,
            )
            | {"origin": "observed"},
            stated(
                block,
                "lifestyle",
                "diet",
                words(["none", "vegetarian", "vegan"], choice(block.u("diet"), (0.85, 0.11, 0.04))),
                np.flatnonzero(block.u("diet stated") < 0.3),
            ),
            stated(
                block,
                "preference",
                "contact_channel",
                words(["email", "post", "phone"], choice(block.u("contact"), (0.75, 0.15, 0.1))),
                np.flatnonzero(block.u("contact stated") < 0.5),
            ),
            _special(block),
            *observed,
        ],
    )


def stated(
    block: Block, namespace: str, attribute: str, value: pl.Series, owner: Integers
) -> dict[str, object]:
    """Return rows of ``attributes`` that customers stated at joining, to be changed as needed."""
    at = block.joined_at[owner]
    return {
        "_owner": owner,
        "_at": at,
        "record_id": block.record_id[owner],
        "namespace": namespace,
        "attribute": attribute,
        "value": gathered(value, owner),
        "origin": "declared",
        "is_special_category": False,
        "observed_at": instant(at),
    }


def interest_shares(block: Block) -> Floats:
    """Return the share of each category in interests, shape (segments, categories)."""
    weights = np.array(
        [[kind.categories[name] + 0.05 for name in CATEGORIES] for kind in block.recipe.kinds]
    )
    shares: Floats = weights / weights.sum(axis=1, keepdims=True)
    return shares


def interests() -> dict[str, str]:
    """Return the category that each interest is of."""
    return {name: category for category, names in _INTERESTS.items() for name in names}


def _interest(block: Block, place: int) -> dict[str, object]:
    """List one interest: of a category the segment buys, the same interest at most once."""
    share = interest_shares(block)
    u = block.u(f"interest {place}")
    category = (
        (u[:, None] > np.cumsum(share, axis=1)[block.segment])
        .sum(axis=1)
        .clip(0, len(CATEGORIES) - 1)
    )
    names = [_INTERESTS[name][place] for name in CATEGORIES]
    owner = np.flatnonzero(block.u(f"interest stated {place}") < 0.55 - 0.15 * place)
    rows = stated(block, "interest", "", nothing(block.size), owner)
    inferred = (block.u(f"interest inferred {place}", owner) < 0.4).astype(np.int64)
    return rows | {
        "attribute": words(names, category[owner]),
        "origin": choices("attributes", "origin", ["declared", "inferred"], inferred),
    }


def _special(block: Block) -> dict[str, object]:
    owner = np.flatnonzero(block.u("special") < 0.03)
    which = choice(block.u("special kind", owner), (0.3, 0.3, 0.1, 0.3))
    rows = stated(block, "profile", "", nothing(block.size), owner)
    return rows | {
        "attribute": words([name for name, _ in _SPECIAL], which),
        "value": words([value for _, value in _SPECIAL], which),
        "is_special_category": True,
    }
