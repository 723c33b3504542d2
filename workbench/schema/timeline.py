"""What was known at the first moment of a day: the one place where the future is cut off.

A fact counts if it happened strictly before that moment, a state if it held at it. Views and
features cut here, so that a row is in both or in neither, and a view of a day contains the same
rows and cells whether the dataset ends there or years later.

A view may show times by a coarser unit: an order of 25 March as 1 March. Such a time stands for the
whole unit, so a row is known at a cut-off only if its whole unit lies before the cut-off: if the
time shown lies before the first moment of the unit that contains the cut-off. Every cut-off inside
March then sees what happened up to the end of February, in training as well as at the scoring date.
The same rule holds

- for what is filled in at an end: a contract that ended in the month of the cut-off still runs;
- for customers, whose ``first_seen_at`` is cut to months, quarters or years where histories are by
  the day: besides those whose whole unit lies before the cut-off, a customer is known who has a row
  of a history that is known, because that row shows that they had been seen. So the customers whom
  the view shows as first seen this month are not lost to a cut-off inside the month, except those
  of whom nothing else is known yet;
- for states, except at the date of the view itself: there all states of the view hold, because the
  view was cut there by exact times.

A day begins where it begins in the zone at hand. Frames carry it: the instants of a dataset are in
UTC, those of a view in the zone of its study, so that ``.dt.date()`` is the study's day.
"""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import polars as pl

from workbench.schema.customer_data import CustomerData
from workbench.schema.tables import TABLES
from workbench.schema.time_units import EXACT_TIMES, TimeUnits


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
        All tables; order items and answers happened when their order and response did. Its
        ``time_units`` tell how coarse its times are.
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
    units = data.time_units
    later = is_later(rows, table, day, zone=zone, units=units).fill_null(False)
    known = rows.filter(~later)
    if declared.belongs_to == "customer" and units.start(f"{table}.{declared.time}", day) != day:
        begun = ~is_later(rows, table, day, zone=zone)
        seen = _customers_seen(data, day, zone=zone)
        known = pl.concat(
            [known, rows.filter(later, begun).join(seen, on="customer_id", how="semi")]
        )
    present = set(rows.collect_schema())
    if declared.ends in present:
        ended_before = units.start(f"{table}.{declared.ends}", day)
        ends_later = (pl.col(declared.ends) >= ended_before).fill_null(False)
        known = known.with_columns(
            pl.when(~ends_later).then(pl.col(name)).alias(name)
            for name in declared.known_at_end
            if name in present
        )
    return known


def _customers_seen(data: CustomerData, day: date, *, zone: str | None) -> pl.LazyFrame:
    """Return the customers who have a row of a history that was known; ids may repeat."""
    found = [
        known_before(data, name, day, zone=zone)
        .filter(pl.col(str(table.time)).is_not_null())
        .select("customer_id")
        for name, table in TABLES.items()
        if table.is_history and {"customer_id", table.time} <= set(data[name].collect_schema())
    ]
    return pl.concat(found)


def is_later(
    rows: pl.LazyFrame,
    table: str,
    day: date,
    *,
    zone: str | None = None,
    units: TimeUnits = EXACT_TIMES,
) -> pl.Expr:
    """Return the condition that a row of a table was not known yet; null where it has no time.

    Parameters
    ----------
    rows : LazyFrame
        Rows of the table; the type of its time column tells the zone of its instants.
    table, day, zone
        As in ``known_before``.
    units : TimeUnits
        How coarse the rows' times are; exact unless given.
    """
    declared = TABLES[table]
    if declared.time is None:
        return pl.lit(value=False)
    column, name = pl.col(declared.time), f"{table}.{declared.time}"
    limit = moment_in(rows, declared.time, units.start(name, day), zone=zone)
    if not declared.is_state:
        return column >= limit
    if name in units.units and day == units.as_of:
        limit = moment_in(rows, declared.time, day, zone=zone)
        return column > limit
    return column >= limit if name in units.units else column > limit


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
