"""Find leaks: features that contain the outcome.

If churn is defined as "recency above 90 days" and recency is a feature, the AUC is 1. A feature
that ranks customers nearly perfectly is far more often such a leak than a discovery, so the model
is refused until a person has checked the feature. A leak may be spread over several features, so a
small model of each group of features and one of all are held to the same limit. From a lower limit
on nothing is refused, but the figures are doubted: the length of a call, which is known only after
the call, gives a model of the public bank data an AUC of .937.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.features import feature_group
from workbench.foundation.errors import InputError
from workbench.foundation.streams import Stream
from workbench.models.classifiers import fit
from workbench.statistics.auc import auc_interval

#: Largest AUC of a feature (in either direction) or of a group of features that is not refused.
SUSPECT_AUC = 0.95
#: Largest AUC of a feature or of a group of features that is not doubted.
DOUBTED_AUC = 0.9
#: Name of the small model of all features, beside those of groups.
ALL_FEATURES = "all features"
#: Largest number of rows on which features are examined: the standard error of an AUC near .95 is
#: then below .002, and that of the AUC lost by shuffling features about .003.
MOST_EXAMINED = 20_000
#: Smallest number of rows of a level of a text column that is ranked on its own.
_LEVEL_ROWS = 20
#: Number of sampled rows of the small models; half of them are ranked by a model of the others.
_MODEL_ROWS = 6_000


def single_feature_aucs(
    rows: pl.DataFrame, outcomes: NDArray[np.bool_], *, seed: int
) -> pl.DataFrame:
    """Return the AUC of each feature on its own.

    Missing values may be the leak, so they are ranked at either end and the better end counts. The
    levels of a text column are ranked by their shares of positives; levels of fewer than 20 rows
    are taken together.

    Returns
    -------
    DataFrame, shape (features, 4)
        ``feature``, ``group``, ``auc`` (0.5 to 1), ``direction`` ("more" or "less" if positives
        have more or less of the feature, "levels" for a text column), the highest AUC first.
    """
    picked = sample_positions(rows.height, MOST_EXAMINED, seed=seed)
    some, y = rows[picked], outcomes[picked]
    found = [
        (column.name, feature_group(column.name), *_single_auc(column, y))
        for column in some.drop("customer_id", strict=False).iter_columns()
    ]
    schema = {"feature": pl.String, "group": pl.String, "auc": pl.Float64, "direction": pl.String}
    table = pl.DataFrame(found, schema=schema, orient="row")
    return table.sort("auc", "feature", descending=[True, False])


def group_aucs(
    rows: pl.DataFrame,
    outcomes: NDArray[np.bool_],
    *,
    seed: int,
    allowed: tuple[str, ...] = (),
) -> pl.DataFrame:
    """Return the AUC of a small model of each group of features, and of all features together.

    Each column of a profile is a feature of its own, so all of them are one group, "profile". Rows
    of one random half are ranked by a logistic model of the other half.

    Parameters
    ----------
    rows : DataFrame
        ``customer_id`` and features, one row per customer.
    outcomes : array of bool, shape (n,)
        True for positives.
    seed : int
        Seed of the sampled rows.
    allowed : tuple of str
        Features that a person has checked and explained; no model uses them.

    Returns
    -------
    DataFrame, shape (groups, 2)
        ``group`` and ``auc``, the highest first; groups of fewer than two features, or without
        any difference in the half that a model learns from, are absent.
    """
    stream = Stream(seed, "rows of small models").generator()
    picked = stream.permutation(rows.height)[:_MODEL_ROWS]
    learn, hold = picked[: picked.size // 2], picked[picked.size // 2 :]
    names = [name for name in rows.columns if name != "customer_id" and name not in allowed]
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(feature_group(name), []).append(name)
    groups[ALL_FEATURES] = names
    has_both = all(0 < outcomes[half].sum() < half.size for half in (learn, hold))
    found = []
    for group, members in groups.items():
        if len(members) < 2 or not has_both:
            continue
        some = rows.select("customer_id", *members)
        learned = some[learn]
        if all(learned[name].n_unique() < 2 for name in members):
            continue  # The few customers with returns, say, may all be in the other half.
        fitted = fit(learned, outcomes[learn], model="logistic", seed=seed)
        found.append((group, auc_interval(outcomes[hold], fitted.scores(some[hold])).auc))
    table = pl.DataFrame(found, schema={"group": pl.String, "auc": pl.Float64}, orient="row")
    return table.sort("auc", "group", descending=[True, False])


def doubt_about_leaks(
    alone: pl.DataFrame, together: pl.DataFrame, *, allowed: tuple[str, ...] = ()
) -> str:
    """Return in words that features may contain the outcome; empty if none is doubted."""
    suspects = alone.filter(pl.col("auc") > DOUBTED_AUC, ~pl.col("feature").is_in(allowed))
    names = suspects["feature"].to_list()
    names += together.filter(pl.col("auc") > DOUBTED_AUC)["group"].to_list()
    if not names:
        return ""
    return (
        f"the AUC of {', '.join(names)} is above 0.9 on held-out persons, so check whether they "
        "were recorded after the outcome"
    )


def refuse_leaks(
    alone: pl.DataFrame,
    together: pl.DataFrame | None = None,
    *,
    allowed: tuple[str, ...] = (),
) -> None:
    """Refuse features that rank positives nearly perfectly, alone or with their group.

    Parameters
    ----------
    alone : DataFrame
        Result of ``single_feature_aucs``.
    together : DataFrame, optional
        Result of ``group_aucs`` with the same allowed features.
    allowed : tuple of str
        Features that a person has checked and explained.

    Raises
    ------
    InputError
        The AUC of a feature or of a group of features is above .95; the message lists them all.
    """
    suspects = alone.filter(pl.col("auc") > SUSPECT_AUC, ~pl.col("feature").is_in(allowed))
    if suspects.is_empty():
        _refuse_groups(together)
        return
    named = ", ".join(f"{name} ({auc:.3f})" for name, auc in suspects["feature", "auc"].iter_rows())
    raise InputError(
        f"{suspects.height} feature(s) determine the outcome on their own, AUC above "
        f"{SUSPECT_AUC}: {named}. Probably the label is computed from them, or they were recorded "
        "after it; leave them out, or allow them by name once they are explained"
    )


def _refuse_groups(together: pl.DataFrame | None) -> None:
    if together is None:
        return
    suspects = together.filter(pl.col("auc") > SUSPECT_AUC)
    if suspects.is_empty():
        return
    named = ", ".join(f"{name} ({auc:.3f})" for name, auc in suspects.iter_rows())
    raise InputError(
        f"{suspects.height} group(s) of features determine the outcome together, AUC above "
        f"{SUSPECT_AUC}: {named}. Probably the label is computed from them, or they were recorded "
        "after it; leave them out, or allow their features by name once they are explained"
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
