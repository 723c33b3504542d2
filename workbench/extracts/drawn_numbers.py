"""Numbers and an order that are drawn anew for every extract, so that nothing joins two of them."""

import secrets

import numpy as np
import polars as pl


def drawn_numbers(cells: pl.Series) -> pl.Series:
    """Replace values by numbers from 1 on in an order drawn at random; nulls stay.

    Equal values have equal numbers. The numbers are drawn from the system's source of randomness
    and kept nowhere.
    """
    different = cells.drop_nulls().unique()
    numbers = pl.Series("number", _generator().permutation(len(different)) + 1)
    return cells.replace_strict(different, numbers, default=None, return_dtype=pl.Int64)


def shuffled(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows in an order drawn at random: the position of a row would be a key too."""
    return rows[_generator().permutation(rows.height)]


def perturbed(numbers: pl.Series, *, noise: float) -> pl.Series:
    """Multiply numbers by random factors whose logarithm has this standard deviation.

    Whole numbers stay whole.
    """
    factors = pl.Series(np.exp(_generator().normal(0.0, noise, len(numbers))))
    made = numbers.cast(pl.Float64) * factors
    return made.round().cast(numbers.dtype, strict=False) if numbers.dtype.is_integer() else made


def _generator() -> np.random.Generator:
    return np.random.default_rng(secrets.randbits(128))
