"""Segments: found where they are, called made where one cloud is cut."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sklearn.metrics import adjusted_rand_score

from tests.models.worlds import FOUR_KINDS, ONE_KIND, population
from workbench.foundation.errors import ParameterError, PrivacyError
from workbench.models import Segmentation, segmentation
from workbench.models.grouping import _fits_better, _silhouettes
from workbench.models.latent import Latent, levels, log_mixes, log_rates
from workbench.models.segment_profiles import segment_names
from workbench.models.segment_traits import customer_traits
from workbench.models.separation import measure_separation

AS_OF = date(2024, 6, 24)


@pytest.fixture(scope="module")
def four() -> tuple[Segmentation, pl.DataFrame]:
    data, truth = population(2500, FOUR_KINDS, seed=1)
    return segmentation(data, as_of=AS_OF, currency="EUR", seed=1), truth


@pytest.fixture(scope="module")
def one() -> Segmentation:
    data, _ = population(1500, ONE_KIND, seed=1)
    return segmentation(data, as_of=AS_OF, currency="EUR", seed=1)


def test_kinds_that_are_there_are_found(four: tuple[Segmentation, pl.DataFrame]) -> None:
    found, truth = four
    assert found.k == 4
    assert found.is_natural
    assert [verdict.outcome for verdict in found.verdicts] == ["shown", "shown"]
    both = found.assignments.join(truth, on="customer_id")
    assert adjusted_rand_score(both["kind"].to_numpy(), both["segment"].to_numpy()) > 0.9


def test_one_cloud_is_not_called_kinds(one: Segmentation) -> None:
    assert one.verdicts[0].outcome == "shown not"
    assert one.verdicts[0].concern
    assert not one.is_natural


def test_sizes_and_shares_add_up(four: tuple[Segmentation, pl.DataFrame]) -> None:
    sizes = four[0].sizes
    assert sizes["persons"].sum() == four[0].assignments.height
    assert sizes["share"].sum() == pytest.approx(1)
    assert sizes["value_share"].sum() == pytest.approx(1)
    inside = (pl.col("value_low") <= pl.col("value_share")) & (
        pl.col("value_share") <= pl.col("value_high")
    )
    assert sizes.select(inside.all()).item()
    assert set(four[0].profile["segment"]) == set(sizes["segment"])


def test_names_say_what_sets_a_segment_apart() -> None:
    traits_named = ("order_frequency", "order_value", "category: toys", "channel: web")
    centres = np.array([[1.0, 0.5, 0.9, 0.1], [-0.8, 0.0, -0.9, 0.6], [0.1, 0.1, 0.1, 0.1]])
    assert segment_names(centres, traits_named) == [
        "frequent, high value, toys",
        "occasional, by web",
        "average",
    ]
    assert segment_names(centres[[2, 2]], traits_named) == ["average (1)", "average (2)"]


def test_a_segment_below_the_smallest_size_goes_to_the_nearest() -> None:
    data, _ = population(400, ONE_KIND, seed=2)
    found = segmentation(data, as_of=AS_OF, currency="EUR", seed=1, k=6, min_group=60)
    assert found.sizes["persons"].min() >= 60
    assert found.k < 6


def test_one_group_more_is_taken_only_where_it_fits_better_by_more_than_chance() -> None:
    random = np.random.default_rng(3)
    square = np.array([[0, 0], [8, 0], [0, 8], [8, 8]], dtype=float)
    rows = random.normal(size=(4000, 2)) + square[random.integers(0, 4, 4000)]
    fits = {k: _silhouettes(rows, k, 1) for k in (3, 4, 5)}
    assert _fits_better(fits[4], fits[3])
    assert not _fits_better(fits[5], fits[4])
    assert not _fits_better(fits[4], fits[4])


def test_too_few_customers_are_refused() -> None:
    data, _ = population(40, ONE_KIND, seed=2)
    with pytest.raises(PrivacyError, match="60 are needed for segments of at least 10"):
        segmentation(data, as_of=AS_OF, currency="EUR", seed=1)
    more, _ = population(150, ONE_KIND, seed=2)
    with pytest.raises(ParameterError, match="k is 9: it must be within k_range, 2 to 6"):
        segmentation(more, as_of=AS_OF, currency="EUR", seed=1, k=9)


def test_equal_input_gives_equal_segments() -> None:
    data, _ = population(500, FOUR_KINDS, seed=4)
    first, second = (segmentation(data, as_of=AS_OF, currency="EUR", seed=7) for _ in range(2))
    assert_frame_equal(first.assignments, second.assignments)
    assert_frame_equal(first.tried, second.tried)
    assert_frame_equal(first.profile, second.profile)


def test_one_cloud_seldom_passes_for_several() -> None:
    false = 0
    for seed in range(15):
        kind = type(ONE_KIND[0])(share=1.0, purchases=0.4 + seed / 10, leaving=0.02 + seed / 200)
        data, _ = population(700, (kind,), seed=seed)
        known = customer_traits(data, as_of=AS_OF, currency="EUR", active_days=365, seed=seed)
        false += any(
            measure_separation(known.latent, k=k, seed=seed).natural_groups > 1 for k in range(2, 7)
        )
    assert false <= 1


def test_clouds_apart_are_counted_whatever_their_shape() -> None:
    random = np.random.default_rng(1)
    centres = np.array([[0, 0, 0], [6, 0, 0], [0, 6, 0]])
    rows = random.normal(size=(1500, 3)) + centres[random.integers(0, 3, 1500)]
    found = measure_separation(Latent(rows, rows), k=3, seed=1)
    assert found.natural_groups == 3
    long = random.normal(size=(1500, 3)) * [8, 1, 1]
    for k in range(2, 6):
        assert measure_separation(Latent(long, long), k=k, seed=1).natural_groups == 1


def test_latent_quantities_have_the_population_that_made_them() -> None:
    random = np.random.default_rng(1)
    n = 20_000
    rate, exposure = random.gamma(3, 1 / 30, n), random.uniform(30, 400, n)
    found = log_rates(random.poisson(rate * exposure).astype(float), exposure, random)
    assert np.quantile(found.draw, [0.1, 0.5, 0.9]) == pytest.approx(
        np.quantile(np.log(rate), [0.1, 0.5, 0.9]), abs=0.1
    )
    level, counts = random.normal(2, 0.5, n), random.integers(1, 9, n).astype(float)
    means = level + random.normal(size=n) * 0.3 / np.sqrt(counts)
    assert levels(means, counts, 0.09, random).draw.std() == pytest.approx(0.5, abs=0.02)
    mixes = random.dirichlet([4, 2, 1], n)
    seen = random.multinomial(5, mixes).astype(float)
    drawn = log_mixes(seen, random).draw
    expected = np.log(mixes) - np.log(mixes).mean(axis=1, keepdims=True)
    assert drawn.std(axis=0) == pytest.approx(expected.std(axis=0), rel=0.15)
