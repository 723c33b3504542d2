"""Attacks by hand computation, on generalised cells, and their intervals over repetitions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest

from workbench.foundation.errors import ParameterError
from workbench.privacy.risk import RiskQuestion, RiskReport, RiskThresholds, assess_risk
from workbench.privacy.risk.attack_rates import AttackRate, adjusted_risk, spread_of
from workbench.statistics.verdicts import Outcome

from .tables import people, shuffled

COLUMNS = ("age", "area", "job", "married")


def assessed(
    original: pl.DataFrame, released: pl.DataFrame, control: pl.DataFrame | None, **options: Any
) -> RiskReport:
    asked = {"quasi_identifiers": ("age", "area"), "sensitive": ("plan",), **options}
    return assess_risk(original, released, RiskQuestion(**asked), control=control)


def successes(report: RiskReport) -> Mapping[str, tuple[int, int]]:
    return {attack.name: (attack.successes, attack.control_successes) for attack in report.attacks}


ORIGINAL = pl.DataFrame(
    {
        "age": [20, 21, 22, 40, 41, 42],
        "area": ["N", "N", "N", "S", "S", "S"],
        "plan": ["a", "a", "b", "c", "c", "c"],
    }
)
CONTROL = pl.DataFrame({"age": [20, 43], "area": ["S", "S"], "plan": ["c", "c"]})


def test_a_copy_by_hand() -> None:
    found = successes(assessed(ORIGINAL, ORIGINAL, CONTROL))
    # Every age is unique in the original and in the copy. Control: somebody else has age 20, and
    # nobody has age 43, so no entry covers it.
    assert found["singling_out_univariate"] == (6, 0)
    assert found["singling_out_multivariate"] == (6, 0)
    # Two sources that know age and area find the same one entry. In the control group age 20 is in
    # area N only, and the age next to 43 is 42, of area S: it joins what are two persons.
    assert found["linking_nearest"] == (6, 1)
    # All are nearest to themselves; the nearest to 20 in S is somebody with plan c, as is the
    # nearest to 43 in S.
    assert found["inference_plan"] == (6, 2)


def test_a_generalised_release_by_hand() -> None:
    released = ORIGINAL.with_columns(
        age=pl.Series(["[20, 30)", "[20, 30)", "[20, 30)", "40", "*", "*"])
    )
    found = successes(assessed(ORIGINAL, released, CONTROL))
    # "*" covers everybody, so three cells cover the age of 40, and two those of 41 and 42.
    assert found["singling_out_univariate"] == found["singling_out_multivariate"] == (0, 0)
    # The nearest to 40, 41 and 42 by age is "40" alone, which is among those in S: the intruder
    # links three persons, two of them wrongly, and 43 of the control group wrongly too.
    assert found["linking_nearest"] == (3, 1)
    # Among the three in N two have plan a, so those are guessed; in S everybody has plan c.
    assert found["inference_plan"] == (5, 2)


def test_labels_of_a_hierarchy_are_attacked_as_the_values_below() -> None:
    original = pl.DataFrame(
        {"job": ["cook", "nurse", "smith", "welder"], "age": [1, 2, 3, 4], "plan": list("abcd")}
    )
    released = original.with_columns(
        pl.col("job").replace({"smith": "metal", "welder": "metal"}), age=pl.lit("*")
    )
    hierarchy = pl.DataFrame(
        {
            "job": ["cook", "nurse", "smith", "welder"],
            "1": ["service", "service", "metal", "metal"],
            "2": ["*"] * 4,
        }
    )
    columns: dict[str, Any] = {"quasi_identifiers": ("job", "age")}
    known = assessed(original, released, None, hierarchies={"job": hierarchy}, **columns)
    assert successes(known)["singling_out_univariate"] == (2, 0)
    assert not [point for point in known.untested if point.startswith("Column job")]
    unknown = assessed(original, released, None, **columns)
    [point] = [point for point in unknown.untested if point.startswith("Column job")]
    assert point.startswith("Column job has 1 cell that covers no original value")


def test_a_class_that_two_persons_share_singles_nobody_out() -> None:
    twice = pl.concat([ORIGINAL, ORIGINAL])
    found = successes(assessed(twice, twice, CONTROL))
    assert found["singling_out_multivariate"][0] == 0
    assert found["linking_nearest"][0] == 0


def test_entries_count_persons_and_not_rows() -> None:
    rows = pl.concat([ORIGINAL.with_row_index("who")] * 2)
    control = CONTROL.with_row_index("who")
    found = successes(assessed(rows, rows, control, persons="who"))
    assert found["singling_out_multivariate"] == (6, 0)


def test_rows_without_a_person_are_persons_of_their_own() -> None:
    rows = pl.concat([ORIGINAL, ORIGINAL]).with_columns(
        who=pl.Series([1, 2, 3, 4, 5, None, 1, 2, 3, 4, 5, None])
    )
    report = assessed(rows, rows, CONTROL.with_columns(who=pl.lit(9)), persons="who")
    # Five persons with two equal rows each, and two guests who are alike.
    assert report.original_persons == 7
    assert successes(report)["singling_out_multivariate"] == (5, 0)
    assert report.losses is not None and report.losses["persons"][0] == 5


def test_no_cell_value_is_in_the_text_of_a_report() -> None:
    names = ["hierarchies", "Nowhere"]
    original = pl.DataFrame({"who": range(40), "area": names * 20, "plan": ["secret plan"] * 40})
    hierarchy = pl.DataFrame({"area": names, "1": ["*", "*"]})
    question = RiskQuestion(
        quasi_identifiers=("area",), sensitive=("plan",), persons="who",
        hierarchies={"area": hierarchy},
    )  # fmt: skip
    told = repr(assess_risk(original, original, question)) + repr(question)
    assert "Nowhere" not in told and "secret plan" not in told


def test_a_planted_copy_stands_beside_every_attack() -> None:
    report = assessed(ORIGINAL, ORIGINAL.with_columns(age=pl.lit("*")), CONTROL)
    for attack in report.attacks:
        assert attack.planted is not None and attack.planted.name == attack.name
    multivariate = next(each for each in report.attacks if "multi" in each.name)
    assert (multivariate.successes, multivariate.planted and multivariate.planted.successes) == (
        0,
        6,
    )


def test_an_attack_without_power_gives_no_all_clear() -> None:
    # Six persons: even a copy leaves an interval from about 0.1, below a threshold of .5.
    thresholds = {"singling_out": 0.9, "linkability": 0.9, "inference": 0.9, "highest": 0.9}
    report = assessed(
        ORIGINAL, ORIGINAL.with_columns(age=pl.lit("*"), area=pl.lit("*")), CONTROL,
        thresholds=RiskThresholds(**thresholds),
    )  # fmt: skip
    linkability = report.verdicts[1]
    assert linkability.outcome is Outcome.CANNOT_BE_SAID
    assert "no attack was tried that notices a verbatim copy" in linkability.answer


def test_without_a_control_group_an_all_clear_needs_few_successes_and_a_leak_cannot_be_told() -> (
    None
):
    rows = people(2500, seed=2)
    original, control = rows[:1500], rows[1500:]
    copy = assessed(original, original, None, quasi_identifiers=COLUMNS, rows_are_persons=False)
    assert copy.verdicts[1].outcome is Outcome.CANNOT_BE_SAID
    assert any("No control group was given" in point for point in copy.untested)
    assert {attack.risk.value for attack in copy.attacks} == {None}
    coarse = original.with_columns(pl.lit("*").alias(name) for name in COLUMNS[1:])
    harmless = assessed(original, coarse, None, quasi_identifiers=COLUMNS, rows_are_persons=False)
    assert [verdict.outcome for verdict in harmless.verdicts[:2]] == [Outcome.SHOWN] * 2
    # Chance guesses of a value cannot be told from a leak: a fifth of them are right anyway.
    assert harmless.verdicts[2].outcome is Outcome.CANNOT_BE_SAID
    told = assessed(original, original, control, quasi_identifiers=COLUMNS)
    assert told.verdicts[1].outcome is Outcome.NOT_SHOWN


def test_a_small_control_group_is_said() -> None:
    rows = people(1300, seed=2)
    report = assessed(rows[:1000], shuffled(rows[:1000], seed=1), rows[1000:], attacks=800)
    assert any(
        "The control group has 300 persons instead of the 800 that were asked for" in point
        for point in report.untested
    )
    assert {attack.control_tried for attack in report.attacks} == {300, 150}
    assert {attack.tried for attack in report.attacks} == {800}


def test_the_same_input_gives_the_same_figures_in_any_order_of_rows() -> None:
    rows = people(900, seed=3)
    original, control = rows[:600], rows[600:]
    released = shuffled(original, seed=2)
    one = assessed(original, released, control, quasi_identifiers=COLUMNS, attacks=200, seed=7)
    again = [
        each.sample(fraction=1, shuffle=True, seed=5) for each in (original, released, control)
    ]
    other = assessed(*again, quasi_identifiers=COLUMNS, attacks=200, seed=7)
    assert one.to_dict() == other.to_dict()
    third = assessed(original, released, control, quasi_identifiers=COLUMNS, attacks=200, seed=8)
    assert third.to_dict() != one.to_dict()


@pytest.mark.parametrize(
    "released",
    [
        ORIGINAL.clear(),
        ORIGINAL.head(1),
        ORIGINAL.with_columns(
            pl.lit(None, dtype=pl.String).alias(name) for name in ("age", "area")
        ),
        ORIGINAL.with_columns(pl.lit("*").alias(name) for name in ("age", "area", "plan")),
        ORIGINAL.with_columns(age=None, area=None),
    ],
)
def test_releases_without_rows_or_cells_leave_nobody_at_risk(released: pl.DataFrame) -> None:
    for control in (None, CONTROL, CONTROL.clear()):
        report = assessed(ORIGINAL, released, control)
        assert report.copied.copies <= released.head(1).drop_nulls().height
        assert len(report.verdicts) == 3 and report.to_dict()["verdicts"]


def test_one_person_alone() -> None:
    report = assessed(ORIGINAL.head(1), ORIGINAL.head(1), None)
    assert report.classes.highest == 1.0
    assert report.verdicts[0].outcome is Outcome.NOT_SHOWN


@pytest.mark.parametrize(
    "text",
    ["=cmd()", "<script>alert(1)</script>", "{", "[1,", "*", "\x00", "é\u202e", "a;b\n", "{a}"],
)
def test_hostile_cells_are_values_like_others_and_are_in_no_report(text: str) -> None:
    original = pl.concat(
        [ORIGINAL, pl.DataFrame({"age": [50], "area": [text], "plan": [text]})]
    ).with_columns(pl.col("plan").cast(pl.Categorical))
    report = assessed(original, original, CONTROL.with_columns(pl.col("plan").cast(pl.Categorical)))
    told = str(report.to_dict())
    if text not in ("*", "{"):
        assert text not in told and "script" not in told
    if text != "*":
        assert successes(report)["singling_out_univariate"][0] == 7


def test_missing_values_that_the_original_has_are_values() -> None:
    original = ORIGINAL.with_columns(age=pl.Series([20, None, 22, None, 41, 42]))
    report = assessed(original, original, CONTROL)
    # The two missing ages are alike, but their areas differ.
    assert successes(report)["singling_out_univariate"] == (4, 0)
    assert successes(report)["singling_out_multivariate"] == (6, 0)
    assert report.copied.copies == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quasi_identifiers": ()}, "no quasi-identifier is named"),
        ({"sensitive": ("age",)}, "age is a quasi-identifier and sensitive"),
        ({"quasi_identifiers": ("age", "age")}, "named twice"),
        ({"quasi_identifiers": ("_age",)}, "the name _age begins with _"),
        ({"quasi_identifiers": ("aeg",)}, "no column 'aeg'; did you mean 'age'"),
        ({"attacks": 0}, "attacks is 0"),
        ({"persons": "who"}, "no column 'who'"),
        ({"groups": ("sex",)}, "no column 'sex'"),
    ],
)
def test_impossible_questions_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        assessed(ORIGINAL, ORIGINAL, None, **options)


def test_tables_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ParameterError, match="the original has no rows"):
        assessed(ORIGINAL.clear(), ORIGINAL, None)
    texts = CONTROL.with_columns(pl.col("age").cast(pl.String))
    with pytest.raises(ParameterError, match="column age is of type Int64 in the original"):
        assessed(ORIGINAL, ORIGINAL, texts)


def test_the_adjusted_risk_is_the_success_beyond_that_of_the_control_group() -> None:
    attack = AttackRate(
        name="a", criterion="inference", label="a", tried=200, successes=110,
        control_tried=100, control_successes=10,
    )  # fmt: skip
    assert adjusted_risk(attack).value == pytest.approx((0.55 - 0.1) / 0.9)
    assert attack.rate.value == 0.55 and attack.control_rate.value == 0.1
    everybody = AttackRate(
        name="a", criterion="inference", label="a", tried=10, successes=10,
        control_tried=10, control_successes=10,
    )  # fmt: skip
    assert everybody.risk.value is None
    assert everybody.risk.note == "the attack succeeds on everybody in the control group"


@pytest.mark.parametrize(
    ("rate", "control_rate"), [(0.5, 0.2), (0.05, 0.05), (0.9, 0.6), (0.01, 0.0)]
)
def test_the_interval_of_the_adjusted_risk_covers_it(rate: float, control_rate: float) -> None:
    random = np.random.default_rng(5)
    true, covered = (rate - control_rate) / (1 - control_rate), 0
    for _ in range(400):
        risk = adjusted_risk(
            AttackRate(
                name="a", criterion="inference", label="a",
                tried=300, successes=int(random.binomial(300, rate)),
                control_tried=200, control_successes=int(random.binomial(200, control_rate)),
            )
        )  # fmt: skip
        covered += (risk.low or 0) <= true <= (risk.high or 0)
    assert covered >= 0.93 * 400


def test_persons_of_a_class_widen_the_interval() -> None:
    alone = spread_of(np.array([True, False, True, False]), np.array([1, 2, 3, 4]))
    together = spread_of(np.array([True, False] * 50), np.array([1, 2] * 50))
    assert alone == 1.0
    assert together == 50.0


def calibration(releases: int, *, seed: int) -> dict[str, list[bool]]:
    """Return whether the intervals of harmless releases contain 0, by attack.

    Each release is a shuffle of the originals in every second case and other persons else.
    """
    held: dict[str, list[bool]] = {}
    for number in range(releases):
        rows = people(3600, seed=seed + number)
        original, control, others = rows[:2000], rows[2000:2900], rows[2900:]
        report = assess_risk(
            original,
            shuffled(original, seed=number) if number % 2 else others,
            RiskQuestion(
                quasi_identifiers=COLUMNS, sensitive=("plan",), rows_are_persons=False, seed=number,
                attacks=1000,
            ),
            control=control,
        )  # fmt: skip
        for attack in (*report.attacks, report.copied.attack):
            risk = attack.risk
            held.setdefault(attack.name, []).append(
                risk.low is not None and risk.high is not None and risk.low <= 0 <= risk.high
            )
    return held


def test_intervals_of_harmless_releases_contain_zero() -> None:
    for held in calibration(12, seed=500).values():
        assert sum(held) >= 9


@pytest.mark.slow
def test_intervals_of_many_harmless_releases_contain_zero() -> None:
    for held in calibration(200, seed=5000).values():
        assert sum(held) >= 0.9 * 200


def incomes(number: int, *, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    income = np.exp(random.normal(10, 0.6, number))
    return pl.DataFrame(
        {
            "age": random.integers(18, 90, number),
            "income": income.round(),
            "spent": np.exp(random.normal(4, 1, number)).round(2),
            "area": [f"area {each}" for each in random.integers(0, 30, number)],
            "score": (np.log(income) * 10 + random.normal(0, 2, number)).round(1),
        }
    )


@pytest.mark.parametrize("spread", [0.02, 0.1])
def test_slightly_altered_copies_are_found_though_no_record_is_copied(spread: float) -> None:
    rows = incomes(3000, seed=4)
    original, control = rows[:2000], rows[2000:]
    noise = np.exp(np.random.default_rng(1).normal(0, spread, (2, 2000)))
    released = original.with_columns(
        (pl.col(name) * pl.Series(factor)).round(2)
        for name, factor in zip(("income", "spent"), noise, strict=True)
    )
    question = RiskQuestion(
        quasi_identifiers=("age", "income", "spent", "area"), sensitive=("score",),
        rows_are_persons=False,
    )  # fmt: skip
    report = assess_risk(original, released, question, control=control)
    assert report.copied.copies == 0
    assert [verdict.outcome for verdict in report.verdicts] == [Outcome.NOT_SHOWN] * 3
    harmless = assess_risk(original, incomes(2000, seed=5), question, control=control)
    assert Outcome.NOT_SHOWN not in [verdict.outcome for verdict in harmless.verdicts]


def test_a_release_of_many_rows_is_attacked_by_fewer_persons_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workbench.privacy.risk.attacks._COMPARISONS", 20_000)
    monkeypatch.setattr("workbench.privacy.risk.attacks._FEWEST", 50)
    rows = people(900, seed=3)
    report = assessed(rows[:600], rows[:600], rows[600:], quasi_identifiers=COLUMNS, attacks=400)
    [attacked] = {attack.tried for attack in report.attacks}
    assert attacked == max(50, 20_000 // rows[:600].select(*COLUMNS, "plan").n_unique())
    assert f"on {attacked} persons instead of the 400 that were asked for" in report.untested[0]
