"""Tables of persons in groups of equal size by score: observed and predicted shares that left.

The functions take scored persons and depend on no model.
"""

import numpy as np
import polars as pl

from workbench.privacy.release import EXACT, Release, share_columns, shares
from workbench.statistics.calibration import BINS, equal_groups

#: Smallest difference of a score that counts when scores are averaged.
SMALLEST_SCORE = 0.0001


#: Name of one group of equal size, for 1 to 10 groups.
PARTS = (
    "whole",
    "half",
    "third",
    "quarter",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
)


def group_count(persons: int, *, release: Release = EXACT) -> int:
    """Return the number of groups of equal size: ten, or fewer if groups would be too small.

    A group has at least twice ``min_group`` persons, so that noise does not hide it.
    """
    return max(2, min(BINS, persons // (2 * release.min_group)))


def calibration_table(
    persons: pl.DataFrame, *, release: Release = EXACT, groups: int = BINS
) -> pl.DataFrame:
    """Return predicted and observed shares by tenths of the score, or by fewer groups.

    Parameters
    ----------
    persons : DataFrame, shape (persons, 3)
        ``customer_id``, ``score`` (0 to 1) and ``churned`` (Boolean).
    release : Release
        Release that makes every count and mean.
    groups : int
        Number of groups of equal size, see ``group_count``.

    Returns
    -------
    DataFrame, shape (groups, 9)
        One row per tenth, lowest scores first: ``group`` (1 is the lowest), ``persons``,
        ``predicted`` (mean score), ``observed`` (share that left), ``low``, ``high`` (its Wilson
        interval), ``positives`` (persons who left), ``bound`` ("at most 4 of 25" if only a bound
        may be shown, else ""), ``middle`` (``positives``, or the middle of the numbers that the
        bound allows). There are never more rows than persons.
    """
    rows = persons.with_columns(group=pl.Series(equal_groups(persons["score"], bins=groups)))
    counted = release.counts(rows, ["group"], of={"positives": pl.col("churned")})
    predicted = release.means(rows, ["group"], of={"score": SMALLEST_SCORE}).select(
        "group",
        predicted=pl.col("score").clip(0, 1),  # Noise may lead beyond 0 and 1.
    )
    table = counted.join(predicted, on="group", how="left")
    rated = shares(table["positives"], table["persons"], release=release)
    middle = pl.Series("middle", (rated.lowest + rated.highest) / 2)
    found = share_columns(table, "positives", "persons", release=release, name="observed")
    return found.with_columns(middle).select(
        "group",
        "persons",
        "predicted",
        "observed",
        low="observed_low",
        high="observed_high",
        positives="positives",
        bound="observed_note",
        middle="middle",
    )


def gains_table(calibration: pl.DataFrame) -> pl.DataFrame:
    """Return leavers by tenths of the score, highest first.

    Parameters
    ----------
    calibration : DataFrame
        Result of ``calibration_table``, whose counts are used again, because new counts would have
        other noise.

    Returns
    -------
    DataFrame, shape (tenths, 9)
        ``tenth`` (1 is the highest), ``persons``, ``leavers``, ``rate``, ``low``, ``high``,
        ``captured`` (cumulative share of all leavers), ``lift`` (cumulative), ``bound``.
        ``leavers`` and ``rate`` are null if only a bound may be shown. In cumulative figures such a
        tenth counts with the middle of the numbers that its bound allows; otherwise the hidden
        number could be computed by subtraction.
    """
    counted = calibration.sort("group", descending=True).with_columns(
        tenth=pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    )
    everyone, left = max(counted["persons"].sum(), 1), max(counted["middle"].sum(), 1.0)
    captured = pl.col("middle").cum_sum() / left
    return counted.select(
        "tenth",
        "persons",
        leavers="positives",
        rate="observed",
        low="low",
        high="high",
        captured=captured,
        lift=captured / pl.col("persons").cum_sum() * everyone,
        bound="bound",
    )


def released_calibration_error(table: pl.DataFrame) -> float:
    """Return the expected calibration error of a calibration table.

    A group with a bound counts with the middle of the numbers that the bound allows.
    """
    gap = (pl.col("middle") / pl.col("persons") - pl.col("predicted")).abs()
    weighted = table.select((gap * pl.col("persons")).sum() / pl.col("persons").sum()).item()
    return float(weighted) if weighted is not None and np.isfinite(weighted) else 0.0
