"""Recipes: descriptions of worlds, declared as pydantic models and read from TOML files.

>>> from pathlib import Path
>>> from workbench.synthetic.recipes import read_recipe
>>> read_recipe(Path("synthetic/tiny.toml"), {"months": 2})
Traceback (most recent call last):
    ...
workbench.foundation.errors.ParameterError: recipe tiny.toml has 1 fault:
  months: input should be greater than or equal to 6, found 2
"""

from workbench.synthetic.recipes.behaviour import Campaign, Leaving, MidwayChange, Plan, Troubles
from workbench.synthetic.recipes.bias import LABEL_REWARDS, PROXY_REWARDS, Bias, Offer
from workbench.synthetic.recipes.contact_declarations import BANNERS, Permission
from workbench.synthetic.recipes.fault_shares import Faults
from workbench.synthetic.recipes.reading import read_recipe
from workbench.synthetic.recipes.recipe import MOST_CUSTOMERS, Recipe
from workbench.synthetic.recipes.segments import (
    AGE_BANDS,
    AGE_EDGES,
    CHANNELS,
    GENDERS,
    GroupDifference,
    Season,
    Segment,
)

__all__ = [
    "AGE_BANDS",
    "AGE_EDGES",
    "BANNERS",
    "CHANNELS",
    "GENDERS",
    "LABEL_REWARDS",
    "MOST_CUSTOMERS",
    "PROXY_REWARDS",
    "Bias",
    "Campaign",
    "Faults",
    "GroupDifference",
    "Leaving",
    "MidwayChange",
    "Offer",
    "Permission",
    "Plan",
    "Recipe",
    "Season",
    "Segment",
    "Troubles",
    "read_recipe",
]  # fmt: skip
