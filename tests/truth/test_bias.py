"""Each mechanism of bias does what it says, alone and together, and the truth has its size."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.conftest import PROJECT
from workbench.synthetic import read_recipe
from workbench.synthetic.blocks import MadeBlock, make_block
from workbench.synthetic.truth import summary

RECIPES: Path = PROJECT / "synthetic"
CUSTOMERS = 12_000


@cache
def made(name: str) -> MadeBlock:
    return make_block(read_recipe(RECIPES / f"{name}.toml", {"customers": CUSTOMERS}), 0, CUSTOMERS)


@cache
def told(name: str) -> dict[str, Any]:
    recipe = read_recipe(RECIPES / f"{name}.toml", {"customers": CUSTOMERS})
    known = summary(recipe, {key: rows.lazy() for key, rows in made(name).truth.items()})
    return {bias["name"]: bias for bias in known["disparity"]["bias"]}


def test_a_treatment_takes_its_strength_at_equal_worth() -> None:
    assert told("biased")["treatment"]["planted_alone"] == pytest.approx(0.08, abs=1e-5)


def test_a_proxy_costs_what_the_rule_pays_for_it_times_how_many_fewer_live_there() -> None:
    # 35 points fewer of the group live in the centre, worth .20 between centre and outskirts
    assert told("biased")["proxy"]["planted_alone"] == pytest.approx(0.20 * 0.35, abs=0.006)


def test_a_label_bias_costs_responders_what_the_record_is_worth() -> None:
    # half of the responders are not recorded, which is worth .15; others lose nothing
    bias = told("biased")["label"]
    assert bias["planted_alone_of_responders"] == pytest.approx(0.15 * 0.5, abs=0.006)
    assert 0 < bias["planted_alone"] < bias["planted_alone_of_responders"]


def test_a_measurement_bias_costs_its_shift_times_the_slope_of_the_rule() -> None:
    # .25 less measured at a slope of .30, less what is clipped at 0
    assert told("biased")["measurement"]["planted_alone"] == pytest.approx(0.30 * 0.25, abs=0.01)


def test_a_representation_bias_leaves_its_share_unconsidered() -> None:
    bias, rows = told("biased")["representation"], made("biased").truth["disparity"]
    inside = rows.filter("in_representation")
    assert inside["is_considered"].mean() == pytest.approx(0.6, abs=0.05)
    assert rows.filter(~pl.col("in_representation"))["is_considered"].all()
    share = 1 - inside["is_considered"].mean()
    mean = rows.filter("in_representation")["p_offer_without"].mean()
    assert bias["planted_alone"] == pytest.approx(share * mean, abs=0.01)


def test_what_the_company_noted_is_what_it_measured_of_whom_it_considered() -> None:
    truth, notes = made("biased").truth["disparity"], made("biased").tables["attributes"]
    considered = set(truth.filter("is_considered")["record_id"])
    for name in ("offer_score", "responder", "neighbourhood"):
        assert set(notes.filter(pl.col("attribute") == name)["record_id"]) == considered
    scores = notes.filter(pl.col("attribute") == "offer_score").join(truth, on="record_id")
    off = scores["value"].cast(pl.Float64) / 100 - scores["measured_worth"]
    assert off.abs().max() <= 0.0051
    recorded = notes.filter(pl.col("attribute") == "responder").join(truth, on="record_id")
    assert ((recorded["value"] == "yes") == recorded["is_recorded_responder"]).all()


@pytest.mark.parametrize("name", ["null", "legitimate"])
def test_where_nothing_is_planted_probabilities_are_those_of_the_rule(name: str) -> None:
    rows = made(name).truth["disparity"]
    assert rows["p_offer"].equals(rows["p_offer_without"])
    assert told(name) == {}


def test_groups_are_exchangeable_in_the_null_world_and_differ_truly_in_the_legitimate() -> None:
    def gap(name: str, column: str) -> tuple[float, float]:
        people = made(name).truth["customers"]
        women, men = (
            people.filter(pl.col("gender") == g)[column].cast(pl.Float64).to_numpy()
            for g in ("female", "male")
        )
        error = np.sqrt(women.var() / len(women) + men.var() / len(men))
        return float(women.mean() - men.mean()), float(error)

    for column in ("purchase_rate_per_day", "is_active", "p_buys_90_days"):
        size, error = gap("null", column)
        assert abs(size) < 3.5 * error, column
    size, error = gap("legitimate", "purchase_rate_per_day")
    assert size > 5 * error
