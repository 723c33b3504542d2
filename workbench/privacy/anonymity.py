"""k-anonymity of the customer table, counted in persons (Sweeney 2002; Samarati 2001).

First a column is made coarser for everybody, then single cells are emptied:

1. While more than ``suppression_limit`` of the customers share their combination with fewer than
   k - 1 others, the column whose next level leaves the fewest such customers is made coarser. A
   column is emptied for everybody only where no other can be made coarser; columns of ``keep``
   come last, the first named at the very end.
2. In the combinations that are still too small the columns are emptied one by one in the same
   order, until every combination has k customers. If what is empty throughout is then still too
   few, the smallest combination joins it. An empty cell counts as a value of its own, so every
   subset of the columns reaches k as well (a projection only merges combinations).

This is greedy and deterministic: each step takes what helps most now and is never taken back, ties
go to the column named first, and the least loss is not promised. Only distinct combinations are
worked on, each with its number of customers, so a million customers cost little more than the
columns' values.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.foundation.errors import PrivacyError

_Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anonymised:
    """A customer table whose combinations are each shared by k persons.

    Attributes
    ----------
    rows : DataFrame
        ``customer_id`` and the quasi-identifiers, in the order of the input.
    level : mapping of str to int
        How coarse each column became, 0 the finest; the number of its levels where it is empty.
    emptied : mapping of str to int
        Customers whose cell was emptied, by column.
    suppressed : int
        Customers of whom nothing is left although something was known.
    """

    rows: pl.DataFrame
    level: Mapping[str, int]
    emptied: Mapping[str, int]
    suppressed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """The equivalence classes of a table: persons who cannot be told apart by its columns.

    Rows that are empty throughout are suppressed: they are no class, whatever their number.

    Attributes
    ----------
    count : int
        How many classes there are.
    persons, suppressed : int
        Rows in a class, and rows that are in none.
    smallest : int
        Persons in the smallest class, 0 where there is none: the k that a table has.
    """

    count: int
    persons: int
    suppressed: int
    smallest: int

    @property
    def average_risk(self) -> float:
        """Mean chance of singling out a person of a class: classes over persons, 0 to 1."""
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
) -> Anonymised:
    """Generalise quasi-identifiers until every combination is shared by k persons.

    Parameters
    ----------
    customers : DataFrame
        One row per person, with ``customer_id`` and whatever the levels read.
    levels : mapping of str to sequence of Expr
        Quasi-identifiers of the view and their levels, finest first.
    k : int
        Persons per combination, 2 or more.
    keep : sequence of str
        Columns to spare, the most needed first.
    suppression_limit : float
        Share of customers, 0 to 1.

    Raises
    ------
    PrivacyError
        There are fewer than k customers.
    """
    if customers.height < k:
        raise PrivacyError(f"k is {k}, but the view has only {customers.height} customers")
    names = _spared_last(list(levels), keep)
    coded = _Coded.of(customers, {name: levels[name] for name in names})
    level = dict.fromkeys(names, 0)
    while coded.small(level, k) > suppression_limit * customers.height:
        raisable = [name for name in names if level[name] < len(levels[name])]
        free = [name for name in raisable if name not in keep] or raisable[:1]
        coarser = [name for name in free if level[name] + 1 < len(levels[name])] or free
        left = [coded.small({**level, name: level[name] + 1}, k) for name in coarser]
        level[coarser[left.index(min(left))]] += 1
    made = _emptied(coded.at(level), coded.persons, k)
    before = coded.at(level)
    known = np.any([codes > 0 for codes in coded.at(dict.fromkeys(names, 0))], axis=0)
    nothing = np.all([codes == 0 for codes in made], axis=0)
    values = {name: coded.values(name, level[name], made[i]) for i, name in enumerate(names)}
    return Anonymised(
        rows=pl.DataFrame([customers["customer_id"], *(values[name] for name in levels)]),
        level={name: level[name] for name in levels},
        emptied={
            name: int(coded.persons[(before[i] > 0) & (made[i] == 0)].sum())
            for i, name in sorted(enumerate(names), key=lambda each: list(levels).index(each[1]))
        },
        suppressed=int(coded.persons[known & nothing].sum()),
    )


def classes(rows: pl.DataFrame, columns: Sequence[str]) -> Classes:
    """Count the equivalence classes of a table that holds one row per person.

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
    told = rows.filter(~pl.all_horizontal(pl.col(name).is_null() for name in columns))
    sizes = told.group_by(list(columns)).len()["len"].to_list()
    return Classes(
        count=len(sizes),
        persons=told.height,
        suppressed=rows.height - told.height,
        smallest=min(sizes, default=0),
    )


def smallest_class(rows: pl.DataFrame, columns: Sequence[str]) -> int:
    """Return the number of persons in the smallest combination of the columns.

    Here rows that are empty throughout count as a combination too: it is what a view has to reach.
    """
    if not columns:
        return rows.height
    return min(rows.group_by(list(columns)).len()["len"].to_list(), default=0)


@dataclass(frozen=True, slots=True)
class _Coded:
    """Distinct combinations of all levels of all columns, as numbers; 0 is an empty cell.

    ``codes`` holds one array per column and level over the combinations, ``dictionary`` their
    values, ``persons`` how many customers have each, ``row_of`` which one each customer has.
    """

    codes: Mapping[str, list[_Codes]]
    dictionary: Mapping[str, list[pl.Series]]
    persons: _Codes
    row_of: _Codes

    @classmethod
    def of(cls, customers: pl.DataFrame, levels: Mapping[str, Sequence[pl.Expr]]) -> "_Coded":
        """Make it: number the values of each level and find the distinct combinations."""
        codes: dict[str, list[_Codes]] = {name: [] for name in levels}
        dictionary: dict[str, list[pl.Series]] = {name: [] for name in levels}
        for name, steps in levels.items():
            for step in steps:
                numbers, values = _numbered(customers.select(step.alias(name)).to_series())
                codes[name].append(numbers)
                dictionary[name].append(values)
        everything = [numbers for name in codes for numbers in codes[name]]
        _, first, row_of, persons = np.unique(
            _packed(everything), return_index=True, return_inverse=True, return_counts=True
        )
        return cls(
            {name: [numbers[first] for numbers in codes[name]] for name in codes},
            dictionary,
            persons,
            row_of,
        )

    def at(self, level: Mapping[str, int]) -> list[_Codes]:
        """Return the columns at their levels; one beyond the last level is empty."""
        empty = np.zeros(len(self.persons), dtype=np.int64)
        return [
            steps[level[name]] if level[name] < len(steps) else empty
            for name, steps in self.codes.items()
        ]

    def small(self, level: Mapping[str, int], k: int) -> int:
        """Count customers whose combination has fewer than k."""
        return int(self.persons[_sizes(self.at(level), self.persons) < k].sum())

    def values(self, name: str, level: int, codes: _Codes) -> pl.Series:
        """Return the customers' cells of a column whose combinations have these codes."""
        known = self.dictionary[name]
        values = known[min(level, len(known) - 1)]
        return values.gather(codes[self.row_of]).alias(name)


def _numbered(cells: pl.Series) -> tuple[_Codes, pl.Series]:
    """Return the number of each cell, in the order of the values, and the values by number."""
    values = pl.concat([cells.clear(1), cells.drop_nulls().unique().sort()])
    index = pl.DataFrame({"cell": values, "code": np.arange(len(values))}).slice(1)
    joined = pl.DataFrame({"cell": cells}).join(index, on="cell", how="left", maintain_order="left")
    return joined["code"].fill_null(0).to_numpy().astype(np.int64), values


def _packed(columns: Sequence[_Codes]) -> _Codes:
    """Return one number per row, equal where all columns are equal."""
    packed = np.zeros(len(columns[0]), dtype=np.int64)
    spread = 1
    for codes in columns:
        width = int(codes.max(initial=0)) + 1
        if spread * width >= 2**62:  # numbered anew before it would overflow
            distinct, packed = np.unique(packed, return_inverse=True)
            spread = len(distinct)
        packed = packed * width + codes
        spread *= width
    return packed


def _sizes(columns: Sequence[_Codes], persons: _Codes) -> _Codes:
    """Return for each combination how many persons share it."""
    _, group = np.unique(_packed(columns), return_inverse=True)
    return np.bincount(group, weights=persons).astype(np.int64)[group]


def _emptied(columns: list[_Codes], persons: _Codes, k: int) -> list[_Codes]:
    """Empty cells until every combination has k persons."""
    made = [codes.copy() for codes in columns]
    for position in range(len(made)):
        made[position][_sizes(made, persons) < k] = 0
    for victim in _smallest_first(made, persons):
        if _sizes(made, persons).min() >= k:
            break
        for codes in made:
            codes[victim] = 0
    return made


def _smallest_first(columns: list[_Codes], persons: _Codes) -> Iterator[NDArray[np.bool_]]:
    """Yield the combinations that are not empty, smallest first, ties by their values."""
    groups, group = np.unique(_packed(columns), return_inverse=True)
    sizes = np.bincount(group, weights=persons, minlength=len(groups))
    is_empty = np.all([codes == 0 for codes in columns], axis=0)
    for number in np.argsort(sizes, kind="stable"):
        rows = group == number
        if not is_empty[rows].any():
            yield rows


def _spared_last(names: list[str], keep: Sequence[str]) -> list[str]:
    spared = [name for name in reversed(keep) if name in names]
    return [*(name for name in names if name not in spared), *spared]
