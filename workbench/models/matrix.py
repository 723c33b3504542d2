"""Convert frames to arrays for scikit-learn; no other module does.

A *design* is made from training rows and applied to other rows. There a new column is ignored, a
missing column is null, and a level that the training rows lack is null.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.foundation.errors import InputError

#: Largest number of levels of a text column; less frequent levels become null.
MOST_LEVELS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The columns of a model and their conversion to numbers.

    Attributes
    ----------
    numbers : tuple of str
        Numeric and yes/no columns that vary on the training rows.
    levels : tuple of (str, tuple of str)
        Text columns, each with its levels, sorted.
    """

    numbers: tuple[str, ...]
    levels: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def of(cls, rows: pl.DataFrame) -> Self:
        """Return the design of training rows, with all columns but ``customer_id``.

        Raises
        ------
        InputError
            No column varies.
        """
        numbers: list[str] = []
        levels: list[tuple[str, tuple[str, ...]]] = []
        for column in rows.drop("customer_id", strict=False).iter_columns():
            if column.n_unique() < 2:
                continue
            if column.dtype.is_numeric() or column.dtype == pl.Boolean:
                numbers.append(column.name)
            else:
                levels.append((column.name, _most_frequent_levels(column)))
        if not numbers and not levels:
            raise InputError(
                f"none of the {rows.width - 1} features varies over the {rows.height} training "
                "rows: there is nothing to learn from"
            )
        return cls(numbers=tuple(numbers), levels=tuple(levels))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, numbers first, then texts."""
        return (*self.numbers, *(name for name, _ in self.levels))

    def array(self, rows: pl.DataFrame) -> NDArray[np.float64]:
        """Return rows as numbers, shape (n, columns): null is NaN, a text is its level's place."""
        present = set(rows.columns)
        nothing = pl.lit(None, dtype=pl.Float64)
        numbers = [
            pl.col(name).cast(pl.Float64) if name in present else nothing.alias(name)
            for name in self.numbers
        ]
        texts = [
            pl.col(name)
            .cast(pl.String)
            .replace_strict(
                list(known), list(range(len(known))), default=None, return_dtype=pl.Float64
            )
            if name in present
            else nothing.alias(name)
            for name, known in self.levels
        ]
        return rows.select(*numbers, *texts).to_numpy().astype(np.float64, copy=False)


def _most_frequent_levels(column: pl.Series) -> tuple[str, ...]:
    counts = (
        column.cast(pl.String)
        .drop_nulls()
        .value_counts(name="persons")
        .sort("persons", column.name, descending=[True, False])
    )
    return tuple(sorted(counts[column.name].head(MOST_LEVELS).to_list()))
