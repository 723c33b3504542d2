"""Whether scores rank, and mean the same, in every group.

Equal error rates and equal calibration cannot both hold where groups differ in how often the
outcome happens (Kleinberg, Mullainathan and Raghavan 2017; Chouldechova 2017), so both are shown.
"""

import numpy as np
import polars as pl

from workbench.fairness.groups import Bands, grouped
from workbench.statistics.auc import ranking
from workbench.statistics.calibration import balance


def scores_by_group(
    rows: pl.DataFrame,
    attribute: str,
    *,
    score: str,
    outcome: str,
    least: int = 10,
    bands: Bands | None = None,
) -> pl.DataFrame:
    """Return how well scores rank and how far they are off, by group.

    Parameters
    ----------
    rows : DataFrame, shape (persons, columns)
    attribute, score, outcome : str
        Columns; the score lies within 0 and 1, the outcome is Boolean.
    least : int
        Persons with and without the outcome that an AUC needs, each.
    bands : mapping, optional
        As ``grouped`` takes it.

    Returns
    -------
    DataFrame, shape (groups, 12)
        ``attribute``, ``group``, ``persons``, ``auc``, ``auc_low``, ``auc_high`` (logit-DeLong),
        ``observed`` (share with the outcome), ``predicted`` (mean score), ``gap``, ``gap_low``,
        ``gap_high`` (observed less predicted), ``note`` ("too small to judge" where there is no
        AUC), sorted by group.
    """
    groups = grouped(rows, [attribute], bands=bands)[attribute]
    y, p = rows[outcome].to_numpy().astype(bool), rows[score].to_numpy().astype(np.float64)
    lines = []
    for group in sorted(groups.unique().to_list()):
        inside = (groups == group).to_numpy()
        mine, theirs = y[inside], p[inside]
        large = balance(mine, theirs)
        is_enough = min(int(mine.sum()), int((~mine).sum())) >= least
        auc = tuple(ranking(mine, theirs)) if is_enough else (None,) * 3
        note = "" if is_enough else "too small to judge"
        lines.append((attribute, group, int(inside.sum()), *auc, *large, note))
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
