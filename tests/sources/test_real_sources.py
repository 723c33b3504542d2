"""Public data sets through their mappings, against the figures that their sources publish."""

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from workbench.schema.record_faults import count_faults
from workbench.sources import ReadResult, faults_of, find_mapping, open_source

MAPPINGS = Path(__file__).parent / "mappings"


def _read(path: Path, mapping: str) -> ReadResult:
    return open_source(path, mapping=find_mapping(mapping)).read(0)


@pytest.fixture(scope="module")
def online_retail(real_data: Path) -> ReadResult:
    return _read(real_data / "online_retail" / "online_retail.parquet", "online_retail")


@pytest.fixture(scope="module")
def telco(real_data: Path) -> ReadResult:
    return _read(real_data / "telco_churn" / "Telco-Customer-Churn.csv", "telco_churn")


def test_online_retail_refuses_stock_corrections_only(online_retail: ReadResult):
    assert (online_retail.read, online_retail.accepted) == (541_909, 540_573)
    assert count_faults(faults_of(online_retail.refused)).select("words", "records").rows() == [
        ("a stock correction, not a sale: negative quantity at no price", 1_336)
    ]


def test_online_retail_lines_add_up_to_the_published_totals(online_retail: ReadResult):
    lines = online_retail.tables["order_items"]
    known = lines.filter(pl.col("record_id").is_not_null())
    summary = known.group_by(pl.col("quantity").sign() * (pl.col("unit_price_minor") != 0)).agg(
        pl.len(), pl.col("amount_minor").sum(), pl.col("record_id").n_unique()
    )
    people = dict(summary.select("quantity", "record_id").rows())
    assert lines["amount_minor"].sum() == 974_774_793
    assert (known.height, known["record_id"].n_unique()) == (406_829, 4_372)
    assert sorted(summary.drop("record_id").rows()) == [
        (-1, 8_905, -61_134_209),
        (0, 40, 0),
        (1, 397_884, 891_140_790),
    ]
    assert (people[-1], people[1]) == (1_589, 4_338)


def test_online_retail_orders_agree_with_their_lines(online_retail: ReadResult):
    lines, orders = online_retail.tables["order_items"], online_retail.tables["orders"]
    sums = lines.group_by("order_id").agg(
        total_minor=pl.col("amount_minor").sum(),
        people=pl.col("record_id").n_unique(),
        last=pl.col("line_number").max(),
        lines=pl.len(),
        signs=pl.col("quantity").sign().n_unique(),
    )
    joined = orders.join(sums, on="order_id", validate="1:1")
    assert joined.height == orders.height == sums.height
    assert joined.filter(pl.col("total_minor") != pl.col("total_minor_right")).is_empty()
    assert joined.filter(
        (pl.col("people") != 1) | (pl.col("last") != pl.col("lines")) | (pl.col("signs") != 1)
    ).is_empty()
    assert joined.filter((pl.col("kind") == "return") & (pl.col("total_minor") > 0)).is_empty()


def test_online_retail_says_what_it_took_for_granted(online_retail: ReadResult):
    said = "\n".join(online_retail.assumptions)
    for count, what in (
        ("4,798 records", "without invoice number: the order is taken to be the customer's"),
        ("143 records", "without invoice number or customer"),
        ("133,744 records", "without a customer"),
        ("2 records", "a negative price"),
    ):
        assert f"{count}: {what}" in said
    lost = online_retail.tables["order_items"].filter(pl.col("order_id").str.contains(":lost-"))
    assert (lost.height, lost["record_id"].null_count()) == (4_941, 143)


def test_online_retail_customers_are_known_by_their_number(online_retail: ReadResult):
    customers = online_retail.tables["customers"]
    identities = online_retail.tables["identities"]
    assert customers.height == identities.height == 4_372
    assert identities.filter(pl.col("identifier") == "online-retail:12346").height == 1
    assert customers["country"].null_count() < 20
    first = customers.filter(pl.col("record_id") == "online-retail:17850")
    assert first.select(
        "kind", "country", pl.col("first_seen_at").dt.to_string("%F %R")
    ).rows() == [("person", "GB", "2010-12-01 08:26")]


def test_online_retail_ii_counts_the_days_that_both_sheets_hold_once(real_data: Path):
    path = real_data / "online_retail" / "online_retail_II_nonUK_subset.xlsx"
    reading = _read(path, "online_retail_ii")
    assert (reading.read, reading.accepted, reading.repeated) == (34_766, 34_766, 441)
    assert "441 records are in an earlier sheet as well and counted once" in reading.assumptions
    lines = reading.tables["order_items"]
    assert lines.height == 34_766 - 441
    assert not lines.select("order_id", "line_number").is_duplicated().any()
    said = "\n".join(reading.assumptions)
    assert "761 records: negative quantity" in said
    assert "601 records: without a customer" in said


def test_reading_again_gives_the_same_rows_in_the_same_order(telco: ReadResult, real_data: Path):
    again = _read(real_data / "telco_churn" / "Telco-Customer-Churn.csv", "telco_churn")
    assert again.tables.keys() == telco.tables.keys()
    for name, rows in again.tables.items():
        assert_frame_equal(rows, telco.tables[name])


def test_telco_customers_are_all_there_with_the_files_own_label(telco: ReadResult):
    assert (telco.read, telco.accepted) == (7_043, 7_043)
    attributes = telco.tables["attributes"]
    churned = attributes.filter(pl.col("attribute") == "churned")
    assert sorted(churned["value"].value_counts().rows()) == [("no", 5_174), ("yes", 1_869)]
    customers = telco.tables["customers"]
    assert sorted(customers["gender"].value_counts().rows()) == [("female", 3_488), ("male", 3_555)]
    assert sorted(customers["age_band"].value_counts().rows()) == [("65+", 1_142), ("<65", 5_901)]


def test_telco_blank_charges_are_explained_and_not_guessed(telco: ReadResult):
    charges = telco.tables["attributes"].filter(pl.col("attribute") == "total_charges_minor")
    assert charges.height == 7_043 - 11
    assert any(
        note.startswith("11 records: no total charges, all with a tenure of 0 months")
        for note in telco.assumptions
    )


def test_telco_contracts_lie_within_the_data(telco: ReadResult):
    terms = telco.tables["subscriptions"]
    ended = terms.filter(pl.col("ended_on").is_not_null())
    assert ended.height == 1_869
    assert ended.filter(pl.col("ended_on") <= pl.col("started_on")).is_empty()
    assert str(terms["started_on"].max()) == "2018-09-30"
    assert sorted(terms["commitment_months"].unique()) == [0, 12, 24]
    assert telco.keyed == {"subscriptions": ("subscription_id",)}


def test_cdnow_keeps_equal_purchases_by_a_mapping_from_the_tests(real_data: Path):
    reading = _read(real_data / "cdnow" / "CDNOW_master.txt", str(MAPPINGS / "cdnow.toml"))
    orders = reading.tables["orders"]
    assert (reading.read, reading.accepted, orders.height) == (69_659, 69_659, 69_659)
    assert reading.tables["customers"].height == 23_570
    assert orders["total_minor"].sum() == 250_031_563
    assert reading.tables["order_items"]["quantity"].sum() == 167_881
    said = "\n".join(reading.assumptions)
    assert "255 records: equal to an earlier line" in said
    assert "80 records: of no value" in said


def test_hillstrom_arms_and_outcomes_by_a_mapping_from_the_tests(real_data: Path):
    (path,) = (real_data / "hillstrom").glob("*.csv")
    reading = _read(path, str(MAPPINGS / "hillstrom.toml"))
    assigned = reading.tables["interactions"].filter(pl.col("action") == "assigned")
    assert sorted(assigned["variant"].value_counts().rows()) == [
        ("control", 21_306),
        ("mens_email", 21_307),
        ("womens_email", 21_387),
    ]
    visits = reading.tables["events"].join(
        assigned.select("record_id", "variant"), on="record_id", validate="1:1"
    )
    rates = visits.group_by("variant").len().sort("variant")["len"] / pl.Series(
        [21_306, 21_307, 21_387]
    )
    assert [round(rate, 5) for rate in rates] == [0.10617, 0.18276, 0.15140]
    assert round(reading.tables["orders"]["total_minor"].sum() / 100 / 64_000, 5) == 1.05091
