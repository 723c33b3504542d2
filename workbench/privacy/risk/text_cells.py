"""Cells of texts: values, labels of a hierarchy, sets and masked codes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.privacy.risk.cell_space import (
    CellSpace,
    Codes,
    Distances,
    Flags,
    Levels,
    Numbers,
    set_members,
)
from workbench.privacy.risk.class_risks import SUPPRESSED

#: Number of an original value that is missing.
MISSING = 0


@dataclass(frozen=True, slots=True)
class TextSpace(CellSpace):
    """Space of texts by number; number 0 is a missing value.

    ``single`` is the one value that a cell covers, -1 if it covers several or none. Cells of number
    ``wide`` cover the values that ``sets``, shape (wide cells, values), marks.
    """

    numbers: Mapping[str, int]
    single: Codes
    wide: Codes
    sets: Flags
    not_understood: int

    @property
    def cells(self) -> int:
        """Number of different cells."""
        return len(self.single)

    @classmethod
    def of(
        cls,
        original: pl.Series,
        cells: pl.Series,
        levels: Levels,
        null_is_value: bool,
    ) -> "TextSpace":
        """Read the cells; parameters are those of ``read_cells``."""
        values = original.drop_nulls().unique().sort().to_list()
        numbers = {value: number for number, value in enumerate(values, start=MISSING + 1)}
        single = np.full(len(cells), -1, dtype=np.int64)
        wide, sets, not_understood = [], [], 0
        for number, cell in enumerate(cells):
            if cell in numbers:
                single[number] = numbers[cell]
            elif cell is None and null_is_value:
                single[number] = MISSING
            else:
                covered = _covered(cell, values, levels)
                not_understood += not covered.any()
                wide.append(number)
                sets.append(covered)
        marked = np.array(sets, dtype=np.bool_).reshape(len(wide), len(values) + 1)
        return cls(numbers, single, np.array(wide, dtype=np.int64), marked, not_understood)

    def encode(self, values: pl.Series) -> Numbers:
        """Return the codes as numbers; all values must be those with which the space was made."""
        texts = values.cast(pl.String)
        index = pl.DataFrame(
            {"value": list(self.numbers), "code": list(self.numbers.values())},
            schema={"value": pl.String, "code": pl.Float64},
        )
        found = texts.rename("value").to_frame().join(
            index, on="value", how="left", maintain_order="left"
        )  # fmt: skip
        return found["code"].fill_null(float(MISSING)).to_numpy()

    def covers(self, values: Numbers, cells: Codes | None = None) -> Flags:
        """Return whether the values are among those of the cells."""
        codes = values.astype(np.int64)
        if cells is None:
            found: Flags = self.single[:, None] == codes
            found[self.wide] = self.sets[:, codes]
            return found
        found = self.single[cells][:, None] == codes
        is_wide = self.single[cells] < 0
        found[is_wide] = self.sets[:, codes][np.searchsorted(self.wide, cells[is_wide])]
        return found

    def exact_values(self) -> tuple[Numbers, Flags]:
        """Return the codes of cells of one value."""
        return self.single.astype(np.float64), self.single >= 0

    def losses(self) -> Numbers:
        """Return (size - 1) / (values - 1) for the number of values of a cell."""
        sizes = np.ones(self.cells)
        sizes[self.wide] = np.maximum(1, self.sets[:, 1:].sum(axis=1))
        return (sizes - 1) / max(1, len(self.numbers) - 1)

    def distances(self, values: Numbers) -> Distances:
        """Return the share of a cell's values that differ from a value; 1 if it is not covered."""
        sizes = np.ones(self.cells)
        sizes[self.wide] = np.maximum(1, self.sets.sum(axis=1))
        nearest = (1 - 1 / sizes).astype(np.float32)[:, None]
        return np.where(self.covers(values), nearest, np.float32(1))


def _covered(cell: str | None, values: list[str], levels: Levels) -> Flags:
    """Return which values a cell covers; the first place is that of a missing value."""
    found = np.zeros(len(values) + 1, dtype=np.bool_)
    if cell is None or cell == SUPPRESSED:
        return ~found
    members = levels.get(cell) or set_members(cell)
    if members:
        below = [levels.get(each, (each,)) for each in members]
        found[1:] = np.isin(values, [value for some in below for value in some])
    elif cell.endswith(SUPPRESSED):  # a masked code: "901**" is every code that begins so
        begin, length = cell.rstrip(SUPPRESSED), len(cell)
        found[1:] = [each.startswith(begin) and len(each) == length for each in values]
    return found
