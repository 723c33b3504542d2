"""Segments are claimed where there are some, and "no clear segments" only where there are none.

The short form of ``tests.truth.claims``. Seeds are fixed. A row fails where the exact 99 % interval
of its measured rate (Bonferroni over the rows) lies outside its bound.
"""

import pytest
from scipy.stats import beta
from threadpoolctl import threadpool_limits

from tests.models.shapes import CLOUDS, cloud, grouped
from workbench.models.latent import Floats, Latent
from workbench.models.planted_groups import plant_groups
from workbench.models.separation import measure_separation

pytestmark = pytest.mark.slow

_ROWS = 3
_WORLDS = 36


def limits(hits: int, trials: int) -> tuple[float, float]:
    """Return the exact interval of a share at 99 %, Bonferroni-adjusted over the rows."""
    tail = 0.01 / _ROWS / 2
    low = beta.ppf(tail, hits, trials - hits + 1) if hits else 0.0
    high = beta.ppf(1 - tail, hits + 1, trials - hits) if hits < trials else 1.0
    return float(low), float(high)


def shown(rows: Floats, seed: int) -> bool:
    with threadpool_limits(1):
        return measure_separation(Latent(rows, rows), seed=seed).is_shown


def test_segments_are_seldom_shown_where_there_are_none() -> None:
    false = sum(shown(cloud(CLOUDS[seed % len(CLOUDS)], seed), seed) for seed in range(_WORLDS))
    assert limits(false, _WORLDS)[0] <= 0.05


def test_a_tenth_of_the_customers_at_four_deviations_is_found() -> None:
    found = sum(shown(grouped(seed), seed) for seed in range(_WORLDS))
    assert limits(found, _WORLDS)[1] >= 0.8


def test_planted_groups_are_found_in_a_normal_cloud() -> None:
    rows = cloud("normal", 1)
    with threadpool_limits(1):
        without = measure_separation(Latent(rows, rows), seed=1)
        planted = plant_groups(rows, without=without, seed=1)
    assert limits(planted.found, planted.trials)[1] >= 0.8
    assert planted.is_enough
