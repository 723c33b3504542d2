"""Mixtures are those of scikit-learn, and planted groups are counted no longer than needed."""

from importlib import import_module

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from workbench.models.latent import Floats, Latent
from workbench.models.mixtures import Mixture, Spreads, Whitening, fit_mixture
from workbench.models.separation import measure_separation

planted_groups = import_module("workbench.models.planted_groups")


def three_groups() -> Floats:
    random = np.random.default_rng(4)
    rows: Floats = random.normal(size=(900, 3)) * random.choice([0.6, 1.0], size=(900, 1))
    rows[:300, 0] += 3
    rows[300:400, 1] -= 4
    return rows


@pytest.mark.parametrize("spreads", ["tied", "full"])
@pytest.mark.parametrize("k", [1, 3, 4])
def test_a_mixture_is_that_of_another_library(k: int, spreads: Spreads) -> None:
    rows = three_groups()
    found = fit_mixture(rows, k, seed=2, spreads=spreads)
    other = GaussianMixture(
        k, covariance_type=spreads, reg_covar=1e-3, tol=1e-4, max_iter=150, random_state=2
    ).fit(rows)
    np.testing.assert_allclose(found.weights, other.weights_, atol=1e-9)
    np.testing.assert_allclose(found.means, other.means_, atol=1e-9)
    covariances = found.covariances[0] if spreads == "tied" else found.covariances
    np.testing.assert_allclose(covariances, other.covariances_, atol=1e-9)
    np.testing.assert_allclose(found.memberships(rows).T, other.predict_proba(rows), atol=1e-9)
    assert np.array_equal(found.predict(rows), other.predict(rows))
    assert found.bic(rows) == pytest.approx(other.bic(rows))


def test_some_components_keep_their_proportions() -> None:
    one = np.eye(1)[None]
    whole = Mixture(
        weights=np.array([0.2, 0.3, 0.5]),
        means=np.array([[0.0], [1.0], [9.0]]),
        covariances=one,
        spreads="tied",
    )
    kept = whole.keep(np.array([0, 1]))
    assert kept.weights.tolist() == [0.4, 0.6]
    # midway, both densities are equal, so that the memberships are the weights
    np.testing.assert_allclose(kept.memberships(np.array([[0.5]]))[:, 0], [0.4, 0.6])


@pytest.mark.parametrize("share", [0.6, 0.9, 0.95, 0.995])
def test_an_early_end_says_the_same_as_all_trials(
    monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    rows = np.random.default_rng(1).normal(size=(300, 2))
    without = measure_separation(Latent(rows, rows), seed=1)
    monkeypatch.setattr(planted_groups, "_LARGER", ())
    agree, trials = 0, 0
    for seed in range(100):
        found = np.random.default_rng(seed).random(planted_groups.MOST_TRIALS) < share
        answers = iter(found.tolist())
        monkeypatch.setattr(planted_groups, "_finds_planted", lambda *_, a=answers: next(a))
        planted = planted_groups.plant_groups(rows, without=without, seed=seed)
        assert planted.found == found[: planted.trials].sum()
        agree += planted.is_enough == (found.mean() >= planted_groups.PLANTED_POWER)
        trials += planted.trials
    assert agree >= 99
    if share == 0.6:
        assert trials < 100 * 25


def test_groups_that_are_there_already_do_not_count_as_planted_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(6)
    rows = random.normal(size=(1200, 2))
    rows[:400, 0] += 9

    def found() -> int:
        tries = (rows[random.permutation(1200)] for _ in range(10))
        return sum(planted_groups._finds_planted(each, 2, "tied", random) for each in tries)

    monkeypatch.setattr(planted_groups, "PLANTED_DISTANCE", 8.0)
    assert found() >= 7
    monkeypatch.setattr(planted_groups, "PLANTED_DISTANCE", 0.0)
    assert found() == 0


def test_the_core_of_customers_is_no_wider_for_a_group_beside_it() -> None:
    random = np.random.default_rng(2)
    direction = np.array([1.0, 0.0])
    normal = random.normal(size=(20_000, 2))
    assert planted_groups._core_spread(normal, direction) == pytest.approx(1.0, abs=0.02)
    rows = normal.copy()
    rows[:2_000, 0] += 4
    rows = Whitening.of(rows).apply(rows)
    spread = np.linalg.eigvalsh(np.cov(rows[2_000:].T))[0] ** 0.5  # of the large group alone
    axis = np.linalg.eigh(np.cov(rows[2_000:].T))[1][:, 0]
    assert spread < 0.7
    assert planted_groups._core_spread(rows, axis) == pytest.approx(spread, rel=0.15)
