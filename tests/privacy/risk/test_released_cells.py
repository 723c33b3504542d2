"""What generalised cells cover, and how far they are from a value, against plain counts."""

from datetime import date, datetime
from math import inf
from typing import Any

import hypothesis.strategies as st
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings

from workbench.privacy.risk.cell_ranges import parse_range
from workbench.privacy.risk.released_cells import read_cells


def covered(values: list[Any], cells: list[Any], **options: Any) -> list[list[Any]]:
    """Return for each cell the values that it covers."""
    original = pl.Series(values)
    space = read_cells(
        original, pl.Series(cells, dtype=None if cells else pl.String),
        hierarchy=options.get("hierarchy"), null_is_value=options.get("null_is_value", False),
    )  # fmt: skip
    found = space.covers(space.encode(original))
    return [[value for value, hit in zip(values, row, strict=True) if hit] for row in found]


AGES = [18, 20, 24, 25, 65, 70]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("20", [20]),
        ("20.0", [20]),
        ("[20, 25)", [20, 24]),
        ("[20, 25]", [20, 24, 25]),
        ("(20, 25)", [24]),
        ("]20,25[", [24]),
        ("[20, 25[", [20, 24]),
        ("(-inf, 24]", [18, 20, 24]),
        ("[65, ∞)", [65, 70]),
        ("20-24", [20, 24]),
        ("20 – 24", [20, 24]),
        ("20 to 25", [20, 24, 25]),
        ("20..24", [20, 24]),
        ("<24", [18, 20]),
        ("<= 24", [18, 20, 24]),
        (">65", [70]),
        ("≥65", [65, 70]),
        ("65+", [65, 70]),
        ("65 and more", [65, 70]),
        ("20 | 24 | 25", [20, 24, 25]),
        ("{18, 24}", [18, 20, 24]),  # A set of numbers counts as the range from least to most.
        ("*", AGES),
        (None, AGES),
        ("old", []),
        ("2024-13", []),
        ("[", []),
        ("[25, 20)", []),
    ],
)
def test_cells_of_numbers(cell: str | None, expected: list[int]) -> None:
    assert covered(AGES, ["18", cell]) == [[18], expected]


def test_negative_numbers_are_no_range() -> None:
    assert covered([-20, -5, 5], ["-5", "-20--5", "[-20, 0)"]) == [[-5], [-20, -5], [-20, -5]]


def test_numbers_that_are_texts_have_ranges_too() -> None:
    assert covered(["18", "20", "x"], ["[18, 20]", "20"]) == [[], ["20"]]
    assert covered(["18", "20", "30"], ["[18, 20]", "30"]) == [["18", "20"], ["30"]]


DAYS = [date(2023, 12, 31), date(2024, 2, 1), date(2024, 2, 29), date(2024, 3, 1)]


@pytest.mark.parametrize(
    ("cell", "places"),
    [
        ("2024-02-01", [1]),
        ("2024-02", [1, 2]),
        ("2024-Q1", [1, 2, 3]),
        ("2024", [1, 2, 3]),
        ("[2023-12-01, 2024-02-29)", [0, 1]),
        ("[2023, 2024)", [0]),
        (">=2024-02-29", [2, 3]),
        ("2023-12 to 2024-02", [0, 1, 2]),
        ("*", [0, 1, 2, 3]),
        ("2024-02-30", []),
    ],
)
def test_cells_of_dates(cell: str, places: list[int]) -> None:
    assert covered(DAYS, [cell]) == [[DAYS[place] for place in places]]
    instants = [datetime.fromisoformat(f"{day}T15:30") for day in DAYS]
    assert covered(instants, [cell]) == [[instants[place] for place in places]]


def test_a_column_of_dates_may_be_released_as_dates() -> None:
    assert covered(DAYS, DAYS) == [[day] for day in DAYS]


HIERARCHY = pl.DataFrame(
    {"value": ["BSc", "MSc", "10th"], "1": ["Higher", "Higher", "School"], "2": ["*", "*", "*"]}
)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("BSc", ["BSc"]),
        ("Higher", ["BSc", "MSc"]),
        ("School", ["10th"]),
        ("{BSc, 10th}", ["BSc", "10th"]),
        ("School | MSc", ["MSc", "10th"]),
        ("*", ["BSc", "MSc", "10th"]),
        (None, ["BSc", "MSc", "10th"]),
        ("other", []),
    ],
)
def test_cells_of_texts(cell: str | None, expected: list[str]) -> None:
    assert covered(["BSc", "MSc", "10th"], ["10th", cell], hierarchy=HIERARCHY) == [
        ["10th"],
        expected,
    ]


def test_masked_codes_cover_codes_that_begin_so() -> None:
    codes = ["90125", "90199", "9012", "10115"]
    assert covered(codes, ["901**", "9****"]) == [["90125", "90199"], ["90125", "90199"]]


def test_an_original_value_that_looks_like_a_label_is_itself() -> None:
    # A column of texts may contain "20-24" or "{a}" as a value: it is not read as a range.
    assert covered(["20-24", "25-29", "{a}"], ["20-24", "{a}"]) == [["20-24"], ["{a}"]]


def test_an_empty_cell_is_a_missing_value_where_none_is_new() -> None:
    assert covered(["a", None], ["a", None], null_is_value=True) == [["a"], [None]]
    assert covered(["a", None], ["a", None]) == [["a"], ["a", None]]
    assert covered([1, None], [1, None], null_is_value=True) == [[1], [None]]
    assert covered([1, None], [1, None]) == [[1], [1, None]]


def test_cells_that_are_not_understood_are_counted() -> None:
    for original, cells in (
        (pl.Series([1, 2]), pl.Series(["1", "old", "?"])),
        (pl.Series(["a"]), pl.Series(["a", "other", "{b}"])),
    ):
        space = read_cells(original, cells, hierarchy=None, null_is_value=False)
        assert space.not_understood == 2
        assert (space.distances(space.encode(original))[1:] == 1).all()


@given(
    values=st.lists(st.integers(-5, 30), min_size=1, max_size=30),
    low=st.integers(-5, 30),
    width=st.integers(0, 20),
)
@settings(max_examples=60, deadline=None)
def test_the_distance_of_a_range_is_the_mean_difference_of_ranks(
    values: list[int], low: int, width: int
) -> None:
    original = pl.Series(values)
    cells = pl.Series([f"[{low}, {low + width}]", "*"])
    space = read_cells(original, cells, hierarchy=None, null_is_value=False)
    ordered = np.sort(values)

    def below(value: float, side: Any) -> float:
        return float(np.searchsorted(ordered, value, side)) / len(ordered)

    found = space.distances(space.encode(original))
    ends = (below(low, "left"), below(low + width, "right")), (0.0, 1.0)
    for number, (start, end) in enumerate(ends):
        steps = start + (end - start) * (np.arange(2000) + 0.5) / 2000
        for value, distance in zip(values, found[number], strict=True):
            rank = (below(value, "left") + below(value, "right")) / 2
            if width == 0 and number == 0:
                assert distance == pytest.approx(abs(rank - (start + end) / 2), abs=1e-6)
            else:
                assert distance == pytest.approx(np.abs(steps - rank).mean(), abs=1e-3)


def test_the_distance_of_a_label_is_the_share_of_its_other_values() -> None:
    original = pl.Series(["BSc", "MSc", "10th"])
    cells = pl.Series(["BSc", "Higher", "*"])
    space = read_cells(original, cells, hierarchy=HIERARCHY, null_is_value=False)
    found = space.distances(space.encode(original))
    # "*" covers a missing value too, which makes four.
    assert found.tolist() == pytest.approx(np.array([[0, 1, 1], [0.5, 0.5, 1], [0.75, 0.75, 0.75]]))
    assert space.losses().tolist() == [0, 0.5, 1]


@pytest.mark.parametrize("text", ["", " ", "a" * 10_000, "=1+1", "[" * 500, "1" * 400, "\x00", "-"])
def test_hostile_cells_cover_nothing_and_raise_nothing(text: str) -> None:
    assert covered([1, 2], ["1", text])[1] == []
    assert covered(["a", "b"], ["a", text])[1] == []
    for is_time in (False, True):
        found = parse_range(text, is_time=is_time)
        assert found is None or found[0] <= found[1] or found == (inf, -inf)


def test_days_that_are_texts_have_ranges_too() -> None:
    values = pl.Series(["2024-01-03", "2024-02-01", "2024-05-09"])
    space = read_cells(
        values, pl.Series(["[2024-01-01, 2024-02-29]"]), hierarchy=None, null_is_value=True
    )
    assert space.covers(space.encode(values))[0].tolist() == [True, True, False]
    assert space.not_understood == 0
    copied = pl.Series(["[2024-01-01, 2024-02-29]", "2024-02-01"])
    space = read_cells(values, copied, hierarchy=None, null_is_value=True)
    numbers, is_exact = space.exact_values()
    assert is_exact.tolist() == [False, True]
    assert numbers[1] == space.encode(values)[1]
