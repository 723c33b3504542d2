"""Strings that break careless programs which read, show or write them."""

from functools import cache

import numpy as np
import polars as pl

from workbench.foundation.package_data import packaged_toml
from workbench.synthetic.draws import Keys
from workbench.synthetic.frames import gather


@cache
def hostile_strings() -> tuple[str, ...]:
    """Return the strings of ``adversarial.toml``, in its order."""
    listed = packaged_toml("workbench.synthetic.stock.texts", "adversarial.toml")["strings"]
    return tuple(each["text"] * each.get("times", 1) for each in listed)


def draw_hostile_strings(bits: Keys) -> pl.Series:
    """Choose one of the strings for each row by its random bits."""
    strings = pl.Series(list(hostile_strings()))
    chosen = (bits >> np.uint64(8)) % np.uint64(len(strings))
    return gather(strings, chosen)
