"""Persons in groups of equal size by their score: how many of them left, and how many should have.

Takes scored persons and knows no model.
"""

import numpy as np
import polars as pl

from workbench.privacy.release import EXACT, Release, share_columns, shares
from workbench.statistics.calibration import BINS, equal_groups

#: Smallest difference of a score that counts when scores are averaged.
SMALLEST_SCORE = 0.0001


#: What one of so many groups of equal size is called.
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
    """Return into how many groups of equal size persons are cut: ten, or fewer that can be shown.

    A group has at least twice as many persons as may be shown, so that no noise hides it.
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
        Makes every count and mean.
    groups : int
        Number of groups of equal size, see ``group_count``.

    Returns
    -------
    DataFrame, shape (groups, 9)
        One row per tenth, lowest scores first: ``group`` (1 is the lowest), ``persons``,
        ``predicted`` (mean score), ``observed`` (share that left), ``low``, ``high`` (its Wilson
        interval), ``positives`` (persons who left), ``bound`` ("at most 4 of 25" where only a bound
        is shown, else ""), ``middle`` (``positives``, or the middle of what the bound allows).
        Fewer rows where there are fewer persons than tenths.
    """
    rows = persons.with_columns(group=pl.Series(equal_groups(persons["score"], bins=groups)))
    counted = release.counts(rows, ["group"], of={"positives": pl.col("churned")})
    predicted = release.means(rows, ["group"], of={"score": SMALLEST_SCORE})
    table = counted.join(predicted.select("group", predicted="score"), on="group", how="left")
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
        As ``calibration_table`` returns it: the same counts, so that no page shows two draws.

    Returns
    -------
    DataFrame, shape (tenths, 9)
        ``tenth`` (1 is the highest), ``persons``, ``leavers``, ``rate``, ``low``, ``high``,
        ``captured`` (share of all leavers so far), ``lift`` (so far), ``bound``. ``leavers`` and
        ``rate`` are null where only a bound is shown; so far such a tenth counts with the middle
        of what the bound allows, as its numerator would follow from the next sum otherwise.
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

    Where only a bound is shown, the middle of what it allows counts.
    """
    gap = (pl.col("middle") / pl.col("persons") - pl.col("predicted")).abs()
    weighted = table.select((gap * pl.col("persons")).sum() / pl.col("persons").sum()).item()
    return float(weighted) if weighted is not None and np.isfinite(weighted) else 0.0
