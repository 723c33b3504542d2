"""Mailings do to customers what the truth says, and the held-out are left alone."""

from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.conftest import PROJECT
from workbench.synthetic import read_recipe
from workbench.synthetic.blocks import MadeBlock, make_block

CUSTOMERS = 20_000
RECIPE = PROJECT / "synthetic" / "campaign.toml"


@cache
def made() -> MadeBlock:
    return make_block(read_recipe(RECIPE, {"customers": CUSTOMERS}), 0, CUSTOMERS)


def rows(campaign: str) -> pl.DataFrame:
    truth = made().truth["uplift"].filter(pl.col("campaign_id") == campaign)
    return truth.join(made().truth["customers"].select("record_id", "segment"), on="record_id")


def difference(part: pl.DataFrame) -> tuple[float, float]:
    """Return bought among the mailed less among the held out, and its standard error."""
    bought = [
        part.filter(pl.col("is_treated") == arm)["bought"].cast(pl.Float64).to_numpy()
        for arm in (True, False)
    ]
    error = np.sqrt(sum(each.var() / len(each) for each in bought))
    return float(bought[0].mean() - bought[1].mean()), float(error)


@pytest.mark.parametrize("campaign", ["spring", "autumn"])
def test_what_the_arms_differ_by_is_the_true_uplift(campaign: str) -> None:
    every = rows(campaign)
    parts = [every, *every.partition_by("segment")]
    for part in parts:
        seen, error = difference(part)
        assert abs(seen - part["uplift"].mean()) < 3.5 * error
    by_segment = dict(every.group_by("segment").agg(pl.col("uplift").mean()).iter_rows())
    if campaign == "spring":
        assert by_segment["everyday"] > 0.02 > 0 > by_segment["occasional"]
    else:
        assert by_segment["gifting"] > 0.03 > 0 > by_segment["devoted"]


def test_arms_are_random_and_as_large_as_planned() -> None:
    every = rows("autumn")
    assert every["is_treated"].mean() == pytest.approx(0.8, abs=0.015)
    assert every["propensity"].unique().to_list() == [0.8]
    mailed, held = (every.filter(pl.col("is_treated") == arm) for arm in (True, False))
    gap = mailed["p_buys_without"].mean() - held["p_buys_without"].mean()
    error = every["p_buys_without"].std() / np.sqrt(held.height)
    assert abs(gap) < 3.5 * error


def test_the_tables_tell_arms_mails_orders_and_visits_of_a_mailing() -> None:
    said: pl.DataFrame = made().tables["interactions"].filter(pl.col("campaign_id") == "spring")
    assigned = said.filter(pl.col("action") == "assigned")
    truth = rows("spring")
    assert assigned.height == truth.height
    arms = dict(assigned.group_by("variant").len().iter_rows())
    assert arms == {
        "mail": truth["is_treated"].sum(),
        "control": (~truth["is_treated"]).sum(),
    }
    sent = said.filter(pl.col("action") == "sent")
    treated = truth.filter("is_treated")["record_id"]
    assert set(sent["record_id"]) == set(treated)
    held_out = assigned.filter(pl.col("variant") == "control")["record_id"]
    assert not set(sent["record_id"]) & set(held_out)
    orders = made().tables["orders"].filter(pl.col("campaign_id") == "spring")
    assert orders.height > 0
    assert set(orders["record_id"]) <= set(treated)
    clicks = said.filter(pl.col("action") == "clicked").height
    visits = made().tables["events"].filter(pl.col("campaign_id") == "spring")
    by_click = visits.filter(pl.col("event_name") != "purchase")["session_id"].n_unique()
    assert clicks <= by_click <= clicks + orders.height


def test_without_the_mailings_the_held_out_are_the_same_customers() -> None:
    plain: Any = make_block(read_recipe(RECIPE, {"customers": 2_000, "campaigns": {}}), 0, 2_000)
    mailed = make_block(read_recipe(RECIPE, {"customers": 2_000}), 0, 2_000)
    treated = mailed.truth["uplift"].filter("is_treated").select("record_id")
    for table in ("customers", "orders", "payments", "subscriptions"):
        one, other = (
            each.tables[table].join(treated, on="record_id", how="anti") for each in (plain, mailed)
        )
        assert one.equals(other), table
