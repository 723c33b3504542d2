"""What is copied sets the alarm off, and where it would not, there is no verdict."""

import polars as pl
import pytest

from workbench.privacy.risk import RiskQuestion, assess_risk
from workbench.privacy.risk.risk_verdicts import Outcome

from .tables import people, shuffled

SYNTHETIC = RiskQuestion(
    quasi_identifiers=("age", "area", "plan", "spent"), rows_are_persons=False, seed=1
)


def twenty() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "age": range(20, 40),
            "area": ["N", "S"] * 10,
            "plan": ["a", "b", "c", "d"] * 5,
            "spent": [7 * number for number in range(20)],
        }
    )


def test_one_copied_record_in_twenty_is_an_alarm() -> None:
    original = twenty()
    invented = original.with_columns(pl.col("spent") + 1, pl.col("age") + 40)
    released = pl.concat([invented.head(19), original.sample(1, seed=3)])
    report = assess_risk(original, released, SYNTHETIC)
    assert (report.copied.unique, report.copied.copies, report.copied.is_alarm) == (20, 1, True)
    assert report.copied.is_plant_found is True
    singling_out = report.verdicts[0]
    assert singling_out.outcome is Outcome.NOT_SHOWN and singling_out.concern
    assert "1 record is copied word for word from unique persons" in singling_out.answer


def test_without_a_copied_record_there_is_no_alarm() -> None:
    original = twenty()
    report = assess_risk(original, original.with_columns(pl.col("spent") + 1), SYNTHETIC)
    assert (report.copied.copies, report.copied.is_alarm) == (0, False)
    assert report.verdicts[0].outcome is not Outcome.NOT_SHOWN


def test_there_is_no_verdict_where_a_planted_record_is_not_found() -> None:
    original = twenty()
    # Amounts in hundreds cannot contain the planted amount: a copy would not be noticed.
    released = original.with_columns((pl.col("spent") // 100 == 0).alias("spent"))
    report = assess_risk(original, released, SYNTHETIC)
    assert report.copied.is_plant_found is False
    for verdict in report.verdicts:
        assert verdict.outcome is Outcome.CANNOT_BE_SAID
        assert "a planted copy was not found" in verdict.answer


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_verbatim_copy_is_above_every_threshold(seed: int) -> None:
    rows = people(3000, seed=seed)
    question = RiskQuestion(
        quasi_identifiers=("age", "area", "job", "married"), sensitive=("plan",), seed=seed
    )
    report = assess_risk(rows[:2000], rows[:2000], question, control=rows[2000:])
    assert [verdict.outcome for verdict in report.verdicts] == [Outcome.NOT_SHOWN] * 3
    assert report.copied.copies == report.copied.unique > 0


def test_a_shuffle_has_a_risk_whose_interval_contains_zero() -> None:
    outside = 0
    for seed in range(6):
        rows = people(3000, seed=seed)
        question = RiskQuestion(
            quasi_identifiers=("age", "area", "job", "married"),
            sensitive=("plan",),
            rows_are_persons=False,
            seed=seed,
        )
        released = shuffled(rows[:2000], seed=seed)
        report = assess_risk(rows[:2000], released, question, control=rows[2000:])
        risks = [attack.risk for attack in report.attacks]
        assert all(risk.low is not None and risk.low <= 0.09 for risk in risks)
        outside += sum(not (risk.low or 0) <= 0 <= (risk.high or 0) for risk in risks)
        assert not report.copied.is_alarm
        assert Outcome.NOT_SHOWN not in [verdict.outcome for verdict in report.verdicts]
    assert outside <= 4  # of 30 intervals, each of which misses in 5 % of the cases


def test_a_control_group_that_is_in_the_release_leaves_no_all_clear() -> None:
    rows = people(3000, seed=5)
    question = RiskQuestion(
        quasi_identifiers=("age", "area", "job", "married"), rows_are_persons=False
    )
    report = assess_risk(rows[:2000], rows[2000:], question, control=rows[2000:])
    for verdict in report.verdicts[:2]:
        assert verdict.outcome is Outcome.CANNOT_BE_SAID
        assert "as if the control group were in the release" in verdict.answer
