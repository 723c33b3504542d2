"""Recipes: what a world is made from, declared, checked and read from TOML.

>>> from pathlib import Path
>>> from workbench.synthetic.recipes import read_recipe
>>> read_recipe(Path("synthetic/tiny.toml"), {"months": 2})
Traceback (most recent call last):
    ...
workbench.foundation.errors.ParameterError: recipe tiny.toml has 1 fault:
  months: input should be greater than or equal to 6, found 2
"""

from workbench.synthetic.recipes.behaviour import Campaign, Change, Leaving, Plan, Troubles
from workbench.synthetic.recipes.bias import LABEL_REWARDS, PROXY_REWARDS, Bias, Offer
from workbench.synthetic.recipes.contact import BANNERS, Permission
from workbench.synthetic.recipes.faults import Faults
from workbench.synthetic.recipes.people import (
    AGE_BANDS,
    AGE_EDGES,
    CHANNELS,
    GENDERS,
    Group,
    Season,
    Segment,
)
from workbench.synthetic.recipes.reading import read_recipe
from workbench.synthetic.recipes.recipe import MOST_CUSTOMERS, Recipe

__all__ = [
    "AGE_BANDS", "AGE_EDGES", "BANNERS", "CHANNELS", "GENDERS", "LABEL_REWARDS", "MOST_CUSTOMERS",
    "PROXY_REWARDS",
    "Bias", "Campaign", "Change", "Faults", "Group", "Leaving", "Offer", "Permission", "Plan",
    "Recipe", "Season", "Segment", "Troubles", "read_recipe",
]  # fmt: skip
