"""Bring the times of two tables to the coarser unit of both, as somebody would who joins them."""

from collections.abc import Sequence

import polars as pl

#: Units of times, from fine to coarse.
_UNITS = ("1us", "1s", "1m", "1h", "1d", "1w", "1mo", "1q", "1y")


def truncate_alike(
    one: pl.DataFrame, other: pl.DataFrame, columns: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Truncate columns of times of two tables to the coarser of their two units.

    The unit of a column is the coarsest one of which all its times are beginnings. A week can be in
    two months, so a week that is brought to months counts for the month in which it begins.

    Examples
    --------
    >>> from datetime import date
    >>> days = pl.DataFrame({"on": [date(2024, 1, 17), date(2024, 2, 3)]})
    >>> months = pl.DataFrame({"on": [date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)]})
    >>> truncate_alike(days, months, ["on"])[0]["on"].dt.date().to_list()
    [datetime.date(2024, 1, 1), datetime.date(2024, 2, 1)]
    """
    dated = (pl.Date, pl.Datetime)
    for name in columns:
        if all(isinstance(each.schema[name], dated) for each in (one, other)):
            times = [_without_zone(each[name]) for each in (one, other)]
            unit = max((_unit_of(each) for each in times), key=_UNITS.index)
            one, other = (
                frame.with_columns(each.dt.truncate(unit).alias(name))
                for frame, each in zip((one, other), times, strict=True)
            )
    return one, other


def _without_zone(times: pl.Series) -> pl.Series:
    local = times.cast(pl.Datetime("us"), strict=False) if times.dtype == pl.Date else times
    return local.dt.replace_time_zone(None).dt.cast_time_unit("us")


def _unit_of(times: pl.Series) -> str:
    stated = times.drop_nulls().unique()
    for unit in reversed(_UNITS):
        if (stated.dt.truncate(unit) == stated).all():
            return unit
    return _UNITS[0]
