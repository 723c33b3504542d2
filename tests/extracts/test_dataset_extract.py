"""Extracts of a dataset: who is in them, what k persons share, and that nothing joins them."""

from datetime import date

import pandas as pd
import polars as pl
import pycanon.anonymity
import pytest

from tests.extracts.conftest import TABLES, shop_policy
from tests.worlds import Place
from workbench.extracts import Extract, anonymise_dataset
from workbench.extracts.dataset_extract import terms_of
from workbench.extracts.extract_exhibits import release_context
from workbench.extracts.written_extract import describe_extract
from workbench.foundation.errors import ParameterError, PrivacyError
from workbench.privacy.visible_data import find_visible_data
from workbench.reports.risk_page import render_risk_page
from workbench.schema import TABLES as DECLARED
from workbench.statistics.verdicts import Outcome
from workbench.vault import Dataset, Vault


@pytest.fixture(scope="module")
def unlinked(dataset: Dataset) -> Extract:
    return anonymise_dataset(dataset, shop_policy())


@pytest.fixture(scope="module")
def linked(dataset: Dataset) -> Extract:
    events = ["session_id", "occurred_at", "event_name", "channel"]
    policy = shop_policy(
        histories="linked",
        known_rows=2,
        max_singled_out=0.4,
        shift_days=28,
        tables={**TABLES, "events": events},
    )
    return anonymise_dataset(dataset, policy)


def quasi_identifiers(extract: Extract) -> list[str]:
    return list(extract.risk.question.quasi_identifiers)


def test_k_and_l_are_reached_by_another_librarys_count(unlinked: Extract) -> None:
    customers = unlinked.tables["customers"]
    quasi = quasi_identifiers(unlinked)
    told = customers.select(pl.col(*quasi).cast(pl.String).fill_null("missing"))
    frame = pd.DataFrame(told.to_dict(as_series=False))
    assert pycanon.anonymity.k_anonymity(frame, quasi) >= unlinked.policy.k
    assert unlinked.reached["k"] == pycanon.anonymity.k_anonymity(frame, quasi)
    assert unlinked.policy.l is not None
    assert unlinked.reached["l of income_band"] >= unlinked.policy.l


def test_only_customers_whom_the_purpose_allows_are_in_an_extract(dataset: Dataset) -> None:
    policy = shop_policy()
    visible = find_visible_data(terms_of(policy, dataset), dataset)
    extract = anonymise_dataset(dataset, policy)
    assert extract.persons == visible.allowed.height < visible.customers.height
    assert extract.tables["customers"].height == extract.persons - extract.suppressed


def test_no_direct_identifier_and_no_key_of_the_dataset_is_in_an_extract(
    unlinked: Extract, linked: Extract, dataset: Dataset
) -> None:
    for extract in (unlinked, linked):
        for name, rows in extract.tables.items():
            declared = DECLARED[name]
            assert not set(declared.columns_of_sensitivity("direct")) & set(rows.columns)
            held = dataset.data()[name].collect()
            for key in declared.columns_of_sensitivity("key"):
                if key in rows.columns:
                    assert not set(rows[key].drop_nulls()) & set(held[key].drop_nulls())


def test_every_row_of_a_history_is_shared_by_enough_persons(dataset: Dataset) -> None:
    """The rows of an unlinked table, counted again from the dataset's own rows."""
    policy = shop_policy(tables={"customers": ["gender"], "orders": TABLES["orders"]})
    extract = anonymise_dataset(dataset, policy)
    shown = extract.tables["orders"]
    time = extract.further["histories"]["orders"]["time"]
    every = {"week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}[time]
    zone = shown.schema["ordered_at"].time_zone  # type: ignore[attr-defined]  # instants
    orders = dataset.data()["orders"].collect().filter(pl.col("customer_id").is_not_null())
    alike = (
        orders.with_columns(pl.col("ordered_at").dt.convert_time_zone(zone).dt.truncate(every))
        .group_by("kind", "ordered_at", "channel", "currency")
        .agg(persons=pl.col("customer_id").n_unique())
    )
    kinds = shown.group_by("kind", "ordered_at", "channel", "currency").len()
    both = kinds.with_columns(pl.col("kind", "channel").cast(pl.String)).join(
        alike.with_columns(pl.col("kind", "channel").cast(pl.String)),
        on=["kind", "ordered_at", "channel", "currency"],
        how="left",
    )
    assert both["persons"].null_count() == 0
    assert both["persons"].min() >= policy.least_alike  # type: ignore[operator]  # a count
    assert "customer_id" not in shown.columns
    assert "order_id" not in shown.columns


def test_linked_rows_belong_to_customers_of_the_extract(linked: Extract) -> None:
    customers = linked.tables["customers"]["customer_id"]
    for name in ("orders", "order_items", "events"):
        assert linked.tables[name]["customer_id"].is_in(customers.implode()).all()
    items, orders = linked.tables["order_items"], linked.tables["orders"]
    assert items["order_id"].is_in(orders["order_id"].implode()).all()


def test_linked_histories_single_out_no_more_than_declared(linked: Extract) -> None:
    assert linked.risk.known_facts is not None
    (share,) = linked.risk.known_facts.shares
    assert share.n > 900
    assert share.value is not None
    assert share.value <= linked.policy.max_singled_out


def test_two_extracts_share_neither_numbers_nor_order(dataset: Dataset) -> None:
    policy = shop_policy(histories="linked", max_singled_out=1.0)
    one, other = (anonymise_dataset(dataset, policy).tables["customers"] for _ in range(2))
    assert not set(one["customer_id"]) & set(other["customer_id"])
    columns = [name for name in one.columns if name != "customer_id"]
    assert one.select(columns).rows() != other.select(columns).rows()
    assert sorted(map(str, one.select(columns).rows())) == sorted(
        map(str, other.select(columns).rows())
    )


def test_unlinked_extracts_are_not_rejoined_and_linked_ones_say_how_far(
    unlinked: Extract, linked: Extract
) -> None:
    for extract in (unlinked, linked):
        assert extract.risk.rejoined is not None
        assert extract.risk.rejoined.by_quasi_identifiers.value == 0.0
    assert unlinked.risk.rejoined is not None
    assert unlinked.risk.rejoined.by_both.value == 0.0
    assert linked.risk.rejoined is not None
    assert linked.risk.rejoined.by_both.value is not None
    assert linked.risk.rejoined.by_both.value > 0.5
    assert any("linking" in fault for fault in linked.faults())
    assert not unlinked.faults()


def test_a_sample_has_as_many_customers_as_asked(dataset: Dataset) -> None:
    extract = anonymise_dataset(dataset, shop_policy(), customers=200)
    assert extract.persons == 200
    with pytest.raises(ParameterError, match="may see only"):
        anonymise_dataset(dataset, shop_policy(), customers=1_000_000)


def test_a_date_leaves_out_what_came_later(dataset: Dataset) -> None:
    extract = anonymise_dataset(dataset, shop_policy(), as_of=date(2024, 6, 1))
    assert extract.tables["orders"]["ordered_at"].dt.date().max() < date(2024, 6, 1)  # type: ignore[operator]  # a day


def test_rows_left_out_are_counted(unlinked: Extract) -> None:
    for name, figures in unlinked.further["histories"].items():
        assert figures["rows"] - figures["left_out"] == unlinked.tables[name].height


def test_the_page_has_context_columns_and_price(unlinked: Extract, linked: Extract) -> None:
    """What a privacy report has beside the risk; figures are those of the extract."""
    for extract, knowledge in ((unlinked, "single rows"), (linked, "rows of the history")):
        description = {"made_at": "2026-05-01T10:00:00", **describe_extract(extract)}
        context = release_context(extract, description, name="extract")
        page = render_risk_page(extract.risk, context)
        assert context.facts["Made from"].endswith(str(extract.source["fingerprint"]))
        assert knowledge in context.facts["Intruders"]
        assert f"orders {extract.tables['orders'].height:,}" in context.facts["Rows"]
        assert context.columns is not None and context.price is not None
        assert context.columns.rows.height == len(extract.columns)
        price = dict(context.price.rows.iter_rows())
        assert price["Persons left out"] == f"{extract.suppressed:,} of {extract.persons:,}"
        for words in ("What was handed out, to whom", "What was done to which column",
                      "What was lost", str(extract.policy.owner)):  # fmt: skip
            assert words in page


def test_sums_are_told_too_coarsely_to_know_what_one_customer_spent(
    unlinked: Extract, dataset: Dataset
) -> None:
    told = unlinked.further["histories"]["orders"]["sums_kept"]["total_minor"]
    visible = find_visible_data(terms_of(unlinked.policy, dataset), dataset)
    allowed = visible.allowed.lazy().select("customer_id")
    orders = visible.rows(
        "orders", keep=lambda rows: rows.join(allowed, on="customer_id", how="semi")
    ).collect()
    assert not unlinked.suppressed
    step = unlinked.policy.least_alike / orders["customer_id"].n_unique()
    assert step > 0.001
    assert told / step == pytest.approx(round(told / step), abs=1e-3)
    shown = unlinked.tables["orders"]["total_minor"].sum()
    assert abs(told - shown / orders["total_minor"].sum()) < step


def test_too_few_customers_for_k_are_refused(dataset: Dataset) -> None:
    with pytest.raises(PrivacyError, match="k is 400"):
        anonymise_dataset(dataset, shop_policy(k=400), customers=300)


def test_a_policy_of_one_table_is_refused_for_a_dataset(dataset: Dataset) -> None:
    with pytest.raises(ParameterError, match="one table"):
        anonymise_dataset(dataset, shop_policy(tables={}, columns={"age": "generalise"}))


def test_a_model_on_the_extract_is_nearly_as_good_as_before(unlinked: Extract) -> None:
    models = unlinked.models
    assert models is not None
    assert models.persons > 300
    assert 0.6 < models.before.auc < 0.95
    assert models.lost == pytest.approx(models.before.auc - models.after.auc)
    assert models.lost_low < 0.1
    assert 0.2 < models.segment_agreement <= 1


def test_a_model_on_linked_histories_knows_what_their_rows_tell(linked: Extract) -> None:
    assert linked.models is not None
    assert linked.models.before.auc > 0.6
    assert linked.models.after.auc > 0.6


def test_the_outcome_of_the_model_is_not_known_before(dataset: Dataset) -> None:
    """Which cells are empty must not tell who orders again."""
    extract = anonymise_dataset(
        dataset, shop_policy(tables={"customers": ["country"], "orders": TABLES["orders"]})
    )
    assert extract.models is not None
    assert extract.models.before.auc < 0.95


def test_the_withdrawn_are_in_no_extract(shop: Place) -> None:
    """Every customer whose latest decision denies the purpose is left out, sample or not."""
    dataset = Vault.open(shop.workspace).dataset("shop")
    policy = shop_policy(histories="linked", max_singled_out=1.0)
    visible = find_visible_data(terms_of(policy, dataset), dataset)
    denied = visible.customers.filter(visible.decided["reason"].is_not_null())
    assert denied.height > 50
    shown = anonymise_dataset(dataset, policy)
    persons = shown.tables["customers"].height
    assert persons + shown.suppressed == visible.customers.height - denied.height
    for name in ("orders", "order_items"):
        assert shown.tables[name]["customer_id"].n_unique() <= persons


@pytest.mark.parametrize("preset", ["research", "release"])
def test_a_preset_keeps_singling_out_and_linking_within_its_limits(
    preset: str, dataset: Dataset
) -> None:
    extract = anonymise_dataset(dataset, shop_policy(preset=preset))
    found = {each.name: each.outcome for each in extract.verdicts}
    assert found["singling_out_risk"] is not Outcome.NOT_SHOWN
    assert found["linkability_risk"] is not Outcome.NOT_SHOWN
    assert extract.reached["k"] >= extract.policy.k
    assert all(attack.planted is not None for attack in extract.risk.attacks)


def test_a_weak_policy_is_called_weak(dataset: Dataset) -> None:
    weak = anonymise_dataset(
        dataset, shop_policy(preset="internal", k=2, histories="unlinked", limits={"highest": 0.2})
    )
    assert any("singling" in fault for fault in weak.faults())
    with pytest.raises(PrivacyError, match="forbids this extract"):
        weak.require_within_limits()


def test_every_row_with_its_value_is_shown_of_enough_persons(dataset: Dataset) -> None:
    """A value is part of the row: of a rare value in a month, not even the month is shown."""
    shown = anonymise_dataset(dataset, shop_policy()).tables["attributes"]
    assert "value" in shown.columns
    assert shown.group_by(shown.columns).len()["len"].min() >= 5  # type: ignore[operator]  # a count
