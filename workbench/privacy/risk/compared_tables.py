"""Original, release and control group in the form in which attacks compare them.

The rows of a release are reduced to *entries*: distinct combinations of cells, each with its number
of persons. Attacked persons are drawn by a hash of their values, so that neither the order of the
rows nor the machine changes the figures.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.privacy.risk.cell_space import CellSpace, Codes, Distances, Flags, Numbers
from workbench.privacy.risk.class_risks import is_suppressed
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
    original: pl.DataFrame,
    released: pl.DataFrame,
    control: pl.DataFrame | None,
    columns: Sequence[str],
    sensitive: Sequence[str],
    *,
    persons: str | None,
    hierarchies: Mapping[str, pl.DataFrame],
    seed: int,
    empty_is_value: bool | None = None,
) -> ComparedTables:
    """Bring three tables into the form in which attacks compare them.

    Parameters
    ----------
    original, released, control : DataFrame
        Tables with the quasi-identifiers and sensitive columns.
    columns, sensitive : sequence of str
        Quasi-identifiers, and sensitive columns.
    persons : str, optional
        Column of persons. An attack is tried on one row of each person, and an entry has as many
        persons as differ in this column where the release has it.
    hierarchies : mapping of str to DataFrame
        Hierarchies by column, see ``RiskQuestion``.
    seed : int
        Number from which persons are drawn.
    empty_is_value : bool, optional
        See ``RiskQuestion``.
    """
    names = [*columns, *sensitive]
    others = original.clear() if control is None else control
    held = _rows_of_persons(original, columns, persons)
    drawn = {
        "original": draw_persons(original, names, persons, seed),
        "control": draw_persons(others, names, persons, seed),
    }
    shown = released.filter(~is_suppressed(released, columns))
    counted = pl.len()
    if persons in shown.columns:  # A row without a person is a person of its own, as a guest is.
        counted = pl.col(persons).drop_nulls().n_unique() + pl.col(persons).null_count()
    entries = shown.group_by(names).agg(_persons=counted).sort(names)
    spaces, cells, labels = {}, {}, {}
    for name in names:
        labels[name] = distinct = entries[name].unique().sort()
        cells[name] = _numbered(entries[name], distinct)
        values = [each[name] for each in drawn.values()]
        spaces[name] = read_cells(
            pl.concat([values[0], values[1].cast(values[0].dtype, strict=False)]),
            distinct,
            hierarchy=hierarchies.get(name),
            null_is_value=_has_no_new_nulls(original[name], released[name])
            if empty_is_value is None
            else empty_is_value,
        )
    made = {
        key: Persons(
            {name: spaces[name].encode(rows[name]) for name in names},
            rows.select(pl.struct(columns).rank("dense")).to_series().to_numpy().astype(np.int64),
            _sharing(rows, held, columns),
            rows.height,
        )
        for key, rows in drawn.items()
    }
    return ComparedTables(
        columns=tuple(columns),
        sensitive=tuple(sensitive),
        spaces=spaces,
        labels=labels,
        cells=cells,
        persons=entries["_persons"].to_numpy().astype(np.float32),
        original=made["original"],
        control=made["control"],
        held=OriginalRows(
            {name: spaces[name].encode(held[name]) for name in columns}, held["_owner"].to_numpy()
        ),
    )


def _rows_of_persons(
    rows: pl.DataFrame, columns: Sequence[str], persons: str | None
) -> pl.DataFrame:
    """Return the different quasi-identifiers of each person, with a number ``_owner``."""
    owner = pl.int_range(pl.len())
    if persons:  # A row without a person is a person of its own, as a guest is.
        known = pl.col(persons).rank("dense").cast(pl.Int64, strict=False)
        owner = pl.when(pl.col(persons).is_null()).then(-1 - owner).otherwise(known)
    return rows.select(*columns, _owner=owner.cast(pl.Int64, strict=False)).unique(
        maintain_order=True
    )


def _sharing(drawn: pl.DataFrame, held: pl.DataFrame, columns: Sequence[str]) -> Codes:
    """Return how many persons of the original have the quasi-identifiers of each drawn row."""
    kinds = [pl.col(name).cast(held.schema[name], strict=False) for name in columns]
    found = drawn.select(kinds).join(
        held.group_by(columns).agg(_sharing=pl.len()),
        on=columns, how="left", nulls_equal=True, maintain_order="left",
    )  # fmt: skip
    return found["_sharing"].fill_null(0).to_numpy().astype(np.int64)


def draw_persons(
    rows: pl.DataFrame, names: Sequence[str], persons: str | None, seed: int
) -> pl.DataFrame:
    """Return one row per person in an order that depends on the values and the seed alone."""
    held = rows.select(*names, *([pl.col(persons).alias("_person")] if persons else []))
    if persons:
        guests = held.filter(pl.col("_person").is_null())
        mixed = pl.struct(names).hash(seed=seed)  # Any row of a person is drawn, not the smallest.
        owned = held.filter(pl.col("_person").is_not_null()).sort(mixed, *names)
        held = pl.concat([owned.unique("_person", keep="first", maintain_order=True), guests])
    # Equal rows would be drawn together if their hashes were equal, so each has a number.
    held = held.select(names).with_columns(_twin=pl.int_range(pl.len()).over(names))
    return held.sort(pl.struct(*names, "_twin").hash(seed=seed), *names, "_twin").select(names)


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
