"""Number of rows or persons in each equivalence class, in all and by sensitive value.

An *equivalence class* contains the rows that share the labels of all quasi-identifiers. Where a
column names the person of each row, a class counts its distinct persons: a person with five rows
counts once in the class, and once for each of their sensitive values there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ValueCounts:
    """Sensitive values of classes; only pairs of class and value that occur.

    Attributes
    ----------
    group, value, count : arrays
        Class, number of the value, and rows or persons of the class that have the value, sorted
        by class and then by value.
    shares : array
        Share of each value in the whole table.
    """

    group: Codes
    value: Codes
    count: Codes
    shares: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class ClassCounts:
    """What criteria are judged by.

    Attributes
    ----------
    sizes : array
        Rows or persons of each class.
    values : mapping of str to ValueCounts
        Counts of the sensitive columns.
    """

    sizes: Codes
    values: Mapping[str, ValueCounts]


@dataclass(frozen=True, slots=True, eq=False)
class CountedRows:
    """Rows of a table, of which any grouping can be counted.

    Rows that are equal in combination and sensitive values are one *unit*. Where persons are
    counted, rows of a person with several units remain units of their own.

    Attributes
    ----------
    combination : array
        Combination of quasi-identifiers of each unit.
    weight : array
        Number of rows, or of persons, of each unit.
    person : array or None
        Number of the person, for persons with several units, otherwise -1; None counts rows.
    sensitive : mapping of str to array
        Number of the value in each sensitive column.
    shares : mapping of str to array
        Share of each value in the whole table.
    """

    combination: Codes
    weight: Codes
    person: Codes | None
    sensitive: Mapping[str, Codes]
    shares: Mapping[str, Numbers]

    def count(self, group_of_unit: Codes, groups: int) -> ClassCounts:
        """Count the classes of a grouping of the units; units of group -1 are left out."""
        sizes = self.sizes(group_of_unit, groups)
        values = {}
        for name, value in self.sensitive.items():
            spread = len(self.shares[name])
            pair = np.where(group_of_unit < 0, -1, group_of_unit * spread + value)
            if self.person is None and groups * spread <= 8 * len(pair):
                every = self.sizes(pair, groups * spread)
                pairs = np.flatnonzero(every)
                count = every[pairs]
            else:
                pairs, position = np.unique(pair, return_inverse=True)
                if len(pairs) and pairs[0] < 0:
                    pairs, position = pairs[1:], position - 1
                count = self.sizes(position, len(pairs))
            group, number = np.divmod(pairs, spread)
            values[name] = ValueCounts(group, number, count, self.shares[name])
        return ClassCounts(sizes, values)

    def part(self, units: Codes, weight: Codes) -> "CountedRows":
        """Return some units with other weights."""
        return CountedRows(
            combination=self.combination[units],
            weight=weight,
            person=None if self.person is None else self.person[units],
            sensitive={name: value[units] for name, value in self.sensitive.items()},
            shares=self.shares,
        )

    def merged(self, group_of_unit: Codes) -> "CountedRows":
        """Return the units of coarser combinations, each of which is a group of this table."""
        keys = [group_of_unit, *self.sensitive.values()]
        if self.person is not None:
            keys.append(self.person + 1)
        _, first, unit = np.unique(pack(keys), return_index=True, return_inverse=True)
        weight = _sums(unit, self.weight, len(first))
        person = None if self.person is None else self.person[first]
        return CountedRows(
            combination=group_of_unit[first],
            weight=weight if person is None else np.where(person < 0, weight, 1),
            person=person,
            sensitive={name: value[first] for name, value in self.sensitive.items()},
            shares=self.shares,
        )

    def sizes(self, group: Codes, groups: int) -> Codes:
        """Return the number of rows or distinct persons of each group; group -1 is left out."""
        is_in = group >= 0
        if self.person is None:
            return _sums(np.where(is_in, group, groups), self.weight, groups + 1)[:groups]
        is_single = is_in & (self.person < 0)
        sizes = _sums(group[is_single], self.weight[is_single], groups)
        is_several = is_in & (self.person >= 0)
        persons = int(self.person.max(initial=0)) + 1
        met = np.unique(group[is_several] * persons + self.person[is_several])
        return sizes + np.bincount(met // persons, minlength=groups)


def pack(columns: Sequence[Codes]) -> Codes:
    """Return one number per row, equal where all columns are equal, in the order of the columns."""
    packed = np.zeros(len(columns[0]), dtype=np.int64)
    spread = 1
    for codes in columns:
        width = int(codes.max(initial=0)) + 1
        if spread * width >= 2**62:  # Combinations are numbered again before 64 bits overflow.
            distinct, packed = np.unique(packed, return_inverse=True)
            spread = len(distinct)
        packed = packed * width + codes
        spread *= width
    return packed


def _sums(group: Codes, weight: Codes, groups: int) -> Codes:
    return np.bincount(group, weights=weight, minlength=groups).astype(np.int64)
