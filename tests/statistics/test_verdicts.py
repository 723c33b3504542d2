"""Verdicts by a rule: their outcomes, their words, and the number of persons that would do."""

import numpy as np
import pytest

from workbench.foundation.errors import ParameterError
from workbench.statistics.estimates import Estimate
from workbench.statistics.figure_texts import interval_text, value_text
from workbench.statistics.intervals import share_interval
from workbench.statistics.sample_sizes import growth_needed
from workbench.statistics.verdicts import OPINION, Outcome, Verdict, judge


def share(value: float | None, low: float | None, high: float | None, *, n: int = 1000) -> Estimate:
    return Estimate(
        name="app", value=value, low=low, high=high, n=n, unit="share", label="Share by app",
        note="" if value is not None else "nobody ordered",
    )  # fmt: skip


def asked(estimate: Estimate, **limits: float) -> Verdict:
    return judge(estimate, name="app_is_large", question="Is the app large?", **limits)  # type: ignore[arg-type]  # limits only


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (0.28, 0.32, "shown"),
        (0.15, 0.19, "shown not"),
        (0.21, 0.31, "not enough data"),
    ],
)
def test_the_whole_interval_decides(low: float, high: float, outcome: str) -> None:
    assert asked(share((low + high) / 2, low, high), low=0.25).outcome == outcome


def test_a_figure_at_the_limit_cannot_be_decided_by_more_data() -> None:
    found = asked(share(0.2501, 0.23, 0.27), low=0.25)
    assert found.outcome == "cannot be said"
    assert "100 times as many persons would not settle it" in found.answer


def test_an_interval_that_ends_at_the_limit_is_open() -> None:
    found = asked(share(0.22, 0.19, 0.25), low=0.25)
    assert found.outcome == "not enough data"


def test_so_many_persons_as_are_named_settle_whether_a_figure_is_within_two_limits() -> None:
    found = asked(share(0.3, 0.22, 0.38), low=0.25, high=0.35)
    needed = int(found.answer.partition("about ")[2].partition(" persons")[0].replace(",", ""))
    half = 0.08 * (1000 / needed) ** 0.5
    values = np.random.default_rng(1).normal(0.3, half / 1.959964, 1000)
    settled = [
        not asked(share(value, value - half, value + half), low=0.25, high=0.35).outcome.is_open
        for value in values.tolist()
    ]
    assert 0.78 < np.mean(settled) < 0.86


def test_a_figure_without_a_value_says_why() -> None:
    found = asked(share(None, None, None), low=0.25)
    assert (found.outcome, found.outcome.is_open) == ("cannot be said", True)
    assert "nobody ordered" in found.answer


def test_a_figure_of_which_only_limits_are_shown_is_judged_by_them() -> None:
    found = asked(share(None, 0.3, 0.4), low=0.25)
    assert found.outcome == "shown"
    assert "lies within 30.0% to 40.0%" in found.answer


def test_limits_on_both_sides_stand_in_the_rule() -> None:
    found = asked(share(0.3, 0.29, 0.31), low=0.25, high=0.35)
    assert found.outcome == "shown"
    assert "within 25% to 35%" in found.rule


@pytest.mark.parametrize(
    ("limits", "message"),
    [({}, "needs a limit"), ({"low": 1.0, "high": 0.5}, "must be below high")],
)
def test_limits_that_cannot_be_are_refused(limits: dict[str, float], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        asked(share(0.3, 0.2, 0.4), **limits)


def test_a_verdict_typed_by_hand_is_an_opinion() -> None:
    typed = Verdict(name="a", question="Is it?", outcome=Outcome.SHOWN, answer="Yes.", rule="so")
    assert (typed.is_opinion, typed.basis) == (True, OPINION)
    assert not asked(share(0.3, 0.28, 0.32), low=0.25).is_opinion


def test_so_many_persons_as_are_named_settle_the_question_in_four_of_five_samples() -> None:
    rng = np.random.default_rng(5)
    for true, limit in ((0.22, 0.25), (0.3, 0.25), (0.05, 0.04)):
        n = 400
        interval = share_interval(true * n, n)
        growth = growth_needed(true, float(interval.low), float(interval.high), limit=limit)
        larger = int(growth * n)
        low, high = share_interval(rng.binomial(larger, true, 4000), larger)
        decided = float(((low > limit) | (high < limit)).mean())
        assert 0.75 <= decided <= 0.88, (true, limit, decided)


def test_an_answer_has_the_digits_of_the_list_of_key_figures() -> None:
    found = asked(share(0.3, 0.2871, 0.3133), low=0.25)
    assert "is 30.0% (95 % interval 28.7% to 31.3%" in found.answer
    mean = Estimate(
        name="spent", value=300.417, low=219.8, high=381.02, n=99, unit="EUR", label="Spending"
    )
    answer = judge(mean, name="high", question="Is it high?", low=50).answer
    assert f"is {value_text(mean)} (95 % interval {interval_text(mean)}, 99 persons)" in answer
    assert value_text(mean) == "300 EUR"
