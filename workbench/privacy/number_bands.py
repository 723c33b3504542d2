"""Bands of numbers whose limits hardly depend on any single person.

A reader who compares two views of nearly the same persons must not learn one person's number from
limits that moved. So limits come from a fixed hierarchy of widths, 1, 5, 10, 50, 100 ..., in which
every cell is divided into whole finer cells (cells of 2 would not divide one of 5):

    [0, 100 000)         1,000 persons   is large enough
    [30 000, 40 000)       212 persons   is large enough
    [35 000, 40 000)        93 persons   is large enough: shown as 37 500
    [400 000, 500 000)       1 person    is too small: joins the band next to it

A cell is *large enough* if it has at least k persons plus a number from 0 to k, which the study's
secret draws for the cell. Bands are the finest cells that are large enough. Neighbouring cells that
are too small are joined to one band if together they are large enough; otherwise they join the band
next to them. So a cell's own count decides about it: a person in another cell moves no limit, and a
person in the cell moves one only if the cell has exactly the number that it needs. No cell is finer
than about a quarter of the range of the middle half of the persons, nor so fine that cells in this
range would usually have fewer than 4 k persons.

A band is shown as the middle of its cell. No value in the band determines this number, neither the
largest value nor the values that joined the band.

The table was measured with k = 5 by leaving out one person at a time, in 20 samples of each size.
It gives the share of cases in which a value shown for another person changed (``python -m
tests.bench.bands``), and in brackets the share if cells are joined to bands of k persons from the
lower end upwards.

    persons      even in 20,000 to 60,000      lognormal around 30,000
    60           0.016 (0.154)                 0.037 (0.144)
    300          0.035 (0.041)                 0.065 (0.046)
    3,000        0.000 (0.000)                 0.002 (0.002)

The remaining changes concern the cell of the person, or the finest width if the spread is between
two widths: then all limits change. For 300 persons this is as frequent as with joining from below,
but a limit that moves does not move the limits above it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

#: Largest number of finest cells in the range of the middle half of the persons.
_STEPS = 4
#: Persons that a finest cell in this range should have, in multiples of k: far more than the number
#: below which it is too small.
_USUAL = 4
#: Quantiles between which the spread is measured: the first pair with different numbers.
_SPREADS = ((0.25, 0.75), (0.1, 0.9), (0.02, 0.98))
#: Share of persons whose numbers are multiples of a width, from which it counts as their unit.
_IN_UNITS = 0.9
#: Level of the finest unit, a millionth.
_FINEST_UNIT = -12
#: Number of levels above the finest whose cells are always shown by their middle.
_NARROW = 2
#: Largest number of cells between zero and a number that can be put into a cell exactly.
_MOST_CELLS = 2**52

#: Larger numbers count as this number, so that differences and quotients are finite.
_LARGEST = 1e290

#: Function that draws a number from 0 to below 1; it returns the same number for the same names.
Draw = Callable[..., float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Finest cells of some numbers.

    Attributes
    ----------
    width : float
        Width of the finest cell; limits are multiples of it.
    level : int
        Position of this width in the hierarchy: 0 for 1, 1 for 5, 2 for 10, -2 for 0.1.
    cells : array of int
        Number of the finest cell of each number.
    is_outside : array of bool
        Whether a number is too large to be put into a cell.
    is_unit : bool
        Whether a finest cell contains one number, because numbers are usually stated in this unit.
    """

    width: float
    level: int
    cells: NDArray[np.int64]
    is_outside: NDArray[np.bool_]
    is_unit: bool


def find_cells(
    numbers: NDArray[np.float64], weights: NDArray[np.int64], *, k: int, draw: Draw
) -> Cells:
    """Choose the width of the finest cells and put numbers into them.

    Parameters
    ----------
    numbers : array of float
        Distinct finite numbers, ascending.
    weights : array of int
        Number of persons who state each number.
    k : int
        Number of persons in the smallest band.
    draw : callable
        Function that draws for the study and the column.

    Examples
    --------
    >>> numbers = np.array([20_000.0, 31_000, 38_000, 52_000])
    >>> find_cells(numbers, np.full(4, 100), k=5, draw=lambda *what: 0.5).width
    5000.0
    """
    numbers = np.clip(numbers, -_LARGEST, _LARGEST)
    unit = _unit_level(numbers, weights)
    level = max(unit, _spread_level(numbers, weights, k=k, draw=draw) or unit)
    places = numbers / _width(level)
    is_outside = np.abs(places) > _MOST_CELLS
    cells = np.floor(np.where(is_outside, 0, places) + 1e-9).astype(np.int64)
    return Cells(
        width=_width(level), level=level, cells=cells, is_outside=is_outside, is_unit=level == unit
    )


def shown_numbers(
    cells: NDArray[np.int64], persons: NDArray[np.int64], *, finest: Cells, k: int, draw: Draw
) -> NDArray[np.float64] | None:
    """Join cells to bands of at least k persons and return the number that is shown for each cell.

    Parameters
    ----------
    cells : array of int
        Distinct finest cells, ascending.
    persons : array of int
        Number of persons in each; a person with several numbers counts in one cell.
    finest : Cells
        Width and unit of the cells.
    k : int
        Number of persons in the smallest band.
    draw : callable
        Function that draws for the study and the column.

    Returns
    -------
    array of float, or None
        Number shown for each cell; None if there are fewer than k persons.
    """
    if persons.sum() < k:
        return None
    levels = [cells]
    while levels[-1][0] < -1 or levels[-1][-1] > 0:
        levels.append(levels[-1] // _ratio(finest.level + len(levels) - 1))
    tree = _Tree(levels=levels, persons=persons, finest=finest, k=k, draw=draw)
    shown = np.empty(cells.size)
    for start, end, number in tree.split(0, cells.size, len(levels)):
        shown[start:end] = number
    return shown


#: Position of the first cell, position after the last cell, and the number shown for them.
_Band = tuple[int, int, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    """Cells on all levels of the hierarchy, the finest first; one more level is the whole line."""

    levels: list[NDArray[np.int64]]
    persons: NDArray[np.int64]
    finest: Cells
    k: int
    draw: Draw

    def split(self, start: int, end: int, level: int) -> list[_Band]:
        """Return the bands of one cell of a level, in order."""
        if level == 0:
            return [(start, end, self._middle(start, 0))]
        finer = self.levels[level - 1]
        edges = [start, *(np.flatnonzero(np.diff(finer[start:end])) + start + 1).tolist(), end]
        parts = list(pairwise(edges))
        is_large = [self._is_large(*part, "cell", level - 1, int(finer[part[0]])) for part in parts]
        if not any(is_large):
            return [(start, end, self._shown_for_whole(start, end, level))]
        made: list[_Band] = []
        before: int | None = None  # Position of the last large part.
        for place in [*(place for place, each in enumerate(is_large) if each), None]:
            first = start if before is None else parts[before][1]
            last = end if place is None else parts[place][0]
            joined: list[_Band] = []
            if first < last:
                joined = self._join_between(first, last, level - 1, before, place, parts)
                if not joined and made:
                    made[-1] = (made[-1][0], last, made[-1][2])
            made += joined
            if place is not None:
                inside = self.split(*parts[place], level - 1)
                begin = made[-1][1] if made else start
                made += [(begin, *inside[0][1:]), *inside[1:]]
            before = place
        return made

    def _join_between(
        self,
        first: int,
        last: int,
        level: int,
        before: int | None,
        after: int | None,
        parts: list[tuple[int, int]],
    ) -> list[_Band]:
        """Return the band of cells between two large cells, if together they are large enough."""
        cells = self.levels[level]
        low = None if before is None else int(cells[parts[before][0]]) + 1
        high = None if after is None else int(cells[parts[after][0]]) - 1
        if not self._is_large(first, last, "between", level, low, high):
            return []
        nearest = [each for each in (low, high) if each is not None]
        width = self._level_width(level)
        return [(first, last, (min(nearest) + max(nearest) + 1) / 2 * width)]

    def _is_large(self, start: int, end: int, *what: object) -> bool:
        persons = int(self.persons[start:end].sum())
        if not self.k <= persons < 2 * self.k:
            return persons >= self.k
        return persons >= self.k + int(self.draw(*what) * (self.k + 1))

    def _shown_for_whole(self, start: int, end: int, level: int) -> float:
        """Return the number that is shown for a cell if none of its parts is large enough.

        A wide cell is shown by the part that contains most of its persons.
        """
        everything = len(self.levels)
        while level > _NARROW or level == everything:
            finer = self.levels[level - 1][start:end]
            parts, firsts = np.unique(finer, return_index=True)
            sums = np.add.reduceat(self.persons[start:end], firsts)
            most = int(sums.argmax())
            if level < everything and 2 * sums[most] <= sums.sum():
                break
            inside = np.flatnonzero(finer == parts[most]) + start
            start, end, level = int(inside[0]), int(inside[-1]) + 1, level - 1
        return self._middle(start, level)

    def _middle(self, place: int, level: int) -> float:
        cell = int(self.levels[level][place])
        if level == 0 and self.finest.is_unit:
            return cell * self.finest.width
        return (cell + 0.5) * self._level_width(level)

    def _level_width(self, level: int) -> float:
        return _width(self.finest.level + level)


def _width(level: int) -> float:
    """Return the width of a level: 1, 5, 10, 50 ... for 0, 1, 2, 3 ..., and down to decimals."""
    power, is_five = divmod(level, 2)
    return float(f"{5 if is_five else 1}e{power}")


def _ratio(level: int) -> int:
    """Return the number of cells of a level in one cell of the next level."""
    return 2 if level % 2 else 5


def _unit_level(numbers: NDArray[np.float64], weights: NDArray[np.int64]) -> int:
    """Return the level of the unit, 1 at most, in which nearly all numbers are stated."""
    is_some = numbers != 0
    stated, by = np.abs(numbers[is_some]), weights[is_some]
    for level in range(0, _FINEST_UNIT, -1):
        places = stated / _width(level)
        is_whole = np.abs(places - np.round(places)) <= 1e-9 * np.maximum(places, 1)
        if by[is_whole].sum() >= _IN_UNITS * by.sum():
            return level
    return _FINEST_UNIT


def _spread_level(
    numbers: NDArray[np.float64], weights: NDArray[np.int64], *, k: int, draw: Draw
) -> int | None:
    """Return the level nearest to a part of the spread of the numbers; None without a spread."""
    steps = min(max(float(weights.sum()) / 2 / (_USUAL * k), 1.0), _STEPS)
    below = np.cumsum(weights) / max(int(weights.sum()), 1)
    for parts in _SPREADS:
        low, high = (
            float(numbers[min(int(np.searchsorted(below, part)), numbers.size - 1)])
            for part in parts
        )
        if high > low:
            # The shift is drawn, so that the level does not change at round spreads such as 20,000.
            wanted = np.log10((high - low) / steps) + (draw("width") - 0.5) * np.log10(2)
            near = range(2 * int(np.floor(wanted)) - 1, 2 * int(np.floor(wanted)) + 4)
            return min(near, key=lambda level: abs(np.log10(_width(level)) - wanted))
    return None
