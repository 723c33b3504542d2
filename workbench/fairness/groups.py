"""Groups of persons, made from the columns of a view; every person is in a group.

Persons without a value are a group of their own, "missing", because they may be treated
differently, and because totals must add up. A column with very many values is refused, and the
message proposes bands: hundreds of groups that are too small to judge would look like "no finding".
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise, product

import numpy as np
import polars as pl

from workbench.foundation.errors import InputError, ParameterError, unknown_name

#: Name of the group of persons without a value.
MISSING = "missing"
#: Separator of attributes in the name of an intersection, and of values in names of its groups.
CROSS = " x "
#: Largest number of values of a column without bands.
MOST_VALUES = 20

Bands = Mapping[str, Sequence[float]]


def assign_groups(
    rows: pl.DataFrame,
    attributes: Sequence[str],
    *,
    bands: Bands | None = None,
    most_values: int = MOST_VALUES,
) -> pl.DataFrame:
    """Return the group of each person by each attribute.

    Parameters
    ----------
    rows : DataFrame, shape (persons, columns)
        One row per person.
    attributes : sequence of str
        Columns to group by.
    bands : mapping of str to sequence of float, optional
        Lowest value of every band but the first, for numeric columns: 30, 50 means below 30, 30 to
        below 50, and 50 and more.
    most_values : int
        Largest number of values of a column.

    Returns
    -------
    DataFrame, shape (persons, len(attributes))
        String columns of the attributes' names, without null, in the order of the rows.

    Raises
    ------
    ParameterError
        A column is missing or has too many values (the message proposes bands), or bands are wrong.
    InputError
        There is no row.
    """
    if not attributes:
        raise ParameterError("no attribute to group by: name at least one column")
    if rows.is_empty():
        raise InputError("the frame has no row: there are no persons to compare")
    declared = dict(bands or {})
    for name in (*attributes, *declared):
        if name not in rows.columns:
            raise ParameterError(unknown_name("column to group by", name, rows.columns))
    columns = [
        _assign_bands(rows[name], declared[name]) if name in declared else rows[name]
        for name in attributes
    ]
    for column in columns:
        _refuse_many_values(column, most_values)
    return pl.DataFrame([column.cast(pl.String).fill_null(MISSING) for column in columns])


def intersections(groups: pl.DataFrame) -> pl.DataFrame:
    """Return every combination of the attributes' values, also combinations without a person.

    Returns
    -------
    DataFrame, shape (combinations, 1 + attributes)
        ``group`` (values joined by " x ") and ``value_0``, ``value_1``, ..., the value of each
        attribute, sorted.
    """
    values = [sorted(column.unique().to_list()) for column in groups.iter_columns()]
    rows = [(CROSS.join(each), *each) for each in product(*values)]
    schema = dict.fromkeys(("group", *value_names(groups)), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def value_names(groups: pl.DataFrame) -> list[str]:
    """Return ``value_0``, ``value_1``, ..., because attributes may have any name, even "group"."""
    return [f"value_{place}" for place in range(groups.width)]


def _assign_bands(column: pl.Series, cuts: Sequence[float]) -> pl.Series:
    if not column.dtype.is_numeric():
        raise ParameterError(f"bands for {column.name!r}: the column is {column.dtype}, no number")
    if not cuts or list(cuts) != sorted(set(cuts)):
        raise ParameterError(f"bands for {column.name!r} must be one or more rising numbers")
    ends = [f"{cut:g}" for cut in cuts]
    middle = [f"{low} to below {high}" for low, high in pairwise(ends)]
    names = [f"below {ends[0]}", *middle, f"{ends[-1]} and more"]
    place = pl.sum_horizontal((pl.lit(column) >= cut).cast(pl.Int32) for cut in cuts)
    named = pl.select(
        place.replace_strict(list(range(len(names))), names, return_dtype=pl.String).alias("band")
    )
    return named["band"].alias(column.name)


def _refuse_many_values(column: pl.Series, most: int) -> None:
    n = column.drop_nulls().n_unique()
    if n <= most:
        return
    if column.dtype.is_numeric():
        cuts = ", ".join(f"{cut:g}" for cut in _propose_cuts(column))
        raise ParameterError(
            f"{column.name!r} has {n} values: declare bands, for instance "
            f"bands={{{column.name!r}: [{cuts}]}}"
        )
    raise ParameterError(
        f"{column.name!r} has {n} values, {most} at most can be compared: declare bands, or "
        "generalise it in the view"
    )


def _propose_cuts(column: pl.Series) -> list[float]:
    """Return round limits of bands that contain about a fifth of the persons each."""
    values = column.drop_nulls().cast(pl.Float64).to_numpy()
    low, high = np.quantile(values, [0.1, 0.9])
    if high <= low:
        low, high = float(values.min()), float(values.max())
    step = _round_step((high - low) / 4)
    first = math.ceil((low + step / 2) / step) * step
    cuts = np.arange(first, high, step)
    return [float(f"{cut:.10g}") for cut in cuts]


def _round_step(step: float) -> float:
    """Return the nearest of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return min((scale * power for scale in (1, 2, 5, 10)), key=lambda each: abs(each - step))
