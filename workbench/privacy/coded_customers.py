"""Customers by their combinations of quasi-identifiers at all levels, as numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.privacy.recoding import Criterion
from workbench.privacy.recoding.class_counts import Codes, CountedRows, Flags, pack
from workbench.privacy.recoding.coded_tables import count_units
from workbench.privacy.recoding.criteria import fitted, judge


@dataclass(frozen=True, slots=True)
class CodedCustomers:
    """Distinct combinations of all levels of all columns as numbers; 0 is a suppressed cell.

    ``codes`` has one array over the combinations for each column and level, ``dictionary`` the
    values, ``persons`` the number of customers of each combination, and ``row_of`` the combination
    of each customer. ``counted`` has for each criterion the customers by whom it is judged.
    """

    codes: Mapping[str, list[Codes]]
    dictionary: Mapping[str, list[pl.Series]]
    persons: Codes
    row_of: Codes
    counted: Sequence[tuple[Criterion, CountedRows]]

    @classmethod
    def of(
        cls,
        customers: pl.DataFrame,
        levels: Mapping[str, Sequence[pl.Expr]],
        criteria: Sequence[Criterion],
    ) -> "CodedCustomers":
        """Give each value of each level a number and find the distinct combinations."""
        codes: dict[str, list[Codes]] = {name: [] for name in levels}
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
            [(each, _counted_by(each, customers, row_of)) for each in fitted(criteria, customers)],
        )

    def at(self, level: Mapping[str, int]) -> list[Codes]:
        """Return the codes of the columns at their levels; beyond the last level all are 0."""
        empty = np.zeros(len(self.persons), dtype=np.int64)
        return [
            steps[level[name]] if level[name] < len(steps) else empty
            for name, steps in self.codes.items()
        ]

    def count_failing(self, level: Mapping[str, int]) -> int:
        """Count the customers whose class does not reach the criteria."""
        return int(self.persons[self.fails(self.at(level))].sum())

    def fails(self, columns: Sequence[Codes]) -> Flags:
        """Return for each combination whether its class in these columns fails a criterion."""
        _, group = np.unique(pack(columns), return_inverse=True)
        classes = int(group.max(initial=-1)) + 1
        failed = np.zeros(classes, dtype=np.bool_)
        for criterion, rows in self.counted:
            counts = rows.count(group[rows.combination], classes)
            failed |= (counts.sizes > 0) & ~judge([criterion], counts)
        return np.asarray(failed[group])

    def values(self, name: str, level: int, codes: Codes) -> pl.Series:
        """Return the cells of the customers in a column, from the codes of the combinations."""
        levels = self.dictionary[name]
        values = levels[min(level, len(levels) - 1)]
        return values.gather(codes[self.row_of]).alias(name)


def _number_values(cells: pl.Series) -> tuple[Codes, pl.Series]:
    """Return the number of each cell, in the order of the values, and the values by number."""
    values = pl.concat([cells.clear(1), cells.drop_nulls().unique().sort()])
    index = pl.DataFrame({"cell": values, "code": np.arange(len(values))}).slice(1)
    joined = pl.DataFrame({"cell": cells}).join(index, on="cell", how="left", maintain_order="left")
    return joined["code"].fill_null(0).to_numpy().astype(np.int64), values


def _counted_by(criterion: Criterion, customers: pl.DataFrame, row_of: Codes) -> CountedRows:
    """Count the customers by whom a criterion is judged: all, or those whose value is stated."""
    everybody = np.ones(customers.height, dtype=np.bool_)
    columns = [] if criterion.sensitive is None else [criterion.sensitive]
    if criterion.name == "l":
        is_stated = customers[columns[0]].is_not_null().to_numpy()
        row_of = np.where(is_stated, row_of, -1)
    counted, _ = count_units(customers, row_of, columns, None, is_whole=everybody)
    return counted
