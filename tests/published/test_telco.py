"""IBM Telco churn: logistic regression on the raw table, as public baselines have it."""

from pathlib import Path

import polars as pl
import pytest

from workbench.models import churn_in_folds


@pytest.fixture(scope="module")
def customers(real_data: Path) -> pl.DataFrame:
    table = pl.read_csv(
        real_data / "telco_churn" / "Telco-Customer-Churn.csv",
        schema_overrides={"TotalCharges": pl.String, "SeniorCitizen": pl.String},
    )
    charges = pl.col("TotalCharges").str.strip_chars().cast(pl.Float64, strict=False)
    return table.with_columns(TotalCharges=charges).select(
        pl.int_range(pl.len()).cast(pl.UInt64).alias("customer_id"),
        (pl.col("Churn") == "Yes").alias("churned"),
        pl.exclude("customerID", "Churn"),
    )


def test_auc_over_five_folds_is_the_known_one(customers: pl.DataFrame) -> None:
    found = churn_in_folds(customers, seed=1, definition="Churn is Yes")
    assert found.auc.n == 7043
    assert found.auc.value == pytest.approx(0.845, abs=0.005)
    assert found.assessment.base_rate.value == pytest.approx(0.2654, abs=0.0001)
    assert found.assessment.lift.value == pytest.approx(2.85, abs=0.1)
    assert found.assessment.brier.value == pytest.approx(0.1353, abs=0.001)
    assert [str(verdict.outcome) for verdict in found.verdicts] == ["shown", "shown"]
