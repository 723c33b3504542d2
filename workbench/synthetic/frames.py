"""Convert arrays to declared tables: instants, choices, texts and the order of rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.foundation.errors import WorkbenchError
from workbench.schema import TABLES
from workbench.synthetic.draws import Integers

#: Declared columns that a world's tables do not have; identity and intake add them.
WITHOUT = ("customer_id", "source_id", "source_row")


def world_columns(table: str) -> dict[str, pl.DataType]:
    """Return the columns of a world's table: the declared columns without ``WITHOUT``.

    The customers of a world also have no ``observed_at``, because all statements about a customer
    are valid from the first day.
    """
    without = {*WITHOUT, "observed_at"} if table == "customers" else set(WITHOUT)
    return {c.name: c.type for c in TABLES[table].columns if c.name not in without}


def make_table(name: str, *parts: Mapping[str, object], is_sorted: bool = False) -> pl.DataFrame:
    """Make a table of the world from parts, sorted by customer.

    Parameters
    ----------
    name : str
    *parts : mappings
        Rows of the table: column name to Series, array or constant; columns that are left out are
        null. ``_owner`` is the customer's row in the block, by which rows are sorted. The rows of
        one customer are sorted by ``_at`` where it is given, then by their order in the parts.
    is_sorted : bool
        Whether there is only one part and it is sorted by customer already.
    """
    wanted = world_columns(name)
    rows = pl.concat([_part_frame(part, wanted) for part in parts], how="diagonal", rechunk=True)
    if not is_sorted:
        owner = np.concatenate([np.asarray(part["_owner"]) for part in parts])
        at = np.concatenate([np.asarray(part.get("_at", part["_owner"])) for part in parts])
        rows = rows[pl.Series(row_order(owner, at), dtype=pl.UInt32)]
    return rows.select(
        column if column in rows.columns else pl.lit(None, dtype=dtype).alias(column)
        for column, dtype in wanted.items()
    )


def row_order(owner: Integers, at: Integers) -> Integers:
    """Return row numbers sorted by customer, then time, then number, by sorting packed integers."""
    if not len(owner):
        return owner
    at = at - at.min()
    row_bits, at_bits = (max(int(each).bit_length(), 1) for each in (len(owner) - 1, at.max()))
    if row_bits + at_bits + max(int(owner.max()).bit_length(), 1) > 63:  # does not fit into 64 bits
        return np.lexsort((at, owner))
    # Rows of one part are sorted by customer already; a stable sort merges such runs quickly.
    packed = (owner << at_bits | at) << row_bits | np.arange(len(owner))
    packed.sort(kind="stable")
    found: Integers = packed & ((1 << row_bits) - 1)
    return found


def instants(seconds: Integers) -> pl.Series:
    """Convert seconds since 1970 to instants (UTC)."""
    return pl.Series(seconds * 1_000_000).cast(pl.Datetime("us", "UTC"))


def gather(values: pl.Series, rows: NDArray[Any]) -> pl.Series:
    """Return the values at these rows, fast also for texts with nulls."""
    places = pl.Series(rows.astype(np.uint32, copy=False))
    if values.dtype != pl.String or not values.null_count():
        return values[places]
    # polars gathers texts with nulls much more slowly than texts without.
    found = keep_where(values.is_not_null()[places], values.fill_null("")[places])
    return found.alias(values.name)


def labels(options: Sequence[str | None], codes: NDArray[Any]) -> pl.Series:
    """Return the text of each code; a code is a position in ``options``."""
    return gather(pl.Series("words", list(options), dtype=pl.String), codes)


def null_texts(rows: int) -> pl.Series:
    """Return so many null texts."""
    return pl.repeat(None, rows, dtype=pl.String, eager=True)


def enum_labels(
    table_name: str, column: str, options: Sequence[str | None], codes: NDArray[Any]
) -> pl.Series:
    """Return the value of each code, in the type of a declared column; None is null."""
    dtype = TABLES[table_name].column(column).type
    return gather(pl.Series(column, list(options), dtype=dtype), codes)


def join_texts(*pieces: pl.Series | str) -> pl.Series:
    """Join pieces row by row; the result is null where a piece is null."""
    series = [piece for piece in pieces if isinstance(piece, pl.Series)]
    frame = pl.DataFrame({str(i): piece for i, piece in enumerate(series)})
    seen = iter(range(len(series)))
    parts = [pl.lit(p) if isinstance(p, str) else pl.col(str(next(seen))) for p in pieces]
    return frame.select(joined=pl.concat_str(parts)).to_series()


def keep_where(condition: np.ndarray | pl.Series, values: pl.Series) -> pl.Series:
    """Return the values where the condition holds, null elsewhere."""
    frame = pl.DataFrame({"values": values, "holds": pl.Series(condition)})
    return frame.select(pl.when("holds").then("values")).to_series()


def _part_frame(part: Mapping[str, object], wanted: dict[str, pl.DataType]) -> pl.DataFrame:
    """Return one part as a frame with the types of the declared columns."""
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
