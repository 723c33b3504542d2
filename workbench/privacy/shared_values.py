"""Values that may be learned of nobody: shown only as far as k persons of the view share them.

A text that k persons state names none of them. A number is seldom shared, but a band of numbers is:
numbers are put into bands of at least k persons, and every band is shown as one number, so that
features go on reading numbers. What neither is shared nor a number is suppressed.

    income of 1,200 persons      limits every 5,000, bands of k persons      shown
    31_250, 33_900, 34_800 ──>   30,000 to 35,000                       ──>  32500
    412_000 (one person)   ──>   65,000 and more                        ──>  67500

Limits are multiples of a step of 1, 2 or 5 times a power of ten, about a quarter of the range in
which the middle half of the values lies: it changes only where the values double or halve, and it
is nobody's value, as a quantile would be. A band at either end is shown by the number at its inner
edge, since its middle would say how far the largest value lies.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

#: Share of the stated cells of a column that must be numbers for it to hold numbers.
_NUMERIC_SHARE = 0.99
#: Steps within the middle half of the values.
_STEPS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedValues:
    """What is shown of a column in the place of its values.

    Attributes
    ----------
    shown : DataFrame
        Columns that say what the value is about, the value (``column``), and ``_shown``: what
        stands in its place. Values that are suppressed have no row.
    about : DataFrame
        One row per combination of the columns that say what the value is about: these, ``persons``
        who state one, ``cells`` (stated), ``suppressed`` (of those) and ``step`` (Float64, of
        bands; null for texts).
    """

    shown: pl.DataFrame
    about: pl.DataFrame


def shared_values(
    rows: pl.LazyFrame, column: str, *, k: int, within: tuple[str, ...] = ()
) -> SharedValues:
    """Find what of a column at least k persons share; rows without a customer are nobody's.

    Parameters
    ----------
    rows : LazyFrame
        Rows of one table, with ``customer_id``.
    column : str
        Column of texts or numbers.
    k : int
        Persons that have to share a value or a band.
    within : tuple of str
        Columns that say what the value is about: "yes" to one question is another value than
        "yes" to the next.
    """
    stated = rows.filter(pl.col(column).is_not_null()).select(*within, column, "customer_id")
    counted = (
        stated.group_by(*within, column, "customer_id")
        .agg(_cells=pl.len())
        .group_by(*within, column)
        .agg(pl.col("_cells").sum(), _persons=pl.col("customer_id").drop_nulls().len())
        .with_columns(_number=pl.col(column).cast(pl.Float64, strict=False))
        .collect(engine="streaming")
        .sort(*within, column, nulls_last=True)
    )
    as_texts = counted.filter(pl.col("_persons") >= k)
    parts = [as_texts.select(*within, column, _shown=column)]
    steps: list[pl.DataFrame] = []
    is_number = _numeric(counted, within)
    for about, values in _numbers(counted, within, is_number, k):
        persons = stated.join(
            values.lazy().select(*within, column), on=[*within, column], nulls_equal=True
        )
        bands = _banded(values, persons, column, k)
        if bands is None:
            continue
        step, shown = bands
        parts.append(shown.select(*within, column, _shown=_written("_middle", shown, column)))
        steps.append(about.with_columns(step=pl.lit(step)))
    shown = pl.concat(parts, how="vertical_relaxed")
    shown = shown.unique([*within, column], keep="last", maintain_order=True)
    kept = counted.join(shown, on=[*within, column], how="semi", nulls_equal=True)
    stating = (
        stated.group_by(within or pl.lit(0).alias("_all"))
        .agg(persons=pl.col("customer_id").drop_nulls().n_unique().cast(pl.Int64))
        .collect(engine="streaming")
    )
    return SharedValues(shown=shown, about=_about(counted, kept, stating, steps, within))


def show_shared(rows: pl.LazyFrame, column: str, *, shared: SharedValues) -> pl.LazyFrame:
    """Replace each value of a column by what is shown of it; rows come in any order."""
    keys = [name for name in shared.shown.columns if name != "_shown"]
    return (
        rows.join(shared.shown.lazy(), on=keys, how="left", nulls_equal=True)
        .with_columns(pl.col("_shown").alias(column))
        .drop("_shown")
    )


def _numeric(counted: pl.DataFrame, within: tuple[str, ...]) -> pl.DataFrame:
    """Return what a value is about where nearly all stated cells are numbers."""
    keys = [pl.col(name) for name in within] or [pl.lit(0).alias("_all")]
    numeric = pl.col("_number").is_finite().fill_null(False)
    return (
        counted.group_by(keys)
        .agg(_share=pl.col("_cells").filter(numeric).sum() / pl.col("_cells").sum())
        .filter(pl.col("_share") >= _NUMERIC_SHARE)
        .drop("_share")
    )


def _numbers(
    counted: pl.DataFrame, within: tuple[str, ...], is_number: pl.DataFrame, k: int
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield the numbers of everything that has some which too few persons share."""
    if is_number.is_empty():
        return
    numbers = counted.filter(pl.col("_number").is_finite())
    if within:
        numbers = numbers.join(is_number, on=list(within), how="semi", nulls_equal=True)
    parts = numbers.partition_by(list(within), maintain_order=True) if within else [numbers]
    for values in parts:
        if (values["_persons"] < k).any():
            yield values.select(within).head(1) if within else pl.DataFrame({"_all": [0]}), values


def _banded(
    values: pl.DataFrame, persons: pl.LazyFrame, column: str, k: int
) -> tuple[float, pl.DataFrame] | None:
    """Put numbers into bands of k persons: the step, and each value with ``_middle``."""
    numbers = values["_number"].to_numpy()
    step = step_of(numbers, values["_cells"].to_numpy())
    cells = values.with_columns(_cell=(pl.col("_number") / step).floor().cast(pl.Int64))
    counted = (
        persons.drop_nulls("customer_id")
        .join(cells.lazy().select(column, "_cell"), on=column)
        .group_by("customer_id")
        .agg(pl.col("_cell").min())  # each person in one cell, so that bands have k of them
        .group_by("_cell")
        .agg(_persons=pl.len().cast(pl.Int64))
        .collect(engine="streaming")
    )
    sizes = (
        cells.select("_cell")
        .unique()
        .join(counted, on="_cell", how="left")
        .with_columns(pl.col("_persons").fill_null(0))
        .sort("_cell")
    )
    middles = band_middles(
        sizes["_cell"].to_numpy(),
        sizes["_persons"].to_numpy(),
        step=step,
        k=k,
        is_whole=bool((numbers == np.floor(numbers)).all()),
    )
    if middles is None:
        return None
    return step, cells.join(pl.DataFrame({"_cell": sizes["_cell"], "_middle": middles}), on="_cell")


def step_of(numbers: NDArray[np.float64], weights: NDArray[np.int64]) -> float:
    """Return the step of the limits: 1, 2 or 5 times a power of ten.

    Examples
    --------
    >>> step_of(np.array([20_000.0, 31_000, 38_000, 52_000]), np.array([1, 1, 1, 1]))
    5000.0
    """
    order = np.argsort(numbers)
    below = np.cumsum(weights[order]) / weights.sum()
    low, high = (numbers[order][np.searchsorted(below, part)] for part in (0.25, 0.75))
    spread = float(high - low) or float(numbers.max() - numbers.min()) or 1.0
    wanted = spread / _STEPS
    power = 10.0 ** np.floor(np.log10(wanted))
    step = next(factor for factor in (1, 2, 5, 10) if wanted <= factor * power * (1 + 1e-9)) * power
    is_whole = bool((numbers == np.floor(numbers)).all())
    return max(float(step), 1.0) if is_whole else float(step)


def band_middles(
    cells: NDArray[np.int64],
    persons: NDArray[np.int64],
    *,
    step: float,
    k: int,
    is_whole: bool,
) -> NDArray[np.float64] | None:
    """Join neighbouring cells to bands of at least k persons; return the number shown for each.

    Parameters
    ----------
    cells : array of int
        Numbers of the occupied cells, ascending: cell i reaches from i to i + 1 steps.
    persons : array of int
        Persons in each; a person who states several numbers counts in one cell only.
    step : float
        Width of a cell.
    k : int
        Persons in the smallest band.
    is_whole : bool
        Whether all values are whole numbers: a cell of one step of 1 is then the number itself.

    Returns
    -------
    array of float, or None
        The number for each cell; None where all of them have fewer than k persons.
    """
    if persons.sum() < k:
        return None
    bands: list[list[int]] = []
    open_band: list[int] = []
    for place in range(cells.size):
        open_band.append(place)
        if persons[open_band].sum() >= k:
            bands.append(open_band)
            open_band = []
    if open_band:
        bands[-1].extend(open_band)
    shown = np.empty(cells.size)
    for number, band in enumerate(bands):
        first, last = int(cells[band[0]]), int(cells[band[-1]])
        if len(bands) == 1:
            middle = np.searchsorted(np.cumsum(persons), persons.sum() / 2)
            first = last = int(cells[middle])
        elif number == 0:
            first = last
        elif number == len(bands) - 1:
            last = first
        end = last if is_whole and step == 1 else last + 1
        shown[band] = (first + end) / 2 * step
    return shown


def _written(middle: str, shown: pl.DataFrame, column: str) -> pl.Expr:
    """Write the number of a band as its column writes values: as a text, or as it is."""
    if shown.schema[column] != pl.String:
        return pl.col(middle).cast(shown.schema[column])
    is_whole = pl.col(middle) == pl.col(middle).floor()
    return (
        pl.when(is_whole)
        .then(pl.col(middle).cast(pl.Int64).cast(pl.String))
        .otherwise(pl.col(middle).round_sig_figs(12).cast(pl.String))
    )


def _about(
    counted: pl.DataFrame,
    kept: pl.DataFrame,
    persons: pl.DataFrame,
    steps: list[pl.DataFrame],
    within: tuple[str, ...],
) -> pl.DataFrame:
    keys = list(within) or ["_all"]
    everything = pl.lit(0).alias("_all")
    made = persons
    for rows, name in ((counted, "cells"), (kept, "left")):
        part = rows if within else rows.with_columns(everything)
        sums = part.group_by(keys).agg(pl.col("_cells").sum().cast(pl.Int64).alias(name))
        made = made.join(sums, on=keys, how="left", nulls_equal=True)
    none = pl.DataFrame(schema={**made.select(keys).schema, "step": pl.Float64})
    stepped = [rows if within else rows.with_columns(everything) for rows in steps]
    made = made.join(
        pl.concat([none, *(rows.select(none.columns) for rows in stepped)]),
        on=keys, how="left", nulls_equal=True,
    )  # fmt: skip
    suppressed = pl.col("cells") - pl.col("left").fill_null(0)
    made = made.sort(keys, nulls_last=True).with_columns(suppressed=suppressed)
    return made.select(*within, "persons", "cells", "suppressed", "step")
