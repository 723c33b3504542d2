"""Population uniques: ARX's figures on Adult, and populations whose uniques are counted."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from workbench.foundation.errors import ParameterError
from workbench.privacy.risk.class_risks import number_classes
from workbench.privacy.risk.population_uniques import ASSUMPTIONS, population_uniques

#: The population of the USA as ARX has it.
USA = 318_622_525


def test_adult_in_the_usa_has_the_figures_of_arx(real_data: Path) -> None:
    adult = pl.read_csv(real_data / "adult" / "adult.csv", separator=";")
    found = population_uniques(number_classes(adult, adult.columns).sizes, population=USA)
    share = {name: round(value or 0.0, 3) for name, value in found.share.items()}
    assert share["Zayatz"] == 0.265
    assert share["Pitman"] == share["Dankar"] == 0.039
    # ARX prints 0 %, which it does where its solver has no solution; the equations have one.
    assert share["SNB"] == 0.215
    assert found.range == (found.share["Pitman"], found.share["Zayatz"])


def test_the_solution_of_snb_gives_the_classes_of_one_and_of_two() -> None:
    """Draw classes from the model itself and find the share of uniques again."""
    random = np.random.default_rng(8)
    a, b, classes, drawn = 0.5, 0.1, 200_000, 0.3
    population = 1 + random.negative_binomial(a, b, size=classes)
    sample = random.binomial(population, drawn)
    found = population_uniques(sample[sample > 0], population=int(population.sum()))
    true = (population == 1).sum() / population.sum()
    assert found.share["SNB"] == pytest.approx(true, rel=0.15)
    chosen = min(found.share["SNB"] or 1, found.share["Zayatz"] or 1)
    assert found.share["Dankar"] == chosen  # a sampling share above .1


def test_pitman_finds_the_uniques_of_a_population_of_its_kind() -> None:
    """Draw a random partition by Pitman's rule, then a sample of it."""
    random = np.random.default_rng(2)
    t, a, persons = 50.0, 0.6, 20_000
    sizes: list[int] = []
    owner = np.zeros(persons, dtype=np.int64)
    for person in range(persons):
        if random.random() < (t + a * len(sizes)) / (t + person):
            owner[person] = len(sizes)
            sizes.append(1)
        else:
            # Joining a class in proportion to its size less a, by a person drawn at random.
            while True:
                chosen = owner[random.integers(person)]
                if random.random() < (sizes[chosen] - a) / sizes[chosen]:
                    break
            owner[person] = chosen
            sizes[chosen] += 1
    sample = np.bincount(owner[random.choice(persons, 1000, replace=False)])
    found = population_uniques(sample[sample > 0], population=persons)
    true = np.array(sizes).tolist().count(1) / persons
    assert found.share["Pitman"] == pytest.approx(true, rel=0.3)
    assert found.share["Dankar"] == found.share["Pitman"]


def test_a_sample_that_is_the_population_has_its_own_uniques() -> None:
    found = population_uniques(np.array([1, 1, 1, 2, 5]), population=10)
    assert found.share["Zayatz"] == found.share["SNB"] == pytest.approx(0.3)


def test_without_sample_uniques_there_are_none() -> None:
    found = population_uniques(np.array([2, 3]), population=1000)
    assert found.share == dict.fromkeys(ASSUMPTIONS, 0.0)


@pytest.mark.parametrize("sizes", [[1], [1, 1, 1], [1, 2], [1, 1, 3]])
def test_small_samples_have_shares_or_none(sizes: list[int]) -> None:
    found = population_uniques(np.array(sizes), population=500)
    assert all(value is None or 0 <= value <= 1 for value in found.share.values())


def test_a_population_smaller_than_the_sample_is_refused() -> None:
    with pytest.raises(ParameterError, match="the population has 2 persons and the sample 3"):
        population_uniques(np.array([1, 2]), population=2)


def test_zayatz_draws_as_the_hypergeometric_distribution_does() -> None:
    from scipy.stats import hypergeom

    sizes = np.array([1] * 30 + [2] * 11 + [7] * 4 + [40])
    for population in (120, 121, 500, 10**9):
        found = population_uniques(sizes, population=population).share["Zayatz"]
        values, counts = np.unique(sizes, return_counts=True)
        once = hypergeom.pmf(1, population, values, sizes.sum())
        expected = counts[0] * once[0] / (counts @ once) * counts[0] / sizes.sum()
        assert found == pytest.approx(expected)
