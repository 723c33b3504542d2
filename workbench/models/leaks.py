"""Features that know the outcome, found before a report is made of them.

The famous "churn = recency > 90 days" with recency among the features reaches an AUC of 1. A single
feature that ranks leavers nearly perfectly on its own is such a leak far more often than a
discovery, so it stops the model until someone has looked.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.features import feature_group
from workbench.foundation.errors import InputError
from workbench.foundation.streams import Stream
from workbench.statistics.auc import auc_interval

#: AUC of one feature on its own, in either direction, from which it is stopped.
SUSPECT_AUC = 0.95
#: Rows looked at: the standard error of an AUC near .95 is then below .002.
_ROWS = 20_000
#: Rows that a level of a text column needs to have a share of its own.
_LEVEL_ROWS = 20


def single_feature_aucs(
    rows: pl.DataFrame, outcomes: NDArray[np.bool_], *, seed: int
) -> pl.DataFrame:
    """Return how well each feature ranks leavers on its own.

    A missing value is a value too (it may be the leak): it is tried at either end. A text column
    is ranked by the share of leavers of its levels, levels of fewer than 20 rows taken together.

    Returns
    -------
    DataFrame, shape (features, 4)
        ``feature``, ``group``, ``auc`` (0.5 to 1), ``direction`` ("more", "less" or "levels":
        whether leavers have more of it), the highest first.
    """
    picked = sample_positions(rows.height, _ROWS, seed=seed)
    some, y = rows[picked], outcomes[picked]
    found = [
        (column.name, feature_group(column.name), *_single_auc(column, y))
        for column in some.drop("customer_id", strict=False).iter_columns()
    ]
    schema = {"feature": pl.String, "group": pl.String, "auc": pl.Float64, "direction": pl.String}
    table = pl.DataFrame(found, schema=schema, orient="row")
    return table.sort("auc", "feature", descending=[True, False])


def refuse_leaks(alone: pl.DataFrame, *, allowed: tuple[str, ...] = ()) -> None:
    """Refuse features that know the outcome.

    Parameters
    ----------
    alone : DataFrame
        As ``single_feature_aucs`` returns it.
    allowed : tuple of str
        Features that someone has looked at and explained.

    Raises
    ------
    InputError
        A feature's AUC on its own is above .95; the message names them all.
    """
    suspects = alone.filter(pl.col("auc") > SUSPECT_AUC, ~pl.col("feature").is_in(allowed))
    if suspects.is_empty():
        return
    named = ", ".join(f"{name} ({auc:.3f})" for name, auc in suspects["feature", "auc"].iter_rows())
    raise InputError(
        f"{suspects.height} feature(s) tell the outcome on their own, AUC above {SUSPECT_AUC}: "
        f"{named}. Most likely the label is made of them or they were recorded after it; leave "
        "them out, or allow them by name once that is explained"
    )


def sample_positions(n: int, most: int, *, seed: int) -> NDArray[np.intp]:
    """Return sorted positions of at most that many of n rows, drawn without replacement."""
    if n <= most:
        return np.arange(n)
    drawn = Stream(seed, "sampled rows").generator().choice(n, size=most, replace=False)
    return np.sort(drawn)


def _single_auc(column: pl.Series, y: NDArray[np.bool_]) -> tuple[float, str]:
    if column.n_unique() < 2 or y.all() or not y.any():
        return 0.5, "more"
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        values = column.cast(pl.Float64).to_numpy()
        tried = [np.where(np.isnan(values), end, values) for end in (-np.inf, np.inf)]
        aucs = [auc_interval(y, one).auc for one in tried]
        best = max(aucs, key=lambda auc: abs(auc - 0.5))
        return max(best, 1 - best), "more" if best >= 0.5 else "less"
    rates = pl.DataFrame({"level": column.cast(pl.String), "y": y.astype(np.float64)})
    level = pl.when(pl.len().over("level") >= _LEVEL_ROWS).then(pl.col("level"))  # rest: one level
    by_level = rates.with_columns(level).with_columns(pl.col("y").mean().over("level"))
    return auc_interval(y, by_level["y"].to_numpy()).auc, "levels"
