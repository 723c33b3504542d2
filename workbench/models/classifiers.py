"""Two churn models, both with scores that are calibrated probabilities.

Neither model weights classes, because "balanced" weights ruin calibration (ECE .149) and therefore
decisions by expected profit (they lose a quarter of the profit, on Telco).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    RobustScaler,
    StandardScaler,
)
from threadpoolctl import threadpool_limits

from workbench.features import feature_group
from workbench.foundation.errors import ParameterError, unknown_name
from workbench.models.content_order import number_customers, order_by_content
from workbench.models.matrix import Design

Model = Literal["logistic", "boosting"]

#: Number of rows scored at a time, which limits the memory of the arrays.
_CHUNK = 16_384
#: Decimals of a score, so that equal inputs give equal scores for any number of threads.
SCORE_DECIMALS = 6
#: Smallest number of training rows for which the scores of a logistic model are recalibrated. With
#: fewer rows an isotonic curve would mostly create ties, which lower the AUC.
_RECALIBRATED_ROWS = 10_000
#: Column of the outcome while rows are ordered; no feature has this name.
_OUTCOME = "outcome of the row"


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A fitted model with its design."""

    design: Design
    model: Any

    def scores(self, rows: pl.DataFrame) -> NDArray[np.float64]:
        """Return the probability of the label for each row, 0 to 1, rounded to six decimals."""
        with threadpool_limits(1):
            parts = [
                self.model.predict_proba(self.design.array(part))[:, 1] for part in _chunks(rows)
            ]
        found = np.concatenate(parts) if parts else np.empty(0)
        return np.round(found, SCORE_DECIMALS)


def fit(rows: pl.DataFrame, outcomes: NDArray[np.bool_], *, model: Model, seed: int) -> FittedModel:
    """Fit a churn model.

    Parameters
    ----------
    rows : DataFrame, shape (n, 1 + features)
        ``customer_id`` and features; a customer may have one row per cut-off.
    outcomes : array of bool, shape (n,)
        True for customers with the label.
    model : {"logistic", "boosting"}
        Logistic regression on log-transformed, standardised numbers and indicators, from 10,000
        rows on with an isotonic curve over its scores (Zadrozny and Elkan 2002); or gradient
        boosted trees whose scores are calibrated by a logistic curve (Platt 1999). Curves are
        fitted over folds of the training customers; all rows of a customer are in one fold.
    seed : int
        Seed of the folds and trees.

    Notes
    -----
    Rows are learned from in the order of their content, so that neither the order in which they are
    given nor pseudonyms change the model.
    """
    if model not in get_args(Model):
        raise ParameterError(unknown_name("model", model, get_args(Model)))
    design = Design.of(rows)
    known = order_by_content(rows.with_columns(pl.Series(_OUTCOME, outcomes)), seed=seed)
    X, y = design.array(known), known[_OUTCOME].to_numpy().astype(np.int8)
    with threadpool_limits(1):  # One thread adds in one order, so equal inputs give equal models.
        if model == "logistic":
            chosen, method, folds = _logistic_regression(design), "isotonic", 3
        else:
            chosen, method, folds = _boosted_trees(design, seed), "sigmoid", 5
        if model == "logistic" and rows.height < _RECALIBRATED_ROWS:
            return FittedModel(design, chosen.fit(X, y))
        groups = number_customers(known, seed=seed)
        splits = GroupKFold(folds, shuffle=True, random_state=seed).split(X, y, groups)
        calibrated = CalibratedClassifierCV(chosen, method=method, cv=list(splits), ensemble=False)
        return FittedModel(design, calibrated.fit(X, y))


def _logistic_regression(design: Design) -> Any:
    is_stated = np.array([feature_group(name) == "profile" for name in design.numbers], dtype=bool)
    counted, stated = np.flatnonzero(~is_stated), np.flatnonzero(is_stated)
    texts = np.arange(len(design.numbers), len(design.names))
    # Counts and amounts of the feature table are skewed, so their logarithm is used, with the sign
    # of trends below zero. Values of profiles are not transformed. The median of a feature is
    # subtracted, so that 0 in place of a missing value is the median: ``SimpleImputer`` itself
    # takes .20 CPU s for the medians of 40 features of 120,000 rows, ``RobustScaler`` .05 (measured
    # by hand).
    filled = SimpleImputer(strategy="constant", fill_value=0.0, add_indicator=True)
    scaled = [RobustScaler(with_scaling=False), filled, StandardScaler()]
    logged = make_pipeline(FunctionTransformer(_signed_log), *scaled)
    known = [np.arange(len(levels), dtype=np.float64) for _, levels in design.levels]
    flags = OneHotEncoder(categories=known, handle_unknown="ignore", sparse_output=False)
    columns = ColumnTransformer(
        [
            ("counted", logged, counted),
            ("stated", clone(make_pipeline(*scaled)), stated),
            ("texts", flags, texts),
        ]
    )
    return make_pipeline(columns, LogisticRegression(C=1.0, max_iter=2000))


def _boosted_trees(design: Design, seed: int) -> Any:
    is_text = [False] * len(design.numbers) + [True] * len(design.levels)
    return HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=150,
        max_leaf_nodes=15,
        min_samples_leaf=40,
        l2_regularization=1.0,
        categorical_features=is_text,
        early_stopping=False,
        random_state=seed,
    )


def _signed_log(values: NDArray[np.float64]) -> NDArray[np.float64]:
    size: NDArray[np.float64] = np.abs(values)
    np.log1p(size, out=size)
    np.copysign(size, values, out=size)
    return size


def _chunks(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    for start in range(0, rows.height, _CHUNK):
        yield rows.slice(start, _CHUNK)
