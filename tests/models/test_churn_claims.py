"""What verdicts on scores claim, over seeded scores and outcomes whose law is known.

A claim fails where the 99 % interval of its measured rate, adjusted for the number of claims in
this module (Bonferroni, which Holm is at least as strict as), lies outside its bounds.
"""

from functools import cache

import numpy as np
import polars as pl
import pytest
from scipy import optimize, special, stats

from workbench.models.assessment import Assessment, assess
from workbench.models.score_verdicts import calibration_verdict, gain_verdict, ranks_verdict
from workbench.statistics.auc import auc_interval
from workbench.statistics.estimates import Estimate
from workbench.statistics.verdicts import Outcome, Verdict

pytestmark = pytest.mark.slow

DRAWS = 100
CLAIMS = 20


def interval(hits: int, n: int = DRAWS) -> tuple[float, float]:
    """Return the exact interval of a measured rate, at 99 % for all claims together."""
    found = stats.binomtest(hits, n).proportion_ci(1 - 0.01 / CLAIMS, method="exact")
    return float(found.low), float(found.high)


def assessed(n: int, seed: int, *, slope: float = 1.0, intercept: float = 0.0) -> Assessment:
    """Assess scores whose outcomes follow a calibration line."""
    random = np.random.default_rng(seed)
    scores = special.expit(random.normal(-0.6, 1.0, n))
    true = special.expit(intercept + slope * special.logit(scores))
    persons = pl.DataFrame(
        {"customer_id": np.arange(n), "score": scores, "churned": random.random(n) < true}
    )
    return assess(persons, how="out-of-time", seed=seed)


@cache
def outcomes(n: int, *, slope: float = 1.0, intercept: float = 0.0) -> list[Outcome]:
    return [
        calibration_verdict(assessed(n, seed, slope=slope, intercept=intercept)).outcome
        for seed in range(1, DRAWS + 1)
    ]


@pytest.mark.parametrize("n", [2_000, 20_000])
@pytest.mark.parametrize(("slope", "intercept"), [(0.8, 0.0), (1.25, 0.0), (1.0, 0.25)])
def test_wrong_scores_are_seldom_called_probabilities(
    n: int, slope: float, intercept: float
) -> None:
    found = outcomes(n, slope=slope, intercept=intercept)
    assert interval(found.count(Outcome.SHOWN))[0] <= 0.05


def test_right_scores_of_20_000_are_called_probabilities() -> None:
    found = outcomes(20_000)
    assert interval(found.count(Outcome.SHOWN))[1] >= 0.8


@pytest.mark.parametrize("n", [300, 2_000])
def test_right_scores_are_seldom_called_wrong(n: int) -> None:
    found = outcomes(n)
    assert interval(found.count(Outcome.NOT_SHOWN))[0] <= 0.05


@pytest.mark.parametrize(("slope", "intercept"), [(0.8, 0.0), (1.25, 0.0), (1.0, 0.25)])
def test_wrong_scores_of_20_000_are_called_wrong(slope: float, intercept: float) -> None:
    found = outcomes(20_000, slope=slope, intercept=intercept)
    assert interval(found.count(Outcome.NOT_SHOWN))[1] >= 0.8


@pytest.mark.parametrize("first", [1, 20])
def test_so_many_persons_as_the_answer_names_settle_it(first: int) -> None:
    few = next(
        found
        for found in (assessed(1_000, seed) for seed in range(first, first + 19))
        if calibration_verdict(found).outcome is Outcome.UNDECIDED
    )
    verdict = calibration_verdict(few)
    needed = verdict.answer.partition("about ")[2].partition(" persons")[0]
    # The number is for the line that was found, so that line is the truth of the larger samples.
    slope, intercept = few.slope.value or 0, few.intercept.value or 0
    offset = line_through(slope, intercept)
    found = outcomes(int(needed.replace(",", "")), slope=slope, intercept=offset)
    settled = sum(not each.is_open for each in found)
    assert interval(settled)[1] >= 0.8


def ranking(n: int, auc: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return outcomes, and scores of normal law that rank them with this AUC."""
    random = np.random.default_rng(seed)
    y = random.random(n) < 0.4
    return y, random.standard_normal(n) + np.sqrt(2) * stats.norm.ppf(auc) * y


def auc_estimate(n: int, auc: float, seed: int, *, value: float | None = None) -> Estimate:
    """Return the estimate of an AUC, moved to ``value`` with the width of its interval."""
    found, low, high, *_ = auc_interval(*ranking(n, auc, seed))
    moved = 0.0 if value is None else value - found
    return Estimate(
        name="auc", value=found + moved, low=low + moved, high=high + moved, n=n, unit="AUC",
        label="AUC",
    )  # fmt: skip


@pytest.mark.parametrize("auc", [0.505, 0.525, 0.54])
def test_so_many_persons_as_the_answer_names_settle_whether_a_model_ranks(auc: float) -> None:
    verdict = ranks_verdict(auc_estimate(400, auc, 1, value=auc))
    assert verdict.outcome is Outcome.UNDECIDED
    n = int(verdict.answer.partition("About ")[2].partition(" persons")[0].replace(",", ""))
    drawn = [ranks_verdict(auc_estimate(n, auc, seed)).outcome for seed in range(1, DRAWS + 1)]
    assert interval(sum(not each.is_open for each in drawn))[1] >= 0.8
    assert interval(sum(not each.is_open for each in drawn))[0] <= 0.9  # nor are too many named


@pytest.mark.parametrize("gain", [-0.006, 0.004, 0.006])
def test_so_many_persons_as_the_answer_names_settle_whether_a_rule_is_beaten(gain: float) -> None:
    def verdict(n: int, seed: int) -> Verdict:
        y, scores = ranking(n, 0.7 + gain, seed)
        rule = scores + (stats.norm.ppf(0.7) - stats.norm.ppf(0.7 + gain)) * np.sqrt(2) * y
        noise = 0.5 * np.random.default_rng(seed + 10_000).standard_normal((2, n))
        scores, rule = (each + some for each, some in zip((scores, rule), noise, strict=True))
        persons = pl.DataFrame({"churned": y, "score": scores})
        return gain_verdict(persons, rule, n=n, rule_name="another rule")

    few = next(
        found
        for found in (verdict(400, seed) for seed in range(1, 200))
        if found.outcome is Outcome.UNDECIDED
        and found.estimates[0].value == pytest.approx(gain, abs=0.001)
    )
    n = int(few.answer.partition("About ")[2].partition(" persons")[0].replace(",", ""))
    drawn = [verdict(n, seed).outcome for seed in range(1, DRAWS + 1)]
    assert interval(sum(not each.is_open for each in drawn))[1] >= 0.8


def line_through(slope: float, intercept: float) -> float:
    """Return a of the line with this slope whose calibration in the large is ``intercept``."""
    x = np.random.default_rng(0).normal(-0.6, 1.0, 200_000)
    wanted = special.expit(x + intercept).mean()
    return float(optimize.brentq(lambda a: special.expit(a + slope * x).mean() - wanted, -2, 2))
