"""From arrays to declared tables: instants, choices, texts and the order of rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.foundation.errors import WorkbenchError
from workbench.schema import TABLES
from workbench.synthetic.draws import Integers

#: Declared columns that a world does not have: identity and intake add them.
WITHOUT = ("customer_id", "source_id", "source_row")


def columns_of(table: str) -> dict[str, pl.DataType]:
    """Return the columns a world's table has: the declared ones but for ``WITHOUT``.

    A world does not have when a statement about a customer was made: it was so from the first.
    """
    without = {*WITHOUT, "observed_at"} if table == "customers" else set(WITHOUT)
    return {c.name: c.type for c in TABLES[table].columns if c.name not in without}


def table(
    name: str, parts: Sequence[Mapping[str, object]], *, is_sorted: bool = False
) -> pl.DataFrame:
    """Make a table of the world from parts, sorted by customer and, within, as the parts come.

    Parameters
    ----------
    name : str
    parts : sequence of mappings
        Column name to Series, array or constant; columns that are left out are null. ``_owner`` is
        the customer's row in the block, by which rows are put in order. ``_at``, where given,
        orders the rows of one customer.
    is_sorted : bool
        Whether the one part is in the order of customers already.
    """
    wanted = columns_of(name)
    rows = pl.concat([_part(part, wanted) for part in parts], how="diagonal", rechunk=True)
    if not is_sorted:
        owner = np.concatenate([np.asarray(part["_owner"]) for part in parts])
        at = np.concatenate([np.asarray(part.get("_at", part["_owner"])) for part in parts])
        rows = rows[pl.Series(ordered(owner, at), dtype=pl.UInt32)]
    return rows.select(
        column if column in rows.columns else pl.lit(None, dtype=dtype).alias(column)
        for column, dtype in wanted.items()
    )


def ordered(owner: Integers, at: Integers) -> Integers:
    """Return row numbers by customer, then time, then number: one sort of packed integers."""
    if not len(owner):
        return owner
    at = at - at.min()
    row_bits, at_bits = (max(int(each).bit_length(), 1) for each in (len(owner) - 1, at.max()))
    if row_bits + at_bits + max(int(owner.max()).bit_length(), 1) > 63:  # a word
        return np.lexsort((at, owner))
    # rows come in runs by customer, which a stable sort merges
    packed = (owner << at_bits | at) << row_bits | np.arange(len(owner))
    packed.sort(kind="stable")
    found: Integers = packed & ((1 << row_bits) - 1)
    return found


def instant(seconds: Integers) -> pl.Series:
    """Return seconds since 1970 as instants (UTC)."""
    return pl.Series(seconds * 1_000_000).cast(pl.Datetime("us", "UTC"))


def gathered(values: pl.Series, rows: NDArray[Any]) -> pl.Series:
    """Return the values at these rows, by polars' own kind of row number and its shortest way."""
    places = pl.Series(rows.astype(np.uint32, copy=False))
    if values.dtype != pl.String or not values.null_count():
        return values[places]
    # texts among which some are null take much longer
    found = where(values.is_not_null()[places], values.fill_null("")[places])
    return found.alias(values.name)


def words(options: Sequence[str | None], codes: NDArray[Any]) -> pl.Series:
    """Return the option of each code."""
    return gathered(pl.Series("words", list(options), dtype=pl.String), codes)


def nothing(rows: int) -> pl.Series:
    """Return texts of which all are null."""
    return pl.repeat(None, rows, dtype=pl.String, eager=True)


def choices(
    table_name: str, column: str, options: Sequence[str | None], codes: NDArray[Any]
) -> pl.Series:
    """Return the declared choice of each code; None is null."""
    dtype = TABLES[table_name].column(column).type
    return gathered(pl.Series(column, list(options), dtype=dtype), codes)


def text(*pieces: pl.Series | str) -> pl.Series:
    """Join pieces row by row; a null makes null."""
    series = [piece for piece in pieces if isinstance(piece, pl.Series)]
    frame = pl.DataFrame({str(i): piece for i, piece in enumerate(series)})
    seen = iter(range(len(series)))
    parts = [pl.lit(p) if isinstance(p, str) else pl.col(str(next(seen))) for p in pieces]
    return frame.select(joined=pl.concat_str(parts)).to_series()


def where(condition: np.ndarray | pl.Series, values: pl.Series) -> pl.Series:
    """Return the values where the condition holds, null elsewhere."""
    frame = pl.DataFrame({"values": values, "holds": pl.Series(condition)})
    return frame.select(pl.when("holds").then("values")).to_series()


def _part(part: Mapping[str, object], wanted: dict[str, pl.DataType]) -> pl.DataFrame:
    strange = set(part) - set(wanted) - {"_owner", "_at"}
    if strange:
        raise WorkbenchError(f"columns that no table declares: {', '.join(sorted(strange))}")
    height = len(np.asarray(part["_owner"]))
    columns = []
    for name, dtype in wanted.items():
        value = part.get(name)
        if value is None:
            continue
        if isinstance(value, pl.Series | np.ndarray):
            columns.append(pl.Series(name, value).cast(dtype))
        else:
            columns.append(pl.Series(name, [value]).cast(dtype).new_from_index(0, height))
    return pl.DataFrame(columns)
