"""Segments are claimed where there are some, and "no clear segments" only where there are none.

Seeds are fixed. A row fails where the exact 99 % interval of its measured rate (Bonferroni over the
rows) lies outside its bound.
"""

import numpy as np
import pytest
from scipy.stats import beta
from threadpoolctl import threadpool_limits

from workbench.models.latent import Floats, Latent, log_rates
from workbench.models.planted_groups import plant_groups
from workbench.models.separation import measure_separation

pytestmark = pytest.mark.slow

CLOUDS = (
    "normal", "t", "exponential", "lognormal", "banana", "ring", "open ring", "spike", "counts",
)  # fmt: skip
_CUSTOMERS = 4000
_ROWS = 3
_WORLDS = 18


def cloud(shape: str, seed: int, traits: int = 2) -> Floats:
    """Return customers without groups."""
    random = np.random.default_rng(seed)
    size = (_CUSTOMERS, traits)
    rows: Floats = random.normal(size=size)
    if shape == "t":
        rows /= np.sqrt(random.chisquare(3, size=(_CUSTOMERS, 1)) / 3)
    elif shape == "exponential":
        rows = random.exponential(size=size)
    elif shape == "lognormal":
        rows = np.exp(0.8 * rows)
    elif shape == "banana":
        rows[:, 0] *= 2
        rows[:, 1] = 0.5 * rows[:, 1] + 0.4 * rows[:, 0] ** 2
    elif shape in ("ring", "open ring"):
        angle = random.uniform(0, (2 if shape == "ring" else 1.6) * np.pi, _CUSTOMERS)
        rows *= 0.3
        rows[:, :2] += 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    elif shape == "spike":
        rows[random.random(_CUSTOMERS) < 0.3] *= 0.1
    elif shape == "counts":
        once = np.ones(_CUSTOMERS)
        counts = random.poisson(random.gamma(1, 2, size=size)).astype(float)
        rows = np.hstack([log_rates(each, once, random).draw for each in counts.T])
    return rows


def minority(seed: int, traits: int = 2) -> Floats:
    """Return two normal groups, 10 % of the customers four standard deviations away."""
    random = np.random.default_rng(seed)
    rows: Floats = random.normal(size=(_CUSTOMERS, traits))
    direction = random.normal(size=traits)
    away = random.random(_CUSTOMERS) < 0.1
    rows[away] += 4 * direction / np.linalg.norm(direction)
    return rows


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
    found = sum(shown(minority(seed), seed) for seed in range(_WORLDS))
    assert limits(found, _WORLDS)[1] >= 0.8


def test_planted_groups_are_found_in_a_normal_cloud() -> None:
    rows = cloud("normal", 1)
    with threadpool_limits(1):
        without = measure_separation(Latent(rows, rows), seed=1)
        planted = plant_groups(rows, without=without, seed=1)
    assert limits(planted.found, planted.trials)[1] >= 0.8
    assert planted.is_enough
