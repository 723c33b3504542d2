"""What the truth says is coming comes that often: for the oracle and for the best observer."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.conftest import PROJECT
from workbench.foundation.errors import ParameterError
from workbench.synthetic import generate
from workbench.synthetic.clock import month_start
from workbench.synthetic.truth import Truth, open_truth
from workbench.synthetic.truth.tables import HORIZON_DAYS, HORIZON_MONTHS

CUSTOMERS = 12_000
AS_OF = date(2024, 11, 1)


def stem(recipe: Path) -> str:
    """Return the name of a recipe's file, which names its test."""
    return recipe.stem


@pytest.fixture(scope="module")
def truths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Truth]:
    """Return the truth of worlds whose customers leave in different ways."""
    folder = tmp_path_factory.mktemp("outlooks")
    made = {}
    for name in ("retail", "subscription", "control"):
        recipe = PROJECT / "synthetic" / f"{name}.toml"
        world = generate(recipe, out=folder / name, customers=CUSTOMERS, seed=11)
        made[name] = open_truth(world.out)
    return made


def calibrated(p: np.ndarray[Any, Any], came: np.ndarray[Any, Any]) -> None:
    """Assert that it came as often as p says: overall, and in each fifth ranked by p."""
    for part in (np.arange(len(p)), *np.array_split(np.argsort(p, kind="stable"), 5)):
        error = np.sqrt((p[part] * (1 - p[part])).sum()) / len(part)
        assert abs(came[part].mean() - p[part].mean()) < 3.8 * error + 1e-9


@pytest.mark.parametrize("world", ["retail", "subscription", "control"])
@pytest.mark.parametrize("months", [1, 6])
def test_customers_leave_as_often_as_the_oracle_and_the_observer_say(
    truths: dict[str, Truth], world: str, months: int
) -> None:
    seen = truths[world].outlooks(as_of=AS_OF, horizon_months=months)
    leaves = seen["leaves"].cast(pl.Float64).to_numpy()
    calibrated(seen["p_leaves"].to_numpy(), leaves)
    calibrated(seen["p_leaves_given_history"].to_numpy(), leaves)


@pytest.mark.parametrize("world", ["retail", "control"])
def test_who_is_active_is_known_as_well_as_history_tells(
    truths: dict[str, Truth], world: str
) -> None:
    seen = truths[world].outlooks(as_of=AS_OF, horizon_months=3)
    active = seen["is_active"].cast(pl.Float64).to_numpy()
    calibrated(seen["p_active_given_history"].to_numpy(), active)
    assert not set(seen["p_active_given_history"].unique()) <= {0.0, 1.0}


def test_cancelling_a_contract_is_seen(truths: dict[str, Truth]) -> None:
    seen = truths["subscription"].outlooks(as_of=AS_OF, horizon_months=3)
    assert seen["p_active_given_history"].to_list() == seen["is_active"].cast(float).to_list()


@pytest.mark.parametrize("world", ["retail", "subscription"])
def test_the_oracle_sees_more_than_the_observer(truths: dict[str, Truth], world: str) -> None:
    seen = truths[world].outlooks(as_of=AS_OF, horizon_months=3).filter("is_active")
    oracle, observer = (
        attainable(seen[name].to_numpy(), seen["p_leaves"].to_numpy())
        for name in ("p_leaves", "p_leaves_given_history")
    )
    assert oracle > observer > 0.55


def attainable(score: np.ndarray[Any, Any], p: np.ndarray[Any, Any]) -> float:
    """Return the AUC that is expected of a score under the true probabilities p."""
    order = np.argsort(score, kind="stable")
    p = p[order]
    below = np.concatenate([[0.0], np.cumsum(1 - p)[:-1]])
    return float((p * below).sum() / (p.sum() * (1 - p).sum()))


def test_a_bad_experience_makes_leaving_likelier(truths: dict[str, Truth]) -> None:
    months = truths["retail"].tables["months"].collect()
    by_mood = dict(months.group_by("is_annoyed").agg(pl.col("leaves").mean()).iter_rows())
    assert by_mood[True] > 1.5 * by_mood[False]
    expected = months.select(-(-pl.col("hazard")).exp().mean() + 1).item()
    assert months["leaves"].mean() == pytest.approx(expected, rel=0.1)


def test_nothing_beyond_the_data_is_told_as_having_come(truths: dict[str, Truth]) -> None:
    seen = truths["retail"].outlooks(as_of=date(2025, 5, 1), horizon_months=3)
    assert seen["leaves"].null_count() == seen.height
    assert seen["p_leaves"].is_between(0, 1).all()


def test_a_day_within_a_month_is_refused(truths: dict[str, Truth]) -> None:
    with pytest.raises(ParameterError, match="give the first day of a month of the world, 2024-01"):
        truths["retail"].outlooks(as_of=date(2024, 11, 2), horizon_months=3)
    with pytest.raises(ParameterError, match="horizon_months is 13: give 1 to 12"):
        truths["retail"].outlooks(as_of=AS_OF, horizon_months=13)


@pytest.mark.parametrize("recipe", sorted((PROJECT / "synthetic").glob("*.toml")), ids=stem)
def test_the_outlook_at_the_end_is_the_truth_on_disk(recipe: Path, tmp_path: Path) -> None:
    world = generate(recipe, out=tmp_path / "world", customers=900)
    known = open_truth(world.out)
    end = month_start(known.recipe.start_on, known.recipe.months)
    seen = known.outlooks(as_of=end, horizon_months=HORIZON_MONTHS, horizon_days=HORIZON_DAYS)
    on_disk = known.tables["customers"].select(
        "record_id", "is_active", p_leaves="p_leaves_3_months", p_buys="p_buys_90_days"
    )
    assert_frame_equal(seen.select("record_id", "is_active", "p_leaves", "p_buys"),
                       on_disk.collect())  # fmt: skip
