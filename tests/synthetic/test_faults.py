"""What is spoilt is known: every duplicate, every cell, every crawler."""

from functools import cache

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.conftest import PROJECT
from workbench.synthetic import read_recipe
from workbench.synthetic.blocks import MadeBlock, make_block
from workbench.synthetic.faults.typos import KINDS, misread_as_latin, mistype

CUSTOMERS = 4_000


@cache
def made(name: str) -> MadeBlock:
    recipe = read_recipe(PROJECT / "synthetic" / f"{name}.toml", {"customers": CUSTOMERS})
    return make_block(recipe, 0, CUSTOMERS)


def test_each_kind_of_typo_changes_as_it_says() -> None:
    values = pl.Series(["Miriam Köhler"] * len(KINDS))
    bits = np.full(len(KINDS), 0x300, dtype=np.uint64)  # the fourth character
    written = dict(zip(KINDS, mistype(values, np.arange(len(KINDS)), bits), strict=True))
    assert written["transposed"] == "Miraim Köhler"
    assert written["blanked"] is None
    assert written["deleted"] == "Miram Köhler"
    assert written["spaced"] == "Mir iam Köhler"
    assert written["cased"] == "MIRIAM KÖHLER"
    assert written["substituted"][:3] + written["substituted"][4:] == "Miram Köhler"
    assert written["inserted"][:4] + written["inserted"][5:] == "Miriam Köhler"


def test_a_wrong_encoding_can_be_undone_and_leaves_ascii_alone() -> None:
    read = misread_as_latin(pl.Series(["Müller", "Smith", None, "佐々木"]))
    assert read.to_list()[:3] == ["MÃ¼ller", "Smith", None]
    assert read[3].encode("latin-1").decode("utf-8") == "佐々木"


def test_further_records_are_as_many_as_asked_and_their_persons_are_known() -> None:
    links, people = made("messy").truth["duplicates"], made("messy").tables["customers"]
    assert links.height / CUSTOMERS == pytest.approx(0.10, abs=0.02)
    assert people.height == CUSTOMERS + links.height
    assert set(links["record_id"]) < set(people["record_id"])
    assert set(links["of_record_id"]) < set(people["record_id"])
    assert not set(links["record_id"]) & set(links["of_record_id"])


def test_identifiers_of_further_records_are_the_persons_own_but_for_the_known_cells() -> None:
    world = made("messy")
    links, cells = world.truth["duplicates"], world.truth["faults"]
    known = world.tables["identities"].with_columns(pl.col("kind").cast(pl.String))
    further = known.join(links, on="record_id")
    own = known.select(of_record_id="record_id", kind="kind", own="identifier")
    both = further.join(own, on=["of_record_id", "kind"], how="left")
    differs = both.filter(pl.col("identifier").ne_missing(pl.col("own")))
    spoilt = cells.filter(pl.col("table") == "identities").select("record_id", kind="key")
    explained = differs.join(spoilt.unique(), on=["record_id", "kind"], how="semi")
    of_person = differs.join(
        spoilt.unique().rename({"record_id": "of_record_id"}), on=["of_record_id", "kind"]
    )
    assert differs.height > 100
    assert explained.height + of_person.height >= differs.height


def test_about_half_of_the_later_orders_are_filed_under_the_further_record_as_a_whole() -> None:
    world, clean = made("messy"), made("retail")
    ids = set(world.truth["duplicates"]["record_id"])
    orders = world.tables["orders"]
    moved = orders.filter(pl.col("record_id").is_in(ids))
    assert moved.height > 100
    for name in ("order_items", "payments"):
        rows = world.tables[name].join(orders, on="order_id", suffix="_of_order")
        assert (rows["record_id"] == rows["record_id_of_order"]).all(), name
    assert orders.drop("record_id").equals(clean.tables["orders"].drop("record_id"))


def test_every_cell_that_differs_from_the_clean_world_is_known() -> None:
    world, clean = made("messy"), made("retail")
    cells = world.truth["faults"]
    people = clean.tables["customers"].join(
        world.tables["customers"], on="record_id", suffix="_spoilt"
    )
    for column in ("birth_year", "gender", "income_band", "education_level"):
        differs = people.filter(pl.col(column).ne_missing(pl.col(f"{column}_spoilt")))
        known = cells.filter((pl.col("table") == "customers") & (pl.col("column") == column))
        assert set(differs["record_id"]) <= set(known["record_id"]), column
        assert 0.03 < differs.height / people[column].count() < 0.07, column
    events = clean.tables["events"].join(world.tables["events"], on="event_id", suffix="_spoilt")
    late = events.filter(pl.col("occurred_at") != pl.col("occurred_at_spoilt"))
    known = cells.filter(pl.col("kind") == "late")
    of_customers = set(known["key"]) & set(clean.tables["events"]["event_id"].cast(pl.String))
    assert set(late["event_id"].cast(pl.String)) == of_customers
    assert late.height / events.height == pytest.approx(0.01, abs=0.003)


def test_crawlers_come_with_a_known_customers_cookie_and_look_like_nothing_else() -> None:
    world = made("messy")
    known = world.truth["bots"]
    assert known.height / CUSTOMERS == pytest.approx(0.02, abs=0.008)
    steps = world.tables["events"].filter(pl.col("session_id").is_in(known["session_id"].implode()))
    per_visit = steps.group_by("session_id").agg(
        pl.len(), pl.col("event_name").n_unique().alias("names")
    )
    assert per_visit["names"].max() == 1
    assert per_visit["len"].mean() > 100


@pytest.mark.parametrize("cut", [1, 137])
def test_faults_do_not_depend_on_the_block(cut: int) -> None:
    recipe = read_recipe(PROJECT / "synthetic" / "messy.toml", {"customers": 300})
    whole, first, second = (
        make_block(recipe, 0, 300),
        make_block(recipe, 0, cut),
        make_block(recipe, cut, 300 - cut),
    )
    for name, rows in whole.tables.items():
        parts = [each.tables[name] for each in (first, second) if name in each.tables]
        assert_frame_equal(pl.concat(parts), rows)


def test_the_clean_world_has_no_truth_of_faults() -> None:
    assert not {"faults", "duplicates", "bots"} & set(made("retail").truth)
