"""Under another key the same data have other pseudonyms in another order; no figure changes."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.models.worlds import ONE_KIND, population
from workbench.fairness import Question, add_groups, audit, select_by_score
from workbench.models import ChurnResult, churn, segmentation
from workbench.models.classifiers import Model
from workbench.models.snapshot import churn_in_folds
from workbench.schema import CustomerData

AS_OF = date(2024, 6, 24)


@pytest.fixture(scope="module")
def data() -> CustomerData:
    made, _ = population(900, ONE_KIND, seed=3)
    gender = pl.Series("gender", np.random.default_rng(3).choice(["female", "male"], 900))
    customers = made["customers"].with_columns(gender)
    return CustomerData({**made.tables, "customers": customers})


@pytest.fixture(scope="module")
def again(data: CustomerData) -> CustomerData:
    return CustomerData(
        {name: renamed(rows.collect()).lazy() for name, rows in data.tables.items()}
    )


def renamed(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with other pseudonyms, in the order of these and else at random."""
    shuffled = rows[np.random.default_rng(rows.height).permutation(rows.height)]
    if "customer_id" not in rows.columns:
        return shuffled
    return shuffled.with_columns(pl.col("customer_id").hash(seed=5)).sort("customer_id")


def test_segments_do_not_change(data: CustomerData, again: CustomerData) -> None:
    first, second = (
        segmentation(each, as_of=AS_OF, currency="EUR", seed=7) for each in (data, again)
    )
    assert first.verdicts == second.verdicts
    assert first.estimates == second.estimates
    for name in ("sizes", "profile", "tried", "pairs"):
        assert_frame_equal(getattr(first, name), getattr(second, name), check_exact=True)
    moved = renamed(first.assignments)
    assert_frame_equal(moved.sort("customer_id"), second.assignments)


@pytest.mark.parametrize("model", ["logistic", "boosting"])
def test_churn_and_the_audit_of_its_scores_do_not_change(
    data: CustomerData, again: CustomerData, model: Model
) -> None:
    results = [
        churn(each, as_of=AS_OF, currency="EUR", horizon_days=60, seed=7, model=model)
        for each in (data, again)
    ]
    require_equal(*results)
    audits = [
        audit(
            add_groups(select_by_score(result.assessed, share=0.2), each, groups=["gender"]),
            Question(attributes=("gender",)),
            decision="selected",
            outcome="outcome",
            seed=7,
        )
        for result, each in zip(results, (data, again), strict=True)
    ]
    assert audits[0].verdicts == audits[1].verdicts
    assert audits[0].estimates == audits[1].estimates
    for name in ("rates", "contrasts", "ranges"):
        assert_frame_equal(getattr(audits[0], name), getattr(audits[1], name), check_exact=True)


@pytest.mark.parametrize("in_time_order", [False, True])
def test_a_snapshot_does_not_change(in_time_order: bool) -> None:
    random = np.random.default_rng(4)
    calls = random.integers(0, 4, 1200)
    rows = pl.DataFrame(
        {
            "customer_id": np.arange(1200, dtype=np.uint64),
            "churned": random.random(1200) < 0.1 + 0.15 * calls,
            "call.count": calls,  # many scores are equal
            "call.plan": random.choice(["a", "b"], 1200),
        }
    )
    known = rows.with_columns(day=pl.Series(random.permutation(1200)))
    results = [
        churn_in_folds(
            each.drop("day"),
            order=each["day"] if in_time_order else None,
            seed=7,
            definition="drawn",
        )
        for each in (known, renamed(known))
    ]
    require_equal(*results)


def require_equal(first: ChurnResult, second: ChurnResult) -> None:
    assert first.verdicts == second.verdicts
    assert first.estimates == second.estimates
    for name in ("features", "importance", "windows", "score_bands"):
        assert_frame_equal(getattr(first, name), getattr(second, name), check_exact=True)
    # customers of whom the same is known can replace one another
    scored = (each.assessed.select("score", "churned") for each in (first, second))
    assert_frame_equal(*scored, check_row_order=False, check_exact=True)
