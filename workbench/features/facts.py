"""Facts: the rows of customer data that were known on a day, from which features are computed."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl

from workbench.foundation.errors import ParameterError
from workbench.schema import TABLES, CustomerData
from workbench.schema.customer_ranges import CustomerRange
from workbench.schema.timeline import first_moment_literal, rows_known_before

#: Day from which polars counts dates.
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Customer data restricted to rows that were known on a date.

    Attributes
    ----------
    data : CustomerData
        All rows that are known today.
    as_of : date
        Date at whose first moment a row must have been known (``schema.timeline``).
    history_days : int or None
        Number of days before ``as_of`` whose rows are returned; None for all. If times are coarser
        than days, the history begins with the unit that contains its first day.
    lines : LazyFrame or None
        The lines of these data, see ``products.sold_lines``; None if they have to be made.
    """

    data: CustomerData
    as_of: date
    history_days: int | None = None
    lines: pl.LazyFrame | None = None

    def __getitem__(self, table: str) -> pl.LazyFrame:
        """Return the rows of known customers within the history, with ``age_days``.

        ``age_days`` (Int32) is the number of days from the day of the row, in the zone of the
        data's instants, to ``as_of``: a row of the day before has 1.
        """
        column = str(TABLES[table].time)
        rows = dated_rows_before(self.data, table, self.as_of).filter(
            pl.col("customer_id").is_not_null()
        )
        if self.history_days is not None:
            first = self.as_of - timedelta(days=self.history_days)
            start = self.data.time_units.start(f"{table}.{column}", first)
            rows = rows.filter(pl.col(column) >= first_moment_literal(rows, column, start))
        return rows.with_columns(age_days=self.age_days(pl.col(column).dt.date()))

    def of_customers(self, customers: CustomerRange) -> "Facts":
        """Return the facts of a range of customers, see ``CustomerData.of_customers``."""
        if customers.is_everybody:
            return self
        lines = None if self.lines is None else customers.rows_of(self.lines)
        return replace(self, data=self.data.of_customers(customers), lines=lines)

    def age_days(self, day: pl.Expr) -> pl.Expr:
        """Return the days from a day to ``as_of``."""
        # Numbers of days are subtracted, because a difference of dates takes twice as long.
        return pl.lit((self.as_of - _EPOCH).days, pl.Int32) - day.cast(pl.Int32, strict=False)


def dated_rows_before(data: CustomerData, table: str, day: date) -> pl.LazyFrame:
    """Return the rows of a table that were known at the first moment of a day.

    The rows have every declared column; rows without a time are left out.

    Raises
    ------
    ParameterError
        Rows of the table have no time of their own.
    """
    column = TABLES[table].time
    if column is None:
        raise ParameterError(f"rows of table {table} have no time of their own")
    whole = data.with_tables({table: with_declared_columns(data, table)})
    return rows_known_before(whole, table, day).filter(pl.col(column).is_not_null())


def with_declared_columns(data: CustomerData, table: str) -> pl.LazyFrame:
    """Return a table with every declared column; columns that the data lack are null."""
    frame = data[table]
    present = set(frame.collect_schema().names())
    absent = [
        pl.lit(None, dtype=column.type).alias(column.name)
        for column in TABLES[table].columns
        if column.name not in present
    ]
    return frame.with_columns(absent) if absent else frame
