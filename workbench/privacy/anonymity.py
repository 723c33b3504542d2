"""k-anonymity of the customer table, counted in persons (Sweeney 2002; Samarati 2001).

Columns are first made coarser for everybody, and then single cells are suppressed:

1. While more than ``suppression_limit`` of the customers share their combination with fewer than
   k - 1 others, the column whose next level leaves the fewest such customers is made coarser. A
   column is suppressed for everybody only if no other column can be made coarser. Columns of
   ``keep`` come last, and the first of them at the very end.
2. In combinations that are still too small the columns are suppressed one by one in the same order,
   until every combination has k customers. If fewer than k customers then have no value at all, the
   smallest combination is suppressed too. A suppressed cell counts as a value of its own, so every
   subset of the columns reaches k as well (a projection only merges combinations).

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
from workbench.privacy.level_labels import hierarchies_of_levels, labels_at
from workbench.privacy.recoding import KAnonymity, recode
from workbench.privacy.recoding.class_counts import pack

_Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnonymisedTable:
    """Customer table in which at least k persons share each combination.

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
    k: int,
    keep: Sequence[str],
    suppression_limit: float,
    search: Literal["greedy", "optimal"] = "greedy",
    floor: Mapping[str, int] = MappingProxyType({}),
) -> AnonymisedTable:
    """Generalise quasi-identifiers until every combination is shared by k persons.

    Parameters
    ----------
    customers : DataFrame
        One row per person, with ``customer_id`` and the columns that the levels read.
    levels : mapping of str to sequence of Expr
        Quasi-identifiers of the view and their levels, the finest first.
    k : int
        Smallest number of persons per combination, 2 or more.
    keep : sequence of str
        Columns to generalise last, the most needed column first.
    suppression_limit : float
        Largest share of customers in combinations that are suppressed, 0 to 1.
    search : {"greedy", "optimal"}
        How levels are chosen; ``keep`` is of the greedy search alone.
    floor : mapping of str to int
        Finest level that a column may have; 0 unless given.

    Raises
    ------
    PrivacyError
        There are fewer than k customers.
    """
    if customers.height < k:
        raise PrivacyError(f"k is {k}, but the view has only {customers.height} customers")
    names = _order_of_columns(list(levels), keep)
    coded = _CodedTable.of(customers, {name: levels[name] for name in names})
    start = {name: min(floor.get(name, 0), len(levels[name])) for name in names}
    level = (
        _greedy_levels(coded, names, levels, k, keep, suppression_limit * customers.height, start)
        if search == "greedy"
        else _optimal_levels(customers, levels, k, suppression_limit, start)
    )
    made = _suppress_small(coded.at(level), coded.persons, k)
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
    coded: "_CodedTable",
    names: Sequence[str],
    levels: Mapping[str, Sequence[pl.Expr]],
    k: int,
    keep: Sequence[str],
    most: float,
    start: Mapping[str, int],
) -> dict[str, int]:
    """Make columns coarser, one at a time, until few customers are in small combinations."""
    level = dict(start)
    while coded.count_small(level, k) > most:
        raisable = [name for name in names if level[name] < len(levels[name])]
        free = [name for name in raisable if name not in keep] or raisable[:1]
        coarser = [name for name in free if level[name] + 1 < len(levels[name])] or free
        left = [coded.count_small({**level, name: level[name] + 1}, k) for name in coarser]
        level[coarser[left.index(min(left))]] += 1
    return level


def _optimal_levels(
    customers: pl.DataFrame,
    levels: Mapping[str, Sequence[pl.Expr]],
    k: int,
    suppression_limit: float,
    start: Mapping[str, int],
) -> dict[str, int]:
    """Return the levels that lose least (GCP) among those with few suppressed customers."""
    allowed = {name: each[start[name] :] for name, each in levels.items()}
    free = {name: each for name, each in allowed.items() if each}
    if not free:
        return dict(start)
    made = recode(
        customers.select(labels_at(free, dict.fromkeys(free, 0))),
        hierarchies=hierarchies_of_levels(customers, free),
        criteria=[KAnonymity(k=k)],
        suppression_limit=suppression_limit,
    )
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


@dataclass(frozen=True, slots=True)
class _CodedTable:
    """Distinct combinations of all levels of all columns as numbers; 0 is a suppressed cell.

    ``codes`` has one array over the combinations for each column and level, ``dictionary`` the
    values, ``persons`` the number of customers of each combination, and ``row_of`` the combination
    of each customer.
    """

    codes: Mapping[str, list[_Codes]]
    dictionary: Mapping[str, list[pl.Series]]
    persons: _Codes
    row_of: _Codes

    @classmethod
    def of(cls, customers: pl.DataFrame, levels: Mapping[str, Sequence[pl.Expr]]) -> "_CodedTable":
        """Give each value of each level a number and find the distinct combinations."""
        codes: dict[str, list[_Codes]] = {name: [] for name in levels}
        dictionary: dict[str, list[pl.Series]] = {name: [] for name in levels}
        for name, steps in levels.items():
            for step in steps:
                numbers, values = _number_values(customers.select(step.alias(name)).to_series())
                codes[name].append(numbers)
                dictionary[name].append(values)
        everything = [numbers for name in codes for numbers in codes[name]]
        _, first, row_of, persons = np.unique(
            pack(everything), return_index=True, return_inverse=True, return_counts=True
        )
        return cls(
            {name: [numbers[first] for numbers in codes[name]] for name in codes},
            dictionary,
            persons,
            row_of,
        )

    def at(self, level: Mapping[str, int]) -> list[_Codes]:
        """Return the codes of the columns at their levels; beyond the last level all are 0."""
        empty = np.zeros(len(self.persons), dtype=np.int64)
        return [
            steps[level[name]] if level[name] < len(steps) else empty
            for name, steps in self.codes.items()
        ]

    def count_small(self, level: Mapping[str, int], k: int) -> int:
        """Count the customers whose combination has fewer than k customers."""
        return int(self.persons[_sizes(self.at(level), self.persons) < k].sum())

    def values(self, name: str, level: int, codes: _Codes) -> pl.Series:
        """Return the cells of the customers in a column, from the codes of the combinations."""
        levels = self.dictionary[name]
        values = levels[min(level, len(levels) - 1)]
        return values.gather(codes[self.row_of]).alias(name)


def _number_values(cells: pl.Series) -> tuple[_Codes, pl.Series]:
    """Return the number of each cell, in the order of the values, and the values by number."""
    values = pl.concat([cells.clear(1), cells.drop_nulls().unique().sort()])
    index = pl.DataFrame({"cell": values, "code": np.arange(len(values))}).slice(1)
    joined = pl.DataFrame({"cell": cells}).join(index, on="cell", how="left", maintain_order="left")
    return joined["code"].fill_null(0).to_numpy().astype(np.int64), values


def _sizes(columns: Sequence[_Codes], persons: _Codes) -> _Codes:
    """Return the number of persons who share each combination."""
    _, group = np.unique(pack(columns), return_inverse=True)
    return np.bincount(group, weights=persons).astype(np.int64)[group]


def _suppress_small(columns: list[_Codes], persons: _Codes, k: int) -> list[_Codes]:
    """Suppress cells until every combination has k persons."""
    made = [codes.copy() for codes in columns]
    for position in range(len(made)):
        made[position][_sizes(made, persons) < k] = 0
    for smallest in _smallest_first(made, persons):
        if _sizes(made, persons).min() >= k:
            break
        for codes in made:
            codes[smallest] = 0
    return made


def _smallest_first(columns: list[_Codes], persons: _Codes) -> Iterator[NDArray[np.bool_]]:
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
