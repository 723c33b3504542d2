"""Who loses most: hand computations, and intervals that cover."""

import numpy as np
import polars as pl
import pytest

from workbench.privacy.risk import RiskQuestion, RiskReport, assess_risk

HIERARCHY = pl.DataFrame(
    {"value": ["a", "b", "c", "d", "e"], "1": ["ab", "ab", "cde", "cde", "cde"], "2": ["*"] * 5}
)


def report(original: pl.DataFrame, released: pl.DataFrame, *groups: str) -> RiskReport:
    question = RiskQuestion(
        quasi_identifiers=("plan", "age"), persons="who", hierarchies={"plan": HIERARCHY},
        groups=groups,
    )  # fmt: skip
    return assess_risk(original, released, question)


def test_losses_are_shares_of_values_that_a_cell_does_not_tell() -> None:
    original = pl.DataFrame(
        {
            "who": range(40),
            "plan": ["a", "b", "c", "d", "e"] * 8,
            "age": [20, 30, 40, 50] * 10,
            "sex": ["f"] * 10 + ["m"] * 25 + ["x"] * 5,
        }
    )
    # Women keep everything, the first ten men have a label and a range, nine others are suppressed
    # and the rest of the men are left out.
    released = pl.concat(
        [
            original.select("who", "plan", pl.col("age").cast(pl.String)).head(10),
            original.select(
                "who",
                plan=pl.when(pl.col("plan").is_in(["a", "b"]))
                .then(pl.lit("ab"))
                .otherwise(pl.lit("cde")),
                age=pl.lit("[20, 30]"),
            ).slice(10, 10),
            original.select("who", plan=pl.lit("*"), age=pl.lit("*")).slice(20, 9),
        ]
    )
    found = report(original, released, "sex").losses
    assert found is not None
    # "ab" hides 1 of 4 others, "cde" 2 of 4; the range hides 1 of 3 other ages.
    labelled = (4 * 0.25 + 6 * 0.5) / 10 / 2 + 1 / 3 / 2
    men = (10 * labelled + 15 * 1) / 25
    rows = {row["group"]: row for row in found.to_dicts()}
    assert list(rows) == ["everybody", "m", "f"]  # five persons of group x are too few to show
    assert rows["m"]["loss"] == pytest.approx(men)
    assert rows["m"]["suppressed"] == pytest.approx(15 / 25)
    assert rows["m"]["suppressed_low"] < 15 / 25 < rows["m"]["suppressed_high"]
    assert (rows["f"]["loss"], rows["f"]["suppressed"], rows["f"]["loss_high"]) == (0, 0, 0)
    assert rows["everybody"]["loss"] == pytest.approx((25 * men + 5) / 40)
    assert report(original, released, "sex").information_loss == pytest.approx((25 * men + 5) / 40)


def test_characteristics_are_by_default_those_of_few_values() -> None:
    original = pl.DataFrame({"who": range(30), "plan": ["a", "b"] * 15, "age": range(30)})
    found = report(original, original).losses
    assert found is not None
    assert found["characteristic"].unique().sort().to_list() == ["everybody", "plan"]


def test_without_the_persons_in_the_release_losses_are_not_measured_and_said_to_be_so() -> None:
    original = pl.DataFrame({"who": range(30), "plan": ["a", "b"] * 15, "age": range(30)})
    found = report(original, original.drop("who"))
    assert found.losses is None
    assert "Losses by group were not measured, as the release has no column who." in found.untested


def test_it_is_said_where_attacks_know_one_of_several_rows() -> None:
    single = pl.DataFrame({"who": range(30), "plan": ["a", "b"] * 15, "age": range(30)})
    several = single.with_columns(who=pl.col("who") // 2)
    told = [any("one row of each" in each for each in report(rows, rows).untested)
            for rows in (single, several)]  # fmt: skip
    assert told == [False, True]


def test_intervals_of_losses_cover_the_mean_of_the_group() -> None:
    """Each sample suppresses a person with probability .3 and shows a range with .4, else all."""
    covered = covered_shares = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        original = pl.DataFrame(
            {"who": range(60), "plan": ["a", "b", "c", "d", "e"] * 12, "age": [1, 2, 3, 4] * 15}
        )
        fate = random.random(60)
        released = original.select(
            "who",
            plan=pl.when(pl.Series(fate) < 0.3).then(pl.lit("*")).otherwise("plan"),
            age=pl.when(pl.Series(fate) < 0.3)
            .then(pl.lit("*"))
            .when(pl.Series(fate) < 0.7)
            .then(pl.lit("[1, 2]"))
            .otherwise(pl.col("age").cast(pl.String)),
        )
        found = report(original, released, "plan").losses
        assert found is not None
        everybody = found.row(0, named=True)
        covered += everybody["loss_low"] <= 0.3 + 0.4 / 6 <= everybody["loss_high"]
        covered_shares += everybody["suppressed_low"] <= 0.3 <= everybody["suppressed_high"]
    assert covered >= 54 and covered_shares >= 54
