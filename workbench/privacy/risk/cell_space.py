"""What the values and the cells of one column have in common, whatever their type."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]
Distances = NDArray[np.float32]

#: Original values below each label of a hierarchy.
Levels = Mapping[str, frozenset[str]]


class CellSpace(Protocol):
    """Values and cells of one column.

    ``values`` are what ``encode`` makes of original values: codes of texts, or numbers.
    """

    @property
    def cells(self) -> int:
        """Number of different cells."""
        ...

    @property
    def not_understood(self) -> int:
        """Number of cells that cover no original value, as far as is known."""
        ...

    def encode(self, values: pl.Series) -> Numbers:
        """Return the numbers of original values, in the order of the rows."""
        ...

    def covers(self, values: Numbers, cells: Codes | None = None) -> Flags:
        """Return whether each of the cells (by default all) covers each value, (cells, values)."""
        ...

    def exact_values(self) -> tuple[Numbers, Flags]:
        """Return the value that each cell is, and whether it is one, ungeneralised."""
        ...

    def losses(self) -> Numbers:
        """Return the share of the column's other values that a cell could also be, 0 to 1.

        0 for a value as it was and 1 for a suppressed cell.
        """
        ...

    def distances(self, values: Numbers) -> Distances:
        """Return the distance of each cell from each value, 0 to 1, shape (cells, values)."""
        ...


def set_members(cell: str) -> list[str] | None:
    """Return the parts of a cell that is a set, None if it is none.

    >>> set_members("{a, b}"), set_members("Bachelors | Masters"), set_members("a")
    (['a', 'b'], ['Bachelors', 'Masters'], None)
    """
    if cell.startswith("{") and cell.endswith("}"):
        return [each.strip() for each in cell[1:-1].split(",")]
    parts = cell.split(" | ")
    return parts if len(parts) > 1 else None
