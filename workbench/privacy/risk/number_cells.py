"""Cells of numbers and times: intervals of the original numbers, compared by rank."""

from dataclasses import dataclass
from math import inf

import numpy as np
import polars as pl

from workbench.privacy.risk.cell_ranges import Range, parse_range
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


@dataclass(frozen=True, slots=True)
class NumberSpace(CellSpace):
    """Space of numbers or times; a cell covers the numbers from ``lows`` to ``highs``.

    ``ordered`` are the original numbers, sorted, and ``missing`` the cells that cover a missing
    value.
    """

    ordered: Numbers
    lows: Numbers
    highs: Numbers
    missing: Flags
    not_understood: int

    @property
    def cells(self) -> int:
        """Number of different cells."""
        return len(self.lows)

    @classmethod
    def of(
        cls,
        original: pl.Series,
        cells: pl.Series,
        levels: Levels,
        null_is_value: bool,
        is_time: bool = False,
    ) -> "NumberSpace":
        """Read the cells; parameters are those of ``read_cells``."""
        ordered = np.sort(original.drop_nulls().to_numpy())
        if cells.dtype.is_numeric() or cells.dtype.is_temporal():
            exact = as_numbers(cells).to_numpy()
            none = np.isnan(exact)
            lows = np.where(none, inf if null_is_value else -inf, exact)
            highs = np.where(none, -inf if null_is_value else inf, exact)
            return cls(ordered, lows, highs, none, 0)
        texts = cells.cast(pl.String)
        ranges = [_range_of(each, levels, null_is_value, is_time=is_time) for each in texts]
        lows, highs = np.array(ranges, dtype=np.float64).reshape(-1, 2).T
        missing = np.array([cell is None or cell == SUPPRESSED for cell in texts], dtype=np.bool_)
        if is_time and (ordered == np.floor(ordered)).all():
            highs = np.floor(highs)  # Of whole days, a day is one value and no range of instants.
        unread = int(((lows > highs) & ~missing).sum())
        return cls(ordered, lows, highs, missing, unread)

    def encode(self, values: pl.Series) -> Numbers:
        """Return the numbers; NaN for a missing value."""
        return as_numbers(values).to_numpy()

    def covers(self, values: Numbers, cells: Codes | None = None) -> Flags:
        """Return whether the values are in the ranges of the cells."""
        chosen = slice(None) if cells is None else cells
        lows, highs, missing = (
            each[chosen][:, None] for each in (self.lows, self.highs, self.missing)
        )
        return ((lows <= values) & (values <= highs)) | (missing & np.isnan(values))

    def exact_values(self) -> tuple[Numbers, Flags]:
        """Return the numbers of ranges of one number; NaN is a missing value."""
        is_missing = self.missing & (self.lows > self.highs)
        return np.where(is_missing, np.nan, self.lows), (self.lows == self.highs) | is_missing

    def losses(self) -> Numbers:
        """Return (n - 1) / (values - 1) for the n different original numbers in a cell's range."""
        different = np.unique(self.ordered)
        ends = np.searchsorted(different, self.highs, side="right")
        inside = np.maximum(1, ends - np.searchsorted(different, self.lows, side="left"))
        found: Numbers = (inside - 1) / max(1, len(different) - 1)
        return found

    def distances(self, values: Numbers) -> Distances:
        """Return the mean difference of ranks between a value and the numbers of a cell.

        For a value at rank x and a cell from rank a to b it is ``|x - (a+b)/2|`` outside of the
        cell and ``((x-a)^2 + (b-x)^2) / (2(b-a))`` inside.
        """
        none = np.isnan(values)
        x: Distances = np.nan_to_num(self.ranks(values)).astype(np.float32)[None, :]
        exact = self.lows == self.highs
        low = np.where(exact, self._ranks(self.lows, self.highs), self._below(self.lows, "left"))
        high = np.where(exact, low, self._below(self.highs, "right"))
        a: Distances = low.astype(np.float32)[:, None]
        b: Distances = high.astype(np.float32)[:, None]
        middle = (a + b) / 2
        width = np.maximum(b - a, np.float32(1e-9))
        found: Distances = np.abs(x - middle)
        wide = np.flatnonzero(~exact)
        if len(wide):
            inside = ((x - a[wide]) ** 2 + (b[wide] - x) ** 2) / (2 * width[wide])
            is_inside = (a[wide] <= x) & (x <= b[wide])
            found[wide] = np.where(is_inside, inside, found[wide])
        found[self.lows > self.highs] = 1.0
        if none.any():
            found[:, none] = np.where(self.missing, 0.0, 1.0)[:, None]
        return found

    def ranks(self, values: Numbers) -> Numbers:
        """Return the middle rank of each value, 0 to 1; NaN for a missing value."""
        stated = np.where(np.isnan(values), 0.0, values)
        return np.where(np.isnan(values), np.nan, self._ranks(stated, stated))

    def middle_ranks(self) -> Numbers:
        """Return the middle rank of the numbers that each cell covers, 0 to 1."""
        return self._ranks(self.lows, self.highs)

    def _ranks(self, low: Numbers, high: Numbers) -> Numbers:
        """Return the middle rank of the numbers from low to high, 0 to 1."""
        return (self._below(low, "left") + self._below(high, "right")) / 2

    def _below(self, values: Numbers, side: str) -> Numbers:
        count = np.searchsorted(self.ordered, values, side="left" if side == "left" else "right")
        return count / max(1, len(self.ordered))


def _range_of(
    cell: str | None,
    levels: Levels,
    null_is_value: bool,
    *,
    is_time: bool,
) -> Range:
    """Return the range of a cell; an empty range if it is not understood."""
    nothing = (inf, -inf)
    if cell is None:
        return nothing if null_is_value else (-inf, inf)
    if cell == SUPPRESSED:
        return -inf, inf
    found = parse_range(cell, is_time=is_time)
    if found is not None:
        return found
    members = levels.get(cell) or set_members(cell) or ()
    below = [each for member in members for each in levels.get(member, (member,))]
    parts = [parse_range(each, is_time=is_time) for each in below]
    known = [each for each in parts if each is not None]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else nothing


def as_numbers(values: pl.Series) -> pl.Series:
    """Return numbers as floats, times as days since 1970, and texts of either likewise."""
    if (days := as_days(values)) is not None:
        values = days
    if values.dtype == pl.Date:
        return values.cast(pl.Int32, strict=False).cast(pl.Float64)
    if isinstance(values.dtype, pl.Datetime):
        local = values.dt.replace_time_zone(None).dt.cast_time_unit("us")
        return local.cast(pl.Int64, strict=False).cast(pl.Float64) / 86_400_000_000
    if values.dtype.is_temporal():
        return values.cast(pl.Int64, strict=False).cast(pl.Float64)
    return values.cast(pl.Float64, strict=False).fill_nan(None)


def as_days(values: pl.Series) -> pl.Series | None:
    """Return texts as the days that they are; None if they are other texts, or no texts."""
    if values.dtype != pl.String:
        return None
    days = values.str.to_date("%Y-%m-%d", strict=False)
    return days if days.null_count() == values.null_count() < len(values) else None
