"""Ranking and calibration of scores by group.

Equal error rates and equal calibration cannot both hold if groups differ in the share with the
outcome (Kleinberg, Mullainathan and Raghavan 2017; Chouldechova 2017), so both are shown.
"""

import numpy as np
import polars as pl

from workbench.fairness.groups import Bands, assign_groups
from workbench.privacy.release import EXACT, Release, calibration_gap, rounded_figure, shares
from workbench.statistics.auc import auc_interval

#: Smallest difference of a score that counts when scores are averaged.
_SMALLEST_SCORE = 0.0001


def scores_by_group(
    rows: pl.DataFrame,
    attribute: str,
    *,
    score: str,
    outcome: str,
    least: int = 10,
    bands: Bands | None = None,
    release: Release = EXACT,
) -> pl.DataFrame:
    """Return the AUC of scores and their difference from the observed share, by group.

    Parameters
    ----------
    rows : DataFrame, shape (persons, columns)
        One row per person.
    attribute, score, outcome : str
        Columns; the score is between 0 and 1, the outcome is Boolean.
    least : int
        Smallest number of persons with the outcome, and without it, for an AUC.
    bands : mapping, optional
        Bands of a numeric attribute, see ``assign_groups``.
    release : Release
        Release that makes every figure; for figures to be shown, the view's (``view.release``).

    Returns
    -------
    DataFrame, shape (groups, 12)
        ``attribute``, ``group``, ``persons``, ``auc``, ``auc_low``, ``auc_high`` (logit-DeLong),
        ``observed`` (share with the outcome), ``predicted`` (mean score), ``gap``, ``gap_low``,
        ``gap_high`` (observed less predicted), ``note`` ("too small to judge" if there is no AUC),
        sorted by group.
    """
    named = rows.with_columns(
        assign_groups(rows, [attribute], bands=bands)[attribute].alias("group")
    )
    counted = release.counts(named, ["group"], of={"positives": pl.col(outcome).cast(pl.Boolean)})
    means = release.means(named, ["group"], of={score: _SMALLEST_SCORE})
    predicted = dict(means.select("group", score).iter_rows())
    rated = shares(counted["positives"], counted["persons"], release=release)
    lines = []
    for place, (group, persons) in enumerate(counted.select("group", "persons").iter_rows()):
        inside = named.filter(pl.col("group") == group)
        mine = inside[outcome].to_numpy().astype(bool)
        theirs = inside[score].to_numpy().astype(np.float64)
        is_bound = bool(rated.bound[place])
        observed, expected = float(rated.value[place]), predicted[group]
        gap = (
            (None,) * 3
            if expected is None or is_bound
            else calibration_gap(observed, expected, theirs, release=release)
        )
        with_outcome = int(counted["positives"][place])
        is_enough = (
            min(with_outcome, persons - with_outcome) >= least and mine.any() and not mine.all()
        )
        auc = (
            tuple(rounded_figure(*auc_interval(mine, theirs), release=release))
            if is_enough
            else (None,) * 3
        )
        note = rated.bound[place] if is_enough else "too small to judge"
        shown = None if is_bound else observed
        lines.append((attribute, group, persons, *auc, shown, expected, *gap, note))
    schema = {
        "attribute": pl.String,
        "group": pl.String,
        "persons": pl.Int64,
        **dict.fromkeys(
            ("auc", "auc_low", "auc_high", "observed", "predicted", "gap", "gap_low", "gap_high"),
            pl.Float64,
        ),
        "note": pl.String,
    }
    return pl.DataFrame(lines, schema=schema, orient="row")
