"""Losses are those that one computes by hand from the labels."""

from typing import Any

import polars as pl
import pytest

from workbench.privacy.recoding import KAnonymity, category_tree, number_bands, recode

HIERARCHIES = {
    "age": number_bands(range(20, 31), widths=[5]),
    "city": category_tree({"North": ["Kiel", "Bonn"], "South": ["Ulm"]}),
}
ROWS = pl.DataFrame({"age": [20, 21, 25, 25, 29], "city": ["Kiel", "Bonn", "Ulm", "Ulm", "Kiel"]})


def utility_of(**options: Any) -> Any:
    made = recode(ROWS, hierarchies=HIERARCHIES, criteria=[KAnonymity(k=2)], **options)
    return made, made.utility


def test_losses_of_levels_by_hand() -> None:
    made, used = utility_of(suppression_limit=0.2)
    assert made.rows.rows() == [
        ("[20, 25)", "North"),
        ("[20, 25)", "North"),
        ("[25, 30)", "South"),
        ("[25, 30)", "South"),
        ("*", "*"),
    ]
    # 11 ages and 3 cities: a band covers 5 ages, North 2 cities, South 1.
    age, city = (4 * 4 / 10 + 1) / 5, (2 * 1 / 2 + 1) / 5
    assert used.columns["gcp"].to_list() == pytest.approx([age, city])
    assert used.gcp == pytest.approx((age + city) / 2)
    age, city = (4 * 5 / 11 + 1) / 5, (2 * 2 / 3 + 2 * 1 / 3 + 1) / 5
    assert used.loss == pytest.approx((age + city) / 2)
    assert used.geometric_loss == pytest.approx((age * city) ** 0.5)
    assert used.discernibility == 2**2 + 2**2 + 5
    assert used.average_class_size == 2
    assert made.suppressed_cells == {"age": 0, "city": 0}


def test_losses_of_ranges_by_hand() -> None:
    made, used = utility_of(method="local", labels="ranges")
    assert made.rows.rows() == [
        ("[20, 29]", "North"),
        ("[20, 29]", "North"),
        ("25", "Ulm"),
        ("25", "Ulm"),
        ("[20, 29]", "North"),
    ]
    assert used.columns["gcp"].to_list() == pytest.approx([3 * 9 / 10 / 5, 3 * 1 / 2 / 5])
    assert used.average_class_size == 2.5
    assert used.discernibility == 9 + 4
