"""Segments: found where they are, called made where one cloud is cut."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sklearn.metrics import adjusted_rand_score

from tests.models.worlds import FOUR_KINDS, ONE_KIND, population
from workbench.charts.markup import table_markup
from workbench.foundation.errors import ParameterError
from workbench.models import Segmentation, segment_exhibits, segmentation
from workbench.models.grouping import adjusted_rand, group_customers
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
    assert one.verdicts[0].outcome in ("shown not", "not enough data", "cannot be said")
    assert "% of planted groups of 10 % of the customers" in one.verdicts[0].answer
    assert "misses at most 7 % of up to 200 planted groups" in one.verdicts[0].rule
    assert not one.is_natural
    assert "cloud" not in one.verdicts[0].answer  # overlapping kinds are not excluded


def test_the_number_of_segments_has_its_reason(one: Segmentation) -> None:
    steady = one.tried.filter(pl.col("stability") >= 0.8)["k"]
    taken = one.tried.filter("is_chosen")["k"][0]
    assert taken == steady.max()
    assert one.reason.startswith(f"{taken} groups were taken: it is the largest number tried")
    assert one.reason.endswith("; more were not tried") == (taken == 6)
    assert segment_exhibits.stability(one).table.note == f"{one.reason}."


def test_the_spread_of_dependent_pairs_is_nowhere_called_an_interval(one: Segmentation) -> None:
    figure = segment_exhibits.stability(one)
    assert "95 % interval" not in table_markup(figure.table).replace("\u00a0", " ")
    assert "middle 95 % range" in table_markup(figure.table)


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
        "frequent, large orders, toys",
        "occasional, by web",
        "average",
    ]
    assert segment_names(centres[[2, 2]], traits_named) == ["average (1)", "average (2)"]


def test_a_segment_below_the_smallest_size_goes_to_the_nearest() -> None:
    data, _ = population(400, ONE_KIND, seed=2)
    found = segmentation(data, as_of=AS_OF, currency="EUR", seed=1, k=6, min_group=60)
    assert found.sizes["persons"].min() >= 60
    assert found.k < 6
    # the samples were of six groups
    asked = f"Do the 6 groups, of which {found.k} segments were left, come back"
    assert found.verdicts[1].question.startswith(asked)
    assert found.reason == "6 groups were taken: that number was asked for"


def test_too_few_customers_are_one_segment_and_a_sentence() -> None:
    data, _ = population(14, ONE_KIND, seed=2)
    found = segmentation(data, as_of=AS_OF, currency="EUR", seed=1)
    assert found.k == 1
    assert [verdict.outcome for verdict in found.verdicts] == ["not enough data"] * 2
    assert "60 customers would be needed" in found.verdicts[0].answer
    for exhibit in (segment_exhibits.sizes, segment_exhibits.worth, segment_exhibits.stability):
        exhibit(found)
    segment_exhibits.profile(found, currency="EUR")


def test_a_number_of_groups_outside_the_range_is_refused() -> None:
    data, _ = population(150, ONE_KIND, seed=2)
    with pytest.raises(ParameterError, match="k is 9: it must be within k_range, 2 to 6"):
        segmentation(data, as_of=AS_OF, currency="EUR", seed=1, k=9)


def test_identical_customers_have_nothing_to_divide() -> None:
    rows = np.ones((200, 3))
    found = group_customers(Latent(rows, rows), k_range=(2, 4), k=None, least=10, seed=1)
    assert found.separation is not None
    assert found.separation.mixture is None
    assert found.labels.size == 200


def test_a_tiny_group_beside_a_huge_one_stays_or_joins_by_its_size() -> None:
    random = np.random.default_rng(1)
    rows = random.normal(size=(2000, 2))
    rows[:40] += 12
    for least in (10, 60):
        found = group_customers(Latent(rows, rows), k_range=(2, 4), k=None, least=least, seed=1)
        assert np.bincount(found.labels).min() >= least


def test_equal_input_gives_equal_segments() -> None:
    data, _ = population(500, FOUR_KINDS, seed=4)
    first, second = (segmentation(data, as_of=AS_OF, currency="EUR", seed=7) for _ in range(2))
    assert_frame_equal(first.assignments, second.assignments)
    assert_frame_equal(first.tried, second.tried)
    assert_frame_equal(first.profile, second.profile)


def test_customers_of_equal_content_are_in_the_order_of_their_ids() -> None:
    """Otherwise two runs would draw other values for them."""
    data, _ = population(80, ONE_KIND, seed=2)
    copies = []
    for copy in range(6):
        renamed = (
            data["orders"].collect(),
            data["customers"].collect(),
            data["order_items"].collect(),
        )
        copies.append(
            [
                rows.with_columns(
                    pl.col("customer_id") + copy * 1_000_000,
                    pl.col("^order_id$") + f" {copy}",
                )
                for rows in renamed
            ]
        )
    names = ("orders", "customers", "order_items")
    tables = {
        name: pl.concat(parts).lazy()
        for name, parts in zip(names, zip(*copies, strict=True), strict=True)
    }
    known = customer_traits(
        data.with_tables(tables), as_of=AS_OF, currency="EUR", active_days=None, seed=1
    )
    content = known.latent.mean.round(9)
    ids = known.customers["customer_id"].to_numpy()
    equal = (content[1:] == content[:-1]).all(axis=1)
    assert equal.sum() >= 5 * 60
    assert (ids[1:][equal] > ids[:-1][equal]).all()


def test_one_cloud_seldom_passes_for_several() -> None:
    false = 0
    for seed in range(15):
        kind = type(ONE_KIND[0])(share=1.0, purchases=0.4 + seed / 10, leaving=0.02 + seed / 200)
        data, _ = population(700, (kind,), seed=seed)
        known = customer_traits(data, as_of=AS_OF, currency="EUR", active_days=365, seed=seed)
        false += measure_separation(known.latent, seed=seed).is_shown
    assert false <= 1


def test_clouds_apart_are_counted_whatever_their_shape() -> None:
    random = np.random.default_rng(1)
    centres = np.array([[0, 0, 0], [6, 0, 0], [0, 6, 0]])
    rows = random.normal(size=(1500, 3)) + centres[random.integers(0, 3, 1500)]
    found = measure_separation(Latent(rows, rows), seed=1)
    assert found.natural_groups == 3
    long = random.normal(size=(1500, 3)) * [8, 1, 1]
    assert measure_separation(Latent(long, long), seed=1).natural_groups == 1


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


def test_the_agreement_of_two_divisions_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(1)
    for groups in range(1, 6):
        one = random.integers(0, groups, 300)
        other = np.where(random.random(300) < 0.6, one, random.integers(-1, 3, 300))
        assert adjusted_rand(one, other) == adjusted_rand_score(one, other)
    assert adjusted_rand(one, one + 1) == 1
