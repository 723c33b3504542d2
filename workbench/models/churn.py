"""Who will leave: a model tested on a later time than it was trained on.

Training cut-offs lie so far before the test cut-off that their label windows are over by then, and
the test's label window is over by ``as_of``. A single snapshot has no time to hold out; there
persons are held out, in folds, and the result says so (``split`` is "folds").
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from workbench.features import (
    Windows,
    churn_split,
    coverage,
    customer_features,
    declared_label,
    feature_dictionary,
    last_terms,
    no_order_within,
    profile,
)
from workbench.foundation.errors import InputError, ParameterError
from workbench.models.assessment import (
    Assessment,
    assess,
    calibration_verdict,
    gain_verdict,
    ranks_verdict,
)
from workbench.models.classifiers import Model, fit
from workbench.models.importance import group_importance, over_folds
from workbench.models.leaks import refuse_leaks, sample, single_feature_aucs
from workbench.schema import CustomerData
from workbench.statistics.estimates import Estimate
from workbench.statistics.intervals import wilson
from workbench.statistics.verdicts import Verdict

#: Persons of either outcome without whom neither training nor test means anything.
LEAST_OUTCOMES = 25
#: Training rows beyond which more do not improve the model but take memory.
_MOST_ROWS = 200_000
_RULE = "days_since_last_order"

Outcomes = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnResult:
    """A model of leaving and what held-out persons say about it.

    Attributes
    ----------
    split : {"time", "folds"}
        Whether a later time or other persons were held out.
    definition : str
        What leaving means here, in words.
    model : {"logistic", "boosting"}
    assessment : Assessment
    windows : DataFrame, shape (cut-offs, 9)
        One row per cut-off: ``part`` ("training", "test"), ``as_of``, ``label_from``,
        ``label_until`` (Date, null for folds), ``persons``, ``leavers``, ``rate``, ``low``,
        ``high``.
    features : DataFrame, shape (features, 6)
        ``feature``, ``group``, ``unit``, ``meaning``, ``auc`` (alone, on the test persons, .5 to
        1), ``direction``; the strongest first.
    importance : DataFrame, shape (groups, 6)
        As ``group_importance`` gives it.
    verdicts : tuple of Verdict
    assessed : DataFrame, shape (test persons, 3)
        ``customer_id``, ``score``, ``churned``: for an audit of the scores, never shown.
    scores : DataFrame, shape (current customers, 2)
        ``customer_id``, ``score``: for the vault, never shown.
    """

    split: Literal["time", "folds"]
    definition: str
    model: Model
    assessment: Assessment
    windows: pl.DataFrame
    features: pl.DataFrame
    importance: pl.DataFrame
    verdicts: tuple[Verdict, ...]
    assessed: pl.DataFrame
    scores: pl.DataFrame

    @property
    def auc(self) -> Estimate:
        """The AUC on held-out persons."""
        return self.assessment.auc

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """All figures, the AUC first."""
        return self.assessment.estimates

    def _repr_html_(self) -> str:
        lines = "".join(
            f"<li>{verdict.question} <strong>{verdict.outcome}</strong>. {verdict.answer}</li>"
            for verdict in self.verdicts
        )
        return f"<p>{self.definition}</p><ul>{lines}</ul>"


def churn(
    data: CustomerData,
    *,
    as_of: date,
    currency: str,
    horizon_days: int,
    seed: int,
    gap_days: int = 0,
    history_days: int | None = None,
    active_days: int | None = 365,
    min_history_days: int = 90,
    model: Model = "logistic",
    data_until: date | None = None,
    allowed: tuple[str, ...] = (),
) -> ChurnResult:
    """Model who will place no order within a horizon, and test it on a later time.

    Parameters
    ----------
    data : CustomerData
        A view.
    as_of : date
        Scoring date: nothing from its first moment (UTC) on is used.
    currency : str
        ISO 4217; orders in another are left out.
    horizon_days, gap_days : int
        Left is who has no order day in ``[cut-off + gap, cut-off + gap + horizon)``.
    seed : int
    history_days : int, optional
        Features see this many days before a cut-off; None for all.
    active_days : int, optional
        Population: customers with an order day in this many days before the cut-off.
    min_history_days : int
        Days of data that a cut-off needs before it.
    model : {"logistic", "boosting"}
    data_until : date, optional
        First day that the data do not cover; see ``coverage``.
    allowed : tuple of str
        Features whose high AUC on their own has been explained.

    Raises
    ------
    ParameterError
        ``as_of`` lies outside the data, or no training cut-off has enough history; the message
        has the needed numbers.
    InputError
        Too few left or stayed, or a feature tells the outcome on its own.
    """
    covered = coverage(data, data_until=data_until)
    split = churn_split(
        covered,
        as_of=as_of,
        horizon_days=horizon_days,
        gap_days=gap_days,
        min_history_days=min_history_days,
    )
    parts: list[tuple[Windows | None, pl.DataFrame]] = []
    for cut_off in (*split.train_on, split.test_on):
        windows = split.windows(cut_off, history_days=history_days)
        windows.require(covered, min_history_days=min_history_days)
        labels = no_order_within(data, windows, currency=currency, active_days=active_days)
        known = customer_features(
            data, as_of=cut_off, currency=currency, history_days=history_days
        ).rows
        parts.append((windows, _with_features(labels, known)))
    training = pl.concat([rows for _, rows in parts[:-1]], how="diagonal_relaxed")
    test = parts[-1][1]
    _require_outcomes(training, "training cut-offs")
    _require_outcomes(test, "test cut-off")
    alone = single_feature_aucs(_inputs(test), _outcomes(test), seed=seed)
    refuse_leaks(alone, allowed=allowed)

    learnt = training[sample(training.height, _MOST_ROWS, seed=seed)]
    fitted = fit(_inputs(learnt), _outcomes(learnt), model=model, seed=seed)
    y, found = _outcomes(test), fitted.scores(_inputs(test))
    assessment = assess(y, found, how="out-of-time", seed=seed)
    rule = test[_RULE].fill_null(0).to_numpy().astype(np.float64)
    current = _current(data, as_of, currency, history_days, active_days)
    return ChurnResult(
        split="time",
        definition=_definition(horizon_days, gap_days, active_days),
        model=model,
        assessment=assessment,
        windows=_windows_table(parts),
        features=_feature_table(alone),
        importance=group_importance(fitted, _inputs(test), y, seed=seed),
        verdicts=(
            ranks_verdict(assessment.auc),
            gain_verdict(y, found, rule, rule_name="days since the last order alone"),
            calibration_verdict(assessment),
        ),
        assessed=_assessed(test, found),
        scores=current.select("customer_id", score=pl.Series(fitted.scores(current))),
    )


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
    model, allowed
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
    _require_outcomes(rows, "snapshot")
    X, y = _inputs(rows), _outcomes(rows)
    alone = single_feature_aucs(X, y, seed=seed)
    refuse_leaks(alone, allowed=allowed)
    found = np.zeros(rows.height)
    importance = []
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for learn, hold in splitter.split(np.zeros(rows.height), y):
        fitted = fit(X[learn], y[learn], model=model, seed=seed)
        found[hold] = fitted.scores(X[hold])
        importance.append(group_importance(fitted, X[hold], y[hold], seed=seed))
    assessment = assess(y, found, how="out-of-fold", seed=seed)
    assessed = _assessed(rows, found)
    return ChurnResult(
        split="folds",
        definition=definition,
        model=model,
        assessment=assessment,
        windows=_windows_table([(None, rows)]),
        features=_feature_table(alone),
        importance=over_folds(importance),
        verdicts=(ranks_verdict(assessment.auc), calibration_verdict(assessment)),
        assessed=assessed,
        scores=assessed.select("customer_id", "score"),
    )


def _current(
    data: CustomerData,
    as_of: date,
    currency: str,
    history_days: int | None,
    active_days: int | None,
) -> pl.DataFrame:
    """Return the features of the customers who are active at the scoring date."""
    known = customer_features(data, as_of=as_of, currency=currency, history_days=history_days).rows
    bought = pl.col(_RULE).is_not_null()
    return known.filter(bought if active_days is None else bought & (pl.col(_RULE) <= active_days))


def _with_features(labels: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    return labels.join(known, on="customer_id", how="left", maintain_order="left")


def _inputs(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.drop("churned")


def _outcomes(rows: pl.DataFrame) -> Outcomes:
    return rows["churned"].to_numpy().astype(bool)


def _require_outcomes(rows: pl.DataFrame, where: str) -> None:
    left = int(rows["churned"].sum())
    stayed = rows.height - left
    if min(left, stayed) < LEAST_OUTCOMES:
        raise InputError(
            f"too few persons for a churn model: the {where} have {left} who left and {stayed} who "
            f"stayed, {LEAST_OUTCOMES} of each are needed; take another horizon_days or more data"
        )


def _definition(horizon_days: int, gap_days: int, active_days: int | None) -> str:
    after = f" after a gap of {gap_days} days" if gap_days else ""
    who = "ever" if active_days is None else f"in the last {active_days} days"
    return (
        f"Left is who places no order within {horizon_days} days{after}; "
        f"counted are customers who ordered {who}."
    )


def _windows_table(parts: list[tuple[Windows | None, pl.DataFrame]]) -> pl.DataFrame:
    lines = []
    for place, (windows, rows) in enumerate(parts):
        left, n = int(rows["churned"].sum()), rows.height
        low, high = wilson(left, n)
        days = (windows.as_of, windows.label_from, windows.label_until) if windows else (None,) * 3
        part = "test" if place == len(parts) - 1 else "training"
        name = part if windows else "folds"
        lines.append((name, *days, n, left, left / n, float(low), float(high)))
    schema = {
        "part": pl.String,
        "as_of": pl.Date,
        "label_from": pl.Date,
        "label_until": pl.Date,
        "persons": pl.Int64,
        "leavers": pl.Int64,
        "rate": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
    }
    return pl.DataFrame(lines, schema=schema, orient="row")


def _feature_table(alone: pl.DataFrame) -> pl.DataFrame:
    described = feature_dictionary(alone["feature"].to_list())
    return pl.concat([described, alone.select("auc", "direction")], how="horizontal")


def _assessed(rows: pl.DataFrame, scores: NDArray[np.float64]) -> pl.DataFrame:
    return rows.select("customer_id", score=pl.Series(scores), churned="churned")
