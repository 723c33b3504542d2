"""Models of a label that a snapshot contains, tested in folds of held-out persons.

A snapshot has no later time for a test. Values recorded after a customer got the label look like
values recorded before, so the figures measure how well the model recognises customers who have the
label, not how well it predicts. A random split also flatters whatever drifts: on the public bank
data it gives an AUC of .79 to .80, and tests on later calls .33 to .71.
"""

from datetime import date

import numpy as np
import polars as pl
from sklearn.model_selection import StratifiedKFold

from workbench.features import declared_label, last_terms, profile
from workbench.foundation.errors import ParameterError
from workbench.models.assessment import LabelWords, assess, declared_words
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
from workbench.models.outcome_leaks import (
    doubt_about_leaks,
    group_aucs,
    refuse_leaks,
    single_feature_aucs,
)
from workbench.models.score_verdicts import calibration_verdict, ranks_verdict
from workbench.privacy.release import EXACT, Release
from workbench.schema import CustomerData

#: Words of the usual label.
DECLARED = declared_words("churned")


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
    """Model the label of a snapshot, and test the model in folds of held-out persons.

    Parameters
    ----------
    data : CustomerData
        Data of a view; demographics, attributes, tenure and the last contract term are the
        features.
    as_of : date
        Date at which tenure ends.
    currency : str
        ISO 4217 code of the contract's price.
    seed : int
        Seed of the folds and the model.
    label : str
        Attribute in namespace ``status`` that marks customers; it need not mean leaving.
    without : tuple of str
        Attributes (named without namespace) or demographics to leave out, for instance other
        statements of the outcome.
    model, allowed, release
        Parameters of ``churn``.
    folds : int
        Number of folds, 2 or more.

    Raises
    ------
    ParameterError
        The label does not exist, or there are fewer than two folds.
    InputError
        Too few customers have the label or have it not, or a feature or a group of features
        determines the outcome.
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
        definition=f"The source itself gives customers the label {label}, whatever it means there.",
        words=declared_words(label),
    )


def churn_in_folds(
    rows: pl.DataFrame,
    *,
    seed: int,
    definition: str,
    words: LabelWords = DECLARED,
    model: Model = "logistic",
    folds: int = 5,
    allowed: tuple[str, ...] = (),
    release: Release = EXACT,
) -> ChurnResult:
    """Model a label over folds of persons.

    Parameters
    ----------
    rows : DataFrame, shape (persons, 2 + features)
        ``customer_id``, ``churned`` (Boolean, the label) and features, one row per person.
    seed : int
        Seed of the folds and the model.
    definition : str
        Definition of the label, in words.
    words : LabelWords
        Short words of the label.
    model, folds, allowed, release
        Parameters of ``churn_snapshot``.

    Notes
    -----
    All steps that learn (imputation, scaling, levels, model, calibration) are fitted inside the
    fold (Kohavi 1995, "A study of cross-validation and bootstrap for accuracy estimation", IJCAI).
    The scores of current customers are these out-of-fold scores, so that no customer is scored by a
    model that was trained on their outcome. Customers who have the label already are not at risk of
    it and have no score there.
    """
    if folds < 2:
        raise ParameterError(f"folds is {folds}: it must be 2 or more")
    require_outcomes(rows, "snapshot")
    X, y = feature_columns(rows), churn_outcomes(rows)
    alone = single_feature_aucs(X, y, seed=seed)
    together = group_aucs(X, y, seed=seed, allowed=allowed)
    refuse_leaks(alone, together, allowed=allowed)
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
        persons,
        how="out-of-fold",
        seed=seed,
        words=words,
        release=release,
        counts=counts_of_test(windows),
    )
    scored = persons.filter(~pl.col("churned")).select("customer_id", "score")
    return ChurnResult(
        split="folds",
        definition=definition,
        model=model,
        assessment=assessment,
        windows=windows,
        features=feature_table(alone, persons, release=release),
        importance=round_importance(mean_over_folds(importance), release=release),
        verdicts=(
            ranks_verdict(assessment.auc, words=words),
            calibration_verdict(
                assessment, doubt=doubt_about_leaks(alone, together, allowed=allowed)
            ),
        ),
        assessed=persons,
        scores=scored,
        score_bands=count_score_bands(scored, release=release),
        origin=release.origin,
    )
