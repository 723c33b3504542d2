"""Facts as they were known on a date.

Every table of features starts here, so that there is one place where the future is cut off.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from workbench.schema import TABLES, CustomerData

#: The column that says when a row of a table came to be known.
TIMES: Mapping[str, str] = {
    "orders": "ordered_at",
    "events": "occurred_at",
    "interactions": "occurred_at",
    "payments": "paid_at",
    "attributes": "observed_at",
    "customers": "first_seen_at",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Customer data of which only what was known on a date can be seen.

    Attributes
    ----------
    data : CustomerData
        All that is known today.
    as_of : date
        Rows strictly before its first moment (UTC) are seen.
    history_days : int or None
        Only rows of this many days before ``as_of`` are seen; None for all.
    """

    data: CustomerData
    as_of: date
    history_days: int | None = None

    def __getitem__(self, table: str) -> pl.LazyFrame:
        """Return the rows of known customers within the history, with ``age_days``.

        ``age_days`` (Int32) is the number of days from the row's day to ``as_of``: a row of the
        day before has 1. ``on`` (Date) is that day.
        """
        time_column = pl.col(TIMES[table])
        end = datetime.combine(self.as_of, time.min, tzinfo=UTC)
        rows = declared(self.data, table).filter(
            time_column < end, pl.col("customer_id").is_not_null()
        )
        if self.history_days is not None:
            rows = rows.filter(time_column >= end - timedelta(days=self.history_days))
        on = time_column.dt.date()
        return rows.with_columns(on=on, age_days=self.age_days(on))

    def age_days(self, day: pl.Expr) -> pl.Expr:
        """Return the days from a day to ``as_of``."""
        return (pl.lit(self.as_of) - day).dt.total_days().cast(pl.Int32)


def declared(data: CustomerData, table: str) -> pl.LazyFrame:
    """Return a table with every declared column: those a view left out are null."""
    frame = data[table]
    present = set(frame.collect_schema().names())
    absent = [
        pl.lit(None, dtype=column.type).alias(column.name)
        for column in TABLES[table].columns
        if column.name not in present
    ]
    return frame.with_columns(absent) if absent else frame
