"""Groups: none left out, none by the hundred."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from workbench.fairness import assign_groups, intersections
from workbench.foundation.errors import InputError, ParameterError


def test_missing_is_a_group_of_its_own() -> None:
    rows = pl.DataFrame({"gender": ["f", None, "m"], "age": [30, 40, None]})
    found = assign_groups(rows, ["gender", "age"])
    expected = pl.DataFrame({"gender": ["f", "missing", "m"], "age": ["30", "40", "missing"]})
    assert_frame_equal(found, expected)


def test_a_column_of_sixty_values_is_refused_with_a_proposed_cut() -> None:
    rows = pl.DataFrame({"age": [18 + place % 60 for place in range(300)]})
    with pytest.raises(ParameterError, match="'age' has 60 values: declare bands") as refused:
        assign_groups(rows, ["age"])
    assert "[30, 40, 50, 60, 70]" in str(refused.value)
    banded = assign_groups(rows, ["age"], bands={"age": [30, 50, 70]})["age"]
    assert sorted(banded.unique()) == [
        "30 to below 50", "50 to below 70", "70 and more", "below 30",
    ]  # fmt: skip


def test_text_of_many_values_is_refused_without_showing_them() -> None:
    rows = pl.DataFrame({"city": [f"secret{place}" for place in range(30)]})
    with pytest.raises(ParameterError, match="'city' has 30 values, 20 at most") as refused:
        assign_groups(rows, ["city"])
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("bands", "message"),
    [
        ({"sex": [1.0]}, "bands for 'sex': the column is String, no number"),
        ({"age": [50.0, 30.0]}, "bands for 'age' must be one or more rising numbers"),
        ({"agee": [30.0]}, "did you mean 'age'"),
    ],
)
def test_bands_that_do_not_fit_are_refused(bands: dict[str, list[float]], message: str) -> None:
    rows = pl.DataFrame({"sex": ["f"], "age": [3]})
    with pytest.raises(ParameterError, match=message):
        assign_groups(rows, ["sex", "age"], bands=bands)


def test_nobody_cannot_be_compared() -> None:
    with pytest.raises(InputError, match="there are no persons to compare"):
        assign_groups(pl.DataFrame({"sex": []}), ["sex"])


def test_combinations_that_nobody_has_are_listed() -> None:
    groups = pl.DataFrame({"sex": ["f", "m", "m"], "group": ["young", "young", "old"]})
    expected = ["f x old", "f x young", "m x old", "m x young"]
    assert intersections(groups)["group"].to_list() == expected
