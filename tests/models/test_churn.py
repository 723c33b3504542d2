"""Churn: tested on a later time, calibrated, and stopped where a feature knows the outcome."""

import re
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.models.worlds import ONE_KIND, START, population
from workbench.foundation.errors import InputError, ParameterError
from workbench.models import ChurnResult, churn, churn_exhibits, churn_in_folds
from workbench.models.churn_result import count_score_bands
from workbench.models.matrix import Design
from workbench.models.outcome_leaks import (
    doubt_about_leaks,
    group_aucs,
    refuse_leaks,
    single_feature_aucs,
)
from workbench.models.score_tables import calibration_table, group_count
from workbench.privacy.release import Release
from workbench.schema import CustomerData
from workbench.schema.timeline import first_moment

season_module = import_module("workbench.models.seasonal_model")
table_module = import_module("workbench.features.table")
AS_OF = date(2024, 6, 20)

#: When a row of a table came to be known.
TIMES = {
    "orders": "ordered_at",
    "events": "occurred_at",
    "interactions": "occurred_at",
    "payments": "paid_at",
    "attributes": "observed_at",
    "customers": "first_seen_at",
}


@pytest.fixture(scope="module")
def data() -> CustomerData:
    return population(1500, ONE_KIND, seed=3)[0]


@pytest.fixture(scope="module")
def result(data: CustomerData) -> ChurnResult:
    return churn(data, as_of=AS_OF, currency="EUR", horizon_days=60, seed=1)


def test_customers_scored_a_few_at_a_time_have_the_same_figures(
    data: CustomerData, result: ChurnResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    spread = data.with_tables(
        {
            name: rows.with_columns(customer_id=pl.col("customer_id").hash())
            for name, rows in data.tables.items()
            if "customer_id" in rows.collect_schema()
        }
    )
    asked = {"as_of": AS_OF, "currency": "EUR", "horizon_days": 60, "seed": 1}
    whole = churn(spread, **asked)
    monkeypatch.setattr(table_module, "_BUCKET_CUSTOMERS", 400)
    parts = churn(spread, **asked)
    assert parts.estimates == whole.estimates
    assert_frame_equal(parts.assessed, whole.assessed)
    assert_frame_equal(parts.scores, whole.scores)
    assert_frame_equal(parts.importance, whole.importance)


def test_training_ends_before_the_test_begins(result: ChurnResult) -> None:
    assert result.split == "time"
    assert result.windows["part"].to_list() == ["training"] * 6 + ["test"]
    training, test = result.windows[:-1], result.windows[-1]
    assert training["label_until"].max() == test["as_of"].item()
    assert test["label_until"].item() == AS_OF


def test_it_ranks_leavers_and_says_so_with_an_interval(result: ChurnResult) -> None:
    auc = result.auc
    assert auc.name == "auc"
    assert (auc.low or 0) < (auc.value or 0) < (auc.high or 0)
    assert 0.7 < (auc.value or 0) < 0.9
    assert [verdict.name for verdict in result.verdicts] == [
        "ranks_leavers", "beats_simple_rule", "scores_are_calibrated",
    ]  # fmt: skip
    assert result.verdicts[0].outcome == "shown"


def test_tables_add_up(result: ChurnResult) -> None:
    persons = result.auc.n
    assert result.assessment.gains["persons"].sum() == persons
    assert result.assessment.calibration["persons"].sum() == persons
    assert result.assessment.gains["captured"][-1] == 1.0
    assert result.assessed.height == persons
    assert result.assessed["score"].is_between(0, 1).all()
    assert result.features["feature"].n_unique() == result.features.height


def test_nothing_from_the_scoring_date_on_has_an_effect(
    data: CustomerData, result: ChurnResult
) -> None:
    kept = {
        name: data[name].filter(pl.col(column) < first_moment(AS_OF, "UTC"))
        for name, column in TIMES.items()
    }
    items = data["order_items"].join(kept["orders"], on="order_id", how="semi")
    known = CustomerData.of({**kept, "order_items": items})
    again = churn(
        known, as_of=AS_OF, currency="EUR", horizon_days=60, seed=1, data_until=date(2024, 6, 24)
    )
    assert_frame_equal(again.scores, result.scores)
    assert again.auc == result.auc


def test_boosting_gives_the_same_scores_each_time(data: CustomerData) -> None:
    one, other = (
        churn(data, as_of=AS_OF, currency="EUR", horizon_days=120, seed=2, model="boosting")
        for _ in range(2)
    )
    assert_frame_equal(one.scores, other.scores)
    assert one.estimates == other.estimates


def test_orders_without_a_pattern_are_not_ranked() -> None:
    # Everybody buys at one rate and nobody leaves: there is nothing to know.
    same = (type(ONE_KIND[0])(share=1.0, purchases=0.7, shape=1e6, leaving=1e-9),)
    random_world = population(900, same, seed=5)[0]
    found = churn(random_world, as_of=AS_OF, currency="EUR", horizon_days=30, seed=1)
    assert found.verdicts[0].outcome != "shown"


def test_a_feature_that_knows_the_outcome_stops_the_model(cases: Path) -> None:
    rows = pl.read_csv(cases / "m09.csv").select(
        customer_id=pl.int_range(pl.len()).cast(pl.UInt64),
        churned=pl.col("churned") == 1,
        days_since_last_purchase="days_since_last_purchase",
        orders="orders",
        spend="spend",
    )
    alone = single_feature_aucs(rows.drop("churned"), rows["churned"].to_numpy(), seed=1)
    assert alone.row(0)[0] == "days_since_last_purchase"
    with pytest.raises(InputError, match=r"1 feature.*days_since_last_purchase \(1\.000\)"):
        refuse_leaks(alone)
    refuse_leaks(alone, allowed=("days_since_last_purchase",))


def parts_of_the_outcome(noise: float) -> tuple[pl.DataFrame, np.ndarray]:
    """Return two features whose sum contains the outcome, and neither alone."""
    random = np.random.default_rng(3)
    left = random.random(3000) < 0.4
    hidden = random.normal(size=3000) * 4
    rows = pl.DataFrame(
        {
            "customer_id": range(3000),
            "first": hidden,
            "second": left * 3 - hidden + random.normal(size=3000) * noise,
        }
    )
    return rows, left


def test_features_that_contain_the_outcome_together_stop_the_model() -> None:
    rows, left = parts_of_the_outcome(noise=0.5)
    alone = single_feature_aucs(rows, left, seed=1)
    refuse_leaks(alone)  # each alone looks harmless
    assert doubt_about_leaks(alone, group_aucs(rows.drop("second"), left, seed=1)) == ""
    together = group_aucs(rows, left, seed=1)
    with pytest.raises(InputError, match=r"2 group.*together, AUC above 0.95: all features \(1"):
        refuse_leaks(alone, together)
    refuse_leaks(alone, group_aucs(rows, left, seed=1, allowed=("second",)))


def test_a_group_of_features_that_one_customer_has_stops_no_run() -> None:
    rare = [0] * 39 + [1]
    rows = pl.DataFrame(
        {"customer_id": range(40), "returns": rare, "return_share": rare, "orders": [1, 2] * 20}
    )
    left = np.array([True, False, False, True] * 10)
    learned = [set(group_aucs(rows, left, seed=seed)["group"]) for seed in range(12)]
    assert {"returns" in groups for groups in learned} == {True, False}
    assert all("all features" in groups for groups in learned)


def test_scores_of_doubted_features_are_not_called_probabilities() -> None:
    rows, left = parts_of_the_outcome(noise=1.5)
    found = churn_in_folds(rows.with_columns(churned=left), seed=1, definition="marked")
    assert 0.9 < (found.auc.value or 0) < 0.95
    verdict = found.verdicts[-1]
    assert verdict.outcome == "cannot be said"
    assert "all features, profile is above 0.9" in verdict.answer


def test_scores_are_shifted_to_the_season_of_the_year_before() -> None:
    shifts = {date(2023, 4, 7): 0.3, date(2023, 7, 6): -0.2}
    assert season_module._shift_of_season(shifts, date(2024, 4, 2)) == 0.3
    assert season_module._shift_of_season(shifts, date(2024, 5, 30)) == 0.0
    assert season_module._shift_of_season({}, date(2024, 5, 30)) == 0.0


class KnownScores:
    """A fitted model that gives each customer the score in the column x."""

    def scores(self, rows: pl.DataFrame) -> np.ndarray:
        return rows["x"].to_numpy()


def test_a_cut_off_shifts_scores_only_as_far_as_its_outcomes_surely_are_off() -> None:
    random = np.random.default_rng(8)
    x = random.uniform(0.2, 0.8, 4_000)

    def people(logit_shift: float) -> pl.DataFrame:
        true = 1 / (1 + np.exp(-np.log(x / (1 - x)) - logit_shift))
        return pl.DataFrame(
            {"customer_id": range(x.size), "churned": random.random(x.size) < true, "x": x}
        )

    samples = {
        date(2023, 1, 1): people(0.4),
        date(2023, 4, 1): people(-0.4),
        date(2023, 7, 1): people(0.0),
        date(2023, 10, 1): people(99.0),  # everybody is silent, so no shift can be estimated
    }
    shifts = season_module._season_shifts(KnownScores(), samples)
    assert list(shifts) == list(samples)[:3]
    assert shifts[date(2023, 1, 1)] == pytest.approx(0.4, abs=0.1)
    assert shifts[date(2023, 4, 1)] == pytest.approx(-0.4, abs=0.1)
    assert shifts[date(2023, 7, 1)] == 0.0  # its interval includes 0


@pytest.mark.parametrize("first_day", [20, 200])
def test_a_table_that_begins_late_is_not_used(first_day: int) -> None:
    known = population(700, ONE_KIND, seed=4)[0]
    orders = known["orders"].filter(pl.col("ordered_at") >= START + timedelta(days=first_day))
    paid = orders.select(
        "customer_id",
        payment_id="order_id",
        kind=pl.lit("failed"),
        paid_at="ordered_at",
        amount_minor="total_minor",
        currency="currency",
    )
    data = known.with_tables({**known.tables, "payments": paid})
    found = churn(data, as_of=AS_OF, currency="EUR", horizon_days=60, seed=1)
    alone = found.features.row(by_predicate=pl.col("feature") == "failed_payments_90", named=True)
    is_used = first_day == 20
    assert (alone["auc"] > 0.6) is is_used
    assert (alone["auc"] == 0.5) is not is_used
    words = "90 days before the first cut-off are not used: payments"
    assert (words in found.definition) is not is_used


def test_silence_is_not_called_leaving(result: ChurnResult) -> None:
    texts = [result.definition, *(f"{v.question} {v.answer} {v.rule}" for v in result.verdicts)]
    texts += [f"{estimate.label} {estimate.note}" for estimate in result.estimates]
    exhibits = [churn_exhibits.design(result), churn_exhibits.strongest_features(result)]
    for draw in ("calibration", "gains", "importance", "score_groups"):
        exhibits.append(getattr(churn_exhibits, draw)(result).table)
    for exhibit in exhibits:
        texts += [exhibit.title, exhibit.note, *exhibit.labels.values()]
    words = " ".join(texts).replace("which is not leaving", "")
    assert not re.search(r"\b(left|leav\w+|churn\w*|stay\w*)\b", words)


def test_a_value_that_is_missing_only_for_leavers_is_a_leak() -> None:
    random = np.random.default_rng(1)
    left = random.random(400) < 0.4
    seen = pl.Series(random.random(400))
    rows = pl.DataFrame({"renewed_at": pl.select(pl.when(pl.Series(~left)).then(seen)).to_series()})
    alone = single_feature_aucs(rows, left, seed=1)
    with pytest.raises(InputError, match="renewed_at"):
        refuse_leaks(alone)


def test_too_few_leavers_are_refused_with_the_needed_number() -> None:
    rows = pl.DataFrame(
        {"customer_id": range(40), "churned": [True] * 10 + [False] * 30, "x": range(40)}
    )
    with pytest.raises(InputError, match="among the snapshot fewer than 25 have"):
        churn_in_folds(rows, seed=1, definition="marked")


def test_as_of_outside_the_data_is_refused(data: CustomerData) -> None:
    with pytest.raises(ParameterError, match="as_of 2025-01-01 is outside the data"):
        churn(data, as_of=date(2025, 1, 1), currency="EUR", horizon_days=60, seed=1)
    with pytest.raises(ParameterError, match="of data before it, 490 are needed"):
        churn(data, as_of=date(2023, 12, 1), currency="EUR", horizon_days=200, seed=1)


def test_an_unknown_model_is_refused_with_the_nearest() -> None:
    rows = pl.DataFrame(
        {"customer_id": range(80), "churned": [True, False] * 40, "x": [0, 1, 1, 0] * 20}
    )
    with pytest.raises(ParameterError, match="did you mean 'boosting'"):
        churn_in_folds(rows, seed=1, definition="marked", model="bosting")  # type: ignore[arg-type]  # wrong on purpose


def test_a_snapshot_is_held_out_in_folds_and_says_so() -> None:
    random = np.random.default_rng(2)
    x = random.normal(size=600)
    plan = random.choice(["a", "b"], 600)
    left = random.random(600) < 1 / (1 + np.exp(1 - x - (plan == "a")))
    rows = pl.DataFrame(
        {"customer_id": range(600), "churned": left, "product.x": x, "product.plan": plan}
    )
    found = churn_in_folds(rows, seed=1, definition="marked")
    assert found.split == "folds"
    assert found.windows["part"].to_list() == ["folds"]
    assert found.scores.height == 600 - left.sum()  # those with the label are not at risk of it
    assert found.scores.join(found.assessed.filter("churned"), on="customer_id").is_empty()
    assert found.words.bearers == "customers with the label churned"
    page = churn_exhibits.design(found).title + churn_exhibits.score_groups(found).table.title
    assert "a random split flatters whatever drifts" in page
    assert "those who already have it are left out" in page
    assert 0.65 < (found.auc.value or 0) < 0.85
    assert found.importance["group"].to_list() == ["product.x", "product.plan"]


def drifting() -> tuple[pl.DataFrame, pl.Series]:
    """Return persons whose share with the label rises with time, and features without meaning."""
    random = np.random.default_rng(7)
    time = random.permutation(1500)
    left = random.random(1500) < 0.15 + 0.6 * time / 1500
    rows = pl.DataFrame(
        {
            "customer_id": range(1500),
            "churned": left,
            "first": random.normal(size=1500),
            "second": random.normal(size=1500),
        }
    )
    return rows, pl.Series(time)


def test_a_declared_order_is_tested_on_later_persons() -> None:
    rows, time = drifting()
    at_random = churn_in_folds(rows, seed=1, definition="marked")
    in_order = churn_in_folds(rows, order=time, seed=1, definition="marked")
    assert in_order.split == "order"
    assert in_order.windows["part"].to_list() == ["training", "test"]
    assert in_order.windows["persons"].to_list() == [300, 1200]
    assert in_order.assessed.height == 1200
    assert (time.gather(in_order.assessed["customer_id"]) >= 300).all()
    assert in_order.scores.height == 1500 - rows["churned"].sum()
    # A random split hides that later persons have the label more often than earlier ones.
    assert abs(at_random.assessment.intercept.value or 0) < 0.05
    assert (in_order.assessment.intercept.low or 0) > 0.2
    page = churn_exhibits.design(in_order).title
    assert "Tested on later persons in the declared order of time" in page


def test_an_order_that_is_not_one_is_refused() -> None:
    rows, time = drifting()
    with pytest.raises(InputError, match="lacks a value for 1 of 1500 persons"):
        churn_in_folds(rows, order=time.replace(3, None), seed=1, definition="marked")
    with pytest.raises(InputError, match="one value for all persons"):
        churn_in_folds(rows, order=time * 0, seed=1, definition="marked")


def test_new_levels_and_missing_columns_count_as_not_stated() -> None:
    design = Design.of(pl.DataFrame({"x": [1, 2], "same": [3, 3], "plan": ["a", "b"]}))
    assert design.names == ("x", "plan")
    found = design.array(pl.DataFrame({"plan": ["b", "new", None]}))
    assert np.isnan(found[:, 0]).all()
    assert np.array_equal(found[:, 1], [1.0, np.nan, np.nan], equal_nan=True)


def scored(*scores: float) -> pl.DataFrame:
    return pl.DataFrame({"customer_id": range(len(scores)), "score": scores})


def test_bands_of_few_are_merged_with_the_smaller_neighbour() -> None:
    scores = [0.05] * 40 + [0.15] * 12 + [0.25] * 4 + [0.35] * 30 + [0.95] * 3
    found = count_score_bands(scored(*scores))
    expected = pl.DataFrame({"band": [0, 1, 3], "until": [1, 3, 10], "persons": [40, 16, 33]})
    assert_frame_equal(found.drop("share"), expected)
    assert found["share"].sum() == pytest.approx(1)


def test_bands_stay_as_they_are_where_all_can_be_shown_or_nobody_can() -> None:
    assert count_score_bands(scored(*[0.15] * 10, *[0.55] * 10))["until"].to_list() == [2, 6]
    assert count_score_bands(scored(0.05, 0.95))["persons"].to_list() == [2]


def test_noise_leaves_no_band_of_too_few() -> None:
    for seed in range(20):
        rules = Release(secret=bytes([seed]) * 32, view="v", largest_bound=4)
        scores = [0.05] * 40 + [0.15] * 9 + [0.25] * 11 + [0.95] * 2
        found = count_score_bands(scored(*scores), release=rules)
        assert (found["persons"] >= rules.min_group).all()


def test_noise_leads_no_mean_score_beyond_0_and_1() -> None:
    persons = pl.DataFrame(
        {
            "customer_id": range(60),
            "score": [*np.linspace(0, 0.05, 30), *np.linspace(0.95, 1, 30)],
            "churned": [False, True] * 30,
        }
    )
    for seed in range(10):
        rules = Release(secret=bytes([seed]) * 32, view="v", largest_bound=4)
        table = calibration_table(persons, release=rules, groups=3)
        assert table["predicted"].is_between(0, 1).all()


@pytest.mark.parametrize(("persons", "groups"), [(5_000, 10), (200, 10), (199, 9), (60, 3), (9, 2)])
def test_groups_of_equal_size_have_twice_the_persons_that_may_be_shown(
    persons: int, groups: int
) -> None:
    assert group_count(persons) == groups
