"""Turn local times into UTC, also on the two days a year when the clock is set.

When the clock is set back, the times of one hour occur twice. If the file is sorted by time and
steps back once within that hour, the order of the records decides between the first and the second
pass; otherwise the first pass is assumed. A local time that does not exist, because the clock was
set forward, is a fault.
"""

from typing import Literal

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.sources.file_evidence import FileEvidence


def local_to_utc(
    local: pl.Series, *, zone: str, evidence: FileEvidence | None = None
) -> tuple[pl.Series, pl.Series, tuple[str, ...]]:
    """Return local times in UTC, with the other results of ``parse_instants``."""
    first = _to_utc(local, zone, "earliest")
    last = _to_utc(local, zone, "latest")
    never_was = local.is_not_null() & first.is_null()
    is_twice = (first != last).fill_null(value=False)
    ambiguous = int(is_twice.sum())
    if ambiguous and evidence is not None:
        evidence.need_whole("local times that occurred twice need the order of all records")
    if not ambiguous:
        return first, never_was, ()
    is_second, settled = _find_second_pass(local, is_twice, never_was)
    by_order = int((is_twice & settled).sum())
    note = (
        f"{count_text(ambiguous, 'local time')} in {zone} {'is' if ambiguous == 1 else 'are'} "
        "ambiguous (the clock was set back): "
        f"{by_order:,} decided by the order of the records, "
        f"{ambiguous - by_order:,} assumed to be the first pass"
    )
    return last.zip_with(is_second, first), never_was, (note,)


def _to_utc(local: pl.Series, zone: str, which: Literal["earliest", "latest"]) -> pl.Series:
    return local.dt.replace_time_zone(
        zone, ambiguous=which, non_existent="null"
    ).dt.convert_time_zone("UTC")


def _find_second_pass(
    local: pl.Series, is_twice: pl.Series, never_was: pl.Series
) -> tuple[pl.Series, pl.Series]:
    """Return which rows are in the second pass, and for which the order of records decides."""
    rows = pl.DataFrame({"at": local, "is_twice": is_twice}).with_row_index("row")
    kept = rows.filter(pl.col("at").is_not_null() & ~never_was).with_columns(
        is_step=(pl.col("at") < pl.col("at").shift(1)).fill_null(value=False),
        day=pl.col("at").dt.date(),
    )
    # A step back outside a repeated hour means that the file is not sorted by time.
    inside = (
        pl.col("is_twice") & pl.col("is_twice").shift(1) & (pl.col("day") == pl.col("day").shift(1))
    )
    strays = kept.filter(pl.col("is_step") & ~inside.fill_null(value=False)).height
    steps = (
        kept.filter("is_twice")
        .with_columns(steps=pl.col("is_step").cast(pl.Int32).cum_sum().over("day"))
        .with_columns(settled=(pl.col("steps").max().over("day") == 1) & pl.lit(strays == 0))
    )
    passes = rows.select("row").join(steps, on="row", how="left", maintain_order="left")
    settled = passes["settled"].fill_null(value=False)
    return settled & (passes["steps"].fill_null(0) == 1), settled
