"""Who answers and who can be tracked depends on who they are, by the size that was planted."""

from functools import cache

import numpy as np
import polars as pl
import pytest

from tests.conftest import PROJECT
from workbench.synthetic import read_recipe
from workbench.synthetic.blocks import MadeBlock, make_block

CUSTOMERS = 12_000


@cache
def made(name: str) -> MadeBlock:
    recipe = read_recipe(PROJECT / "synthetic" / f"{name}.toml", {"customers": CUSTOMERS})
    return make_block(recipe, 0, CUSTOMERS)


def test_answers_are_off_by_what_bethlehem_says() -> None:
    asked = made("quiet").truth["survey"]
    p, score = asked["p_answers"].to_numpy(), asked["score"].to_numpy().astype(float)
    expected = np.cov(p, score)[0, 1] / p.mean()
    answered = score[asked["answers"].to_numpy()]
    error = answered.std() / np.sqrt(answered.size)
    assert expected > 0.2
    assert abs((answered.mean() - score.mean()) - expected) < 3.5 * error


def test_answers_are_not_off_where_nothing_of_the_kind_is_planted() -> None:
    asked = made("retail").truth["survey"]
    answered = asked.filter("answers")["score"].cast(pl.Float64)
    error = answered.std() / np.sqrt(answered.len())
    assert abs(answered.mean() - asked["score"].mean()) < 3.5 * error


def test_answers_in_the_table_are_the_scores_of_who_answered() -> None:
    truth, tables = made("quiet").truth["survey"], made("quiet").tables
    assert (
        tables["interactions"].filter(pl.col("action") == "responded").height
        == truth["answers"].sum()
    )
    scores = tables["answers"].filter(pl.col("question_id") == "nps")["answer_number"]
    assert scores.mean() == pytest.approx(truth.filter("answers")["score"].mean())


def test_the_young_and_the_active_accept_the_banner_and_only_their_visits_are_recorded() -> None:
    world = made("quiet")
    known = world.truth["tracking"].join(
        world.truth["customers"].select("record_id", "purchase_rate_per_day"), on="record_id"
    )
    assert known["p_accepts"].mean() == pytest.approx(0.45, abs=0.05)
    assert pl.DataFrame(known).select(pl.corr("p_accepts", "purchase_rate_per_day")).item() > 0.1
    assert (known["visits_recorded"] <= known["visits"]).all()
    share = known["visits_recorded"].sum() / known["visits"].sum()
    assert 0.2 < share < 0.6
    sessions = world.tables["events"].group_by("record_id").agg(pl.col("session_id").n_unique())
    counted = known.join(sessions, on="record_id", how="left").fill_null(0)
    assert counted["session_id"].equals(counted["visits_recorded"].cast(pl.UInt32))
    decided = world.tables["consents"].filter(
        (pl.col("purpose") == "analytics") & (pl.col("decision") == "given")
    )
    assert decided.height / CUSTOMERS == pytest.approx(known["p_accepts"].mean(), abs=0.02)


@pytest.mark.parametrize(
    ("banner", "accepted"), [("no_reject", 0.68), ("granular", 0.32), ("opt_in", 0.001)]
)
def test_the_form_of_the_banner_decides_how_many_accept(banner: str, accepted: float) -> None:
    changes = {"customers": 6_000, "tracking": {"banner": banner}}
    recipe = read_recipe(PROJECT / "synthetic" / "retail.toml", changes)
    told = make_block(recipe, 0, 6_000).tables["consents"].filter(pl.col("purpose") == "analytics")
    given = told.filter(pl.col("decision") == "given").height / 6_000
    assert given == pytest.approx(accepted, abs=0.02)


def test_the_delighted_and_the_disappointed_review_more_than_those_between() -> None:
    stars = made("retail").tables["interactions"].filter(pl.col("channel") == "review")["rating"]
    share = {star: (stars == star).mean() for star in range(1, 6)}
    assert share[5] > share[4] > share[2]
    assert share[1] > share[2]
    assert share[1] > share[3]
