"""What was known at the first moment of a day: the one place where the future is cut off.

A fact counts if it happened strictly before that moment, a state if it held at it. Views and
features cut here, so that a row is in both or in neither, and a view of a day contains the same
rows and cells whether the dataset ends there or years later.

A day begins where it begins in the zone at hand. Frames carry it: the instants of a dataset are in
UTC, those of a view in the zone of its study, so that ``.dt.date()`` is the study's day.
"""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import polars as pl

from workbench.schema.customer_data import CustomerData
from workbench.schema.tables import TABLES


def first_moment(day: date, zone: str) -> datetime:
    """Return the first moment of a day in a zone, as an instant in UTC.

    Examples
    --------
    >>> first_moment(date(2024, 3, 1), "Asia/Tokyo").isoformat()
    '2024-02-29T15:00:00+00:00'
    """
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def known_before(
    data: CustomerData, table: str, day: date, *, zone: str | None = None
) -> pl.LazyFrame:
    """Return the rows of a table that were known at the first moment of a day.

    Parameters
    ----------
    data : CustomerData
        All tables; order items and answers happened when their order and response did.
    table : str
        Name of the table.
    day : date
        The day.
    zone : str, optional
        IANA name of the zone in which the day begins; that of the frames' instants unless given.

    Returns
    -------
    LazyFrame
        Rows in any order; a contract that ends later still runs. Rows of a table without a time,
        and rows that lack theirs, are all there. A part whose whole is not stored (an order line
        without its order) has no known time and is left out.
    """
    declared, rows = TABLES[table], data[table]
    if declared.part_of is not None:
        key, whole = declared.part_of
        wholes = known_before(data, whole, day, zone=zone).select(key).drop_nulls()
        return rows.join(wholes, on=key, how="semi")
    if declared.time is None:
        return rows
    rows = rows.filter(is_later(rows, table, day, zone=zone).not_().fill_null(True))
    present = set(rows.collect_schema())
    if declared.ends in present:
        ends_later = (pl.col(declared.ends) >= day).fill_null(False)
        rows = rows.with_columns(
            pl.when(~ends_later).then(pl.col(name)).alias(name)
            for name in declared.known_at_end
            if name in present
        )
    return rows


def is_later(rows: pl.LazyFrame, table: str, day: date, *, zone: str | None = None) -> pl.Expr:
    """Return the condition that a row of a table was not known yet; null where it has no time.

    Parameters
    ----------
    rows : LazyFrame
        Rows of the table; the type of its time column tells the zone of its instants.
    table, day, zone
        As in ``known_before``.
    """
    declared = TABLES[table]
    if declared.time is None:
        return pl.lit(value=False)
    column = pl.col(declared.time)
    limit = moment_in(rows, declared.time, day, zone=zone)
    return column > limit if declared.is_state else column >= limit


def moment_in(rows: pl.LazyFrame, column: str, day: date, *, zone: str | None = None) -> pl.Expr:
    """Return the first moment of a day as a literal of a column's type: a date, or an instant."""
    kind = rows.collect_schema()[column]
    if not isinstance(kind, pl.Datetime):
        return pl.lit(day)
    own = kind.time_zone or "UTC"
    return pl.lit(first_moment(day, zone or own)).dt.convert_time_zone(own)


def in_zone(rows: pl.LazyFrame, zone: str) -> pl.LazyFrame:
    """Return rows whose instants are read in a zone; they stay the same instants."""
    instants = [name for name, kind in rows.collect_schema().items() if kind == _UTC]
    return rows.with_columns(pl.col(instants).dt.convert_time_zone(zone)) if instants else rows


_UTC = pl.Datetime("us", "UTC")
