"""Generalisation hierarchies: the values of a column and the label of each value at each level.

At level 0 every value is its own label, and at the last level every value has the label ``*``. A
hierarchy is *nested*: values that share a label at one level share a label at every level above.
The values, called *leaves*, are sorted so that all leaves of one label are neighbours. Every label
is therefore an interval of leaf positions, and so is every range of leaves that local recoding
makes.

A hierarchy comes from a file of ARX (`read_hierarchy`), from the values of the column
(`number_bands`, `date_periods`, `text_prefixes`, `flat`) or from a tree of categories
(`category_tree`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.foundation.errors import ParameterError

SUPPRESSED = "*"

Positions = NDArray[np.int64]


class Uncovered(NamedTuple):
    """Cells that a hierarchy does not cover."""

    values: int
    rows: int


@dataclass(frozen=True, slots=True, eq=False)
class Hierarchy:
    """Values of a column and their labels, from the value itself to ``*``.

    Attributes
    ----------
    labels : tuple of Series
        Labels of each level, of type String, in the order of the leaves; ``labels[0]`` contains
        the leaves themselves, and the last level has the single label ``*``.
    groups : tuple of arrays
        For each level the position of every leaf's label, which never decreases.
    is_scale : bool
        Whether the leaves are numbers or days in ascending order, so that a range of leaves is
        written with its two ends.
    """

    labels: tuple[pl.Series, ...]
    groups: tuple[Positions, ...]
    is_scale: bool

    @property
    def height(self) -> int:
        """Number of the last level."""
        return len(self.labels) - 1

    @property
    def leaves(self) -> int:
        """Number of values."""
        return len(self.labels[0])

    def uncovered(self, cells: pl.Series) -> Uncovered:
        """Count the cells that are neither a value nor a label of the hierarchy, without nulls.

        Examples
        --------
        >>> regions = hierarchy_of(pl.DataFrame({"0": ["N", "S"], "1": ["*", "*"]}), name="regions")
        >>> regions.uncovered(pl.Series(["N", "W", "W", None, "*"]))
        Uncovered(values=1, rows=2)
        """
        stated = cells.cast(pl.String).drop_nulls()
        unknown = stated.filter(~stated.is_in(pl.concat(self.labels).implode()))
        return Uncovered(unknown.n_unique(), len(unknown))

    def frame(self) -> pl.DataFrame:
        """Return one row per leaf with its label at each level, in columns ``0``, ``1``, …."""
        return pl.DataFrame(
            [
                labels.gather(group).alias(str(level))
                for level, (labels, group) in enumerate(zip(self.labels, self.groups, strict=True))
            ]
        )


def hierarchy_of(levels: pl.DataFrame, *, name: str, first_line: int = 1) -> Hierarchy:
    """Return the hierarchy of a table that has one row per value and one column per level.

    Rows that are repeated count once. Leaves keep the order of the rows, as far as leaves of one
    label stay together.

    Parameters
    ----------
    levels : DataFrame
        Columns of type String: the value, then its label at each level, at the end ``*``.
    name : str
        File or column that a refusal names.
    first_line : int
        Line of the first row in that file.

    Raises
    ------
    ParameterError
        The table is empty or has an empty cell, the last level is not ``*``, a value has two rows
        that differ, or the labels are not nested.
    """
    columns = [str(level) for level in range(levels.width)]
    table = levels.rename(dict(zip(levels.columns, columns, strict=True))).with_row_index("line")
    if levels.width < 2:
        raise ParameterError(
            f"hierarchy {name} has {levels.width} columns; give each value a row with at least "
            f"two, the value and {SUPPRESSED!r}"
        )
    _refuse_lines(
        table.filter(pl.any_horizontal(pl.col(columns).is_null())),
        f"hierarchy {name} has an empty cell in line {{}}; give every value a label at every level",
        first_line,
    )
    _refuse_lines(
        table.filter(pl.col(columns[-1]) != SUPPRESSED),
        f"the last level of hierarchy {name} is not {SUPPRESSED!r} in line {{}}; end every line "
        f"with {SUPPRESSED!r}",
        first_line,
    )
    for finer, coarser in pairwise(columns):
        is_torn = pl.col(coarser) != pl.col(coarser).first().over(finer)
        _refuse_lines(
            table.filter(is_torn),
            f"hierarchy {name} is not nested: the label of level {finer} in line {{}} has another "
            f"label at level {coarser} in an earlier line; give equal labels of level {finer} the "
            f"same label at level {coarser}",
            first_line,
        )
    return _in_leaf_order(table.unique("0", keep="first", maintain_order=True), columns)


def _refuse_lines(faulty: pl.DataFrame, message: str, first_line: int) -> None:
    if not faulty.is_empty():
        raise ParameterError(message.format(int(faulty["line"][0]) + first_line))


def _in_leaf_order(table: pl.DataFrame, columns: Sequence[str]) -> Hierarchy:
    """Sort the leaves so that those of one label are neighbours, and number the labels."""
    earliest = [
        pl.col("line").cast(pl.Int64, strict=False).min().over(column).alias(f"first {column}")
        for column in columns
    ]
    order = [f"first {column}" for column in reversed(columns)]
    leaves = table.with_columns(earliest).sort(order)
    groups, labels = [], []
    for column in columns:
        starts = leaves[f"first {column}"].to_numpy()
        is_new = np.diff(starts, prepend=-1) != 0
        groups.append(np.cumsum(is_new) - 1)
        labels.append(leaves[column].filter(pl.Series(is_new)).alias(column))
    numbers = leaves["0"].cast(pl.Float64, strict=False)
    days = leaves["0"].str.to_date("%Y-%m-%d", strict=False)
    labels[-1] = pl.Series(columns[-1], [SUPPRESSED])
    return Hierarchy(
        labels=tuple(labels),
        groups=tuple(groups),
        is_scale=any(each.null_count() == 0 and each.is_sorted() for each in (numbers, days)),
    )
