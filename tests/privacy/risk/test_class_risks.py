"""Risks by classes: hand computations, figures that ARX publishes, and invariances."""

from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings

from workbench.foundation.errors import ParameterError
from workbench.privacy.risk.class_risks import (
    journalist_risks,
    number_classes,
    prosecutor_risks,
)


@pytest.fixture(scope="module")
def adult(real_data: Path) -> pl.DataFrame:
    return pl.read_csv(real_data / "adult" / "adult.csv", separator=";")


def test_starred_rows_are_no_class(cases: Path) -> None:
    rows = pl.read_csv(cases / "k01.csv")
    found = prosecutor_risks(rows, rows.columns)
    assert (found.smallest, found.persons, found.suppressed, found.classes) == (2, 7, 2, 3)
    assert found.average == pytest.approx(3 / 7)
    assert found.highest == 0.5


def test_starred_rows_are_no_class_after_they_were_written_and_read(
    cases: Path, tmp_path: Path
) -> None:
    rows = pl.read_csv(cases / "k01.csv")
    rows.write_csv(tmp_path / "again.csv")
    emptied = rows.with_columns(pl.all().replace("*", None))
    for again in (pl.read_csv(tmp_path / "again.csv"), emptied):
        found = prosecutor_risks(again, again.columns)
        assert (found.smallest, found.suppressed) == (2, 2)
        assert found.average == pytest.approx(3 / 7)


def test_adult_has_the_figures_that_arx_publishes(adult: pl.DataFrame) -> None:
    found = prosecutor_risks(adult, adult.columns)
    assert found.average == 0.6465751607983555
    assert found.unique / found.persons == pytest.approx(0.5142895, abs=5e-8)
    assert found.highest == 1.0
    assert round(found.share_above(0.2), 3) == 0.778


def test_rows_of_one_person_count_once() -> None:
    visits = pl.DataFrame({"person": [1, 1, 1, 2], "area": ["N", "N", "S", "N"]})
    found = prosecutor_risks(visits, ["area"], persons="person")
    # N has persons 1 and 2, S has person 1 alone, who is therefore found with certainty.
    assert (found.persons, found.classes, found.smallest) == (2, 2, 1)
    assert found.chances.tolist() == [1.0, 0.5]


def test_rows_without_a_person_are_persons_of_their_own() -> None:
    visits = pl.DataFrame({"person": [1, None, None], "area": ["N", "N", "N"]})
    assert prosecutor_risks(visits, ["area"], persons="person").smallest == 3


def test_a_chance_at_the_limit_is_not_above_it() -> None:
    rows = pl.DataFrame({"area": ["N"] * 11})
    assert prosecutor_risks(rows, ["area"]).share_above(1 / 11) == 0.0


@pytest.mark.parametrize(
    ("rows", "persons", "suppressed"),
    [
        (pl.DataFrame({"area": []}, schema={"area": pl.String}), 0, 0),
        (pl.DataFrame({"area": [None, None]}, schema={"area": pl.String}), 0, 2),
        (pl.DataFrame({"area": [None, 3]}), 1, 1),
    ],
)
def test_tables_without_classes_have_no_risk(
    rows: pl.DataFrame, persons: int, suppressed: int
) -> None:
    found = prosecutor_risks(rows, ["area"])
    assert (found.persons, found.suppressed) == (persons, suppressed)
    assert found.highest == found.average == float(persons)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ParameterError, match="no column 'aera'; did you mean 'area'"):
        prosecutor_risks(pl.DataFrame({"area": ["N"]}), ["aera"])


def test_a_map_of_the_population_gives_the_journalists_risk() -> None:
    rows = pl.DataFrame({"area": ["N", "N", "S"]})
    found = journalist_risks(rows, ["area"], population=np.array([10, 4]))
    assert found.chances.tolist() == [0.25, 0.1, 0.1]
    with pytest.raises(ParameterError, match="in 1 classes the population has fewer persons"):
        journalist_risks(rows, ["area"], population=np.array([1, 4]))


def test_the_size_of_the_population_gives_the_expected_chance() -> None:
    rows = pl.DataFrame({"area": ["N", "S", "S"]})
    share = 3 / 30
    found = journalist_risks(rows, ["area"], population=30)
    unique = share * np.log(1 / share) / (1 - share)  # Benedetti and Franconi, class of one
    assert found.highest == pytest.approx(unique)
    # Class of two: p/q^2 (p log p + q), with q = 1 - p.
    two = share / (1 - share) ** 2 * (share * np.log(share) + 1 - share)
    assert found.chances[-1] == pytest.approx(two)
    whole = journalist_risks(rows, ["area"], population=3)
    assert whole.chances.tolist() == pytest.approx([1.0, 0.5, 0.5])
    with pytest.raises(ParameterError, match="the population has 2 persons and the release 3"):
        journalist_risks(rows, ["area"], population=2)


def test_the_expected_chance_is_that_of_drawn_populations() -> None:
    random = np.random.default_rng(4)
    share, chances = 0.2, []
    for _ in range(200):  # Under the model the class in the population is negative binomial.
        others = random.negative_binomial(2, share, size=500)
        chances.append(np.mean(1 / (2 + others)))
    rows = pl.DataFrame({"area": ["N", "N"]})
    found = journalist_risks(rows, ["area"], population=10)
    assert found.highest == pytest.approx(np.mean(chances), abs=0.005)


tables = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 3), st.sampled_from(["a", "b", None])), max_size=40
).map(
    lambda rows: pl.DataFrame(
        rows, schema={"x": pl.Int64, "y": pl.Int64, "z": pl.String}, orient="row"
    )
)


@given(rows=tables)
@settings(max_examples=60, deadline=None)
def test_risk_never_rises_when_a_column_is_made_coarser(rows: pl.DataFrame) -> None:
    fine = prosecutor_risks(rows, ["x", "y", "z"])
    coarse = prosecutor_risks(rows.with_columns(pl.col("x") // 2), ["x", "y", "z"])
    fewer = prosecutor_risks(rows, ["x", "y"])
    for less in (coarse, fewer):
        assert less.highest <= fine.highest
        assert less.average <= fine.average
        assert less.unique <= fine.unique


@given(rows=tables, seed=st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_the_order_of_rows_does_not_matter(rows: pl.DataFrame, seed: int) -> None:
    shuffled = rows.sample(fraction=1, shuffle=True, seed=seed)
    one, other = (prosecutor_risks(each, rows.columns) for each in (rows, shuffled))
    assert one.chances.tolist() == other.chances.tolist()
    numbered = [number_classes(each, rows.columns) for each in (rows, shuffled)]
    assert numbered[0].rows.equals(numbered[1].rows)
    assert numbered[0].sizes.tolist() == numbered[1].sizes.tolist()
