"""Verdicts on scores: whether they rank, beat a simple rule, and can be read as probabilities."""

from collections.abc import Callable

import numpy as np
import polars as pl
from scipy import optimize, special

from workbench.foundation.streams import Stream
from workbench.models.assessment import SILENCE, Assessment, LabelWords, Scores
from workbench.models.score_tables import (
    SMALLEST_SCORE,
)
from workbench.privacy.release import (
    EXACT,
    Release,
    rounded_figure,
)
from workbench.statistics.auc import auc_difference
from workbench.statistics.estimates import Estimate
from workbench.statistics.sample_sizes import (
    MOST_GROWTH,
    growth_needed_beyond,
    growth_needed_within,
    round_up_two_digits,
)
from workbench.statistics.verdicts import Outcome, Verdict

#: AUC below which a ranking is useless, whatever its p-value.
USELESS_AUC = 0.55
#: Gain in AUC over a simple rule below which the model is useless.
USELESS_GAIN = 0.01
#: Limits of the slope of scores that can be read as probabilities.
SLOPE_LIMITS = (0.9, 1.1)
#: Limits of their intercept on the logit scale; 0.1 is 2.5 percentage points at a share of a half.
INTERCEPT_LIMITS = (-0.1, 0.1)
#: Largest calibration error beyond what right scores would show.
ERROR_LIMIT = 0.03
#: Number of draws of the calibration error of a larger sample.
_DRAWS = 400


def ranks_verdict(auc: Estimate, *, words: LabelWords = SILENCE) -> Verdict:
    """Answer whether the model ranks customers with the label better than chance."""
    value, low, high = _require_limits(auc)
    figures = f"AUC {value:.3f} (95 % interval {low:.3f} to {high:.3f}, {auc.n:,} persons)"
    if low > 0.5 and high >= USELESS_AUC:
        outcome, answer = Outcome.SHOWN, f"Yes: {figures}; chance is .5."
    elif high < USELESS_AUC:
        outcome, answer = Outcome.NOT_SHOWN, f"No: {figures}, below {USELESS_AUC} throughout."
    else:
        growth = growth_needed_beyond(value, low, high, above=0.5, below=USELESS_AUC)
        outcome, answer = _open_answer(f"{figures}, which includes chance", growth, auc.n)
    return Verdict.by_rule(
        outcome,
        rule=(
            f"Yes where the interval of the AUC lies above .5 and reaches {USELESS_AUC}; "
            f"no where it ends below {USELESS_AUC}."
        ),
        name="ranks_leavers",
        question=f"Does the model rank {words.bearers} above {words.others}?",
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
        Score of the simple rule for the same persons, higher where the label is more likely.
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
        growth = growth_needed_beyond(*found, above=0.0, below=USELESS_GAIN)
        outcome, answer = _open_answer(figures, growth, n)
    return Verdict.by_rule(
        outcome,
        rule=(
            f"Yes where the interval of the gain lies above 0 and reaches {USELESS_GAIN}; "
            f"no where it ends below {USELESS_GAIN}."
        ),
        name="beats_simple_rule",
        question=f"Does the model rank better than {rule_name}?",
        answer=answer,
        concern=outcome is Outcome.NOT_SHOWN,
        estimates=(estimate,),
    )


def calibration_verdict(found: Assessment, *, doubt: str = "") -> Verdict:
    """Answer whether scores can be read as probabilities.

    Parameters
    ----------
    found : Assessment
        Figures of the scores.
    doubt : str
        Reason in words why the held-out persons cannot show it, if there is one; no "yes" is then
        given.
    """
    outcome, why = _judge_calibration(found)
    if doubt and outcome is not Outcome.NOT_SHOWN:
        outcome, why = Outcome.CANNOT_BE_SAID, doubt
    begin = {
        Outcome.SHOWN: "Yes: ",
        Outcome.NOT_SHOWN: "No, use them for ranking only: ",
        Outcome.UNDECIDED: "Undecided: ",
    }.get(outcome, "")
    described = _describe_calibration(found)
    if not begin:
        described = f"{described[:1].upper()}{described[1:]}"
    return Verdict.by_rule(
        outcome,
        rule=(
            "Yes where the interval of the slope lies within 0.9 to 1.1 and that of the intercept "
            "within -0.1 to 0.1 on the logit scale, and the calibration error is no larger than "
            "right scores would show; no where one of the intervals lies outside, or where the "
            "error is more than three percentage points larger than that."
        ),
        name="scores_are_calibrated",
        question=f"Can a score be read as the probability of {found.words.having}?",
        answer=f"{begin}{described}{why and '; '}{why}.",
        concern=outcome is Outcome.NOT_SHOWN,
        estimates=(
            found.slope,
            found.intercept,
            found.calibration_error,
            found.null_95,
            found.base_rate,
            found.predicted,
        ),
    )


def _judge_calibration(found: Assessment) -> tuple[Outcome, str]:
    """Return the outcome of the rule, with a reason where the question stays open."""
    if found.slope.value is None:
        return Outcome.CANNOT_BE_SAID, found.slope.note
    judged = [
        (*_require_limits(found.slope), *SLOPE_LIMITS),
        (*_require_limits(found.intercept), *INTERCEPT_LIMITS),
    ]
    error, null_95 = found.calibration_error.value or 0.0, found.null_95.value or 0.0
    is_outside = any(high < least or low > most for _, low, high, least, most in judged)
    if is_outside or error - null_95 > ERROR_LIMIT:
        return Outcome.NOT_SHOWN, ""
    is_within = all(least <= low and high <= most for _, low, high, least, most in judged)
    is_small = error <= null_95
    if is_within and is_small:
        return Outcome.SHOWN, ""
    growth = growth_needed_within(judged, chance=_chance_of_small_error(found, is_small))
    if growth > MOST_GROWTH:
        if is_small:
            return Outcome.CANNOT_BE_SAID, "no larger sample would settle it if scores are as found"
        return Outcome.CANNOT_BE_SAID, "the error is larger than right scores would show"
    needed = round_up_two_digits(max(growth * found.slope.n, found.slope.n + 1))
    return Outcome.UNDECIDED, f"about {needed:,} persons would be needed"


def _chance_of_small_error(found: Assessment, is_small: bool) -> Callable[[float], float]:
    """Return the chance of a calibration error as right scores show, by growth of the sample.

    The truth is the line that was found. Where it is not exactly right, its error stays while that
    of right scores shrinks, so that more persons make a "yes" less likely. The chance is 0 if the
    error is already larger.
    """
    if not is_small:
        return lambda growth: 0.0
    p = found.calibration["predicted"].to_numpy().clip(SMALLEST_SCORE, 1 - SMALLEST_SCORE)
    persons = found.calibration["persons"].to_numpy()
    weights, logits = persons / persons.sum(), special.logit(p)
    slope, intercept = found.slope.value or 1.0, found.intercept.value or 0.0
    wanted = float(weights @ special.expit(logits + intercept))
    start = optimize.brentq(
        lambda a: float(weights @ special.expit(a + slope * logits)) - wanted, -50, 50
    )
    gaps = special.expit(start + slope * logits) - p
    errors = np.sqrt(p * (1 - p) / np.maximum(persons, 1))
    random = Stream(0, "calibration of a larger sample").generator()
    drawn = random.standard_normal((_DRAWS, p.size)) * errors

    def chance(growth: float) -> float:
        noise = drawn / growth**0.5
        right = np.quantile(np.abs(noise) @ weights, 0.95)
        return float((np.abs(gaps + noise) @ weights <= right).mean())

    return chance


def _describe_calibration(found: Assessment) -> str:
    parts = [
        f"{name} {estimate.value:.2f} (95 % interval {estimate.low:.2f} to {estimate.high:.2f})"
        for name, estimate in (("slope", found.slope), ("intercept", found.intercept))
        if estimate.value is not None
    ]
    return ", ".join(
        [
            *parts,
            f"calibration error {found.calibration_error.value:.1%} where right scores would show "
            f"up to {found.null_95.value:.1%}",
            f"and {found.base_rate.value:.1%} {found.words.past} where "
            f"{found.predicted.value:.1%} were predicted",
        ]
    )


def _open_answer(figures: str, growth: float, n: int) -> tuple[Outcome, str]:
    """Return the outcome and the answer where figures leave the question open."""
    if growth > MOST_GROWTH:
        return Outcome.CANNOT_BE_SAID, (
            f"Cannot be said: {figures}. {MOST_GROWTH:.0f} times as many persons would not settle "
            "it if the figure is as found."
        )
    needed = round_up_two_digits(max(n * growth, n + 1))
    return Outcome.UNDECIDED, f"Undecided: {figures}. About {needed:,} persons would be needed."


def _require_limits(estimate: Estimate) -> tuple[float, float, float]:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        raise TypeError(f"estimate {estimate.name} has no interval")
    return estimate.value, estimate.low, estimate.high
