"""Models of a label that a snapshot contains, tested in folds of held-out persons.

A snapshot has no later time for a test. Values recorded after a customer got the label look like
values recorded before, so the figures measure how well the model recognises customers who have the
label, not how well it predicts. A random split also flatters whatever drifts: on the public bank
data it gives an AUC of .79 to .80, and tests on later calls .33 to .71. Where the user declares an
attribute by which persons are in time order, persons are held out in this order instead: each part
is scored by a model that was trained on all earlier parts.
"""

from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from workbench.features import declared_label, last_terms, profile
from workbench.foundation.errors import InputError, ParameterError, unknown_name
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
from workbench.models.content_order import order_by_content
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

#: Column of the time order while rows are ordered; no feature has this name.
_TIME = "time order of the row"

Places = NDArray[np.int64]


def churn_snapshot(
    data: CustomerData,
    *,
    as_of: date,
    currency: str,
    seed: int,
    label: str = "churned",
    time_order: str | None = None,
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
    time_order : str, optional
        Attribute (named without namespace) whose values put the customers in time order, numbers or
        ISO dates: the number of a call, the day of a statement. It is no feature.
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
        The label or the attribute of the time order does not exist, or there are fewer than two
        folds.
    InputError
        Too few customers have the label or have it not, or a feature or a group of features
        determines the outcome.
    """
    labels = declared_label(data, attribute_name=label)
    stated = profile(data, without=(label, *without)).drop(without, strict=False)
    terms = last_terms(data, as_of=as_of, currency=currency)
    known = stated.join(terms, on="customer_id", how="left", maintain_order="left")
    rows = labels.join(known, on="customer_id", how="inner", maintain_order="left")
    order = None
    if time_order is not None:
        name = _column_of(rows, time_order)
        rows, order = rows.drop(name), rows[name]
    return churn_in_folds(
        rows,
        order=order,
        seed=seed,
        model=model,
        folds=folds,
        allowed=allowed,
        release=release,
        definition=f"The source itself gives customers the label {label}, whatever it means there.",
        words=declared_words(label),
    )


def _column_of(rows: pl.DataFrame, attribute: str) -> str:
    """Return the column of an attribute that is named without its namespace."""
    names = {name.partition(".")[2]: name for name in rows.columns if "." in name}
    if attribute not in names:
        raise ParameterError(unknown_name("attribute of the time order", attribute, names))
    return names[attribute]


def churn_in_folds(
    rows: pl.DataFrame,
    *,
    seed: int,
    definition: str,
    order: pl.Series | None = None,
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
    order : Series, shape (persons,), optional
        Values that put the persons in time order; without it, folds are drawn at random.
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
    it and have no score there. In time order, the first part is only learned from: its scores come
    from a model of the later parts, and no figure counts them.
    """
    if folds < 2:
        raise ParameterError(f"folds is {folds}: it must be 2 or more")
    require_outcomes(rows, "snapshot")
    rows, order = _order_rows(rows, order, seed)
    parts = None if order is None else _parts_in_order(rows, order, folds)
    is_tested = np.ones(rows.height, dtype=bool) if parts is None else parts > 0
    X, y = feature_columns(rows), churn_outcomes(rows)
    alone = single_feature_aucs(X.filter(is_tested), y[is_tested], seed=seed)
    together = group_aucs(X.filter(is_tested), y[is_tested], seed=seed, allowed=allowed)
    refuse_leaks(alone, together, allowed=allowed)
    found = np.zeros(rows.height)
    importance = []
    for learn, hold in _random_folds(y, folds, seed) if parts is None else _later_parts(parts):
        fitted = fit(X[learn], y[learn], model=model, seed=seed)
        found[hold] = fitted.scores(X[hold])
        if is_tested[hold].all():
            importance.append(group_importance(fitted, X[hold], y[hold], seed=seed))
    scores = assessed_persons(rows, found)
    persons, first = scores.filter(is_tested), rows.filter(~is_tested)
    windows = windows_table(
        [(None, each) for each in (first, rows.filter(is_tested)) if each.height], release=release
    )
    assessment = assess(
        persons,
        how="out-of-fold" if parts is None else "out-of-time",
        seed=seed,
        words=words,
        release=release,
        counts=counts_of_test(windows),
    )
    scored = scores.filter(~pl.col("churned")).select("customer_id", "score")
    return ChurnResult(
        split="folds" if parts is None else "order",
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


def _order_rows(
    rows: pl.DataFrame, order: pl.Series | None, seed: int
) -> tuple[pl.DataFrame, pl.Series | None]:
    """Return rows in the order of their content, and the values of the time order with them."""
    if order is None:
        return order_by_content(rows, seed=seed), None
    ordered = order_by_content(rows.with_columns(order.alias(_TIME)), seed=seed)
    return ordered.drop(_TIME), ordered[_TIME]


def _random_folds(y: NDArray[np.bool_], folds: int, seed: int) -> Iterator[tuple[Places, Places]]:
    """Yield the rows to learn from and the rows to hold out, at random."""
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    yield from splitter.split(np.zeros(y.size), y)


def _parts_in_order(rows: pl.DataFrame, order: pl.Series, folds: int) -> Places:
    """Return the part of each row: 0 for the earliest, one more for each later part.

    Parts have about equal numbers of rows; rows with equal values are in one part.
    """
    unknown = order.null_count()
    if unknown:
        raise InputError(
            f"the time order lacks a value for {unknown} of {rows.height} persons: leave these "
            "persons out of the file, or use another attribute"
        )
    ranks = order.rank("min").to_numpy().astype(np.int64) - 1
    parts: Places = np.unique(ranks * folds // rows.height, return_inverse=True)[1]
    if parts.max() == 0:
        raise InputError("the time order has one value for all persons: there is no later part")
    for part in range(parts.max() + 1):
        require_outcomes(rows.filter(parts == part), "persons of one part of the time order")
    return parts


def _later_parts(parts: Places) -> Iterator[tuple[Places, Places]]:
    """Yield each part with all earlier ones to learn from; the first part with all later ones."""
    for part in range(parts.max() + 1):
        learn = parts < part if part else parts > 0
        yield np.flatnonzero(learn), np.flatnonzero(parts == part)
