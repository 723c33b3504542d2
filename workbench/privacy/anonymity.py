"""k-anonymity of the customer table, counted in persons (Sweeney 2002; Samarati 2001).

The customers who share a combination of quasi-identifiers are a *class*. Every class reaches all
criteria: it has k customers and, where a policy asks for it, l different values of a sensitive
column, or values that are distributed within t as among all customers. Columns are first made
coarser for everybody, and then single cells are suppressed:

1. While more than ``suppression_limit`` of the customers are in classes that fail, the column whose
   next level leaves the fewest such customers is made coarser. A column is suppressed for everybody
   only if no other column can be made coarser. Columns of ``keep`` come last, and the first of them
   at the very end.
2. In classes that still fail the columns are suppressed one by one in the same order, until every
   class reaches the criteria. If the customers who then have no value at all do not, the smallest
   class is suppressed too. A suppressed cell counts as a value of its own, so every subset of the
   columns reaches the criteria as well: a projection only merges classes, and classes that reach k,
   l or t reach it together (t since the distance is convex).

The first step is greedy and deterministic: each choice is the one that helps most now and is never
undone, ties go to the column that is named first, and the loss need not be the least possible. It
works on distinct combinations with their numbers of customers, so a million customers take little
more time than reading their columns. A policy may ask for the levels of least loss instead, which
``recoding`` finds; the second step is the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.foundation.errors import PrivacyError
from workbench.privacy.coded_customers import CodedCustomers
from workbench.privacy.level_labels import hierarchies_of_levels, labels_at
from workbench.privacy.recoding import Criterion, recode
from workbench.privacy.recoding.class_counts import Codes, pack
from workbench.privacy.recoding.criteria import judge


@dataclass(frozen=True, slots=True, kw_only=True)
class AnonymisedTable:
    """Customer table in which every class reaches the criteria.

    Attributes
    ----------
    rows : DataFrame
        ``customer_id`` and the quasi-identifiers, in the order of the input.
    level : mapping of str to int
        Level of each column, 0 is the finest; the number of levels if the column is suppressed.
    suppressed_cells : mapping of str to int
        Number of customers whose cell was suppressed, by column.
    suppressed : int
        Number of customers who had values and have none left.
    """

    rows: pl.DataFrame
    level: Mapping[str, int]
    suppressed_cells: Mapping[str, int]
    suppressed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """Equivalence classes of a table: groups of persons whose columns have the same values.

    Rows without any value are suppressed and belong to no class, whatever their number.

    Attributes
    ----------
    count : int
        Number of classes.
    persons, suppressed : int
        Number of rows in classes, and of suppressed rows.
    smallest : int
        Number of persons in the smallest class, which is the k of the table; 0 without a class.
    """

    count: int
    persons: int
    suppressed: int
    smallest: int

    @property
    def average_risk(self) -> float:
        """Mean chance of singling out a person: number of classes divided by persons, 0 to 1."""
        return self.count / self.persons if self.persons else 0.0

    @property
    def highest_risk(self) -> float:
        """Chance of singling out a person of the smallest class, 0 to 1."""
        return 1 / self.smallest if self.smallest else 0.0


def anonymise(
    customers: pl.DataFrame,
    *,
    levels: Mapping[str, Sequence[pl.Expr]],
    criteria: Sequence[Criterion],
    keep: Sequence[str],
    suppression_limit: float,
    search: Literal["greedy", "optimal"] = "greedy",
    floor: Mapping[str, int] = MappingProxyType({}),
) -> AnonymisedTable:
    """Generalise quasi-identifiers until every class reaches the criteria.

    Parameters
    ----------
    customers : DataFrame
        One row per person, with ``customer_id``, the columns that the levels read and the sensitive
        columns of the criteria, as they are shown.
    levels : mapping of str to sequence of Expr
        Quasi-identifiers of the view and their levels, the finest first.
    criteria : sequence of Criterion
        What every class must reach. Different values are counted among those that are stated, and
        where none is stated nothing can be learned.
    keep : sequence of str
        Columns to generalise last, the most needed column first.
    suppression_limit : float
        Largest share of customers in classes of which cells are suppressed, 0 to 1.
    search : {"greedy", "optimal"}
        How levels are chosen; ``keep`` is of the greedy search alone.
    floor : mapping of str to int
        Finest level that a column may have; 0 unless given.

    Raises
    ------
    PrivacyError
        All customers together do not reach the criteria.
    """
    names = _order_of_columns(list(levels), keep)
    coded = CodedCustomers.of(customers, {name: levels[name] for name in names}, criteria)
    _require_reachable(coded)
    start = {name: min(floor.get(name, 0), len(levels[name])) for name in names}
    level = (
        _greedy_levels(coded, names, levels, keep, suppression_limit * customers.height, start)
        if search == "greedy"
        else _optimal_levels(customers, levels, criteria, suppression_limit, start)
    )
    made = _suppress_failing(coded, coded.at(level))
    before = coded.at(level)
    had_value = np.any([codes > 0 for codes in coded.at(dict.fromkeys(names, 0))], axis=0)
    has_none = np.all([codes == 0 for codes in made], axis=0)
    values = {name: coded.values(name, level[name], made[i]) for i, name in enumerate(names)}
    return AnonymisedTable(
        rows=pl.DataFrame([customers["customer_id"], *(values[name] for name in levels)]),
        level={name: level[name] for name in levels},
        suppressed_cells={
            name: int(coded.persons[(before[i] > 0) & (made[i] == 0)].sum())
            for i, name in sorted(enumerate(names), key=lambda each: list(levels).index(each[1]))
        },
        suppressed=int(coded.persons[had_value & has_none].sum()),
    )


def _greedy_levels(
    coded: CodedCustomers,
    names: Sequence[str],
    levels: Mapping[str, Sequence[pl.Expr]],
    keep: Sequence[str],
    most: float,
    start: Mapping[str, int],
) -> dict[str, int]:
    """Make columns coarser, one at a time, until few customers are in classes that fail."""
    level = dict(start)
    while coded.count_failing(level) > most:
        raisable = [name for name in names if level[name] < len(levels[name])]
        free = [name for name in raisable if name not in keep] or raisable[:1]
        coarser = [name for name in free if level[name] + 1 < len(levels[name])] or free
        left = [coded.count_failing({**level, name: level[name] + 1}) for name in coarser]
        level[coarser[left.index(min(left))]] += 1
    return level


def _optimal_levels(
    customers: pl.DataFrame,
    levels: Mapping[str, Sequence[pl.Expr]],
    criteria: Sequence[Criterion],
    suppression_limit: float,
    start: Mapping[str, int],
) -> dict[str, int]:
    """Return the levels that lose least (GCP) among those with few suppressed customers."""
    allowed = {name: each[start[name] :] for name, each in levels.items()}
    free = {name: each for name, each in allowed.items() if each}
    if not free:
        return dict(start)
    sensitive = {each.sensitive for each in criteria if each.sensitive is not None}
    try:
        made = recode(
            customers.select(*labels_at(free, dict.fromkeys(free, 0)), *sorted(sensitive)),
            hierarchies=hierarchies_of_levels(customers, free),
            criteria=criteria,
            suppression_limit=suppression_limit,
        )
    except PrivacyError:  # Only customers without any value reach the criteria, see above.
        return {name: len(each) for name, each in levels.items()}
    return {name: start[name] + made.levels.get(name, 0) for name in levels}


def classes(rows: pl.DataFrame, columns: Sequence[str]) -> Classes:
    """Count the equivalence classes of a table with one row per person.

    Examples
    --------
    >>> rows = pl.DataFrame({"plan": ["basic", "basic", None], "region": ["N", "N", None]})
    >>> classes(rows, ["plan", "region"])
    Classes(count=1, persons=2, suppressed=1, smallest=2)
    """
    if not columns:
        return Classes(
            count=min(1, rows.height), persons=rows.height, suppressed=0, smallest=rows.height
        )
    stated = rows.filter(~pl.all_horizontal(pl.col(name).is_null() for name in columns))
    sizes = stated.group_by(list(columns)).len()["len"].to_list()
    return Classes(
        count=len(sizes),
        persons=stated.height,
        suppressed=rows.height - stated.height,
        smallest=min(sizes, default=0),
    )


def smallest_class(rows: pl.DataFrame, columns: Sequence[str]) -> int:
    """Return the number of persons in the smallest combination of the columns.

    Rows without any value count as a combination here, because it must reach k in a view too.
    """
    if not columns:
        return rows.height
    return min(rows.group_by(list(columns)).len()["len"].to_list(), default=0)


def _require_reachable(coded: CodedCustomers) -> None:
    """Refuse criteria that not even all customers together reach."""
    for criterion, rows in coded.counted:
        counts = rows.count(np.zeros_like(rows.combination), 1)
        if criterion.sensitive is None and counts.sizes[0] < criterion.limit:
            raise PrivacyError(
                f"k is {criterion.limit:g}, but the view has only {counts.sizes[0]} customers"
            )
        if counts.sizes[0] and not judge([criterion], counts)[0]:
            raise PrivacyError(
                f"{criterion.name} is {criterion.limit:g}, but all customers of the view together "
                f"have {criterion.measure(counts)[0]:.3g} in {criterion.sensitive}: state another "
                f"{criterion.name}, or leave the column out of the study"
            )


def _suppress_failing(coded: CodedCustomers, columns: list[Codes]) -> list[Codes]:
    """Suppress cells until every class reaches the criteria."""
    made = [codes.copy() for codes in columns]
    for position in range(len(made)):
        made[position][coded.fails(made)] = 0
    for smallest in _smallest_first(made, coded.persons):
        if not coded.fails(made).any():
            break
        for codes in made:
            codes[smallest] = 0
    return made


def _smallest_first(columns: list[Codes], persons: Codes) -> Iterator[NDArray[np.bool_]]:
    """Yield the combinations with a value, the smallest first, ties in the order of values."""
    groups, group = np.unique(pack(columns), return_inverse=True)
    sizes = np.bincount(group, weights=persons, minlength=len(groups))
    is_empty = np.all([codes == 0 for codes in columns], axis=0)
    for number in np.argsort(sizes, kind="stable"):
        rows = group == number
        if not is_empty[rows].any():
            yield rows


def _order_of_columns(names: list[str], keep: Sequence[str]) -> list[str]:
    spared = [name for name in reversed(keep) if name in names]
    return [*(name for name in names if name not in spared), *spared]
