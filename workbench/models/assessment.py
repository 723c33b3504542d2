"""How good scores are on persons the model has not seen: figures, tables and verdicts.

Takes outcomes and scores and knows no model.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from workbench.statistics.auc import Gain, auc_estimate, gain
from workbench.statistics.calibration import (
    BINS,
    Balance,
    CalibrationError,
    balance,
    brier,
    calibration_error,
    calibration_table,
)
from workbench.statistics.comparisons import needed_for_precision
from workbench.statistics.estimates import Estimate
from workbench.statistics.intervals import critical, mean_interval, rate, wilson
from workbench.statistics.resampling import Counts, percentile_interval
from workbench.statistics.verdicts import Outcome, Verdict

#: AUC below which a ranking is of no use, whatever its p-value.
USELESS_AUC = 0.55
#: Gain in AUC over the simple rule below which the model is not worth having.
USELESS_GAIN = 0.01
#: Mean score may be off by this much and still be called right.
CALIBRATION_TOLERANCE = 0.03
_TOP_SHARE = 0.1

Outcomes = NDArray[np.bool_]
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What held-out persons say about scores.

    Attributes
    ----------
    auc, base_rate, brier, calibration_error, lift : Estimate
        ``calibration_error`` has as ``high`` nothing and as note its null 95th percentile.
    calibration : DataFrame
        As ``calibration_table`` gives it.
    gains : DataFrame, shape (10, 8)
        One row per tenth, highest scores first: ``tenth``, ``persons``, ``leavers``, ``rate``,
        ``low``, ``high``, ``captured`` (share of all leavers so far), ``lift`` (so far).
    error : CalibrationError
    balance : Balance
    """

    auc: Estimate
    base_rate: Estimate
    brier: Estimate
    calibration_error: Estimate
    lift: Estimate
    calibration: pl.DataFrame
    gains: pl.DataFrame
    error: CalibrationError
    balance: Balance

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """All figures, the AUC first."""
        return (self.auc, self.base_rate, self.lift, self.brier, self.calibration_error)


def assess(outcomes: Outcomes, scores: Scores, *, how: str, seed: int) -> Assessment:
    """Return figures and tables about scores of held-out persons.

    Parameters
    ----------
    outcomes : array of bool, shape (n,)
        Who left.
    scores : array of float in 0 to 1, shape (n,)
    how : str
        Where the persons come from, as the reader sees it: "out-of-time", "out-of-fold".
    seed : int
        Of the calibration null and the resampled lift.
    """
    n = outcomes.size
    error = calibration_error(outcomes, scores, seed=seed)
    squared, low, high = mean_interval(brier(outcomes, scores))
    return Assessment(
        auc=auc_estimate(outcomes, scores, label=f"AUC, {how}"),
        base_rate=rate(int(outcomes.sum()), n, name="base_rate", label=f"Share that left, {how}"),
        brier=Estimate(
            name="brier",
            value=squared,
            low=low,
            high=high,
            n=n,
            unit="squared error",
            label=f"Brier score, {how}",
            note="t interval",
        ),
        calibration_error=Estimate(
            name="calibration_error",
            value=error.ece,
            n=n,
            unit="share",
            label=f"Expected calibration error, {how}",
            note=f"right scores would show up to {error.null_95:.4f} in 95 of 100 samples",
        ),
        lift=_lift(outcomes, scores, how=how, seed=seed),
        calibration=calibration_table(outcomes, scores),
        gains=gains_table(outcomes, scores),
        error=error,
        balance=balance(outcomes, scores),
    )


def gains_table(outcomes: Outcomes, scores: Scores) -> pl.DataFrame:
    """Return leavers by tenths of the score, highest first (see ``Assessment.gains``)."""
    order = np.argsort(-scores, kind="stable")
    edges = np.unique(np.round(np.linspace(0, scores.size, BINS + 1)).astype(np.int64))
    sizes = np.diff(edges)
    leavers = np.add.reduceat(outcomes[order].astype(np.int64), edges[:-1])
    low, high = wilson(leavers, sizes)
    so_far, captured = np.cumsum(sizes), np.cumsum(leavers)
    return pl.DataFrame(
        {
            "tenth": np.arange(1, sizes.size + 1, dtype=np.int64),
            "persons": sizes.astype(np.int64),
            "leavers": leavers,
            "rate": leavers / sizes,
            "low": low,
            "high": high,
            "captured": captured / leavers.sum(),
            "lift": captured / so_far / outcomes.mean(),
        }
    )


def ranks_verdict(auc: Estimate) -> Verdict:
    """Answer whether the model ranks leavers better than chance."""
    value, low, high = _limits(auc)
    figures = f"AUC {value:.3f} (95 % interval {low:.3f} to {high:.3f}, {auc.n:,} persons)"
    if low > 0.5 and high >= USELESS_AUC:
        outcome, answer = Outcome.SHOWN, f"Yes: {figures}; chance is .5."
    elif high < USELESS_AUC:
        outcome, answer = Outcome.NOT_SHOWN, f"No: {figures}, below {USELESS_AUC} throughout."
    else:
        ratio = ((high - low) / 2 / max(value - 0.5, USELESS_AUC - 0.5)) ** 2
        answer = (
            f"It cannot be said: {figures}, which includes chance. About "
            f"{max(int(np.ceil(auc.n * ratio)), auc.n + 1):,} persons would be needed."
        )
        outcome = Outcome.UNDECIDED
    return Verdict(
        name="ranks_leavers",
        question="Does the model rank those who leave above those who stay?",
        outcome=outcome,
        answer=answer,
        concern=outcome is Outcome.NOT_SHOWN,
        estimates=(auc,),
    )


def gain_verdict(outcomes: Outcomes, scores: Scores, rule: Scores, *, rule_name: str) -> Verdict:
    """Answer whether the model ranks better than one simple rule.

    Parameters
    ----------
    rule : array of float, shape (n,)
        Score of the simple rule for the same persons, higher is more likely to leave.
    rule_name : str
        What the rule is, in words: "days since the last order alone".
    """
    found = gain(outcomes, scores, rule)
    estimate = Estimate(
        name="auc_gain",
        value=found.difference,
        low=found.low,
        high=found.high,
        n=outcomes.size,
        unit="AUC",
        label=f"AUC gained over {rule_name}",
        note="paired DeLong interval",
    )
    figures = (
        f"{found.difference:+.3f} AUC (95 % interval {found.low:+.3f} to {found.high:+.3f}) "
        f"against {rule_name}"
    )
    if found.high < USELESS_GAIN:
        outcome, answer = Outcome.NOT_SHOWN, f"No: {figures}; the simple rule does as well."
    elif found.low > 0:
        outcome, answer = Outcome.SHOWN, f"Yes: {figures}."
    else:
        outcome = Outcome.UNDECIDED
        answer = f"It cannot be said: {figures}. {_needed_gain(found, outcomes.size)}"
    return Verdict(
        name="beats_simple_rule",
        question=f"Does the model rank better than {rule_name}?",
        outcome=outcome,
        answer=answer,
        concern=outcome is Outcome.NOT_SHOWN,
        estimates=(estimate,),
    )


def calibration_verdict(found: Assessment) -> Verdict:
    """Answer whether scores can be read as probabilities."""
    error, large = found.error, found.balance
    gap = Estimate(
        name="calibration_gap",
        value=large.difference,
        low=large.low,
        high=large.high,
        n=found.auc.n,
        unit="share",
        label="Share that left less mean score",
        note="interval under the scores' own variance",
    )
    figures = (
        f"{large.observed:.1%} left where {large.predicted:.1%} were predicted "
        f"(difference {large.difference:+.1%}, 95 % interval {large.low:+.1%} to "
        f"{large.high:+.1%}); calibration error {error.ece:.3f}, right scores would show up to "
        f"{error.null_95:.3f}"
    )
    outside = large.low > CALIBRATION_TOLERANCE or large.high < -CALIBRATION_TOLERANCE
    within = max(abs(large.low), abs(large.high)) <= CALIBRATION_TOLERANCE
    is_wrong = error.ece > error.null_95
    needed = needed_for_precision(large.observed, CALIBRATION_TOLERANCE / 2)
    if outside or (is_wrong and error.ece > CALIBRATION_TOLERANCE):
        outcome, answer = Outcome.NOT_SHOWN, f"No, use them for ranking only: {figures}."
    elif within and error.ece <= max(error.null_95, CALIBRATION_TOLERANCE):
        outcome, answer = Outcome.SHOWN, f"Yes: {figures}."
    else:
        outcome = Outcome.UNDECIDED
        answer = (
            f"It cannot be said: {figures}. To tell a difference of {CALIBRATION_TOLERANCE:.0%}, "
            f"about {needed:,} persons would be needed."
        )
    return Verdict(
        name="scores_are_calibrated",
        question="Can a score be read as the probability of leaving?",
        outcome=outcome,
        answer=answer,
        concern=outcome is Outcome.NOT_SHOWN,
        estimates=(gap, found.calibration_error),
    )


def _lift(outcomes: Outcomes, scores: Scores, *, how: str, seed: int) -> Estimate:
    order = np.argsort(-scores, kind="stable")
    top = max(1, round(_TOP_SHARE * scores.size))
    is_top = np.zeros(scores.size, dtype=bool)
    is_top[order[:top]] = True
    cells = np.array(
        [
            [(is_top & outcomes).sum(), (is_top & ~outcomes).sum()],
            [(~is_top & outcomes).sum(), (~is_top & ~outcomes).sum()],
        ]
    )
    low, high = percentile_interval(cells, _lift_of, seed=seed)
    return Estimate(
        name="lift",
        value=float(_lift_of(cells[None])[0]),
        low=low,
        high=high,
        n=scores.size,
        unit="times",
        label=f"Leavers in the highest tenth against the average, {how}",
        note="percentile interval from resampled counts",
    )


def _lift_of(cells: Counts) -> Scores:
    with np.errstate(invalid="ignore", divide="ignore"):
        in_top = cells[:, 0, 0] / cells[:, 0].sum(axis=1)
        overall = cells[:, :, 0].sum(axis=1) / cells.sum(axis=(1, 2))
        lift: Scores = in_top / overall
    return lift


def _needed_gain(found: Gain, n: int) -> str:
    power = float(stats.norm.ppf(0.8))
    ratio = ((critical() + power) * found.se / max(found.difference, USELESS_GAIN)) ** 2
    return f"About {max(int(np.ceil(n * ratio)), n + 1):,} persons would be needed."


def _limits(estimate: Estimate) -> tuple[float, float, float]:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        raise TypeError(f"estimate {estimate.name} has no interval")
    return estimate.value, estimate.low, estimate.high
