"""Importance of each group of features for a model's ranking.

Features of one group can replace one another, so they are shuffled together; shuffled one by one,
each would look unimportant (Strobl et al. 2008, "Conditional variable importance for random
forests", BMC Bioinformatics 9).
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.features import feature_group
from workbench.foundation.streams import Stream
from workbench.models.classifiers import FittedModel
from workbench.models.outcome_leaks import MOST_EXAMINED, sample_positions
from workbench.statistics.auc import auc_difference

_SHUFFLES = 3


def group_importance(
    fitted: FittedModel, rows: pl.DataFrame, outcomes: NDArray[np.bool_], *, seed: int
) -> pl.DataFrame:
    """Return the AUC lost when the features of a group are shuffled among held-out persons.

    Each column of a profile is a group of its own, because gender cannot replace payment method.

    Returns
    -------
    DataFrame, shape (groups, 5)
        ``group``, ``features`` (count), ``auc_lost``, ``low``, ``high`` (DeLong's paired interval,
        mean over three shufflings); the most important first.

    References
    ----------
    Breiman 2001, "Random forests", Machine Learning 45, section 10.
    """
    picked = sample_positions(rows.height, MOST_EXAMINED, seed=seed)
    some, y = rows[picked], outcomes[picked]
    scores = fitted.scores(some)
    groups: dict[str, list[str]] = {}
    for name in fitted.design.names:
        group = feature_group(name)
        groups.setdefault(name if group == "profile" else group, []).append(name)
    lines = []
    for group, names in sorted(groups.items()):
        losses = []
        for shuffle in range(_SHUFFLES):
            random = Stream(seed, f"shuffle {group} {shuffle}").generator()
            moved = some.select(names)[random.permutation(some.height)]
            losses.append(auc_difference(y, scores, fitted.scores(some.with_columns(moved))))
        mean = [float(np.mean(part)) for part in zip(*losses, strict=True)]
        lines.append((group, len(names), *mean[:3]))
    schema = {
        "group": pl.String,
        "features": pl.Int64,
        "auc_lost": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
    }
    table = pl.DataFrame(lines, schema=schema, orient="row")
    return table.sort("auc_lost", "group", descending=[True, False])


def mean_over_folds(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the mean of importances that were measured in folds of different persons.

    The errors of the folds are independent, so the half-width of the mean is the root of the sum of
    their squares, divided by the number of folds.
    """
    half = ((pl.col("high") - pl.col("low")) / 2).pow(2).sum().sqrt() / len(parts)
    mean = (
        pl.concat(parts)
        .group_by("group")
        .agg(
            pl.col("features").max(),
            pl.col("auc_lost").mean().round(9),
            half.round(9).alias("half"),
        )
    )
    limits = {
        "low": pl.col("auc_lost") - pl.col("half"),
        "high": pl.col("auc_lost") + pl.col("half"),
    }
    table = mean.with_columns(**limits).drop("half")
    return table.sort("auc_lost", "group", descending=[True, False])
