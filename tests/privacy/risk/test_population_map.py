"""How many persons of a population the classes of a release cover, against a plain count."""

import numpy as np
import polars as pl
import pytest

from workbench.foundation.errors import ParameterError
from workbench.privacy.risk import RiskQuestion, assess_risk
from workbench.privacy.risk.class_risks import number_classes
from workbench.privacy.risk.population_map import population_sizes

from .tables import people


def banded(rows: pl.DataFrame) -> pl.DataFrame:
    start = pl.col("age") // 10 * 10
    return rows.with_columns(
        pl.format("[{}, {})", start, start + 10).alias("age"),
        pl.when(pl.col("area") > "area 4").then(pl.lit("*")).otherwise("area").alias("area"),
    )


def test_the_classes_have_as_many_persons_as_a_plain_count() -> None:
    population = people(4000, seed=1)
    columns = ["age", "area", "job"]
    released = banded(population.head(700))
    found = population_sizes(released, population, columns, hierarchies={})
    numbered = number_classes(released, columns)
    for row, size, sample in zip(
        numbered.rows.iter_rows(named=True), found, numbered.sizes, strict=True
    ):
        low, high = (int(each) for each in row["age"].strip("[)").split(","))
        inside = population.filter(
            pl.col("age").is_between(low, high, closed="left"),
            pl.lit(row["area"] == "*") | (pl.col("area") == row["area"]),
            pl.col("job") == row["job"],
        )
        assert size == inside.height >= sample


def test_the_journalist_finds_fewer_persons_than_the_prosecutor() -> None:
    population = people(4000, seed=2)
    original = population.head(700)
    question = RiskQuestion(quasi_identifiers=("age", "area", "job"), attacks=50)
    report = assess_risk(original, banded(original), question, population=population)
    assert report.journalist is not None and report.uniques is None
    assert report.journalist.average < report.classes.average
    fine = assess_risk(original, original, question, population=population).journalist
    alone = population.filter(pl.len().over("age", "area", "job") == 1)
    found = original.join(alone, on=["age", "area", "job"], how="semi")
    assert fine is not None and fine.unique == found.height > 0


def test_a_population_without_the_persons_of_the_release_is_refused() -> None:
    original = people(300, seed=3)
    question = RiskQuestion(quasi_identifiers=("age", "area"), attacks=10)
    with pytest.raises(ParameterError, match="the population must contain the persons"):
        assess_risk(original, original, question, population=original.head(10))


def test_missing_values_are_covered_by_suppressed_cells_alone() -> None:
    population = pl.DataFrame({"age": [20, None, 30]})
    released = pl.DataFrame({"age": ["20", "*"], "area": ["N", "N"]})
    population = population.with_columns(area=pl.lit("N"))
    found = population_sizes(released, population, ["age", "area"], hierarchies={})
    sizes = dict(zip(number_classes(released, ["age", "area"]).rows["age"], found, strict=True))
    assert sizes == {"20": 1, "*": 3}
    assert np.issubdtype(found.dtype, np.integer)
