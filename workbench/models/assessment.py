"""Assess scores on persons on whom the model was not trained: figures and verdicts.

The functions take scored persons and depend on no model. The release makes every figure before a
verdict uses it, so that a verdict follows from the figures that are shown.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

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
    Rounded,
    calibration_gap,
    rounded_figure,
    shares,
)
from workbench.statistics.auc import auc_difference, auc_interval
from workbench.statistics.calibration import calibration_error, squared_errors
from workbench.statistics.comparisons import needed_size_for_precision
from workbench.statistics.estimates import Estimate
from workbench.statistics.intervals import critical_value
from workbench.statistics.resampling import Counts, percentile_interval
from workbench.statistics.sample_sizes import round_up_two_digits
from workbench.statistics.verdicts import Outcome, Verdict

#: AUC below which a ranking is useless, whatever its p-value.
USELESS_AUC = 0.55
#: Gain in AUC over a simple rule below which the model is useless.
USELESS_GAIN = 0.01
#: Largest difference between mean score and observed share of a calibrated model.
CALIBRATION_TOLERANCE, _IN_WORDS = 0.03, "three percentage points"
#: Decimals of the calibration error under right scores; one person changes it by less.
_NULL_DECIMALS = 3

Outcomes = NDArray[np.bool_]
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Figures about the quality of scores, from held-out persons.

    Attributes
    ----------
    auc, base_rate, brier, calibration_error, lift : Estimate
        Figures of the scores. ``calibration_error`` has no interval; its note contains the 95th
        percentile of its null distribution.
    calibration_gap : Estimate
        Share that left less mean score.
    predicted : Estimate
        Mean score.
    calibration, gains : DataFrame
        Results of ``calibration_table`` and ``gains_table``.
    null_95 : Estimate
        95th percentile of the calibration error if scores were the true probabilities.
    """

    auc: Estimate
    base_rate: Estimate
    brier: Estimate
    calibration_error: Estimate
    calibration_gap: Estimate
    lift: Estimate
    predicted: Estimate
    calibration: pl.DataFrame
    gains: pl.DataFrame
    null_95: Estimate

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """All figures, the AUC first."""
        return (self.auc, self.base_rate, self.lift, self.brier, self.calibration_error)


def assess(
    persons: pl.DataFrame,
    *,
    how: str,
    seed: int,
    release: Release = EXACT,
    counts: tuple[int, int] | None = None,
) -> Assessment:
    """Return figures and tables about scores of held-out persons.

    Parameters
    ----------
    persons : DataFrame, shape (persons, 3)
        ``customer_id``, ``score`` (0 to 1) and ``churned`` (Boolean, whether the person left).
    how : str
        Kind of the held-out persons, as the reader sees it: "out-of-time", "out-of-fold".
    seed : int
        Seed of the calibration null and the resampled lift.
    release : Release
        Release that makes every figure; for figures to be shown, the view's (``view.release``).
    counts : (int, int), optional
        Number of persons, and number of those who left, if the release has counted them before;
        another count would be another draw of noise.
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
        label=f"Share that left, {how}",
        note=rate.bound[0] or "Wilson interval, exact for few",
        origin=release.origin,
    )
    groups = group_count(n, release=release)
    calibration = calibration_table(persons, release=release, groups=groups)
    error = calibration_error(outcomes, scores, seed=seed, bins=groups, noise=release.variance)
    null_95 = error.null_95 if release.is_exact else round(error.null_95, _NULL_DECIMALS)
    auc = rounded_figure(*auc_interval(outcomes, scores), release=release)
    return Assessment(
        auc=Estimate(
            name="auc",
            value=auc.value,
            low=auc.low,
            high=auc.high,
            n=n,
            unit="AUC",
            label=f"AUC, {how}",
            note="chance that a leaver is ranked above a stayer; logit-DeLong interval",
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
            value=error.ece if release.is_exact else released_calibration_error(calibration),
            n=n,
            unit="share",
            label=f"Expected calibration error, {how}",
            note=f"right scores would show up to {null_95:.4f} in 95 of 100 samples",
            origin=release.origin,
        ),
        calibration_gap=_calibration_gap_estimate(base_rate, means["score"], scores, release),
        lift=_lift_estimate(calibration, how=how, seed=seed, release=release),
        predicted=Estimate(
            name="predicted_rate",
            value=means["score"],
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


def _calibration_gap_estimate(
    base_rate: Estimate, predicted: float, scores: Scores, release: Release
) -> Estimate:
    found = calibration_gap(base_rate.value or 0.0, predicted, scores, release=release)
    return Estimate(
        name="calibration_gap",
        value=found.value,
        low=found.low,
        high=found.high,
        n=base_rate.n,
        unit="share",
        label="Share that left less mean score",
        note="interval under the scores' own variance",
        origin=release.origin,
    )


def ranks_verdict(auc: Estimate) -> Verdict:
    """Answer whether the model ranks leavers better than chance."""
    value, low, high = _require_limits(auc)
    figures = f"AUC {value:.3f} (95 % interval {low:.3f} to {high:.3f}, {auc.n:,} persons)"
    if low > 0.5 and high >= USELESS_AUC:
        outcome, answer = Outcome.SHOWN, f"Yes: {figures}; chance is .5."
    elif high < USELESS_AUC:
        outcome, answer = Outcome.NOT_SHOWN, f"No: {figures}, below {USELESS_AUC} throughout."
    else:
        ratio = ((high - low) / 2 / max(value - 0.5, USELESS_AUC - 0.5)) ** 2
        answer = (
            f"Undecided: {figures}, which includes chance. About "
            f"{round_up_two_digits(max(auc.n * ratio, auc.n + 1)):,} persons would be needed."
        )
        outcome = Outcome.UNDECIDED
    return Verdict.by_rule(
        outcome,
        rule=(
            "Yes where the interval of the AUC lies above .5 and does not lie below "
            f"{USELESS_AUC}, no where all of it lies below {USELESS_AUC}."
        ),
        name="ranks_leavers",
        question="Does the model rank those who leave above those who stay?",
        answer=answer,
        concern=outcome is Outcome.NOT_SHOWN,
        estimates=(auc,),
    )


def gain_verdict(
    persons: pl.DataFrame, rule: Scores, *, n: int, rule_name: str, release: Release = EXACT
) -> Verdict:
    """Answer whether the model ranks better than one simple rule.

    Parameters
    ----------
    persons : DataFrame
        Scored persons, see ``assess``.
    rule : array of float, shape (n,)
        Score of the simple rule for the same persons, higher for persons more likely to leave.
    n : int
        Number of the persons, as it may be shown.
    rule_name : str
        Name of the rule in words: "days since the last order alone".
    release : Release
        Release that rounds the figures.
    """
    outcomes, scores = persons["churned"].to_numpy().astype(bool), persons["score"].to_numpy()
    found = rounded_figure(*auc_difference(outcomes, scores, rule)[:3], release=release)
    estimate = Estimate(
        name="auc_gain",
        value=found.value,
        low=found.low,
        high=found.high,
        n=n,
        unit="AUC",
        label=f"AUC gained over {rule_name}",
        note="paired DeLong interval",
        origin=release.origin,
    )
    figures = (
        f"{found.value:+.3f} AUC (95 % interval {found.low:+.3f} to {found.high:+.3f}) "
        f"against {rule_name}"
    )
    if found.high < USELESS_GAIN:
        outcome, answer = Outcome.NOT_SHOWN, f"No: {figures}; the simple rule does as well."
    elif found.low > 0:
        outcome, answer = Outcome.SHOWN, f"Yes: {figures}."
    else:
        outcome = Outcome.UNDECIDED
        answer = f"Undecided: {figures}. {_describe_needed_persons(found, n)}"
    return Verdict.by_rule(
        outcome,
        rule=(
            "Yes where the interval of the gain lies above 0 and does not lie below "
            f"{USELESS_GAIN}, no where all of it lies below {USELESS_GAIN}."
        ),
        name="beats_simple_rule",
        question=f"Does the model rank better than {rule_name}?",
        answer=answer,
        concern=outcome is Outcome.NOT_SHOWN,
        estimates=(estimate,),
    )


def calibration_verdict(found: Assessment) -> Verdict:
    """Answer whether scores can be read as probabilities."""
    gap, observed = found.calibration_gap, found.base_rate.value or 0.0
    difference, low, high = _require_limits(gap)
    error = found.calibration_error.value or 0.0
    null_95, predicted = found.null_95.value or 0.0, found.predicted.value or 0.0
    figures = (
        f"{observed:.1%} left where {predicted:.1%} were predicted (difference "
        f"{difference:+.1%}, 95 % interval {low:+.1%} to {high:+.1%}); calibration error "
        f"{error:.3f}, right scores would show up to {null_95:.3f}"
    )
    outside = low > CALIBRATION_TOLERANCE or high < -CALIBRATION_TOLERANCE
    within = max(abs(low), abs(high)) <= CALIBRATION_TOLERANCE
    is_wrong = error > null_95
    needed = round_up_two_digits(needed_size_for_precision(observed, CALIBRATION_TOLERANCE / 2))
    if outside or (is_wrong and error > CALIBRATION_TOLERANCE):
        outcome, answer = Outcome.NOT_SHOWN, f"No, use them for ranking only: {figures}."
    elif within and error <= max(null_95, CALIBRATION_TOLERANCE):
        outcome, answer = Outcome.SHOWN, f"Yes: {figures}."
    else:
        outcome = Outcome.UNDECIDED
        answer = (
            f"Undecided: {figures}. To show a difference of {_IN_WORDS}, "
            f"about {needed:,} persons would be needed."
        )
    return Verdict.by_rule(
        outcome,
        rule=(
            f"Yes where the interval of the difference lies within {_IN_WORDS} and the calibration "
            "error is no larger than right scores would show, no where one of them is larger."
        ),
        name="scores_are_calibrated",
        question="Can a score be read as the probability of leaving?",
        answer=answer,
        concern=outcome is Outcome.NOT_SHOWN,
        estimates=(gap, found.base_rate, found.predicted, found.calibration_error, found.null_95),
    )


def _lift_estimate(calibration: pl.DataFrame, *, how: str, seed: int, release: Release) -> Estimate:
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
        label=f"Leavers in the highest {PARTS[calibration.height - 1]} against the average, {how}",
        note="percentile interval from resampled counts",
        origin=release.origin,
    )


def _lifts(cells: Counts) -> Scores:
    with np.errstate(invalid="ignore", divide="ignore"):
        in_top = cells[:, 0, 0] / cells[:, 0].sum(axis=1)
        overall = cells[:, :, 0].sum(axis=1) / cells.sum(axis=(1, 2))
        lift: Scores = in_top / overall
    return lift


def _describe_needed_persons(found: Rounded, n: int) -> str:
    power = float(stats.norm.ppf(0.8))
    se = (found.high - found.low) / 2 / critical_value()
    ratio = ((critical_value() + power) * se / max(found.value, USELESS_GAIN)) ** 2
    return f"About {round_up_two_digits(max(n * ratio, n + 1)):,} persons would be needed."


def _require_limits(estimate: Estimate) -> tuple[float, float, float]:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        raise TypeError(f"estimate {estimate.name} has no interval")
    return estimate.value, estimate.low, estimate.high
