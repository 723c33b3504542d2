"""Who left, by orders within a horizon or as the source declares it."""

from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.features.frames import at, shop, table
from workbench.features import Windows, attribute, churn_labels, declared_label, profile
from workbench.foundation.errors import InputError, ParameterError
from workbench.schema import CustomerData

WINDOWS = Windows(as_of=date(2023, 6, 1), gap_days=7, horizon_days=30)


def statements(**columns: list[object]) -> pl.DataFrame:
    n = len(columns["customer_id"])
    defaults: dict[str, list[object]] = {
        "namespace": ["status"] * n,
        "origin": ["observed"] * n,
        "is_special_category": [False] * n,
        "observed_at": [at("2023-01-01")] * n,
    }
    return table("attributes", **{**defaults, **columns})


def test_left_is_who_has_no_order_day_in_the_label_window() -> None:
    data = shop(
        [
            (1, "2023-05-01", 100),
            (1, "2023-06-08", 100),  # first day of the window: stays
            (2, "2023-05-01", 100),
            (2, "2023-06-07 23:59:00", 100),  # in the gap: does not count
            (3, "2023-05-01", 100),
            (3, "2023-07-08", 100),  # first day after the window
            (4, "2023-05-01", 100),
            (4, "2023-06-20", 100),
            (4, "2023-06-20 10:00:00", -100),  # came to nothing
            (5, "2021-05-01", 100),  # not active
            (6, "2023-06-10", 100),  # not known yet
        ]
    )
    found = churn_labels(data, WINDOWS, currency="EUR", active_days=365)
    expected = pl.DataFrame(
        {"customer_id": [1, 2, 3, 4], "churned": [False, True, True, True]},
        schema={"customer_id": pl.UInt64, "churned": pl.Boolean},
    )
    assert_frame_equal(found, expected)
    everyone = churn_labels(data, WINDOWS, currency="EUR", active_days=None)
    assert everyone["customer_id"].to_list() == [1, 2, 3, 4, 5]


def test_declared_label_reads_yes_and_no() -> None:
    data = CustomerData.of(
        {
            "attributes": statements(
                customer_id=[3, 1, 2], attribute=["churned"] * 3, value=["No", "Yes", "true"]
            )
        }
    )
    found = declared_label(data)
    assert found.rows() == [(1, True), (2, True), (3, False)]


def test_declared_label_refuses_other_values_without_showing_them() -> None:
    data = CustomerData.of(
        {"attributes": statements(customer_id=[1], attribute=["churned"], value=["secret"])}
    )
    with pytest.raises(InputError, match="1 of 1 values that are neither yes nor no") as refused:
        declared_label(data)
    assert "secret" not in str(refused.value)


def test_unknown_label_is_refused_with_the_names_there_are() -> None:
    data = CustomerData.of(
        {"attributes": statements(customer_id=[1], attribute=["churned"], value=["no"])}
    )
    with pytest.raises(ParameterError, match="did you mean 'churned'"):
        attribute(data, "churn")


def test_profile_has_the_latest_statement_of_each_attribute_in_a_column() -> None:
    customers = table(
        "customers",
        customer_id=[2, 1],
        kind=["person", "person"],
        first_seen_at=[at("2023-01-01")] * 2,
        gender=["female", None],
    )
    said = statements(
        customer_id=[1, 1, 2, 2, 1, 2],
        namespace=["product", "product", "product", "interest", "interest", "opinion"],
        attribute=["charges", "charges", "charges", "running", "running", "faith"],
        value=["10", "12.5", "7", None, None, "x"],
        observed_at=[at("2023-01-01"), at("2023-02-01"), at("2023-01-01")] + [at("2023-03-01")] * 3,
        is_special_category=[False] * 5 + [True],
    )
    data = CustomerData.of({"customers": customers, "attributes": said})
    expected = pl.DataFrame(
        {
            "customer_id": pl.Series([1, 2], dtype=pl.UInt64),
            "gender": [None, "female"],
            "interest.running": ["listed", "listed"],
            "product.charges": [12.5, 7.0],
        }
    )
    assert_frame_equal(profile(data), expected)
    earlier = profile(data, as_of=date(2023, 1, 31), without=("running",))
    assert earlier["product.charges"].to_list() == [10.0, 7.0]
    assert "interest.running" not in earlier.columns
