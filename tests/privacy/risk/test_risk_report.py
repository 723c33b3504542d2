"""The report: verdicts, what it contains as JSON, its tables, and what it never contains."""

import json
from dataclasses import replace

import polars as pl
import pytest

from workbench.foundation.errors import ParameterError
from workbench.privacy.known_facts import known_facts_risk
from workbench.privacy.risk import RiskQuestion, RiskReport, RiskThresholds, assess_risk
from workbench.privacy.risk.rejoining import rejoin_risk
from workbench.privacy.risk.risk_exhibits import (
    attack_figure,
    attack_table,
    class_table,
    knowledge_table,
    loss_figure,
    loss_table,
    uniques_table,
    utility_figure,
)
from workbench.privacy.risk.risk_report import CAUTION
from workbench.statistics.verdicts import Outcome

from .tables import people

COLUMNS = ("age", "area", "job", "married")


def in_classes(rows: pl.DataFrame, k: int) -> pl.DataFrame:
    """Return the rows with coarse ages and jobs, classes below k suppressed."""
    start = pl.col("age") // 30 * 30
    coarse = rows.with_columns(
        pl.format("[{}, {})", start, start + 30).alias("age"),
        pl.when(pl.col("job").is_in(["job 1", "job 2"])).then(pl.lit("{job 1, job 2}"))
        .otherwise(pl.lit("*")).alias("job"),
        pl.when(pl.col("area") == "area 1").then("area").otherwise(pl.lit("*")).alias("area"),
        married=pl.lit("*"),
    )  # fmt: skip
    small = pl.len().over(COLUMNS) < k
    return coarse.with_columns(
        pl.when(small).then(pl.lit("*")).otherwise(name).alias(name) for name in COLUMNS
    )


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return people(6000, seed=9).with_row_index("who")


@pytest.fixture(scope="module")
def question() -> RiskQuestion:
    return RiskQuestion(
        quasi_identifiers=COLUMNS, sensitive=("plan",), persons="who", groups=("area", "job"),
        population=1_000_000,
    )  # fmt: skip


@pytest.fixture(scope="module")
def coarse(rows: pl.DataFrame, question: RiskQuestion) -> RiskReport:
    return assess_risk(rows[:4000], in_classes(rows[:4000], 11), question, control=rows[4000:])


@pytest.fixture(scope="module")
def copy(rows: pl.DataFrame, question: RiskQuestion) -> RiskReport:
    return assess_risk(rows[:4000], rows[:4000], question, control=rows[4000:])


def test_a_release_of_large_classes_is_within_all_thresholds(coarse: RiskReport) -> None:
    assert coarse.classes.smallest >= 11
    assert [verdict.outcome for verdict in coarse.verdicts] == [Outcome.SHOWN] * 3
    assert not any(verdict.concern or verdict.is_opinion for verdict in coarse.verdicts)
    assert all(
        verdict.answer.startswith("Within the threshold of 0.09") for verdict in coarse.verdicts
    )


def test_k_alone_is_never_called_anonymous(coarse: RiskReport, copy: RiskReport) -> None:
    for report in (coarse, copy):
        assert CAUTION in report.residual_risk
    assert "never anonymous" in CAUTION
    told = coarse.residual_risk
    assert told.startswith("Of the three risks, singling out is within its threshold, linkability")


def test_a_copy_is_above_and_concerns(copy: RiskReport) -> None:
    assert all(verdict.concern for verdict in copy.verdicts)
    assert "is above its threshold" in copy.residual_risk


def test_a_class_below_the_threshold_is_above_it_whatever_attacks_find(
    rows: pl.DataFrame, question: RiskQuestion
) -> None:
    few = pl.col("who") < 3
    released = in_classes(rows[:4000], 11).with_columns(
        pl.when(few).then(pl.lit("{true, false}")).otherwise("married").alias("married")
    )
    report = assess_risk(rows[:4000], released, question, control=rows[4000:])
    assert report.classes.smallest <= 3
    assert report.verdicts[0].outcome is Outcome.NOT_SHOWN
    assert "can be picked with a chance above 0.09" in report.verdicts[0].answer
    allowed = replace(question, thresholds=RiskThresholds(share_above=1.0))
    assert replace(report, question=allowed).verdicts[0].outcome is Outcome.SHOWN


def test_originals_in_large_classes_need_no_attack() -> None:
    rows = pl.DataFrame({"area": ["N", "S"] * 50})
    report = assess_risk(rows, rows, RiskQuestion(quasi_identifiers=("area",)))
    assert report.copied.unique == 0 and report.copied.is_plant_found is None
    for verdict in report.verdicts[:2]:
        assert verdict.outcome is Outcome.SHOWN
        assert "even the originals themselves would be within it" in verdict.answer
    strict = replace(report.question, thresholds=RiskThresholds(linkability=0.019))
    linking = replace(report, question=strict).verdicts[1]
    assert linking.outcome is Outcome.CANNOT_BE_SAID  # one of 50 persons is more


def test_known_facts_and_rejoining_count(coarse: RiskReport, rows: pl.DataFrame) -> None:
    orders = pl.DataFrame({"who": range(4000), "euros": range(4000)})
    facts = known_facts_risk(orders, person="who", facts=["euros"], known=[1])
    shown = replace(coarse, known_facts=facts)
    assert shown.verdicts[0].outcome is Outcome.NOT_SHOWN
    assert "Known by 1 fact to fewer than 5 persons: 100.0%" in shown.verdicts[0].answer
    persons = rows[:4000].select("who", "area")
    joined = rejoin_risk(
        (persons, orders), (persons, orders), person="who", quasi_identifiers=["area"],
        facts=["euros"],
    )  # fmt: skip
    linked = replace(coarse, rejoined=joined)
    assert linked.verdicts[1].outcome is Outcome.NOT_SHOWN
    assert linked.verdicts[0].outcome is Outcome.SHOWN
    table = knowledge_table(replace(shown, rejoined=joined))
    assert table is not None and table.rows.height == 5
    assert knowledge_table(coarse) is None
    found = linked.to_dict()["rejoined"]
    assert [each["name"] for each in found][-1] == "rejoin_gain"


def test_the_report_is_plain_json_without_cell_values(
    copy: RiskReport, coarse: RiskReport, rows: pl.DataFrame
) -> None:
    for report in (copy, coarse):
        written = json.dumps(report.to_dict(), allow_nan=False)
        assert json.loads(written) == report.to_dict()
        for name in ("area", "job", "plan"):
            for value in rows[name].unique():
                assert f"{value}" not in written
    outcomes = [each["outcome"] for each in coarse.to_dict()["verdicts"]]
    assert outcomes == ["within the threshold"] * 3
    assert {each["outcome"] for each in copy.to_dict()["verdicts"]} == {"above it"}


def test_what_was_not_tested_is_said(rows: pl.DataFrame) -> None:
    report = assess_risk(
        rows[:400], rows[:400], RiskQuestion(quasi_identifiers=("age",), attacks=500)
    )
    told = " ".join(report.untested)
    for point in (
        "No control group was given",
        "The original has 400 persons instead of the 500 attacks",
        "Inference was not tested",
        "Linking was not tested",
        "Every row counts as one person",
        "Uniqueness in the population was not estimated",
        "other releases of the same persons",
    ):
        assert point in told
    assert f"Not tested: {len(report.untested)} points" in report.residual_risk


def test_tables_hold_what_was_measured(coarse: RiskReport, copy: RiskReport) -> None:
    attacks = attack_table(copy)
    assert attacks.rows["attack"].to_list()[0] == "Unique persons whose record is copied"
    assert attacks.rows.height == len(copy.attacks) + 1
    assert class_table(copy).rows["release"].to_list()[0] == "1"
    uniques = uniques_table(copy)
    assert uniques is not None and uniques.rows["share"].drop_nulls().is_between(0, 1).all()
    assert uniques_table(replace(copy, uniques=None)) is None
    losses = loss_table(coarse)
    assert losses is not None and losses.rows["characteristic"][0] == "everybody"
    assert loss_table(replace(copy, losses=None)) is None is loss_figure(replace(copy, losses=None))


def test_figures_describe_themselves(coarse: RiskReport, copy: RiskReport) -> None:
    assert "Highest: " in attack_figure(copy).description
    worst = loss_figure(coarse)
    assert worst is not None and "job: job 9" in str(worst.table.rows["group"].to_list())
    utility = utility_figure({"coarse": coarse, "copy": copy})
    rows = {row["release"]: row for row in utility.table.rows.to_dicts()}
    assert rows["copy"]["loss"] == 0 and rows["copy"]["risk"] > 0.9
    assert rows["coarse"]["loss"] > 0.5 and rows["coarse"]["risk"] < 0.09


def test_classes_of_eleven_persons_are_within_the_default() -> None:
    rows = pl.DataFrame({"area": ["N"] * 11 + ["S"] * 11})
    report = assess_risk(rows, rows, RiskQuestion(quasi_identifiers=("area",)))
    assert report.verdicts[0].outcome is Outcome.SHOWN


@pytest.mark.parametrize("name", ["highest", "inference"])
def test_thresholds_are_shares(name: str) -> None:
    with pytest.raises(ParameterError, match=f"threshold {name} is 5: it must be between 0 and 1"):
        RiskThresholds(**{name: 5})
