"""Rates by group: fairlearn's figures wherever its metric is defined."""

from pathlib import Path

import fairlearn.metrics as fm
import numpy as np
import polars as pl
import pytest
from sklearn.metrics import accuracy_score, precision_score

from workbench.fairness import (
    METRICS,
    Question,
    assign_groups,
    audit,
    contrasts,
    count_decisions,
    rates,
    representation,
)
from workbench.foundation.errors import InputError
from workbench.privacy.release import Release

FAIRLEARN = {
    "selection_rate": fm.selection_rate,
    "true_positive_rate": fm.true_positive_rate,
    "false_positive_rate": fm.false_positive_rate,
    "false_negative_rate": fm.false_negative_rate,
    "true_negative_rate": fm.true_negative_rate,
    "precision": precision_score,
    "accuracy": accuracy_score,
}


def people(n: int, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    group = random.choice(["a", "b", "c"], n, p=[0.6, 0.3, 0.1])
    y = random.random(n) < 0.4
    return pl.DataFrame({"group": group, "y": y, "d": random.random(n) < np.where(y, 0.6, 0.2)})


def test_rates_are_fairlearns() -> None:
    rows = people(2000, 1)
    counted = count_decisions(assign_groups(rows, ["group"]), rows["d"], rows["y"])
    found = rates(counted, tuple(FAIRLEARN), least=1)
    frame = fm.MetricFrame(
        metrics=FAIRLEARN,
        y_true=rows["y"].to_numpy(),
        y_pred=rows["d"].to_numpy(),
        sensitive_features=rows["group"].to_numpy(),
    )
    for row in found.iter_rows(named=True):
        expected = frame.by_group.loc[row["group"], row["metric"]]
        assert row["value"] == pytest.approx(expected, abs=1e-12)


def test_differences_and_ratios_are_fairlearns() -> None:
    rows = people(2000, 2)
    found = audit(rows, Question(attributes=("group",)), decision="d", outcome="y", seed=1)
    ranges = {row["metric"]: row for row in found.ranges.iter_rows(named=True)}
    given = {"y_true": rows["y"].to_numpy(), "y_pred": rows["d"].to_numpy()}
    given["sensitive_features"] = rows["group"].to_numpy()
    assert ranges["selection_rate"]["difference"] == pytest.approx(
        fm.demographic_parity_difference(**given), abs=1e-12
    )
    assert ranges["selection_rate"]["ratio"] == pytest.approx(
        fm.demographic_parity_ratio(**given), abs=1e-12
    )
    odds = ranges["equalized_odds"]
    assert odds["difference"] == pytest.approx(fm.equalized_odds_difference(**given), abs=1e-12)
    assert odds["ratio"] == pytest.approx(fm.equalized_odds_ratio(**given), abs=1e-12)
    assert odds["low"] <= odds["difference"] <= odds["high"]


def test_missing_is_counted_and_small_groups_are_not_judged(cases: Path) -> None:
    rows = pl.read_csv(cases / "b01.csv")
    question = Question(attributes=("group",))
    found = audit(rows, question, decision="decision", outcome="outcome", seed=1)
    selection = found.rates.filter(pl.col("metric") == "selection_rate")
    assert selection["group"].to_list() == ["missing", "x", "y"]
    assert selection["persons"].to_list() == [3, 4, 2]
    assert selection["note"].unique().to_list() == ["too small to be called alike"]
    assert found.contrasts.is_empty()
    assert found.verdicts[0].outcome == "cannot be said"
    assert "Fewer than two groups are large enough to be compared" in found.verdicts[0].answer
    assert "Too small to be compared: missing, x and y." in found.verdicts[0].answer


def test_a_group_without_positives_cannot_be_estimated(cases: Path) -> None:
    rows = pl.read_csv(cases / "b03.csv")
    question = Question(attributes=("group",))
    found = audit(rows, question, decision="decision", outcome="outcome", seed=1)
    of = {(row["metric"], row["group"]): row for row in found.rates.iter_rows(named=True)}
    assert of["true_positive_rate", "a"]["value"] == 0.8
    lacking = of["true_positive_rate", "b"]
    assert (lacking["value"], lacking["low"]) == (None, None)
    assert lacking["note"] == "cannot be estimated, no positives"
    wrong = [of["false_positive_rate", group] for group in "ab"]
    assert [(row["count"], row["of"]) for row in wrong] == [(0, 15), (3, 30)]
    assert [(round(row["low"], 3), round(row["high"], 3)) for row in wrong] == [
        (0.0, 0.218), (0.021, 0.265),
    ]  # fmt: skip
    odds = next(verdict for verdict in found.verdicts if verdict.name.startswith("equalized_odds"))
    assert odds.outcome == "cannot be said"
    assert "Group b: cannot be estimated, no positives in true positive rate" in odds.answer
    assert next(e for e in found.estimates if e.name == "equalized_odds_difference").value is None


def test_an_empty_intersection_is_listed_without_a_gap() -> None:
    rows = pl.DataFrame(
        {
            "sex": ["f"] * 20 + ["m"] * 20,
            "age": ["young"] * 30 + ["old"] * 10,
            "selected": [True, False] * 20,
        }
    )
    question = Question(attributes=("sex", "age"), are_crossed=True)
    found = audit(rows, question, decision="selected", seed=1)
    crossed = found.rates.filter(pl.col("attribute") == "sex x age")
    empty = crossed.filter(pl.col("group") == "f x old").row(0, named=True)
    assert (empty["persons"], empty["value"], empty["note"]) == (0, None, "empty")
    assert "f x old" not in found.contrasts["group"].to_list()
    assert not any("f x old" in verdict.answer for verdict in found.verdicts)


def test_contrasts_compare_with_the_reference_by_hand() -> None:
    selected = [True] * 40 + [False] * 60 + [True] * 10 + [False] * 40
    rows = pl.DataFrame({"g": ["a"] * 100 + ["b"] * 50, "d": selected})
    counted = count_decisions(assign_groups(rows, ["g"]), rows["d"], None)
    table = rates(counted, ("selection_rate",), least=10)
    row = contrasts(table, Question(attributes=("g",)), seed=1).row(0, named=True)
    assert (row["value"], row["reference_value"], row["difference"]) == (0.2, 0.4, -0.2)
    # Pearson's chi-squared of 40/60 against 10/40 is 6.0 on one degree of freedom
    assert row["p_value"] == pytest.approx(0.01430588, abs=1e-7)


def test_representation_compares_shares() -> None:
    rows = pl.DataFrame({"g": ["a"] * 6 + ["b"] * 4, "d": [True] * 2 + [False] * 7 + [True]})
    everybody = assign_groups(rows.with_columns(all=pl.lit("all")), ["all"])
    counted, whole = (
        count_decisions(groups, rows["d"], None)
        for groups in (assign_groups(rows, ["g"]), everybody)
    )
    found = representation(counted, whole)
    assert found["share"].round(6).to_list() == [0.6, 0.4]
    assert found["share_of_selected"].round(6).to_list() == [0.666667, 0.333333]
    assert found["ratio"].round(6).to_list() == [1.111111, 0.833333]


def test_a_missing_decision_is_refused_with_its_count() -> None:
    rows = pl.DataFrame({"g": ["a", "b"], "d": [True, None]})
    with pytest.raises(InputError, match="1 of 2 persons have no decision"):
        audit(rows, Question(attributes=("g",)), decision="d", seed=1)


def test_a_numerator_that_one_rate_bounds_is_told_by_no_other() -> None:
    n = 300
    rows = pl.DataFrame(
        {
            "customer_id": range(n),
            "group": ["all"] * n,
            "d": [True] * 38 + [False] * 2 + [True] * 60 + [False] * 200,
            "y": [True] * 40 + [False] * 260,
        },
        schema_overrides={"customer_id": pl.UInt64},
    )
    rules = Release(view="v", secret=b"", is_exact=True)
    groups = assign_groups(rows, ["group"])
    counted = count_decisions(
        groups, rows["d"], rows["y"], persons=rows["customer_id"], release=rules
    )
    found = rates(counted, tuple(METRICS), least=1, release=rules)
    bounds = dict(found.select("metric", "bound").iter_rows())
    assert bounds["true_positive_rate"] == "all but at most 4 of 40"
    assert bounds["false_negative_rate"] == "at most 4 of 40"
    assert bounds["precision"] == "all but at most 4 of 40 positives"
    assert bounds["selection_rate"] == ""
    assert found.filter(pl.col("metric") == "precision")["value"][0] == 37.5 / 98
