"""Recency, frequency and value under names that cannot be mixed up."""

from datetime import date, datetime
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from tests.features.frames import shop
from workbench.features import FEATURES, LeftOutOrders, count_left_out_orders, purchases

CUSTOMERS = {"A": 1, "B": 2, "C": 3, "D": 4}


def rows_of(path: Path, when: str) -> list[tuple[int, str, int]]:
    rows = pl.read_csv(path)
    return [
        (CUSTOMERS[row["customer"]], row[when], round(row["amount"] * 100))
        for row in rows.iter_rows(named=True)
    ]


def test_value_model_and_rfm_figures_stand_side_by_side_under_different_names(cases: Path) -> None:
    data = shop(rows_of(cases / "m01.csv", "time"))
    found = purchases(data, as_of=date(2023, 12, 31), currency="EUR")
    expected = pl.DataFrame(
        {
            "customer_id": [1, 2],
            "orders": [3, 1],
            "order_days": [2, 1],
            "monetary_minor": [3500, 700],
            "repeat_order_days": [1, 0],
            "days_to_last_order": [45, 0],
            "days_since_first_order": [305, 244],
            "days_since_last_order": [260, 244],
        }
    )
    assert_frame_equal(found.select(expected.columns), expected, check_dtypes=False)


def test_days_since_last_order_is_not_the_time_of_the_last_order() -> None:
    data = shop([(1, "2023-01-01", 100), (1, "2023-02-10", 100)])
    found = purchases(data, as_of=date(2023, 4, 11), currency="EUR")
    assert found["days_since_last_order"].to_list() == [60]
    assert found["days_to_last_order"].to_list() == [40]
    assert "recency" not in {feature.name for feature in FEATURES}


def test_an_order_day_has_a_positive_net_amount(cases: Path) -> None:
    data = shop(rows_of(cases / "m07.csv", "date"))
    found = purchases(data, as_of=date(2023, 12, 31), currency="EUR")
    expected = pl.DataFrame(
        {
            "customer_id": [1, 2, 3, 4],
            "order_days": [1, 0, 1, 2],
            "monetary_minor": [5000, None, 0, 3000],
            "mean_order_day_minor": [5000.0, None, 1000.0, 1500.0],
            "is_returns_only": [False, True, False, False],
        }
    )
    assert_frame_equal(found.select(expected.columns), expected, check_dtypes=False)
    numbers = found.select(pl.selectors.numeric().exclude("^.*_trend.*$"))
    assert numbers.min().min_horizontal().item() >= 0


def test_orders_of_the_day_itself_are_the_future() -> None:
    data = shop([(1, "2023-01-01 23:59:59", 100), (1, "2023-01-02 00:00:00", 900)])
    found = purchases(data, as_of=date(2023, 1, 2), currency="EUR")
    assert found["monetary_minor"].to_list() == [100]
    assert found["days_since_last_order"].to_list() == [1]


def test_other_currencies_and_guests_are_left_out_and_counted() -> None:
    data = shop([(1, "2023-01-01", 100), (1, "2023-01-02", 200), (None, "2023-01-03", 300)])
    orders = data["orders"].with_columns(
        currency=pl.when(pl.col("total_minor") == 200).then(pl.lit("USD")).otherwise("currency")
    )
    mixed = type(data).of({**data.tables, "orders": orders})
    found = purchases(mixed, as_of=date(2023, 6, 1), currency="EUR")
    assert found["customer_id"].to_list() == [1]
    assert found["monetary_minor"].to_list() == [100]
    counted = count_left_out_orders(mixed, as_of=date(2023, 6, 1), currency="EUR")
    assert counted == LeftOutOrders(other_currency=1, without_customer=1)


def test_trends_compare_the_last_ninety_days_with_the_ninety_before() -> None:
    days = ["2023-01-01", "2023-02-01", "2023-05-01", "2023-06-01", "2023-06-20"]
    data = shop([(1, day, 100) for day in days])
    found = purchases(data, as_of=date(2023, 7, 1), currency="EUR")
    windows = found.select("order_days_30", "order_days_90", "order_days_before_90")
    assert windows.row(0) == (2, 3, 1)
    assert found["order_days_trend"].to_list() == [2]
    age = date(2023, 7, 1) - datetime.fromisoformat(days[1]).date()
    assert age.days == 150


def test_history_bounds_what_is_seen() -> None:
    data = shop([(1, "2023-01-01", 100), (1, "2023-06-01", 300), (2, "2023-01-01", 100)])
    found = purchases(data, as_of=date(2023, 7, 1), currency="EUR", history_days=90)
    assert found["customer_id"].to_list() == [1]
    assert found["monetary_minor"].to_list() == [300]
