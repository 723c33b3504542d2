"""Who left, by a label that a snapshot declares: tested on persons held out in folds.

A snapshot has no time to hold out. What was recorded after a customer left cannot be told from what
was known before, so its figures say how well leavers are told apart, not how well foreseen.
"""

from datetime import date

import numpy as np
import polars as pl
from sklearn.model_selection import StratifiedKFold

from workbench.features import declared_label, last_terms, profile
from workbench.foundation.errors import ParameterError
from workbench.models.assessment import assess, calibration_verdict, ranks_verdict
from workbench.models.churn_result import (
    ChurnResult,
    assessed_persons,
    churn_outcomes,
    count_score_bands,
    counts_of_test,
    feature_columns,
    feature_table,
    require_outcomes,
    round_importance,
    windows_table,
)
from workbench.models.classifiers import Model, fit
from workbench.models.importance import group_importance, mean_over_folds
from workbench.models.leaks import refuse_leaks, single_feature_aucs
from workbench.privacy.release import EXACT, Release
from workbench.schema import CustomerData


def churn_snapshot(
    data: CustomerData,
    *,
    as_of: date,
    currency: str,
    seed: int,
    label: str = "churned",
    without: tuple[str, ...] = (),
    model: Model = "logistic",
    folds: int = 5,
    allowed: tuple[str, ...] = (),
    release: Release = EXACT,
) -> ChurnResult:
    """Model the label that a snapshot declares, tested on persons held out in folds.

    Parameters
    ----------
    data : CustomerData
        A view; demographics, attributes, tenure and the last contract term are the features.
    as_of : date
        Date from which tenure counts back.
    currency : str
        ISO 4217 of the contract's price.
    seed : int
        Of the folds and the model.
    label : str
        Attribute in namespace ``status`` that says who left.
    without : tuple of str
        Attributes (bare names) or demographics to leave out, for instance other statements of
        the outcome.
    model, allowed, release
        As in ``churn``.
    folds : int
        Number of folds, 2 or more.

    Raises
    ------
    ParameterError
        There is no such label, or fewer than two folds.
    InputError
        As in ``churn``.
    """
    labels = declared_label(data, attribute_name=label)
    stated = profile(data, without=(label, *without)).drop(without, strict=False)
    terms = last_terms(data, as_of=as_of, currency=currency)
    known = stated.join(terms, on="customer_id", how="left", maintain_order="left")
    return churn_in_folds(
        labels.join(known, on="customer_id", how="inner", maintain_order="left"),
        seed=seed,
        model=model,
        folds=folds,
        allowed=allowed,
        release=release,
        definition=f"Left is who the source itself marks as such (status {label}).",
    )


def churn_in_folds(
    rows: pl.DataFrame,
    *,
    seed: int,
    definition: str,
    model: Model = "logistic",
    folds: int = 5,
    allowed: tuple[str, ...] = (),
    release: Release = EXACT,
) -> ChurnResult:
    """Model a label over folds of persons.

    Parameters
    ----------
    rows : DataFrame, shape (persons, 2 + features)
        ``customer_id``, ``churned`` (Boolean) and features, one row per person.

    Notes
    -----
    Everything that learns (imputation, scaling, levels, model, calibration) learns inside the fold
    (Kohavi 1995, "A study of cross-validation and bootstrap for accuracy estimation", IJCAI). The
    scores of current customers are the same out-of-fold ones: nobody is scored by a model that has
    seen the outcome.
    """
    if folds < 2:
        raise ParameterError(f"folds is {folds}: it must be 2 or more")
    require_outcomes(rows, "snapshot")
    X, y = feature_columns(rows), churn_outcomes(rows)
    alone = single_feature_aucs(X, y, seed=seed)
    refuse_leaks(alone, allowed=allowed)
    found = np.zeros(rows.height)
    importance = []
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for learn, hold in splitter.split(np.zeros(rows.height), y):
        fitted = fit(X[learn], y[learn], model=model, seed=seed)
        found[hold] = fitted.scores(X[hold])
        importance.append(group_importance(fitted, X[hold], y[hold], seed=seed))
    persons = assessed_persons(rows, found)
    windows = windows_table([(None, rows)], release=release)
    assessment = assess(
        persons, how="out-of-fold", seed=seed, release=release, counts=counts_of_test(windows)
    )
    scored = persons.select("customer_id", "score")
    return ChurnResult(
        split="folds",
        definition=definition,
        model=model,
        assessment=assessment,
        windows=windows,
        features=feature_table(alone, persons, release=release),
        importance=round_importance(mean_over_folds(importance), release=release),
        verdicts=(ranks_verdict(assessment.auc), calibration_verdict(assessment)),
        assessed=persons,
        scores=scored,
        score_bands=count_score_bands(scored, release=release),
        origin=release.origin,
    )
