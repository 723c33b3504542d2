"""Assess scores on persons on whom the model was not trained: the figures.

The functions take scored persons and depend on no model. The release makes every figure before a
verdict (``score_verdicts``) uses it, so that a verdict follows from the figures that are shown.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.models.score_tables import (
    PARTS,
    SMALLEST_SCORE,
    calibration_table,
    gains_table,
    group_count,
    released_calibration_error,
)
from workbench.privacy.release import (
    EXACT,
    Release,
    rounded_figure,
    shares,
)
from workbench.statistics.auc import auc_interval
from workbench.statistics.calibration import (
    Coefficient,
    calibration_error,
    calibration_intercept,
    calibration_slope,
    squared_errors,
)
from workbench.statistics.estimates import Estimate
from workbench.statistics.resampling import Counts, percentile_interval

#: Decimals of the calibration error under right scores; one person changes it by less.
_NULL_DECIMALS = 3

Outcomes = NDArray[np.bool_]
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelWords:
    """The label of a model in words, so that no page calls silence leaving.

    Attributes
    ----------
    bearers, others : str
        Customers with the label and customers without it: "customers who place no order".
    past : str
        What the bearers did: "placed no order".
    having : str
        The label as an activity: "placing no order".
    """

    bearers: str
    others: str
    past: str
    having: str


#: Words of the label that a customer places no order in the label window.
SILENCE = LabelWords(
    bearers="customers who place no order",
    others="customers who place one",
    past="placed no order",
    having="placing no order",
)


def declared_words(label: str) -> LabelWords:
    """Return the words of a label that the source itself contains, whatever it means there."""
    return LabelWords(
        bearers=f"customers with the label {label}",
        others="customers without it",
        past=f"had the label {label}",
        having=f"having the label {label}",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Figures about the quality of scores, from held-out persons.

    Attributes
    ----------
    words : LabelWords
        The label in words.
    auc, base_rate, brier, calibration_error, lift : Estimate
        Figures of the scores. The interval of ``calibration_error`` reaches ``null_95`` to both
        sides, which covers its true value because errors of groups add up at most.
    slope, intercept : Estimate
        Slope of the calibration line and calibration in the large, on the logit scale; see
        ``statistics.calibration``. The slope has no value if all scores are equal.
    predicted : Estimate
        Mean score.
    calibration, gains : DataFrame
        Results of ``calibration_table`` and ``gains_table``.
    null_95 : Estimate
        95th percentile of the calibration error if scores were the true probabilities.
    """

    words: LabelWords
    auc: Estimate
    base_rate: Estimate
    brier: Estimate
    calibration_error: Estimate
    slope: Estimate
    intercept: Estimate
    lift: Estimate
    predicted: Estimate
    calibration: pl.DataFrame
    gains: pl.DataFrame
    null_95: Estimate

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """All figures, the AUC first."""
        return (
            self.auc,
            self.base_rate,
            self.lift,
            self.brier,
            self.slope,
            self.intercept,
            self.calibration_error,
        )


def assess(
    persons: pl.DataFrame,
    *,
    how: str,
    seed: int,
    words: LabelWords = SILENCE,
    release: Release = EXACT,
    counts: tuple[int, int] | None = None,
) -> Assessment:
    """Return figures and tables about scores of held-out persons.

    Parameters
    ----------
    persons : DataFrame, shape (persons, 3)
        ``customer_id``, ``score`` (0 to 1) and ``churned`` (Boolean, the label).
    how : str
        Kind of the held-out persons, as the reader sees it: "out-of-time", "out-of-fold".
    seed : int
        Seed of the calibration null and the resampled lift.
    words : LabelWords
        The label in words.
    release : Release
        Release that makes every figure; for figures to be shown, the view's (``view.release``).
    counts : (int, int), optional
        Number of persons, and number of those with the label, if the release has counted them
        before; another count would be another draw of noise.
    """
    outcomes, scores = persons["churned"].to_numpy().astype(bool), persons["score"].to_numpy()
    if counts is None:
        counted = release.counts(persons, of={"left": pl.col("churned")})
        counts = int(counted["persons"][0]), int(counted["left"][0])
    n, left = counts
    means = release.means(
        persons.with_columns(squared=pl.Series(squared_errors(outcomes, scores))),
        of={"squared": SMALLEST_SCORE, "score": SMALLEST_SCORE},
    ).row(0, named=True)
    rate = shares([left], [n], release=release)
    base_rate = Estimate(
        name="base_rate",
        value=float(rate.value[0]),
        low=float(rate.low[0]),
        high=float(rate.high[0]),
        n=n,
        unit="share",
        label=f"Share that {words.past}, {how}",
        note=rate.bound[0] or "Wilson interval, exact for few",
        origin=release.origin,
    )
    groups = group_count(n, release=release)
    calibration = calibration_table(persons, release=release, groups=groups)
    error = calibration_error(outcomes, scores, seed=seed, bins=groups, noise=release.variance)
    null_95 = error.null_95 if release.is_exact else round(error.null_95, _NULL_DECIMALS)
    auc = rounded_figure(*auc_interval(outcomes, scores), release=release)
    ece = error.ece if release.is_exact else released_calibration_error(calibration)
    return Assessment(
        words=words,
        auc=Estimate(
            name="auc",
            value=auc.value,
            low=auc.low,
            high=auc.high,
            n=n,
            unit="AUC",
            label=f"AUC, {how}",
            note=f"how often {words.bearers} rank above {words.others}; logit-DeLong interval",
            origin=release.origin,
        ),
        base_rate=base_rate,
        brier=Estimate(
            name="brier",
            value=means["squared"],
            low=means["squared_low"],
            high=means["squared_high"],
            n=n,
            unit="squared error",
            label=f"Brier score, {how}",
            note="mean squared distance of scores from what happened; t interval",
            origin=release.origin,
        ),
        calibration_error=Estimate(
            name="calibration_error",
            value=ece,
            low=max(ece - null_95, 0.0),
            high=ece + null_95,
            n=n,
            unit="share",
            label=f"Expected calibration error, {how}",
            note=(
                f"right scores would show up to {null_95:.1%} in 95 of 100 samples; limits are so "
                "far from the figure"
            ),
            origin=release.origin,
        ),
        slope=_coefficient_estimate(
            calibration_slope(outcomes, scores),
            name="calibration_slope",
            label=f"Slope of the outcome over the scores, {how}",
            note="logit scale; 1 for right scores, below 1 for scores that are too extreme",
            n=n,
            release=release,
        ),
        intercept=_coefficient_estimate(
            calibration_intercept(outcomes, scores),
            name="calibration_intercept",
            label=f"Intercept of the outcome over the scores, {how}",
            note="logit scale; 0 for right scores, below 0 for scores that are too high",
            n=n,
            release=release,
        ),
        lift=_lift_estimate(calibration, how=how, seed=seed, words=words, release=release),
        predicted=Estimate(
            name="predicted_rate",
            value=min(max(means["score"], 0.0), 1.0),  # Noise may lead beyond 0 and 1.
            n=n,
            unit="share",
            label=f"Mean score, {how}",
            origin=release.origin,
        ),
        calibration=calibration,
        gains=gains_table(calibration),
        null_95=Estimate(
            name="calibration_error_null",
            value=null_95,
            n=n,
            unit="share",
            label="Calibration error that right scores would show in 95 of 100 samples, at most",
            origin=release.origin,
        ),
    )


def _coefficient_estimate(
    found: Coefficient | None, *, name: str, label: str, note: str, n: int, release: Release
) -> Estimate:
    if found is None:
        why = "there is no slope: all scores are equal, or they divide the outcomes"
        return Estimate(
            name=name, value=None, n=n, unit="logit", label=label, note=why, origin=release.origin
        )
    rounded = rounded_figure(*found, release=release)
    return Estimate(
        name=name,
        value=rounded.value,
        low=rounded.low,
        high=rounded.high,
        n=n,
        unit="logit",
        label=label,
        note=note,
        origin=release.origin,
    )


def _lift_estimate(
    calibration: pl.DataFrame, *, how: str, seed: int, words: LabelWords, release: Release
) -> Estimate:
    """Return the lift of the highest tenth, from the counts of the calibration table."""
    top = calibration.row(by_predicate=pl.col("group") == calibration["group"].max(), named=True)
    n, left = int(calibration["persons"].sum()), round(calibration["middle"].sum())
    inside, left_inside = int(top["persons"]), round(top["middle"])
    cells = np.array(
        [
            [left_inside, max(inside - left_inside, 0)],
            [max(left - left_inside, 0), max(n - inside - left + left_inside, 0)],
        ]
    )
    low, high = percentile_interval(cells, _lifts, seed=seed, noise=release.variance)
    return Estimate(
        name="lift",
        value=float(_lifts(cells[None])[0]),
        low=low,
        high=high,
        n=n,
        unit="times",
        label=(
            f"How many times as many in the highest {PARTS[calibration.height - 1]} {words.past} "
            f"as on average, {how}"
        ),
        note="percentile interval from resampled counts",
        origin=release.origin,
    )


def _lifts(cells: Counts) -> Scores:
    with np.errstate(invalid="ignore", divide="ignore"):
        in_top = cells[:, 0, 0] / cells[:, 0].sum(axis=1)
        overall = cells[:, :, 0].sum(axis=1) / cells.sum(axis=(1, 2))
        lift: Scores = in_top / overall
    return lift
