"""The control world gives its parameters back to whoever fits the model it was made by."""

import numpy as np
import polars as pl

from tests.conftest import PROJECT
from workbench.statistics.buying import PARAMETERS, fit_buying_model
from workbench.synthetic import read_recipe
from workbench.synthetic.blocks import make_block

CUSTOMERS = 20_000
_WEEK = 7 * 86_400


def test_bg_nbd_recovers_the_parameters_of_the_recipe_within_two_standard_errors() -> None:
    recipe = read_recipe(PROJECT / "synthetic" / "control.toml", {"customers": CUSTOMERS})
    sales = make_block(recipe, 0, CUSTOMERS).tables["orders"].filter(pl.col("kind") == "sale")
    at = pl.col("ordered_at")
    people = sales.group_by("record_id").agg(
        repeats=pl.len() - 1,
        last=(at.max() - at.min()).dt.total_seconds() / _WEEK,
        length=(pl.datetime(2025, 7, 1, time_zone="UTC") - at.min()).dt.total_seconds() / _WEEK,
    )
    columns = (people[name].cast(pl.Float64).to_numpy() for name in ("repeats", "last", "length"))
    found = fit_buying_model(*columns)
    segment = recipe.contrasted_segments[0]
    per_week = segment.purchases_per_month / (365.25 / 12) * 7
    planted = {
        "r": segment.purchases_shape,
        "alpha": segment.purchases_shape / per_week,
        "a": recipe.leaving.a,
        "b": recipe.leaving.b,
    }
    for name, error in zip(PARAMETERS, found.standard_errors, strict=True):
        assert abs(getattr(found, name) - planted[name]) < 2 * error, name


def test_values_have_the_moments_of_the_gamma_gamma() -> None:
    recipe = read_recipe(PROJECT / "synthetic" / "control.toml", {"customers": CUSTOMERS})
    segment, made = recipe.contrasted_segments[0], make_block(recipe, 0, CUSTOMERS)
    sales = made.tables["orders"].filter(pl.col("kind") == "sale")
    lines = made.tables["order_items"].join(sales, on="order_id", how="semi")
    value = lines.group_by("order_id").agg(
        pl.col("amount_minor").sum(), pl.col("record_id").first()
    )
    means = value.group_by("record_id").agg(pl.col("amount_minor").mean())["amount_minor"]
    # E = p gamma / (q - 1); products stand on a ladder of prices, 10 % apart, from 2.50 on
    assert abs(means.mean() / segment.order_value_minor - 1) < 0.03
    within = (
        value.group_by("record_id")
        .agg(v=pl.col("amount_minor").log().var(), n=pl.len())
        .filter(pl.col("n") > 1)
    )
    spread = float(np.average(within["v"].to_numpy(), weights=within["n"].to_numpy() - 1))
    assert 0.13 < spread < 0.25, "trigamma(6.25) is .174, and products and quantities add to it"
