"""Hashes of ids, by which large tables are joined."""

import polars as pl


def hashed_id(name: str) -> pl.Expr:
    """Return a hash of 64 bits of an id, under the name of its column.

    A join by texts holds the texts of one side in memory. By hashes, the 8.7 million lines of 4.6
    million orders were joined in .9 CPU s instead of 1.5 (measured by hand). Of ten million ids,
    two have the same hash in 3 of a million datasets. Null has a hash too, so this is for ids that
    a table always has.
    """
    return pl.col(name).hash(seed=5)
