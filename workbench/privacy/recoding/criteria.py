"""Criteria that every equivalence class must reach: k-anonymity, l-diversity and t-closeness.

Each criterion is judged from the counts of all classes at once. A table reaches a criterion if its
worst class does.

References
----------
Sweeney 2002 (k-anonymity); Machanavajjhala et al. 2007, "l-diversity", definitions 4.1 and 4.2;
Grassberger 2003, "Entropy estimates from insufficient samplings", equation 28.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import ClassVar, Literal

import numpy as np
import polars as pl
from scipy.special import digamma

from workbench.foundation.errors import ParameterError
from workbench.privacy.recoding.class_counts import ClassCounts, Codes, Flags, Numbers
from workbench.privacy.recoding.coded_tables import numbered_values

_TOLERANCE = 1e-9
_BISECTIONS = 10


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

    def implied(self, shares: Numbers) -> "DistinctDiversity | None":
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
            return figures >= self.limit - _TOLERANCE
        return figures <= self.limit + _TOLERANCE

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
        _check(self.k >= 2, f"k is {self.k}; name 2 or more")

    @property
    def limit(self) -> float:
        """Return k."""
        return self.k

    def measure(self, counts: ClassCounts) -> Numbers:
        """Return the size of each class."""
        return counts.sizes.astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class DistinctDiversity(Criterion):
    """Every class has at least l different values of a sensitive column (distinct l-diversity).

    Where persons are counted, a class of p persons is at most p-diverse: the values of one person
    do not hide each other.
    """

    name: ClassVar[str] = "l"
    column: str
    l: int  # noqa: E741 the letter of the field

    def __post_init__(self) -> None:
        """Refuse an l that protects nobody."""
        _check(self.l >= 2, f"l is {self.l}; name 2 or more")

    @property
    def limit(self) -> float:
        """Return l."""
        return self.l

    @property
    def sensitive(self) -> str:
        """Sensitive column that the criterion reads."""
        return self.column

    def measure(self, counts: ClassCounts) -> Numbers:
        """Return the number of different values of each class."""
        group = counts.values[self.column].group
        different = np.bincount(group, minlength=len(counts.sizes))
        return np.minimum(different, counts.sizes).astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntropyDiversity(Criterion):
    """The entropy of a sensitive column is at least log l in every class (entropy l-diversity).

    The figure is exp(H), which is l if l values are equally frequent. The entropy H of a class with
    n rows, of which n_i have value i, is::

        shannon      H = log n - (1/n) sum n_i log n_i
        grassberger  H = log n - (1/n) sum n_i G(n_i)
                     G(n) = psi(n) + (-1)^n (psi((n+1)/2) - psi(n/2)) / 2

    Grassberger's estimate is larger for small classes: it corrects for values that the class would
    have if it were larger.
    """

    name: ClassVar[str] = "l"
    survives_merging: ClassVar[bool] = False
    column: str
    l: float  # noqa: E741 the letter of the field
    estimator: Literal["shannon", "grassberger"] = "shannon"

    def __post_init__(self) -> None:
        """Refuse an l that protects nobody."""
        _check(self.l > 1, f"l is {self.l:g}; name more than 1")

    @property
    def limit(self) -> float:
        """Return l."""
        return self.l

    @property
    def sensitive(self) -> str:
        """Sensitive column that the criterion reads."""
        return self.column

    def implied(self, shares: Numbers) -> DistinctDiversity | None:
        """Return l: the entropy of fewer than l values is below log l."""
        if self.estimator == "grassberger":
            return None
        return DistinctDiversity(column=self.column, l=ceil(self.l - _TOLERANCE))

    def measure(self, counts: ClassCounts) -> Numbers:
        """Return how many equally frequent values would have the entropy of each class."""
        values = counts.values[self.column]
        term = np.log(values.count) if self.estimator == "shannon" else _grassberger(values.count)
        groups = len(counts.sizes)
        rows = np.bincount(values.group, weights=values.count, minlength=groups)
        sums = np.bincount(values.group, weights=values.count * term, minlength=groups)
        return np.exp(np.log(rows) - sums / rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closeness(Criterion):
    """The values of every class are distributed nearly as in the whole table (t-closeness).

    The figure is the earth mover's distance between the shares p of a class and the shares q of the
    whole table, from 0 to 1, where all values are equally far from each other::

        D = (1/2) sum |p_i - q_i|

    Where some values are nearer to each other than others, see `OrderedCloseness` and
    `HierarchicalCloseness`.
    """

    name: ClassVar[str] = "t"
    larger_is_safer: ClassVar[bool] = False
    survives_merging: ClassVar[bool] = False
    column: str
    t: float

    def __post_init__(self) -> None:
        """Refuse a distance outside 0 to 1."""
        _check(0 <= self.t < 1, f"t is {self.t:g}; name a distance from 0 to less than 1")

    @property
    def limit(self) -> float:
        """Return t."""
        return self.t

    def implied(self, shares: Numbers) -> DistinctDiversity | None:
        """Return the number of values that a class needs: values that it lacks add to D."""
        most_frequent_first = np.cumsum(np.sort(shares)[::-1])
        needed = 1 + int((most_frequent_first < 1 - self.t - _TOLERANCE).sum())
        return DistinctDiversity(column=self.column, l=needed) if needed > 1 else None

    @property
    def sensitive(self) -> str:
        """Sensitive column that the criterion reads."""
        return self.column

    def most_kept(self, counts: ClassCounts) -> Numbers:
        """Return how many rows of each class its parts can keep, if parts that fail are left out.

        Parts within t are within t together, since D is convex. So m rows can be kept only if
        sum min(c_s, q_s m) >= (1 - t) m for the counts c and shares q. The left side is concave
        in m, and the largest such m is found by bisection.
        """
        values = counts.values[self.column]
        share = values.shares[values.value]
        low, high = np.zeros(len(counts.sizes)), counts.sizes.astype(np.float64)
        for _ in range(_BISECTIONS):
            middle = np.ceil((low + high) / 2)
            alike = np.minimum(values.count, share * middle[values.group])
            sums = np.bincount(values.group, weights=alike, minlength=len(low))
            is_enough = sums >= (1 - self.t) * middle - _TOLERANCE * middle
            low, high = np.where(is_enough, middle, low), np.where(is_enough, high, middle)
        return high

    def measure(self, counts: ClassCounts) -> Numbers:
        """Return the distance of each class, as the sum of what exceeds the table's shares."""
        values = counts.values[self.column]
        groups = len(counts.sizes)
        rows = np.bincount(values.group, weights=values.count, minlength=groups)
        excess = values.count / rows[values.group] - values.shares[values.value]
        distances = np.bincount(values.group, weights=np.maximum(excess, 0), minlength=groups)
        return distances.astype(np.float64)


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


def _grassberger(count: Codes) -> Numbers:
    sign = np.where(count % 2, -1.0, 1.0)
    return np.asarray(digamma(count) + sign / 2 * (digamma((count + 1) / 2) - digamma(count / 2)))


def _check(is_right: bool, message: str) -> None:
    if not is_right:
        raise ParameterError(message)
