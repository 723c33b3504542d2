"""Facts as they were known on a day: where every table of features starts."""

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from workbench.foundation.errors import ParameterError
from workbench.schema import TABLES, CustomerData
from workbench.schema.timeline import first_moment_literal, rows_known_before


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Customer data of which only what was known on a date can be seen.

    Attributes
    ----------
    data : CustomerData
        All that is known today.
    as_of : date
        Only what was known at its first moment is seen (``schema.timeline``).
    history_days : int or None
        Only rows of this many days before ``as_of`` are seen; None for all. Where times are coarser
        than days, history begins with the whole unit that contains its first day.
    """

    data: CustomerData
    as_of: date
    history_days: int | None = None

    def __getitem__(self, table: str) -> pl.LazyFrame:
        """Return the rows of known customers within the history, with ``age_days``.

        ``age_days`` (Int32) is the number of days from the row's day to ``as_of``: a row of the
        day before has 1. ``on`` (Date) is that day, in the zone of the data's instants.
        """
        column = str(TABLES[table].time)
        rows = dated_before(self.data, table, self.as_of).filter(
            pl.col("customer_id").is_not_null()
        )
        if self.history_days is not None:
            first = self.as_of - timedelta(days=self.history_days)
            start = self.data.time_units.start(f"{table}.{column}", first)
            rows = rows.filter(pl.col(column) >= first_moment_literal(rows, column, start))
        on = pl.col(column).dt.date()
        return rows.with_columns(on=on, age_days=self.age_days(on))

    def age_days(self, day: pl.Expr) -> pl.Expr:
        """Return the days from a day to ``as_of``."""
        return (pl.lit(self.as_of) - day).dt.total_days().cast(pl.Int32, strict=False)


def dated_before(data: CustomerData, table: str, day: date) -> pl.LazyFrame:
    """Return the rows of a table that were known at the first moment of a day.

    They have every declared column; rows without a time are left out.

    Raises
    ------
    ParameterError
        Rows of the table have no time of their own.
    """
    column = TABLES[table].time
    if column is None:
        raise ParameterError(f"rows of table {table} have no time of their own")
    whole = data.with_tables({table: declared(data, table)})
    return rows_known_before(whole, table, day).filter(pl.col(column).is_not_null())


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
