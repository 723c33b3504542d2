"""Three-valued verdicts: found where planted, not found where nothing is, else what is needed."""

import numpy as np
import polars as pl
import pytest

from workbench.fairness import Audit, Question, audit, scores_by_group
from workbench.foundation.errors import ParameterError

SHARES = (0.4, 0.3, 0.2, 0.06, 0.04)


def decided(n: int, rates: tuple[float, ...], *, seed: int, tolerance: float = 0.03) -> Audit:
    random = np.random.default_rng(seed)
    group = random.choice(len(rates), n, p=SHARES)
    rows = pl.DataFrame({"g": group.astype(str), "d": random.random(n) < np.array(rates)[group]})
    return audit(rows, Question(attributes=("g",), tolerance=tolerance), decision="d", seed=seed)


def test_a_planted_disparity_is_shown_with_its_interval() -> None:
    verdict = decided(50_000, (0.2, 0.2, 0.2, 0.2, 0.12), seed=1).verdicts[0]
    assert verdict.outcome == "shown"
    assert verdict.concern
    assert verdict.answer.startswith("Yes: 4 ")
    estimate = verdict.estimates[0]
    assert estimate.name == "selection_rate_difference"
    assert (estimate.low or 1) <= 0.08 <= (estimate.high or 0)


def test_equal_groups_are_shown_to_be_within_the_tolerance() -> None:
    verdict = decided(50_000, (0.2,) * 5, seed=1).verdicts[0]
    assert verdict.outcome == "shown not"
    assert not verdict.concern


def test_too_few_persons_say_how_many_would_do() -> None:
    found = decided(2000, (0.2,) * 5, seed=1)
    assert found.verdicts[0].outcome == "not enough data"
    assert "persons per group would be needed" in found.verdicts[0].answer
    assert min(found.contrasts["needed"].drop_nulls()) > 1000


def test_fair_audits_seldom_find_a_disparity() -> None:
    # a third of fair audits would, unadjusted
    found = [decided(3000, (0.2,) * 5, seed=seed, tolerance=0.001) for seed in range(150)]
    assert sum(each.verdicts[0].outcome == "shown" for each in found) / 150 <= 0.09


def test_several_attributes_have_figures_of_their_own() -> None:
    half = ["x"] * 20 + ["y"] * 20
    rows = pl.DataFrame({"g": ["a", "b"] * 20, "h": half, "d": [True, False] * 20})
    found = audit(rows, Question(attributes=("g", "h"), are_crossed=True), decision="d", seed=1)
    names = [estimate.name for estimate in found.estimates]
    differences = [f"selection_rate_difference_by_{each}" for each in ("g", "h", "g_x_h")]
    assert names == ["selected", *differences]
    assert len({verdict.name for verdict in found.verdicts}) == 3


def test_equal_input_gives_an_equal_audit() -> None:
    one, other = (decided(5000, (0.2,) * 5, seed=3) for _ in range(2))
    assert one.ranges.equals(other.ranges)
    assert one.verdicts == other.verdicts


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tolerance": 0.0}, "tolerance is 0.0"),
        ({"metrics": ("selection",)}, "did you mean 'selection_rate'"),
        ({"judged": ("fairness",)}, "no judged metric 'fairness'"),
        ({"references": {"g": "z"}}, "no group of g 'z'"),
        ({"metrics": ("precision",)}, "precision need an outcome"),
    ],
)
def test_questions_that_cannot_be_asked_are_refused(wrong: dict[str, object], message: str) -> None:
    rows = pl.DataFrame({"g": ["a", "b"], "d": [True, False]})
    with pytest.raises(ParameterError, match=message):
        audit(rows, Question(**{"attributes": ("g",), **wrong}), decision="d", seed=1)  # type: ignore[arg-type]  # wrong on purpose


def test_scores_are_compared_within_groups() -> None:
    random = np.random.default_rng(1)
    score = random.beta(2, 3, 3000)
    group = random.choice(["a", "b"], 3000)
    y = random.random(3000) < np.where(group == "a", score, score * 0.7)
    rows = pl.DataFrame({"g": group, "score": score, "y": y})
    found = scores_by_group(rows, "g", score="score", outcome="y")
    gaps = dict(zip(found["group"], found["gap_high"], strict=True))
    assert gaps["a"] > 0 > gaps["b"]
    assert found["auc"].is_between(0.6, 0.8).all()
