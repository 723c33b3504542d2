"""What a churn model comes back with, however persons were held out."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from workbench.features import Windows, feature_dictionary
from workbench.foundation.errors import InputError
from workbench.models.assessment import Assessment, Outcomes, Scores
from workbench.models.classifiers import Model
from workbench.statistics.estimates import Estimate
from workbench.statistics.intervals import wilson
from workbench.statistics.verdicts import Verdict

#: Persons of either outcome without whom neither training nor test means anything.
LEAST_OUTCOMES = 25


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


def inputs(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what a model may see: everything but the label."""
    return rows.drop("churned")


def outcomes(rows: pl.DataFrame) -> Outcomes:
    """Return who left, shape (n,)."""
    return rows["churned"].to_numpy().astype(bool)


def require_outcomes(rows: pl.DataFrame, where: str) -> None:
    """Refuse persons of whom too few left or stayed."""
    left = int(rows["churned"].sum())
    stayed = rows.height - left
    if min(left, stayed) < LEAST_OUTCOMES:
        raise InputError(
            f"too few persons for a churn model: the {where} have {left} who left and {stayed} who "
            f"stayed, {LEAST_OUTCOMES} of each are needed; take another horizon_days or more data"
        )


def windows_table(parts: list[tuple[Windows | None, pl.DataFrame]]) -> pl.DataFrame:
    """Return one line per cut-off; see ``ChurnResult.windows``. The last cut-off is the test."""
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


def feature_table(alone: pl.DataFrame) -> pl.DataFrame:
    """Return the features, described; see ``ChurnResult.features``."""
    described = feature_dictionary(alone["feature"].to_list())
    return pl.concat([described, alone.select("auc", "direction")], how="horizontal")


def assessed_persons(rows: pl.DataFrame, scores: Scores) -> pl.DataFrame:
    """Return held-out persons with score and outcome; see ``ChurnResult.assessed``."""
    return rows.select("customer_id", score=pl.Series(scores), churned="churned")
