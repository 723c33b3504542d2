"""Find leaks: features that contain the outcome.

If churn is defined as "recency above 90 days" and recency is a feature, the AUC is 1. A single
feature that ranks leavers nearly perfectly is far more often such a leak than a discovery, so the
model is refused until a person has checked the feature.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.features import feature_group
from workbench.foundation.errors import InputError
from workbench.foundation.streams import Stream
from workbench.statistics.auc import auc_interval

#: Largest AUC of a single feature, in either direction, that is not suspect.
SUSPECT_AUC = 0.95
#: Number of sampled rows; the standard error of an AUC near .95 is then below .002.
_ROWS = 20_000
#: Smallest number of rows of a level of a text column that is ranked on its own.
_LEVEL_ROWS = 20


def single_feature_aucs(
    rows: pl.DataFrame, outcomes: NDArray[np.bool_], *, seed: int
) -> pl.DataFrame:
    """Return the AUC of each feature on its own.

    Missing values may be the leak, so they are ranked at either end and the better end counts. The
    levels of a text column are ranked by their shares of leavers; levels of fewer than 20 rows are
    taken together.

    Returns
    -------
    DataFrame, shape (features, 4)
        ``feature``, ``group``, ``auc`` (0.5 to 1), ``direction`` ("more" or "less" if leavers have
        more or less of the feature, "levels" for a text column), the highest AUC first.
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
    """Refuse features that rank leavers nearly perfectly on their own.

    Parameters
    ----------
    alone : DataFrame
        Result of ``single_feature_aucs``.
    allowed : tuple of str
        Features that a person has checked and explained.

    Raises
    ------
    InputError
        The AUC of a single feature is above .95; the message lists all such features.
    """
    suspects = alone.filter(pl.col("auc") > SUSPECT_AUC, ~pl.col("feature").is_in(allowed))
    if suspects.is_empty():
        return
    named = ", ".join(f"{name} ({auc:.3f})" for name, auc in suspects["feature", "auc"].iter_rows())
    raise InputError(
        f"{suspects.height} feature(s) determine the outcome on their own, AUC above "
        f"{SUSPECT_AUC}: {named}. Probably the label is computed from them, or they were recorded "
        "after it; leave them out, or allow them by name once they are explained"
    )


def sample_positions(n: int, most: int, *, seed: int) -> NDArray[np.intp]:
    """Return the sorted positions of at most ``most`` of n rows, drawn without replacement."""
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
    # All rare levels become null and so are one level.
    level = pl.when(pl.len().over("level") >= _LEVEL_ROWS).then(pl.col("level"))
    by_level = rates.with_columns(level).with_columns(pl.col("y").mean().over("level"))
    return auc_interval(y, by_level["y"].to_numpy()).auc, "levels"
