"""From arrays to declared tables: instants, choices, texts and the order of rows."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from workbench.foundation.errors import WorkbenchError
from workbench.schema import TABLES
from workbench.synthetic.draws import Integers, Keys

#: Declared columns that a world does not have: identity and intake add them.
WITHOUT = ("customer_id", "source_id", "source_row")


def columns_of(table: str) -> dict[str, pl.DataType]:
    """Return the columns a world's table has: the declared ones but for ``WITHOUT``.

    ``customers`` has the ``record_id`` in place of the customer's id.
    """
    own = {"record_id": pl.UInt64()} if table == "customers" else {}
    return own | {c.name: c.type for c in TABLES[table].columns if c.name not in WITHOUT}


def table(name: str, parts: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """Make a table of the world from parts, sorted by customer and, within, as the parts come.

    Parameters
    ----------
    name : str
    parts : sequence of mappings
        Column name to Series, array or constant; columns that are left out are null. ``_owner`` is
        the customer's row in the block, by which rows are put in order. ``_at``, where given,
        orders the rows of one customer.
    """
    wanted = columns_of(name)
    frames = [_part(part, wanted) for part in parts]
    keys = [key for key in ("_owner", "_at") if key in frames[0].columns]
    rows = pl.concat(frames)
    return rows.sort(*keys, maintain_order=True).select(list(wanted))


def instant(seconds: Integers) -> pl.Series:
    """Return seconds since 1970 as instants (UTC)."""
    return pl.Series(seconds * 1_000_000).cast(pl.Datetime("us", "UTC"))


def words(options: Sequence[str | None], codes: Integers | Keys) -> pl.Series:
    """Return the option of each code."""
    return pl.Series("words", list(options), dtype=pl.String).gather(codes)


def choices(
    table_name: str, column: str, options: Sequence[str | None], codes: Integers
) -> pl.Series:
    """Return the declared choice of each code; None is null."""
    dtype = TABLES[table_name].column(column).type
    return pl.Series(column, list(options), dtype=dtype).gather(codes)


def text(*pieces: pl.Series | str) -> pl.Series:
    """Join pieces row by row; a null makes null."""
    series = [piece for piece in pieces if isinstance(piece, pl.Series)]
    frame = pl.DataFrame({str(i): piece for i, piece in enumerate(series)})
    seen = iter(range(len(series)))
    parts = [pl.lit(p) if isinstance(p, str) else pl.col(str(next(seen))) for p in pieces]
    return frame.select(joined=pl.concat_str(parts)).to_series()


def digits(values: np.ndarray, width: int) -> pl.Series:
    """Return numbers as text with leading zeros."""
    return pl.Series(values).cast(pl.String).str.zfill(width)


def where(condition: np.ndarray, values: pl.Series) -> pl.Series:
    """Return the values where the condition holds, null elsewhere."""
    frame = pl.DataFrame({"values": values, "holds": pl.Series(condition)})
    return frame.select(pl.when("holds").then("values")).to_series()


def _part(part: Mapping[str, object], wanted: dict[str, pl.DataType]) -> pl.DataFrame:
    order: dict[str, pl.DataType] = {"_owner": pl.Int64(), "_at": pl.Int64()}
    strange = set(part) - set(wanted) - set(order)
    if strange:
        raise WorkbenchError(f"columns that no table declares: {', '.join(sorted(strange))}")
    given = pl.DataFrame({k: v for k, v in part.items() if isinstance(v, pl.Series | np.ndarray)})
    fixed = {k: pl.lit(v) for k, v in part.items() if not isinstance(v, pl.Series | np.ndarray)}
    absent = {k: pl.lit(None) for k in wanted if k not in part}
    types = {k: t for k, t in (wanted | order).items() if k in wanted or k in part}
    rows = given.with_columns(**fixed, **absent)
    return rows.select(pl.col(k).cast(t) for k, t in types.items())
