"""Synthetic worlds: invented customers, and the truth about them.

A *recipe* describes the customers of a world; ``generate`` makes them. The planted facts (segments,
times of leaving, the group that a past decision disadvantaged) are stored separately in ``truth/``,
so that the results of an analysis can be compared with them. Every random value is a hash of the
seed, the name of a stream, the customer's number and a position. A customer therefore has the same
data in a world of a thousand and of a million customers, in any block and with any number of
processes. This package does not import ``sources``, and ``sources`` does not import it.

>>> from pathlib import Path
>>> from workbench.synthetic import generate
>>> generate(Path("synthetic/retail.toml"), out=Path("world"), customers=0)
Traceback (most recent call last):
workbench.foundation.errors.ParameterError: recipe retail.toml has 1 fault:
  customers: input should be greater than or equal to 1, found 0
"""

from workbench.synthetic.explain import Explanation, explain
from workbench.synthetic.recipes import Recipe, read_recipe
from workbench.synthetic.rules import violations
from workbench.synthetic.worlds import World, generate, plan_world

__all__ = [
    "Explanation", "Recipe", "World", "explain", "generate", "plan_world", "read_recipe",
    "violations",
]  # fmt: skip
