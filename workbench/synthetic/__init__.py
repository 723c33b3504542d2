"""Synthetic worlds: customers who never lived, and the truth about them.

A *recipe* says what the customers of a world are like; ``generate`` makes them. What is planted
(kinds of customers, when they left, whom a past decision disadvantaged) is kept apart in
``truth/``, so what an analysis finds can be held against what is there. Every value hashes (seed,
name of the stream, customer, position): a customer is the same in a world of a thousand and of a
million, in whatever block and by however many processes. Nothing here reads what ``sources``
writes, nor the other way round.

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
from workbench.synthetic.worlds import World, generate, planned

__all__ = [
    "Explanation", "Recipe", "World", "explain", "generate", "planned", "read_recipe",
    "violations",
]  # fmt: skip
