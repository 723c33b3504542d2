"""Order rows by their content, so that nothing random depends on pseudonyms.

A view is in the order of its pseudonyms, and these depend on the key of the dataset. What is drawn
by the place of a row (samples, folds, shuffles) and what is added up in the order of rows would
change with the key. Rows are therefore put in the order of a hash of their content. Rows with equal
content can replace one another.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.schema import TABLES, CustomerData

_ID = "customer_id"
_GROUPS = tuple(
    column.name
    for column in TABLES["customers"].columns
    if column.view == "generalise" and column.component == "demographic"
)
#: Bits by which a hash is shortened, so that the sum of those of one customer's rows fits.
_SPARE_BITS = 8


def order_by_content(rows: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """Return rows in an order that depends on their content and the seed alone."""
    hashes = content_hashes(rows, seed=seed)
    places = pl.DataFrame({_ID: rows[_ID], "hash": hashes}).with_row_index("place")
    return rows[places.sort("hash", _ID)["place"]]


def content_hashes(
    rows: pl.DataFrame, *, seed: int, known: pl.DataFrame | None = None
) -> pl.Series:
    """Return the numbers by which ``order_by_content`` orders rows; ties go by the customer's id.

    Whoever has the rows of some customers at a time can order all of them by these numbers.

    Parameters
    ----------
    rows : DataFrame
        ``customer_id`` and other columns.
    seed : int
        Seed of the hashes: another seed gives another order.
    known : DataFrame, optional
        ``customer_id`` and what else is known of each customer, one row per customer; it decides
        the order of rows that are equal otherwise.
    """
    wide = rows if known is None else rows.join(known, on=_ID, how="left", maintain_order="left")
    return _hashes(wide, seed)


def number_customers(rows: pl.DataFrame, *, seed: int) -> NDArray[np.int64]:
    """Return for each row a number of its customer, which depends on content and seed alone.

    Customers are numbered in the order of the sum of their rows' hashes.
    """
    hashed = pl.DataFrame({_ID: rows[_ID], "hash": _hashes(rows, seed) // 2**_SPARE_BITS})
    numbers = (
        hashed.group_by(_ID).agg(pl.col("hash").sum()).sort("hash", _ID).with_row_index("number")
    )
    found = hashed.join(numbers.select(_ID, "number"), on=_ID, how="left", maintain_order="left")
    return found["number"].to_numpy().astype(np.int64)


def demographics(data: CustomerData) -> pl.DataFrame:
    """Return the columns of customers by which audits compare groups, as far as they are held."""
    held = data["customers"].collect_schema().names()
    return data["customers"].select(_ID, *(name for name in _GROUPS if name in held)).collect()


def _hashes(rows: pl.DataFrame, seed: int) -> pl.Series:
    return rows.drop(_ID).hash_rows(seed=seed % 2**63)
