"""The noise of counts: its distribution, and what it depends on."""

import numpy as np
import pytest

from workbench.privacy.release.noise import noise_table, noisy_count, sum_noise

SECRET = b"a secret of the study"


def probabilities(deviation: int, variance: float, count: int) -> np.ndarray:
    return np.diff(noise_table(deviation, variance)[count], prepend=0)


def test_the_noise_is_that_of_ptable() -> None:
    # R's ptable 1.0: create_cnt_ptable(D = 2, V = 1), the row of counts of 2 and more
    published = [0.0638, 0.2447, 0.383, 0.2447, 0.0638]
    assert probabilities(2, 1.0, 2) == pytest.approx(published, abs=5e-5)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_noise_has_mean_0_and_the_variance_and_never_leads_below_0(count: int) -> None:
    v = np.arange(-5, 6)
    p = probabilities(5, 2.0, count)
    assert p @ v == pytest.approx(0, abs=1e-6)
    assert p @ v**2 == pytest.approx(2, abs=1e-6)
    assert p[v < -count].max(initial=0) == 0


@pytest.mark.parametrize("count", [1, 2, 5])
def test_no_other_distribution_with_these_moments_has_more_entropy(count: int) -> None:
    # the largest entropy is flat against every change that keeps total, mean and variance
    v = np.arange(-5.0, 6)
    p = probabilities(5, 2.0, count)
    allowed = v >= -count
    constraints = np.array([v**0, v, v**2])[:, allowed]
    gradient = -np.log(p[allowed]) - 1
    _, residual, *_ = np.linalg.lstsq(constraints.T, gradient, rcond=None)
    assert np.abs(residual).max(initial=0) < 1e-6


def test_drawn_noise_follows_the_table() -> None:
    drawn = np.array(
        [noisy_count(50, secret=SECRET, seed=seed, key=17) - 50 for seed in range(40_000)]
    )
    assert drawn.mean() == pytest.approx(0, abs=0.03)
    assert drawn.var() == pytest.approx(2, abs=0.06)
    counted = np.bincount(drawn + 5, minlength=11) / drawn.size
    assert counted == pytest.approx(probabilities(5, 2.0, 5), abs=0.01)


def test_nobody_counts_as_0() -> None:
    assert {noisy_count(0, secret=SECRET, seed=seed, key=0) for seed in range(500)} == {0}


def test_the_noise_of_a_sum_is_half_its_largest_contribution() -> None:
    drawn = [sum_noise(1000, secret=SECRET, seed=seed, key=3) for seed in range(20_000)]
    assert np.std(drawn) == pytest.approx(500, rel=0.02)
    assert np.mean(drawn) == pytest.approx(0, abs=15)


def test_keys_do_not_add_up() -> None:
    # parts whose noise is high do not pull the noise of their total
    random = np.random.default_rng(1)
    totals = []
    for seed in range(6000):
        one, other = (int(key) for key in random.integers(0, 2**63, 2))
        parts = [noisy_count(50, secret=SECRET, seed=seed, key=key) - 50 for key in (one, other)]
        if min(parts) >= 2:
            total = (one + other) % 2**64
            totals.append(noisy_count(100, secret=SECRET, seed=seed, key=total) - 100)
    assert len(totals) > 50
    assert np.mean(totals) == pytest.approx(0, abs=0.7)
