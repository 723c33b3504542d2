"""Classes that the rows of a table have been given so far."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from workbench.privacy.recoding.class_counts import Codes
from workbench.privacy.recoding.coded_tables import CodedTable


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """Rows of each unit that are in a class, and the rows that are left.

    Attributes
    ----------
    left : array
        Rows, or persons, of each unit that are in no class yet.
    """

    left: Codes
    _units: list[Codes] = field(default_factory=list)
    _classes: list[Codes] = field(default_factory=list)
    _counts: list[Codes] = field(default_factory=list)

    @classmethod
    def of(cls, table: CodedTable) -> "Allocation":
        """Start without classes."""
        return cls(table.counted.weight.copy())

    @property
    def classes(self) -> int:
        """Number of classes so far, which are numbered from 0."""
        return max((int(each.max(initial=-1)) + 1 for each in self._classes), default=0)

    def take(self, units: Codes, classes: Codes, counts: Codes) -> None:
        """Put numbers of units' rows into classes; a unit may have several entries."""
        some = counts > 0
        self._units.append(units[some])
        self._classes.append(classes[some])
        self._counts.append(counts[some])
        np.subtract.at(self.left, units[some], counts[some])  # A unit can be in several classes.

    def members(self) -> tuple[Codes, Codes, Codes]:
        """Return units, their classes and the numbers of rows, one entry per unit and class."""
        nothing = np.zeros(0, dtype=np.int64)
        return (
            np.concatenate([nothing, *self._units]),
            np.concatenate([nothing, *self._classes]),
            np.concatenate([nothing, *self._counts]),
        )

    def class_of_row(self, table: CodedTable, rows: pl.DataFrame) -> Codes:
        """Return the class of each row, -1 for rows without one.

        Where the rows of a unit are in several classes, rows are handed out in the order of a hash
        of all their cells, so that the order of the table does not matter.
        """
        units, classes, counts = self.members()
        class_of_unit = np.full(len(self.left) + 1, -1)
        class_of_unit[units] = classes
        class_of_row = class_of_unit[table.unit_of_row]
        parts = np.bincount(units, minlength=len(self.left)) + (self.left > 0)
        is_split = np.append(parts > 1, False)
        places = np.flatnonzero(is_split[table.unit_of_row])
        if len(places):
            hashes = rows[places].hash_rows(seed=0).to_numpy()
            unit = table.unit_of_row[places]
            of_split = is_split[units]
            every_unit = np.concatenate([units[of_split], np.flatnonzero(is_split)])
            every_class = np.concatenate([classes[of_split], np.full(int(is_split.sum()), -1)])
            every_count = np.concatenate([counts[of_split], self.left[is_split[:-1]]])
            order = np.argsort(every_unit, kind="stable")
            handed_out = np.repeat(every_class[order], every_count[order])
            class_of_row[places[np.lexsort((hashes, unit))]] = handed_out
        return class_of_row
