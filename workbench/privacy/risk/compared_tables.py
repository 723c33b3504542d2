"""Original, release and control group in the form in which attacks compare them.

The rows of a release are reduced to *entries*: distinct combinations of cells, each with its number
of persons.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.privacy.risk.cell_space import CellSpace, Codes, Distances, Flags, Numbers
from workbench.privacy.risk.class_risks import is_suppressed
from workbench.privacy.risk.drawn_persons import DrawnPersons
from workbench.privacy.risk.released_cells import read_cells

#: Largest number of attacked persons that are compared with all entries at once, and of pairs of
#: a person and an entry.
_AT_ONCE, _PAIRS = 64, 2**21


@dataclass(frozen=True, slots=True)
class Persons:
    """Persons with the values of all columns, one row per person.

    ``values`` has for each column the numbers that its space gives to the values, and ``class_of``
    the number of the person's class: persons of a class have the same quasi-identifiers.
    ``sharing`` is the number of persons of the original who have these quasi-identifiers in any of
    their rows.
    """

    values: Mapping[str, Numbers]
    class_of: Codes
    sharing: Codes
    number: int

    def last(self, number: int) -> "Persons":
        """Return the last persons of the draw."""
        start = self.number - number
        values = {name: each[start:] for name, each in self.values.items()}
        return Persons(values, self.class_of[start:], self.sharing[start:], number)


@dataclass(frozen=True, slots=True)
class OriginalRows:
    """Different rows of each person: numbers by quasi-identifier, and the person of each row."""

    values: Mapping[str, Numbers]
    owner: Codes


@dataclass(frozen=True, slots=True)
class ComparedTables:
    """Original, release and control group.

    Attributes
    ----------
    columns, sensitive : tuple of str
        Quasi-identifiers, and sensitive columns.
    spaces : mapping of str to CellSpace
        Values and cells of each quasi-identifier and sensitive column.
    labels : mapping of str to Series
        Different cells of each column, the cell of number i at place i.
    cells : mapping of str to array of int, shape (entries,)
        Number of the cell of each entry in each column.
    persons : array of int, shape (entries,)
        Number of persons of each entry.
    original, control : Persons
        All persons of the original and of the control group, in the order of the draw.
    held : OriginalRows
        Different rows of the persons of the original.
    """

    columns: tuple[str, ...]
    sensitive: tuple[str, ...]
    spaces: Mapping[str, CellSpace]
    labels: Mapping[str, pl.Series]
    cells: Mapping[str, Codes]
    persons: NDArray[np.float32]
    original: Persons
    control: Persons
    held: "OriginalRows"

    @property
    def entries(self) -> int:
        """Number of distinct combinations of cells in the release."""
        return len(self.persons)

    def draw(self, persons: Persons, number: int) -> Iterator["AttackedPersons"]:
        """Yield the first persons of the draw, some at a time."""
        step = min(_AT_ONCE, max(1, _PAIRS // max(1, self.entries)))
        for start in range(0, min(number, persons.number), step):
            end = min(start + step, number, persons.number)
            values = {name: each[start:end] for name, each in persons.values.items()}
            is_original = persons is self.original
            yield AttackedPersons(self, values, is_original=is_original, start=start)


@dataclass(frozen=True, slots=True)
class AttackedPersons:
    """A few attacked persons, compared with all entries of a release.

    ``start`` is the place of the first of them in the order of the draw.
    """

    tables: ComparedTables
    values: Mapping[str, Numbers]
    is_original: bool
    start: int
    _covers: dict[str, Flags] = field(default_factory=dict)
    _distances: dict[str, Distances] = field(default_factory=dict)

    def covers(self, column: str) -> Flags:
        """Return whether the cell of each entry covers the value, shape (entries, persons)."""
        if column not in self._covers:
            found = self.tables.spaces[column].covers(self.values[column])
            self._covers[column] = found[self.tables.cells[column]]
        return self._covers[column]

    def distance(self, columns: Sequence[str]) -> Distances:
        """Return the mean distance of each entry in these columns, shape (entries, persons)."""
        for column in columns:
            if column not in self._distances:
                found = self.tables.spaces[column].distances(self.values[column])
                self._distances[column] = found[self.tables.cells[column]]
        total: Distances = reduce(np.add, (self._distances[column] for column in columns))
        return total / np.float32(len(columns))


def compare_tables(
    drawn: DrawnPersons,
    released: pl.DataFrame,
    *,
    persons: str | None,
    hierarchies: Mapping[str, pl.DataFrame],
    empty_is_value: bool | None = None,
) -> ComparedTables:
    """Bring three tables into the form in which attacks compare them.

    Parameters
    ----------
    drawn : DrawnPersons
        Persons of the original and of the control group.
    released : DataFrame
        The release, with the same columns.
    persons : str, optional
        Column of persons: an entry has as many persons as differ in this column where the release
        has it.
    hierarchies : mapping of str to DataFrame
        Hierarchies by column, see ``RiskQuestion``.
    empty_is_value : bool, optional
        See ``RiskQuestion``.
    """
    columns = drawn.columns
    names = [*columns, *drawn.sensitive]
    shown = released.filter(~is_suppressed(released, columns))
    counted = pl.len()
    if persons in shown.columns:  # A row without a person is a person of its own, as a guest is.
        counted = pl.col(persons).drop_nulls().n_unique() + pl.col(persons).null_count()
    entries = shown.group_by(names).agg(_persons=counted).sort(names)
    spaces, cells, labels = {}, {}, {}
    for name in names:
        labels[name] = distinct = entries[name].unique().sort()
        cells[name] = _numbered(entries[name], distinct)
        own, others = drawn.original[name], drawn.control[name]
        spaces[name] = read_cells(
            pl.concat([own, others.cast(own.dtype, strict=False)]),
            distinct,
            hierarchy=hierarchies.get(name),
            null_is_value=_has_no_new_nulls(drawn.source[name], released[name])
            if empty_is_value is None
            else empty_is_value,
        )

    def encoded(rows: pl.DataFrame) -> Persons:
        classes = rows.select(pl.struct(columns).rank("dense")).to_series()
        return Persons(
            {name: spaces[name].encode(rows[name]) for name in names},
            classes.to_numpy().astype(np.int64),
            drawn.sharing(rows),
            rows.height,
        )

    held = drawn.held
    return ComparedTables(
        columns=columns,
        sensitive=drawn.sensitive,
        spaces=spaces,
        labels=labels,
        cells=cells,
        persons=entries["_persons"].to_numpy().astype(np.float32),
        original=encoded(drawn.original),
        control=encoded(drawn.control),
        held=OriginalRows(
            {name: spaces[name].encode(held[name]) for name in columns}, held["_owner"].to_numpy()
        ),
    )


def _numbered(cells: pl.Series, distinct: pl.Series) -> Codes:
    """Return the place of each cell among the distinct cells."""
    index = pl.DataFrame({"cell": distinct, "code": pl.int_range(len(distinct), eager=True)})
    found = cells.rename("cell").to_frame().join(
        index, on="cell", how="left", maintain_order="left", nulls_equal=True
    )  # fmt: skip
    return found["code"].to_numpy().astype(np.int64)


def _has_no_new_nulls(original: pl.Series, released: pl.Series) -> bool:
    """Whether a column has no larger share of empty cells than the original, so that none is new.

    Empty cells of the release are then taken for missing values, else for suppressed ones.
    """
    if original.null_count() == 0:
        return False
    return released.null_count() * len(original) <= original.null_count() * len(released)
