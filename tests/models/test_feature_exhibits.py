"""Features in reports: words instead of column names, amounts in their currency."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from workbench.features import feature_dictionary
from workbench.models.feature_exhibits import feature_words, value_text


@pytest.mark.parametrize(
    ("value", "unit", "currency", "told"),
    [
        (45_835.72, "minor unit", "EUR", "458\xa0EUR"),
        (5_550.0, "minor unit", "JPY", "5,550\xa0JPY"),
        (1_250.0, "minor unit per month", "EUR", "12.50\xa0EUR per month"),
        (0.854, "share", "EUR", "85%"),
        (0.12, "yes/no", "EUR", "12%"),
        (3.0, "count", "EUR", "3"),
        (2.5, "count", "EUR", "2.5"),
        (1_200.0, "days", "EUR", "1,200\xa0days"),
        (None, "days", "EUR", "–"),
    ],
)
def test_a_value_is_told_in_its_unit(
    value: float | None, unit: str, currency: str, told: str
) -> None:
    assert value_text(value, unit, currency=currency) == told


def test_a_feature_is_told_by_the_first_part_of_its_meaning() -> None:
    names = [
        "days_since_last_order",
        "monetary_minor",
        "category_share: Tea: green; best",
        "region",
        "product.internet_service",
        "product.contract",
        "status.contract",
    ]
    told = feature_dictionary(names).select(told=feature_words("feature", "group", "meaning"))
    expected = pl.DataFrame(
        {
            "told": [
                "Days from the last order day to the as-of date",
                "Sum of all orders net of returns, at least 0",
                "Share of spending on Tea: green; best",
                "Region",
                "Internet service",
                "Contract (product)",
                "Contract (status)",
            ]
        }
    )
    assert_frame_equal(told, expected)
