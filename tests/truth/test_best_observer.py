"""The best observer is right, by brute force, and nothing that learns from the tables beats it."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from tests.conftest import PROJECT
from tests.truth.contest import RECIPES, RESULTS, came, compared, contest, page, read, winners
from tests.truth.particles import posterior
from workbench.statistics.auc import auc_difference
from workbench.synthetic import read_recipe
from workbench.synthetic.population import Population, populate
from workbench.synthetic.recipes import CHANNELS
from workbench.synthetic.shop.leaving import month_days
from workbench.synthetic.truth.evidence import Evidence, weigh_evidence
from workbench.synthetic.truth.history import History
from workbench.synthetic.truth.horizon import Horizon
from workbench.synthetic.truth.observer import observe

pytestmark = pytest.mark.slow

CUSTOMERS, MONTH = 400, 10
observer_module = import_module("workbench.synthetic.truth.observer")


@pytest.fixture(scope="module")
def population() -> Population:
    changes = {"customers": CUSTOMERS, "seed": 5, "visitors": {"anonymous_per_month": 0.0}}
    return populate(read_recipe(PROJECT / "synthetic" / "retail.toml", changes), 0, CUSTOMERS)


def test_the_observer_agrees_with_particles_drawn_by_the_generators_laws(
    population: Population,
) -> None:
    seen = observe(population, Horizon(month=MONTH, months=3, days=90))
    # customers of few orders and visits, which particles can explain, of whom least is certain
    rows = np.bincount(population.purchases.owner, minlength=CUSTOMERS)
    rows += np.bincount(population.recorded_visits.owner, minlength=CUSTOMERS)
    some = np.flatnonzero((population.block.joined_day < 150) & (rows <= 6))
    unsure = some[np.argsort(np.abs(seen.p_active[some] - 0.5), kind="stable")][:4]
    assert unsure.size == 4
    for row in unsure:
        drawn = posterior(population, int(row), MONTH, particles=60_000, seed=int(row))
        assert drawn.worth > 60, row
        for exact, (estimate, error) in (
            (seen.p_active[row], drawn.active),
            (seen.p_leaves[row], drawn.leaves),
            (seen.p_buys[row], drawn.buys),
        ):
            assert abs(exact - estimate) < 4 * error + 0.01, row


@pytest.mark.parametrize("recipe", ["retail", "subscription", "control"])
def test_no_model_beats_the_observer(recipe: str) -> None:
    """Run the contest in its short form; ``make contest`` has every recipe and 200,000."""
    results = contest(recipe, train=(4_000,), tested=4_000)
    assert len(results) == 4
    assert winners(results) == []


def test_the_table_of_the_contest_has_every_recipe_and_no_winner() -> None:
    results = read(RESULTS.read_text())
    large = {(each.recipe, each.outcome) for each in results if each.customers >= 200_000}
    names = [path.stem for path in RECIPES.glob("*.toml")]
    assert large == {(name, outcome) for name in names for outcome in ("stays", "buys")}
    assert winners(results) == []
    assert page(results) == RESULTS.read_text()


def without_reactions(known: History) -> Evidence:
    """Return what an observer knows of orders who sees no reaction to them."""
    seen, block = weigh_evidence(known), known.block
    rows, purchases = np.flatnonzero(known.before), known.population.purchases
    rule, day = block.recipe.troubles, block.clock.day_of(purchases.placed_at[rows])
    late = rule.late * block.change_factors("late")[day.astype(np.int64)]
    late = np.where(purchases.channel[rows] == CHANNELS.index("store"), 0.0, late)
    annoyed = (1 - (1 - late) * (1 - rule.damaged)) * rule.annoys
    annoyed = np.repeat(annoyed[:, None], seen.annoyed.shape[1], axis=1)
    return replace(seen, annoyed=annoyed, calm=1 - annoyed)


def test_what_the_observer_knows_beyond_the_tables_is_worth_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changes = {"customers": 2_500, "visitors": {"anonymous_per_month": 0.0}}
    lived = populate(read_recipe(PROJECT / "synthetic" / "retail.toml", changes), 0, 2_500)
    horizon = Horizon(month=14, months=3, days=90)
    known = lived.block.joined_day < month_days(lived.block, 14)[14]
    full = observe(lived, horizon)
    monkeypatch.setattr(observer_module, "weigh_evidence", without_reactions)
    less = observe(lived, horizon)
    assert not np.array_equal(full.p_leaves, less.p_leaves)
    stays, buys = came(lived, 14)[known].T
    for outcome, one, other in (
        (stays, full.p_active - full.p_leaves, less.p_active - less.p_leaves),
        (buys, full.p_buys, less.p_buys),
    ):
        worth = auc_difference(outcome, one[known], other[known])
        assert worth.difference - 2.6 * worth.se < 0.002


def test_a_model_that_knows_more_than_the_observer_is_noticed() -> None:
    random = np.random.default_rng(3)
    shown, hidden = random.standard_normal((2, 4_000))
    y = shown + hidden + random.standard_normal(4_000) > 0
    knowing = compared("retail", "stays", "knowing", 0, shown, shown + hidden, y)
    blind = compared("retail", "stays", "blind", 0, shown + hidden, shown, y)
    assert [each.model for each in winners([knowing, blind])] == ["knowing"]
