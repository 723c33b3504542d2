"""Three-valued verdicts: found where planted, not found where nothing is, else what is needed."""

from dataclasses import replace
from typing import Any

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
    assert verdict.answer.startswith("Yes: 4 12.")
    estimate = verdict.estimates[0]
    assert estimate.name == "selection_rate_difference"
    assert (estimate.low or 1) <= 0.08 <= (estimate.high or 0)


def test_equal_groups_are_shown_to_be_within_the_tolerance() -> None:
    verdict = decided(100_000, (0.2,) * 5, seed=1).verdicts[0]
    assert verdict.outcome == "shown not"
    assert not verdict.concern


def test_too_few_persons_say_how_many_would_do() -> None:
    found = decided(2000, (0.2,) * 5, seed=1)
    assert found.verdicts[0].outcome == "not enough data"
    assert "persons would be needed" in found.verdicts[0].answer


def of(counts: dict[str, tuple[int, int]], **asked: Any) -> Audit:
    """Audit groups of which so many of so many were selected."""
    rows = pl.concat(
        pl.DataFrame({"g": [name] * n, "d": [True] * x + [False] * (n - x)})
        for name, (x, n) in counts.items()
    )
    return audit(rows, Question(attributes=("g",), **asked), decision="d", seed=1)


def test_all_pairs_are_compared_not_only_those_with_the_largest_group() -> None:
    found = of({"a": (4500, 9000), "b": (3240, 6000), "c": (2760, 6000)})
    assert found.contrasts.select("group", "reference").rows() == [
        ("b", "a"), ("c", "a"), ("c", "b"),
    ]  # fmt: skip
    assert found.verdicts[0].outcome == "shown"
    assert "c 46.0% against b 54.0%" in found.verdicts[0].answer
    assert "-8.0 points" in found.verdicts[0].answer


def test_the_largest_difference_may_be_beyond_the_tolerance_though_no_pair_surely_is() -> None:
    counts = {"a": (75, 500), "b": (90, 500), "c": (100, 500), "d": (115, 500), "e": (131, 500)}
    found = of(counts, tolerance=0.05, least=100)
    assert "shown" not in found.contrasts["finding"]
    limits = pl.max_horizontal("low", -pl.col("high")).max()
    assert 0 < found.contrasts.select(limits).item() < 0.05 < found.ranges["low"][0]
    verdict = found.verdicts[0]
    assert verdict.outcome == "shown"
    assert verdict.answer.startswith("Yes: the largest difference is at least 5.")
    assert of(counts, tolerance=0.06, least=100).verdicts[0].outcome != "shown"


def test_a_small_group_is_not_judged_away() -> None:
    found = of({"a": (3300, 10_000), "b": (0, 499)}, least=500)
    assert (found.verdicts[0].outcome, found.verdicts[0].concern) == ("shown", True)
    assert found.verdicts[0].estimates[0].value == pytest.approx(0.33)


def test_groups_within_the_tolerance_are_named_and_small_ones_keep_their_doubt() -> None:
    found = of({"a": (2000, 10_000), "b": (1000, 5000), "c": (8, 40)}, least=500)
    assert found.verdicts[0].outcome == "shown not"
    assert found.verdicts[0].answer.startswith("No: a and b are at most ")
    assert "For c a difference of up to" in found.verdicts[0].answer


def test_missing_is_never_the_reference_unless_asked_for() -> None:
    rows = pl.DataFrame({"g": ["a"] * 30 + [None] * 90, "d": [True, False] * 60})
    asked = Question(attributes=("g",))
    assert audit(rows, asked, decision="d", seed=1).contrasts["reference"].to_list() == ["a"]
    wanted = replace(asked, references={"g": "missing"})
    found = audit(rows, wanted, decision="d", seed=1).contrasts
    assert found["reference"].to_list() == ["missing"]


def test_low_rates_leave_nothing_to_say_in_points_and_are_judged_by_their_ratio() -> None:
    low = {"a": (50, 5000), "b": (10, 5000)}
    found = of(low).verdicts[0]
    assert found.outcome == "cannot be said"
    assert "ask for a ratio with least_ratio" in found.answer
    assert of(low, least_ratio=0.8).verdicts[0].outcome == "shown"
    alike = {"a": (5000, 50_000), "b": (5000, 50_000)}
    assert of(alike, tolerance=None, least_ratio=0.8).verdicts[0].outcome == "shown not"


def test_where_nobody_was_selected_nothing_can_be_said() -> None:
    found = of({"a": (0, 5000), "b": (0, 5000)}).verdicts[0]
    assert (found.outcome, "Nobody was selected" in found.answer) == ("cannot be said", True)


def test_a_difference_at_the_tolerance_is_not_settled_by_more_data() -> None:
    found = of({"a": (200_000, 1_000_000), "b": (249_950, 1_000_000)}).verdicts[0]
    assert found.outcome == "cannot be said"
    assert "would not settle it if the difference is as found" in found.answer


def test_question_and_rule_name_what_is_audited_and_both_tolerances() -> None:
    found = of({"a": (10, 50), "b": (10, 50)}, least_ratio=0.8, about="campaign spring").verdicts[0]
    assert found.question == (
        "Do groups by g differ in the selection rate of campaign spring by more than 5 points or "
        "by a ratio below 0.8?"
    )
    assert "any two groups of at least 10 persons" in found.rule


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
        ({"tolerance": None}, "needs a tolerance"),
        ({"least_ratio": 1.2}, "least_ratio is 1.2"),
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
