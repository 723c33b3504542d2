"""One block of customers, from traits to all its tables and its truth."""

from dataclasses import dataclass

import polars as pl

from workbench.synthetic.faults import spoil, untouched
from workbench.synthetic.population import populate
from workbench.synthetic.recipes import Recipe
from workbench.synthetic.shop.visits import tracking
from workbench.synthetic.truth import truths


@dataclass(frozen=True)
class Made:
    """What a block holds: tables by name, without those that have no row, and truth by name."""

    tables: dict[str, pl.DataFrame]
    truth: dict[str, pl.DataFrame]


def make(recipe: Recipe, first: int, size: int) -> Made:
    """Make the customers ``first`` to ``first + size - 1`` of a world, see ``populate``."""
    lived = populate(recipe, first, size)
    block = lived.block
    known = truths(block, lived.bought, lived.decided, lived.mailings) | lived.contact.truth
    if recipe.tracking.banner != "none":
        known["tracking"] = tracking(block, lived.visited, lived.seen)
    tables, faults = spoil(block, lived.tables)
    known |= faults
    if "faults" in faults:
        known["spans"] = untouched(known["spans"], faults["faults"])
    return Made(
        tables={name: rows for name, rows in tables.items() if rows.height},
        truth={name: rows for name, rows in known.items() if rows.height},
    )
