"""Every recipe of the project makes a world that holds together, and shows what it is for."""

import time
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import PROJECT
from workbench.schema import TABLES
from workbench.synthetic import explain, generate, plan_world, read_recipe, violations
from workbench.synthetic.blocks import MadeBlock, make_block
from workbench.synthetic.rules import rules_broken_by_faults as planted_rules

RECIPES = PROJECT / "synthetic"
NAMES = sorted(path.stem for path in RECIPES.glob("*.toml"))


def test_the_worlds_that_are_promised_are_there() -> None:
    promised = {
        "retail", "subscription", "biased", "null", "legitimate", "control", "messy", "quiet",
        "campaign", "drift", "tiny", "adversarial",
    }  # fmt: skip
    assert promised <= set(NAMES)
    words = (RECIPES / "README.md").read_text()
    assert all(f"`{name}`" in words for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("months", [6, 25])
def test_rules_hold_but_those_that_the_recipe_breaks(name: str, months: int) -> None:
    recipe = read_recipe(RECIPES / f"{name}.toml", {"customers": 400, "months": months})
    made = make_block(recipe, 0, 400)
    counted = violations(made.tables, adds_tax=not recipe.prices_with_tax)
    broken = set(counted.filter(pl.col("violations") > 0)["rule"])
    assert broken <= planted_rules(recipe)
    assert made.truth["customers"].height == 400


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_can_be_explained_before_anything_is_made(name: str) -> None:
    told = explain(read_recipe(RECIPES / f"{name}.toml", {"customers": 50}))
    implied = dict(told.implied.select("what", "value").iter_rows())
    assert implied["customers"] == 50
    assert 0 < implied["active at the end"] <= 1
    assert implied["rows"] == told.rows["rows"].sum() > 0


def test_an_explanation_tells_the_size_of_the_world_that_is_made(tmp_path: Path) -> None:
    path = RECIPES / "retail.toml"
    told = explain(read_recipe(path, {"customers": 6_000}))
    world = generate(path, out=tmp_path / "w", customers=6_000)
    for table, expected in told.rows.select("table", "rows").iter_rows():
        assert world.tables[table] == pytest.approx(expected, rel=0.1), table


def test_no_table_of_the_tiny_world_is_empty_and_it_is_quick(tmp_path: Path) -> None:
    generate(RECIPES / "tiny.toml", out=tmp_path / "first")  # lists of names are read once
    start = time.process_time()
    world = generate(RECIPES / "tiny.toml", out=tmp_path / "w")
    assert set(world.tables) == set(TABLES) - {"sources"}
    assert world.tables["customers"] == 50
    assert time.process_time() - start < 5, "far from the second it should take"


def test_prices_without_tax_add_it_to_the_total() -> None:
    recipe = read_recipe(RECIPES / "tiny.toml", {"prices_with_tax": False, "tax_rate": 0.07})
    made = make_block(recipe, 0, 50)
    assert violations(made.tables, adds_tax=True)["violations"].sum() == 0
    sales = made.tables["orders"].filter(pl.col("kind") == "sale")
    lines = made.tables["order_items"].group_by("order_id").agg(pl.col("amount_minor").sum())
    sales = sales.join(lines, on="order_id")
    net = pl.col("amount_minor") - pl.col("discount_minor") + pl.col("shipping_minor")
    assert (sales["total_minor"] - sales.select(net).to_series()).equals(sales["tax_minor"])
    assert sales["tax_minor"].min() > 0
    broken = violations(made.tables).row(by_predicate=pl.col("rule") == "order_total", named=True)
    assert broken["violations"] == made.tables["orders"].height


def test_a_contract_ends_when_its_holder_leaves_and_its_price_rises_for_all() -> None:
    recipe = read_recipe(RECIPES / "subscription.toml", {"customers": 1_500})
    made = make_block(recipe, 0, 1_500)
    terms = made.tables["subscriptions"]
    ended = terms.filter(pl.col("end_reason").is_in(["cancelled", "payment_failed"]))
    left = made.truth["customers"].filter(~pl.col("is_active"))
    # who leaves in the last month of the data has a term that still runs on its last day
    assert set(ended["record_id"]) <= set(left["record_id"])
    assert len(set(left["record_id"]) - set(ended["record_id"])) < 0.1 * left.height
    failed = ended.filter(pl.col("end_reason") == "payment_failed").height / ended.height
    assert 0.1 < failed < 0.4
    prices = (
        terms.filter(pl.col("plan") == "plus")
        .group_by("monthly_price_minor")
        .agg(first=pl.col("started_on").min(), last=pl.col("started_on").max())
    )
    old, new = prices.sort("monthly_price_minor").iter_rows(named=True)
    assert (old["monthly_price_minor"], new["monthly_price_minor"]) == (1299, round(1299 * 1.12))
    assert old["last"] < new["first"]
    lost = made.tables["payments"].filter(pl.col("kind") == "failed")
    assert 0.04 < lost.height / made.tables["payments"].height < 0.12


@pytest.mark.parametrize(("at", "moves"), [(0.0, False), (0.6, True), (0.95, False)])
def test_a_drift_shows_from_where_it_begins(at: float, moves: bool) -> None:
    """Compare who fell silent for 90 days in the middle of the world and late in it."""
    plan = plan_world(RECIPES / "drift.toml", customers=4_000, change_at=at)
    made = make_block(plan, 0, 4_000)
    before, after = (silent(made, date(2024, 8, 1)), silent(made, date(2025, 1, 1)))
    assert (after - before > 0.10) == moves


def silent(made: MadeBlock, as_of: date) -> float:
    """Return the share of buyers of the 90 days before a day who buy nothing in the 90 after."""
    sales = made.tables["orders"].filter(pl.col("kind") == "sale")
    days = (pl.col("ordered_at").dt.date() - pl.lit(as_of)).dt.total_days()
    before = sales.filter(days.is_between(-90, -1)).select("record_id").unique()
    after = sales.filter(days.is_between(0, 89)).select("record_id").unique()
    return before.join(after, on="record_id", how="anti").height / before.height
