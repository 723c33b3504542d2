"""What criteria have in common, and k-anonymity (Sweeney 2002), which is one of them.

A criterion is a condition on every equivalence class. It is judged from the counts of all classes
at once, and a table reaches it if its worst class does. `diversity` and `closeness` have the
criteria that read a sensitive column.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import ClassVar

import numpy as np
import polars as pl

from workbench.foundation.errors import ParameterError
from workbench.privacy.recoding.class_counts import ClassCounts, Flags, Numbers
from workbench.privacy.recoding.coded_tables import numbered_values

TOLERANCE = 1e-9


class Criterion(ABC):
    """Condition on equivalence classes.

    Attributes
    ----------
    name : str
        Letter by which the field knows the figure: k, l or t.
    larger_is_safer : bool
        Whether figures must be at least, not at most, as large as the limit.
    survives_merging : bool
        Whether a class that reaches the criterion still does after any other class is merged into
        it. Entropy and distance are sure to be reached only if both classes reach them.
    """

    __slots__ = ()
    name: ClassVar[str]
    larger_is_safer: ClassVar[bool] = True
    survives_merging: ClassVar[bool] = True

    @property
    @abstractmethod
    def limit(self) -> float:
        """Figure that every class must reach."""

    @property
    def sensitive(self) -> str | None:
        """Sensitive column that the criterion reads."""
        return None

    def for_values(self, values: pl.Series) -> "Criterion":
        """Return the criterion for a sensitive column with these values.

        Values are in the order in which `number_cells` numbers them.
        """
        return self

    def implied(self, shares: Numbers) -> "Criterion | None":
        """Return a criterion that survives merging and that every class within the limit reaches.

        ``shares`` are those of the sensitive values in the whole table, where rows are counted.
        """
        return None

    def most_kept(self, counts: ClassCounts) -> Numbers:
        """Return how many rows of each class its parts can keep, if parts that fail are left out.

        The number may be too large, but not too small.
        """
        return counts.sizes.astype(np.float64)

    @abstractmethod
    def measure(self, counts: ClassCounts) -> Numbers:
        """Return the figure of each class."""

    def is_reached(self, figures: Numbers) -> Flags:
        """Return for each figure whether it is within the limit."""
        if self.larger_is_safer:
            return figures >= self.limit - TOLERANCE
        return figures <= self.limit + TOLERANCE

    def worst(self, figures: Numbers) -> float | None:
        """Return the figure of the worst class, None without a class."""
        if not len(figures):
            return None
        return float(figures.min() if self.larger_is_safer else figures.max())


@dataclass(frozen=True, slots=True, kw_only=True)
class KAnonymity(Criterion):
    """At least k rows, or persons, are in every class."""

    name: ClassVar[str] = "k"
    k: int

    def __post_init__(self) -> None:
        """Refuse a k that protects nobody."""
        refuse_unless(self.k >= 2, f"k is {self.k}; name 2 or more")

    @property
    def limit(self) -> float:
        """Return k."""
        return self.k

    def measure(self, counts: ClassCounts) -> Numbers:
        """Return the size of each class."""
        return counts.sizes.astype(np.float64)


def smallest_size(criteria: Sequence[Criterion]) -> int:
    """Return the smallest class that can reach the criteria, in rows or persons."""
    return max(
        (ceil(each.limit) for each in criteria if each.survives_merging),
        default=1,
    )


def fitted(criteria: Sequence[Criterion], table: pl.DataFrame) -> tuple[Criterion, ...]:
    """Return the criteria for the values of their sensitive columns in a table."""
    return tuple(
        each if each.sensitive is None else each.for_values(numbered_values(table[each.sensitive]))
        for each in criteria
    )


def surviving(
    criteria: Sequence[Criterion], shares: Mapping[str, Numbers], *, in_persons: bool
) -> tuple[Criterion, ...]:
    """Return criteria that survive merging: those that do, and what the others imply.

    Where persons are counted, one person can have several values, so nothing is implied.
    """
    found = [each for each in criteria if each.survives_merging]
    for each in criteria:
        if not each.survives_merging and each.sensitive is not None and not in_persons:
            implied = each.implied(shares[each.sensitive])
            found += [] if implied is None else [implied]
    return tuple(found)


def judge(criteria: Sequence[Criterion], counts: ClassCounts) -> Flags:
    """Return for each class whether it reaches all criteria."""
    reached = np.ones(len(counts.sizes), dtype=np.bool_)
    for criterion in criteria:
        reached &= criterion.is_reached(criterion.measure(counts))
    return reached


def refuse_unless(is_right: bool, message: str) -> None:
    """Refuse a setting of a criterion."""
    if not is_right:
        raise ParameterError(message)
