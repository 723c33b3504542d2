"""COMPAS: the error rates that ProPublica published."""

from pathlib import Path

import polars as pl
import pytest

from workbench.fairness import Question, audit, scores_by_group


@pytest.fixture(scope="module")
def persons(real_data: Path) -> pl.DataFrame:
    return pl.read_csv(
        real_data / "compas" / "compas-scores-two-years.csv", infer_schema_length=10_000
    ).select(
        "race",
        high=pl.col("score_text") != "Low",
        reoffended=pl.col("two_year_recid") == 1,
        score=pl.col("decile_score") / 10,
    )


def test_error_rates_are_propublicas(persons: pl.DataFrame) -> None:
    question = Question(attributes=("race",))
    found = audit(persons, question, decision="high", outcome="reoffended", seed=1)
    of = {(row["group"], row["metric"]): row["value"] for row in found.rates.iter_rows(named=True)}
    published = {
        ("African-American", "false_positive_rate"): 0.4485,
        ("Caucasian", "false_positive_rate"): 0.2345,
        ("African-American", "false_negative_rate"): 0.2799,
        ("Caucasian", "false_negative_rate"): 0.4772,
        ("African-American", "precision"): 0.6297,
        ("Caucasian", "precision"): 0.5913,
    }
    assert {key: round(of[key], 4) for key in published} == published
    assert [str(verdict.outcome) for verdict in found.verdicts] == ["shown", "shown"]
    # the pair that ProPublica named, and no group of 10 persons before it
    pair = pl.col("group").is_in(["African-American", "Caucasian"]) & pl.col("reference").is_in(
        ["African-American", "Caucasian"]
    )
    named = found.contrasts.filter(
        pair, pl.col("metric").is_in(["false_positive_rate", "true_positive_rate"])
    )
    assert set(named["finding"]) == {"shown"}
    assert "Native American" not in found.verdicts[1].answer.split(";")[0]


def test_scores_rank_alike_where_error_rates_differ(persons: pl.DataFrame) -> None:
    found = scores_by_group(persons, "race", score="score", outcome="reoffended")
    aucs = dict(found.select("group", "auc").iter_rows())
    assert round(aucs["African-American"], 3) == 0.692
    assert round(aucs["Caucasian"], 3) == 0.693
