"""l-diversity: every class has several values of a sensitive column.

References
----------
Machanavajjhala et al. 2007, "l-diversity: privacy beyond k-anonymity", definitions 4.1 and 4.2;
Grassberger 2003, "Entropy estimates from insufficient samplings", equation 28.
"""

from dataclasses import dataclass
from math import ceil
from typing import ClassVar, Literal

import numpy as np
from scipy.special import digamma

from workbench.privacy.recoding.class_counts import ClassCounts, Codes, Numbers
from workbench.privacy.recoding.criteria import (
    TOLERANCE,
    Criterion,
    refuse_unless,
)


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
        refuse_unless(self.l >= 2, f"l is {self.l}; name 2 or more")

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
        refuse_unless(self.l > 1, f"l is {self.l:g}; name more than 1")

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
        return DistinctDiversity(column=self.column, l=ceil(self.l - TOLERANCE))

    def measure(self, counts: ClassCounts) -> Numbers:
        """Return how many equally frequent values would have the entropy of each class."""
        values = counts.values[self.column]
        term = np.log(values.count) if self.estimator == "shannon" else _grassberger(values.count)
        groups = len(counts.sizes)
        rows = np.bincount(values.group, weights=values.count, minlength=groups)
        sums = np.bincount(values.group, weights=values.count * term, minlength=groups)
        return np.exp(np.log(rows) - sums / rows)


def _grassberger(count: Codes) -> Numbers:
    sign = np.where(count % 2, -1.0, 1.0)
    return np.asarray(digamma(count) + sign / 2 * (digamma((count + 1) / 2) - digamma(count / 2)))
