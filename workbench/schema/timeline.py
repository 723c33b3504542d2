"""The rows that were known at the first moment of a day; every room removes the future here.

A fact is known if it happened strictly before that moment, a state if it held at that moment. Views
and features use the same functions, so a row is in both or in neither. The view of a day contains
the same rows and cells whether the dataset ends on that day or years later.

A view may round times down to a coarser unit, so that an order of 25 March has the date 1 March.
The exact time may then be any time in March. So a row is known at a cut-off only if its whole unit
is before the cut-off: if its rounded time is before the unit that contains the cut-off. Every
cut-off in March sees the rows up to the end of February, in training and at the scoring date alike.
The same rule applies to

- values that are filled in at an end: a contract that ended in the month of the cut-off is still
  running;
- customers, whose ``first_seen_at`` is rounded to months, quarters or years while histories may be
  by the day. A customer is also known if a row of their history is known, because that row proves
  that they had been seen. So a cut-off inside a month loses only those customers of the month who
  have no other known row;
- states, except at the date of the view itself: all states in the view hold at that date, because
  the view was made with exact times.

A day begins in the time zone of the frame: the instants of a dataset are in UTC, those of a view in
the zone of its study, so that ``.dt.date()`` is the study's day.
"""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import polars as pl

from workbench.schema.customer_data import CustomerData
from workbench.schema.hashed_ids import hashed_id
from workbench.schema.table_declarations import TABLES
from workbench.schema.time_units import EXACT_TIMES, TimeUnits


def first_moment(day: date, zone: str) -> datetime:
    """Return the first moment of a day in a zone, as an instant in UTC.

    Examples
    --------
    >>> first_moment(date(2024, 3, 1), "Asia/Tokyo").isoformat()
    '2024-02-29T15:00:00+00:00'
    """
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def rows_known_before(
    data: CustomerData, table: str, day: date, *, zone: str | None = None
) -> pl.LazyFrame:
    """Return the rows of a table that were known at the first moment of a day.

    Parameters
    ----------
    data : CustomerData
        All tables, with the units of their times. Order items and answers have the time of their
        order and response.
    table : str
        Name of the table.
    day : date
        Day of the cut-off.
    zone : str, optional
        IANA name of the zone in which the day begins; by default the zone of the frames' instants.

    Returns
    -------
    LazyFrame
        Rows in any order; a contract that ends later is still running. All rows without a time are
        included. A part whose whole is not stored (an order line without its order) has no known
        time and is left out.
    """
    declared, rows = TABLES[table], data[table]
    if declared.part_of is not None:
        key, whole = declared.part_of
        wholes = rows_known_before(data, whole, day, zone=zone).select(key).drop_nulls()
        by = hashed_id(key)
        return rows.join(wholes.select(by), left_on=by, right_on=key, how="semi")
    if declared.time is None:
        return rows
    units = data.time_units
    later = is_later(rows, table, day, zone=zone, units=units).fill_null(False)
    known = rows.filter(~later)
    if declared.belongs_to == "customer" and units.start(f"{table}.{declared.time}", day) != day:
        begun = rows.filter(later, ~is_later(rows, table, day, zone=zone))
        # Most rows of histories belong to other customers; without them the second join is small.
        seen = _find_known_customers(data, day, zone=zone).join(
            begun.select("customer_id"), on="customer_id", how="semi"
        )
        known = pl.concat([known, begun.join(seen, on="customer_id", how="semi")])
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


def _find_known_customers(data: CustomerData, day: date, *, zone: str | None) -> pl.LazyFrame:
    """Return the customers who have a row of a history that was known; ids may repeat."""
    found = [
        rows_known_before(data, name, day, zone=zone)
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
    """Return the condition that a row was not known yet at a day; null for a row without a time.

    Parameters
    ----------
    rows : LazyFrame
        Rows of the table; the type of its time column contains the zone of its instants.
    table, day, zone
        Parameters of ``rows_known_before``.
    units : TimeUnits
        Units of the rows' times; exact by default.
    """
    declared = TABLES[table]
    if declared.time is None:
        return pl.lit(value=False)
    column, name = pl.col(declared.time), f"{table}.{declared.time}"
    limit = first_moment_literal(rows, declared.time, units.start(name, day), zone=zone)
    if not declared.is_state:
        return column >= limit
    if name in units.units and day == units.as_of:
        limit = first_moment_literal(rows, declared.time, day, zone=zone)
        return column > limit
    return column >= limit if name in units.units else column > limit


def first_moment_literal(
    rows: pl.LazyFrame, column: str, day: date, *, zone: str | None = None
) -> pl.Expr:
    """Return the first moment of a day as a literal of a column's type: a date, or an instant."""
    kind = rows.collect_schema()[column]
    if not isinstance(kind, pl.Datetime):
        return pl.lit(day)
    own = kind.time_zone or "UTC"
    return pl.lit(first_moment(day, zone or own)).dt.convert_time_zone(own)


def convert_instants(rows: pl.LazyFrame, zone: str) -> pl.LazyFrame:
    """Return rows whose instants are shown in another zone; they remain the same instants."""
    instants = [name for name, kind in rows.collect_schema().items() if kind == _UTC]
    return rows.with_columns(pl.col(instants).dt.convert_time_zone(zone)) if instants else rows


_UTC = pl.Datetime("us", "UTC")
