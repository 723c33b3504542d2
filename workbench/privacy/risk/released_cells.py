"""Which original values the cells of a release cover, and how far a value is from a cell.

A cell of a release may be an original value, an interval, a label of a hierarchy, a set of values
or suppressed. An intruder who knows the value of a person finds the cells that *cover* it. How much
a cell tells beyond this is its *distance* from the value, 0 to 1: 0 if the cell is the value, and
the mean over the cell's values otherwise, so that the more specific of two covering cells is
nearer.

Numbers and times are compared by their ranks among the original values, so that neither their unit
nor a few large ones matter.
"""

import polars as pl

from workbench.privacy.risk.cell_ranges import parse_range
from workbench.privacy.risk.cell_space import CellSpace, Levels
from workbench.privacy.risk.class_risks import SUPPRESSED
from workbench.privacy.risk.number_cells import NumberSpace, as_days, as_numbers
from workbench.privacy.risk.text_cells import TextSpace


def read_cells(
    original: pl.Series, cells: pl.Series, *, hierarchy: pl.DataFrame | None, null_is_value: bool
) -> CellSpace:
    """Return the space of a column.

    Parameters
    ----------
    original : Series
        All values that occur in the original and in the control group.
    cells : Series
        Distinct cells of the release, the cell of number i at place i.
    hierarchy : DataFrame, optional
        Values in the first column and the labels of each level in the others.
    null_is_value : bool
        Whether an empty cell is a missing value, and not a suppressed one.
    """
    levels = _levels(hierarchy)
    if original.dtype.is_numeric() or original.dtype.is_temporal():
        is_time = original.dtype.is_temporal()
        return NumberSpace.of(as_numbers(original), cells, levels, null_is_value, is_time)
    texts = original.cast(pl.String)
    numbers = texts.drop_nulls().cast(pl.Float64, strict=False)
    if len(numbers) and not numbers.null_count() and _has_ranges(cells, texts, is_time=False):
        return NumberSpace.of(texts.cast(pl.Float64), cells, levels, null_is_value)
    if as_days(texts) is not None and _has_ranges(cells, texts, is_time=True):
        return NumberSpace.of(as_numbers(texts), cells.cast(pl.String), levels, null_is_value, True)
    return TextSpace.of(texts, cells.cast(pl.String), levels, null_is_value)


def _levels(hierarchy: pl.DataFrame | None) -> Levels:
    """Return the original values below each label of a hierarchy."""
    if hierarchy is None or hierarchy.is_empty():
        return {}
    rows = hierarchy.cast(pl.String)
    leaves = rows[rows.columns[0]]
    members: dict[str, set[str]] = {}
    for name in rows.columns[1:]:
        for label, leaf in zip(rows[name], leaves, strict=True):
            if label is not None and leaf is not None:
                members.setdefault(label, set()).add(leaf)
    return {label: frozenset(found) for label, found in members.items()}


def _has_ranges(cells: pl.Series, texts: pl.Series, *, is_time: bool) -> bool:
    """Whether cells other than the original values are ranges."""
    known = set(texts.drop_nulls().unique())
    others = [each for each in cells.cast(pl.String).drop_nulls() if each not in known]
    return any(
        each != SUPPRESSED and parse_range(each, is_time=is_time) is not None for each in others
    )
