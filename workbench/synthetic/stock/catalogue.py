"""The products of the shop: five categories with sixty products each, from cheap to expensive.

Neighbouring prices of a category differ by 10 %. A product is found by category and price: the
product with the nearest price is taken, so an order can have any wanted value. The names of
products are listed in ``catalogue.toml``.
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from workbench.foundation.package_data import packaged_toml
from workbench.synthetic.draws import Floats, Integers

LOWEST_PRICE_MINOR = 250
HIGHEST_PRICE_MINOR = 90_000
_RUNGS = 60
#: Difference between the logarithms of neighbouring prices.
LADDER_STEP = math.log(HIGHEST_PRICE_MINOR / LOWEST_PRICE_MINOR) / (_RUNGS - 1)

CATEGORIES = ("beauty", "electronics", "fashion", "gifts", "home")


@dataclass(frozen=True)
class Catalogue:
    """All products in the order of their codes: by category, then by price.

    Attributes
    ----------
    product_id, name, category, noun, path : Series of String, shape (products,)
        ``noun`` is the last part of ``category``; ``path`` is the path of the product's page.
    price_minor : array of int, shape (products,)
        Price in minor units.
    """

    product_id: pl.Series
    name: pl.Series
    category: pl.Series
    noun: pl.Series
    path: pl.Series
    price_minor: Integers

    @property
    def rungs(self) -> int:
        """Number of products of a category; a product's code // rungs is the category."""
        return _RUNGS

    def nearest(self, category: Integers, log_price_minor: Floats) -> Integers:
        """Return the product of a category with the nearest price.

        Parameters
        ----------
        category : array of int, shape (rows,)
        log_price_minor : array of float, shape (rows,)
            Natural logarithm of the wanted price in minor units.
        """
        rung = np.rint((log_price_minor - math.log(LOWEST_PRICE_MINOR)) / LADDER_STEP)
        product: Integers = category * _RUNGS + np.clip(rung, 0, _RUNGS - 1).astype(np.int64)
        return product


@cache
def catalogue(system: str) -> Catalogue:
    """Return the products of the shop, with ids of this system."""
    ladder = np.geomspace(LOWEST_PRICE_MINOR, HIGHEST_PRICE_MINOR, _RUNGS)
    prices = [_ending(price) for price in ladder]
    rows = [
        (
            f"{system}:{name[:2].upper()}-{1000 + rung}",
            _product(name, rung),
            f"{name}/{_noun(name, rung)}",
        )
        for name in CATEGORIES
        for rung in range(_RUNGS)
    ]
    return Catalogue(
        product_id=pl.Series([row[0] for row in rows]),
        name=pl.Series([row[1] for row in rows]),
        category=pl.Series([row[2] for row in rows]),
        noun=pl.Series([row[2].partition("/")[2] for row in rows]),
        path=pl.Series(["/p/" + row[0].split(":")[1].lower() for row in rows]),
        price_minor=np.array(prices * len(CATEGORIES), dtype=np.int64),
    )


def _noun(category: str, rung: int) -> str:
    nouns: list[str] = _words()["nouns"][category]
    return nouns[rung * len(nouns) // _RUNGS]


def _product(category: str, rung: int) -> str:
    styles: list[str] = _words()["styles"]
    return f"{styles[rung % len(styles)]} {_noun(category, rung)}"


@cache
def _words() -> dict[str, Any]:
    return packaged_toml("workbench.synthetic.stock", "catalogue.toml")


def _ending(price: float) -> int:
    """Round a price so that it ends in 5 or 9, like the prices of most shops."""
    whole = 10 * round(price / 10)
    return int(whole - 1 if whole > 2_000 else whole - 5)
