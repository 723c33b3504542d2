"""Hierarchies made from the values of a column, or from a tree of categories."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Literal

import polars as pl

from workbench.foundation.errors import ParameterError
from workbench.privacy.recoding.hierarchies import (
    SUPPRESSED,
    Hierarchy,
    hierarchy_of,
)

Period = Literal["month", "quarter", "year"]
Tree = Mapping[str, "Tree | Sequence[str]"]
_PERIODS: Mapping[Period, pl.Expr] = {
    "month": pl.col("day").dt.strftime("%Y-%m"),
    "quarter": pl.format("{}-Q{}", pl.col("day").dt.year(), pl.col("day").dt.quarter()),
    "year": pl.col("day").dt.strftime("%Y"),
}


def flat(values: Iterable[object]) -> Hierarchy:
    """Return the hierarchy of two levels: the value itself and ``*``; nulls are left out."""
    leaves = _distinct(values).sort().cast(pl.String)
    return hierarchy_of(_table({"value": leaves}), name="of values")


def number_bands(values: Iterable[object], *, widths: Sequence[float]) -> Hierarchy:
    """Return the hierarchy of numbers whose levels are bands of the given widths.

    A band starts at a multiple of its width and contains its lower limit, not its upper one.

    Parameters
    ----------
    values : iterable of numbers
        Cells of the column; nulls are left out.
    widths : sequence of float
        Widths of the bands, each a multiple of the one before.

    Raises
    ------
    ParameterError
        A width is not above 0 or no multiple of the one before, or a value is no finite number.

    Examples
    --------
    >>> number_bands([19, 20, 24], widths=[5, 10]).frame()["1"].to_list()
    ['[15, 20)', '[20, 25)', '[20, 25)']
    """
    for finer, coarser in pairwise(widths):
        times = coarser / finer if finer > 0 else 0
        if times < 1.5 or abs(times - round(times)) > 1e-9:
            raise ParameterError(
                f"a band width of {coarser:g} is no multiple of the width {finer:g} before it; "
                "name widths that each divide the next, such as 5, 10 and 20"
            )
    if not widths or widths[0] <= 0:
        raise ParameterError("no band width above 0 is named; name at least one")
    leaves = _distinct(values)
    if not leaves.dtype.is_numeric() or not leaves.cast(pl.Float64).is_finite().all():
        raise ParameterError(
            f"bands need finite numbers, but the values are of type {leaves.dtype}; give the "
            "column a numeric type or another hierarchy"
        )
    numbers = leaves.sort()
    levels = {"value": numbers.cast(pl.String)}
    for width in widths:
        levels[f"{width:g}"] = _band_labels(numbers, width)
    return hierarchy_of(_table(levels), name="of numbers")


def _band_labels(numbers: pl.Series, width: float) -> pl.Series:
    """Return the band of each number; a number that rounding puts below a limit is at the limit."""
    if float(width).is_integer() and numbers.dtype.is_integer():
        start = (numbers.cast(pl.Int64, strict=False) // int(width)) * int(width)
        return pl.select(pl.format("[{}, {})", start, start + int(width))).to_series()
    steps = (numbers.cast(pl.Float64) / width + 1e-9).floor()
    limits = [(each * width).round(9).cast(pl.String) for each in (steps, steps + 1)]
    short = [each.str.strip_suffix(".0") for each in limits]
    return pl.select(pl.format("[{}, {})", *short)).to_series()


def date_periods(
    values: Iterable[object], *, periods: Sequence[Period] = ("month", "quarter", "year")
) -> Hierarchy:
    """Return the hierarchy of dates: the day, then the given periods, such as ``2024-Q1``.

    Examples
    --------
    >>> from datetime import date
    >>> date_periods([date(2024, 2, 29)]).frame().row(0)
    ('2024-02-29', '2024-02', '2024-Q1', '2024', '*')
    """
    days = _distinct(values)
    if days.dtype != pl.Date:
        raise ParameterError(
            f"periods need dates, but the values are of type {days.dtype}; cast the column to Date"
        )
    table = pl.DataFrame({"day": days.sort()})
    steps = {str(period): table.select(_PERIODS[period]).to_series() for period in periods}
    return hierarchy_of(_table({"value": table["day"].cast(pl.String), **steps}), name="of periods")


def text_prefixes(values: Iterable[object], *, lengths: Sequence[int]) -> Hierarchy:
    """Return the hierarchy of texts whose levels keep the first characters, as for postcodes.

    Each character that is left out is replaced by a star, so a text of only stars is one label.

    Parameters
    ----------
    values : iterable of str
        Cells of the column; nulls are left out.
    lengths : sequence of int
        Numbers of characters that are kept, in falling order and above 0.

    Examples
    --------
    >>> text_prefixes(["10115", "10247"], lengths=[4, 2]).frame().row(0)
    ('10115', '1011*', '10***', '*')
    """
    if not lengths or min(lengths) < 1 or list(lengths) != sorted(set(lengths), reverse=True):
        raise ParameterError(
            f"the prefix lengths are {list(lengths)}; name lengths above 0 in falling order, "
            "such as 4, 3, 2"
        )
    leaves = _distinct(values).cast(pl.String).sort()
    size = leaves.str.len_chars()
    levels = {"value": leaves}
    for length in lengths:
        stars = (
            pl.Series(["*"])
            .repeat_by((size.cast(pl.Int64, strict=False) - length).clip(0))
            .list.join("")
        )
        levels[str(length)] = leaves.str.head(length) + stars
    return hierarchy_of(_table(levels), name="of prefixes")


def category_tree(tree: Tree) -> Hierarchy:
    """Return the hierarchy of a tree: keys are labels, lists at the ends contain the values.

    A value that lies less deep than others keeps its own label until their paths join.

    Examples
    --------
    >>> tree = {"Europe": {"West": ["FR", "DE"], "North": ["SE"]}, "Asia": ["JP"]}
    >>> category_tree(tree).frame().rows()[-1]
    ('JP', 'JP', 'Asia', '*')
    """
    paths = list(_paths(tree))
    deepest = max((len(path) for path in paths), default=1)
    rows = [_stretched(path, deepest) for path in paths]
    columns = [str(number) for number in range(deepest)]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    return hierarchy_of(_table({name: frame[name] for name in columns}), name="of categories")


def _paths(tree: "Tree | Sequence[str]") -> Iterable[list[str]]:
    """Yield the path to each value, from the outermost label to the value."""
    if isinstance(tree, Mapping):
        for label, branch in tree.items():
            for path in _paths(branch):
                yield [str(label), *path]
    else:
        for value in tree:
            yield [str(value)]


def _stretched(path: list[str], deepest: int) -> list[str]:
    """Return the labels of a short path from the value up, the value repeated at the bottom."""
    upwards = path[::-1]
    return [upwards[0]] * (deepest - len(path)) + upwards


def _distinct(values: Iterable[object]) -> pl.Series:
    """Return the values of a column without nulls and without cells that were suppressed before."""
    cells = values if isinstance(values, pl.Series) else pl.Series(list(values))
    if cells.dtype == pl.Null:
        cells = cells.cast(pl.String)
    stated = cells.drop_nulls().unique()
    return stated.filter(stated != SUPPRESSED) if stated.dtype == pl.String else stated


def _table(levels: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Return the levels as columns, with ``*`` as the last one."""
    return pl.DataFrame([series.alias(name) for name, series in levels.items()]).with_columns(
        pl.lit(SUPPRESSED).alias("last")
    )
