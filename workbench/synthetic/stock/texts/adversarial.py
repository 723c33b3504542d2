"""Strings that break what reads, shows or writes them carelessly."""

from functools import cache

import numpy as np
import polars as pl

from workbench.foundation.package_data import packaged_toml
from workbench.synthetic.draws import Keys
from workbench.synthetic.frames import gathered


@cache
def hostile() -> tuple[str, ...]:
    """Return the strings of ``adversarial.toml``, in its order."""
    listed = packaged_toml("workbench.synthetic.stock.texts", "adversarial.toml")["strings"]
    return tuple(each["text"] * each.get("times", 1) for each in listed)


def adversarial(bits: Keys) -> pl.Series:
    """Return one of the strings for each row's bits."""
    strings = pl.Series(list(hostile()))
    chosen = (bits >> np.uint64(8)) % np.uint64(len(strings))
    return gathered(strings, chosen)
