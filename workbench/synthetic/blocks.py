"""Make one block of customers: all its tables, and the truth about it."""

from dataclasses import dataclass

import polars as pl

from workbench.synthetic.faults import spans_without_faults, spoil
from workbench.synthetic.population import populate
from workbench.synthetic.recipes import Recipe
from workbench.synthetic.shop.visits import tracking_truth
from workbench.synthetic.truth import truth_tables


@dataclass(frozen=True)
class MadeBlock:
    """Tables and truth of a block, by name; tables without rows are left out."""

    tables: dict[str, pl.DataFrame]
    truth: dict[str, pl.DataFrame]


def make_block(recipe: Recipe, first: int, size: int) -> MadeBlock:
    """Make the customers ``first`` to ``first + size - 1`` of a world, see ``populate``."""
    population = populate(recipe, first, size)
    block = population.block
    known = (
        truth_tables(block, population.purchases, population.offers, population.mailings)
        | population.contact.truth
    )
    if recipe.tracking.banner != "none":
        known["tracking"] = tracking_truth(block, population.visits, population.recorded_visits)
    tables, faults = spoil(block, population.tables)
    known |= faults
    if "faults" in faults:
        known["spans"] = spans_without_faults(known["spans"], faults["faults"])
    return MadeBlock(
        tables={name: rows for name, rows in tables.items() if rows.height},
        truth={name: rows for name, rows in known.items() if rows.height},
    )
