"""Small frames of the customer tables, written in a test in as few words as possible."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from workbench.schema import TABLES, CustomerData


def table(name: str, **columns: Sequence[Any]) -> pl.DataFrame:
    """Return rows of a declared table; columns that are not given are null."""
    given = pl.DataFrame(columns, strict=False)
    return given.select(
        pl.col(column.name).cast(column.type)
        if column.name in columns
        else pl.lit(None, dtype=column.type).alias(column.name)
        for column in TABLES[name].columns
    )


def at(text: str) -> datetime:
    """Return an instant, UTC: "2023-03-01" or "2023-03-01 09:00:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shop(orders: Sequence[tuple[int | None, str, int]], **more: pl.DataFrame) -> CustomerData:
    """Return data with orders of (customer, instant, amount in minor units) in EUR.

    An amount below 0 is a return. Customers are first seen with their first order.
    """
    rows = table(
        "orders",
        order_id=[str(place) for place in range(len(orders))],
        customer_id=[customer for customer, _, _ in orders],
        kind=["return" if amount < 0 else "sale" for _, _, amount in orders],
        ordered_at=[at(when) for _, when, _ in orders],
        currency=["EUR"] * len(orders),
        total_minor=[amount for _, _, amount in orders],
    )
    seen = (
        rows.drop_nulls("customer_id")
        .group_by("customer_id")
        .agg(pl.col("ordered_at").min())
        .sort("customer_id")
    )
    customers = table(
        "customers",
        customer_id=seen["customer_id"],
        kind=["person"] * seen.height,
        first_seen_at=seen["ordered_at"],
    )
    tables: Mapping[str, pl.DataFrame] = {"orders": rows, "customers": customers, **more}
    return CustomerData.of(tables)
