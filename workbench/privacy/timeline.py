"""What was known at the first moment of a date: everything that happened strictly before it.

A view of a date holds the same rows and cells whether the dataset ends there or years later.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

import polars as pl

from workbench.schema import TABLES, CustomerData

#: When a row happened; attributes are states, which hold at the as-of moment itself.
_TIMES: Mapping[str, str] = {
    "events": "occurred_at",
    "orders": "ordered_at",
    "payments": "paid_at",
    "subscriptions": "started_on",
    "interactions": "occurred_at",
    "attributes": "observed_at",
    "campaigns": "launched_on",
}
_STATES = frozenset({"attributes"})

#: Tables whose rows happened when the row did that they belong to, and the key they share.
_PARTS: Mapping[str, tuple[str, str]] = {
    "order_items": ("orders", "order_id"),
    "answers": ("interactions", "interaction_id"),
}

#: Columns that are filled in when something ends, and the column that says when.
_ENDINGS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "subscriptions": ("ended_on", ("ended_on", "end_reason")),
    "campaigns": ("closed_on", ("closed_on", "cost_minor")),
}


def first_moment(day: date) -> datetime:
    """Return the first moment of a day, UTC."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def before(data: CustomerData, table: str, as_of: date) -> pl.LazyFrame:
    """Return the rows of a table that were known at the first moment of a date.

    Parameters
    ----------
    data : CustomerData
        All tables; order items and answers happened when their order and response did.
    table : str
        Name of the table.
    as_of : date
        The date.

    Returns
    -------
    LazyFrame
        Rows in any order; what ends later still runs. Rows of a table without a time, and rows
        that lack theirs, are all there.
    """
    rows = data[table]
    if table in _PARTS:
        whole, key = _PARTS[table]
        # whatever belongs to a later row is left out: the few later ones are held, not the many
        return rows.join(_later(data, whole, as_of).select(key), on=key, how="anti")
    if table not in _TIMES:
        return rows
    rows = rows.filter(_is_later(table, as_of).not_().fill_null(True))
    if table in _ENDINGS:
        end, told = _ENDINGS[table]
        ends_later = (pl.col(end) >= as_of).fill_null(False)
        rows = rows.with_columns(
            pl.when(~ends_later).then(pl.col(name)).alias(name) for name in told
        )
    return rows


def _later(data: CustomerData, table: str, as_of: date) -> pl.LazyFrame:
    return data[table].filter(_is_later(table, as_of))


def _is_later(table: str, as_of: date) -> pl.Expr:
    column = pl.col(_TIMES[table])
    is_date = TABLES[table].column(_TIMES[table]).type == pl.Date
    limit = as_of if is_date else first_moment(as_of)
    return column > limit if table in _STATES else column >= limit
