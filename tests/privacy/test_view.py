"""The view: whose rows, up to when, which columns, and what is told of it."""

from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.privacy.conftest import (
    PROJECT,
    MakeDataset,
    at,
    consent,
    customer,
    source,
    study,
)
from workbench.features import customer_features
from workbench.features.profile import profile
from workbench.foundation.errors import InputError, ParameterError, PrivacyError
from workbench.privacy import View, default_as_of, open_view
from workbench.privacy.view import view_fingerprint
from workbench.schema import TABLES
from workbench.studies import read_study
from workbench.vault import Dataset
from workbench.vault.entries import Operation

FIVE = [customer(number) for number in (1, 2, 3, 4, 5)]


def order(number: int, who: int | None, when: str, **changes: Any) -> dict[str, Any]:
    return {
        "order_id": f"shop:{number}", "customer_id": who, "kind": "sale", "ordered_at": at(when),
        "currency": "EUR", "total_minor": 100 * number, "source_id": "s", "source_row": number,
        **changes,
    }  # fmt: skip


def term(name: str, started: date, ended: date | None) -> dict[str, Any]:
    return {
        "subscription_id": name, "customer_id": 1, "plan": "basic", "started_on": started,
        "ended_on": ended, "end_reason": "cancelled" if ended else None, "currency": "EUR",
        "monthly_price_minor": 900, "source_id": "s", "source_row": 1,
    }  # fmt: skip


def campaign(name: str, launched: date, closed: date | None) -> dict[str, Any]:
    return {
        "campaign_id": name, "channel": "email", "launched_on": launched, "closed_on": closed,
        "cost_minor": 500, "source_id": "s", "source_row": 1,
    }  # fmt: skip


def said(who: int, attribute: str, value: str | None, **changes: Any) -> dict[str, Any]:
    return {
        "customer_id": who, "namespace": "interest", "attribute": attribute, "value": value,
        "origin": "declared", "is_special_category": False, "observed_at": at("2024-02-01T15:30"),
        "source_id": "s", "source_row": 1, **changes,
    }  # fmt: skip


def on_contract(**changes: Any) -> Any:
    return study(basis="contract", **changes)


def rows(view: View, table: str) -> pl.DataFrame:
    return view.data[table].collect()


def test_only_who_consented_is_in_the_view_and_every_step_is_counted(dataset: MakeDataset) -> None:
    made = dataset(
        customers=[
            *FIVE,
            customer(6),
            customer(7, kind="test"),
            customer(8, first_seen_at=at("2024-07-01")),
        ],
        consents=[
            *(consent(number, "given", "2024-01-06") for number in (1, 2, 3, 4, 7, 8)),
            consent(5, "refused", "2024-01-06"),
            consent(4, "withdrawn", "2024-06-06"),
        ],
    )
    exact = {"k": 2, "release": "exact", "release_reason": "so few that a test can count them"}
    view = open_view(study(policy=exact), made)
    assert rows(view, "customers").height == 3
    expected = {
        "step": [
            "first seen on or after the as-of date", "test accounts", "latest decision is refused",
            "latest decision is withdrawn", "no decision for this purpose",
        ],
        "removed": [1, 1, 1, 1, 1],
        "left": [7, 6, 5, 4, 3],
    }  # fmt: skip
    assert_frame_equal(view.report.steps, pl.DataFrame(expected))


def test_consent_is_the_newest_state_whatever_the_as_of_date(dataset: MakeDataset) -> None:
    """Case C04: a run as of February leaves out who withdrew in March."""
    made = dataset(
        customers=FIVE,
        consents=[
            *(consent(number, "given", "2024-01-06") for number in range(1, 6)),
            consent(1, "objected", "2024-03-01", method="signal"),
        ],
    )
    assert rows(open_view(study(), made, as_of=date(2024, 2, 15)), "customers").height == 4


def test_guests_are_in_no_view(dataset: MakeDataset) -> None:
    made = dataset(customers=FIVE, orders=[order(1, 1, "2024-03-01"), order(2, None, "2024-03-01")])
    view = open_view(on_contract(columns={"orders": ("total_minor",)}), made)
    assert rows(view, "orders")["total_minor"].to_list() == [100]


def test_a_view_below_min_group_is_refused(dataset: MakeDataset) -> None:
    made = dataset(customers=FIVE, consents=[consent(1, "given", "2024-01-06")])
    with pytest.raises(PrivacyError, match="may see too few customers of dataset shop") as told:
        open_view(study(), made)
    assert " 1 " not in str(told.value)  # how many is itself too small to be told
    with pytest.raises(PrivacyError, match="may see no customers"):
        open_view(study(purpose="personalize"), made)


def test_a_study_may_require_what_the_supplier_stated(dataset: MakeDataset) -> None:
    whole = dataset(customers=FIVE)
    stated = {"expected orders": "8000", "found orders": "392"}
    load = Operation(kind="load", version=1, base=0, sources=whole.sources, details=stated)
    short = replace(whole, operations=(load,))
    open_view(on_contract(), short)
    asking = on_contract(require_complete=True)
    with pytest.raises(InputError, match="orders: 8,000 stated, 392 held after this load: load"):
        open_view(asking, short)
    later = replace(load, version=2, details={"expected orders": "8000", "found orders": "8000"})
    open_view(asking, replace(whole, operations=(load, later)))


@pytest.mark.parametrize("day", ["2024-01-05", "2023-01-01", "2024-07-02"])
def test_a_date_outside_the_data_is_refused(dataset: MakeDataset, day: str) -> None:
    made = dataset(customers=FIVE)
    words = r"take a date after 2024-01, by which 3 customers were seen, and not after 2024-07-01"
    with pytest.raises(ParameterError, match=words):
        open_view(on_contract(), made, as_of=date.fromisoformat(day))


def test_the_refusal_of_a_date_tells_nothing_of_the_first_customers(dataset: MakeDataset) -> None:
    early = [
        customer(8, first_seen_at=at("2023-02-03"), kind="test"),
        customer(9, first_seen_at=at("2023-03-04")),  # has refused
        customer(10, first_seen_at=at("2023-04-05")),
        customer(11, first_seen_at=at("2023-05-06")),
    ]
    made = dataset(
        customers=[*FIVE, *early],
        consents=[consent(n, "given", "2024-01-06") for n in (1, 2, 3, 4, 5, 8, 10, 11)],
    )
    for day in ("2023-01-01", "2023-05-01", "2023-06-01", "2024-01-05"):
        with pytest.raises(ParameterError, match=r"take a date after 2024-01, by which 3 ") as told:
            open_view(study(), made, as_of=date.fromisoformat(day))
        assert "2023" not in str(told.value).replace(day, "")
    assert open_view(study(), made, as_of=date(2024, 1, 6)).data["customers"].collect().height == 7


def test_data_without_a_past_are_refused_with_the_reason(dataset: MakeDataset) -> None:
    late = [customer(number, first_seen_at=at("2024-07-01")) for number in range(5)]
    with pytest.raises(ParameterError, match="no as_of can be served: too few of the customers"):
        open_view(on_contract(), dataset(customers=late))


def test_the_system_that_lags_behind_decides_the_date(dataset: MakeDataset) -> None:
    loads = [
        source("a", "2024-05-01"),
        source("b", "2024-07-01"),  # the same export a while later
        source("c", "2024-06-01", form="tickets"),
    ]
    made = dataset(customers=FIVE, sources=loads)
    assert default_as_of(made, zone="UTC") == date(2024, 6, 1)
    assert open_view(on_contract(), made).as_of == date(2024, 6, 1)


def test_names_lineage_and_birth_years_are_absent(world: Dataset) -> None:
    wanted = {name: tuple(table.schema) for name, table in TABLES.items()}
    view = open_view(on_contract(columns=wanted), world)
    absent = {"birth_year", "record_id", "source_id", "source_row"}
    for name in ("customers", "events", "orders", "interactions", "attributes", "answers"):
        names = set(rows(view, name).columns)
        assert rows(view, name).height > 0
        assert not names & absent
        assert not names & set(TABLES[name].columns_of_sensitivity("direct"))
    for name in ("identities", "consents", "sources"):
        assert rows(view, name).height == 0


def test_two_studies_have_other_pseudonyms_and_another_order(dataset: MakeDataset) -> None:
    people = [
        customer(number, income_band=f"EUR {number % 20}-{number % 20 + 1}")
        for number in range(1, 41)
    ]
    made = dataset(customers=people, orders=[order(n, n, "2024-03-01") for n in range(1, 41)])
    columns = {"customers": ("income_band",), "orders": ("order_id", "total_minor")}
    one = open_view(on_contract(name="one", columns=columns), made)
    two = open_view(on_contract(name="two", columns=columns), made)
    for name, key in (
        ("customers", "customer_id"),
        ("orders", "customer_id"),
        ("orders", "order_id"),
    ):
        ours, theirs = rows(one, name)[key], rows(two, name)[key]
        assert ours.n_unique() == theirs.n_unique() == 40
        assert not set(ours) & set(theirs)
    # nor by the position of the row
    for name, same in (("customers", "income_band"), ("orders", "total_minor")):
        assert (rows(one, name)[same] == rows(two, name)[same]).sum() < 10
        assert sorted(rows(one, name)[same]) == sorted(rows(two, name)[same])


def test_a_study_knows_its_customers_again_after_the_next_load(dataset: MakeDataset) -> None:
    first = open_view(on_contract(), dataset(customers=FIVE))
    later = open_view(on_contract(), dataset(customers=[*FIVE, customer(6)]))
    before, after = (set(rows(view, "customers")["customer_id"]) for view in (first, later))
    assert before < after
    assert len(after) == 6


def test_keys_still_join_within_the_view(world: Dataset) -> None:
    columns = {
        "orders": ("order_id", "original_order_id", "kind"),
        "order_items": ("order_id", "amount_minor"),
        "payments": ("order_id", "amount_minor"),
        "events": ("order_id", "session_id"),
    }
    view = open_view(on_contract(columns=columns), world)
    orders = rows(view, "orders").select("order_id", "customer_id")
    assert orders["order_id"].is_unique().all()
    for name in ("order_items", "payments", "events"):
        placed = rows(view, name).drop_nulls("order_id")
        joined = placed.join(orders, on=["order_id", "customer_id"], how="semi")
        assert joined.height == placed.height > 0
    returns = rows(view, "orders").drop_nulls("original_order_id")
    assert returns.join(
        orders, left_on="original_order_id", right_on="order_id", how="anti"
    ).is_empty()


def test_instants_are_cut_to_the_day_and_dates_stay(dataset: MakeDataset) -> None:
    made = dataset(
        customers=FIVE,
        orders=[order(1, 1, "2024-03-01T13:45:11")],
        subscriptions=[term("a", date(2024, 2, 3), None)],
    )
    columns = {
        "customers": ("first_seen_at",),
        "orders": ("ordered_at",),
        "subscriptions": ("started_on",),
    }
    view = open_view(on_contract(columns=columns), made)
    assert rows(view, "orders")["ordered_at"].to_list() == [at("2024-03-01")]
    assert rows(view, "subscriptions")["started_on"].to_list() == [date(2024, 2, 3)]
    assert rows(view, "customers")["first_seen_at"].unique().to_list() == [at("2024-01-01")]


def test_a_text_stays_where_k_persons_of_the_view_say_the_same(dataset: MakeDataset) -> None:
    made = dataset(
        customers=[*FIVE, customer(6, kind="test")],
        attributes=[
            said(1, "running", "often"),
            said(2, "running", "often"),
            said(3, "running", "since Jo Doe took me along"),
            said(3, "cooking", "since Jo Doe took me along"),  # the same person twice
            said(4, "running", "never"),
            said(6, "running", "never"),  # not in the view
            said(5, "running", None),
        ],
    )
    columns = {"attributes": ("attribute", "value", "observed_at")}
    view = open_view(on_contract(columns=columns), made)
    values = rows(view, "attributes").sort("value", nulls_last=True)["value"].to_list()
    assert values == ["often", "often", None, None, None, None]
    told = view.report.columns.filter(pl.col("column").str.starts_with("value"))
    assert told.select("column", "stated", "suppressed").rows() == [
        ("value of interest running", 4, 2),
        ("value of anything rarer", 1, 1),  # not by its name, which is one person's
    ]


def test_what_is_sensitive_is_shown_only_where_k_persons_share_it(dataset: MakeDataset) -> None:
    bands = ["EUR 0-9", "EUR 0-9", "EUR 10-19", "EUR 20-29", "EUR 20-29"]
    made = dataset(
        customers=[customer(n, income_band=band) for n, band in enumerate(bands, start=1)],
        attributes=[said(1, "running", None), said(2, "running", None), said(3, "chess", None)],
    )
    columns = {"customers": ("income_band",), "attributes": ("attribute",)}
    view = open_view(on_contract(columns=columns), made)
    shown = rows(view, "customers")["income_band"].value_counts().rows()
    assert sorted(shown, key=str) == [("EUR 0-9", 2), ("EUR 20-29", 2), (None, 1)]
    assert sorted(rows(view, "attributes")["attribute"], key=str) == [None, "running", "running"]
    told = view.report.columns.filter(pl.col("suppressed") > 0).select(
        "column", "stated", "suppressed"
    )
    assert told.rows() == [("income_band", 5, 1), ("attribute of interest", 3, 1)]


@pytest.mark.parametrize(
    ("table", "column", "changes"),
    [
        ("orders", "campaign_id", {}),
        ("events", "campaign_id", {}),
        ("events", "traffic_source", {}),
        ("events", "event_name", {}),
        ("interactions", "campaign_id", {}),
        ("interactions", "topic", {}),
        ("interactions", "variant", {"campaign_id": "spring"}),
        ("subscriptions", "plan", {}),
    ],
)
def test_names_that_an_export_fills_freely_are_shown_where_k_persons_share_them(
    dataset: MakeDataset, table: str, column: str, changes: dict[str, Any]
) -> None:
    line = {
        "orders": order(1, 1, "2024-03-01"),
        "events": {"channel": "web", "occurred_at": at("2024-03-01"), "event_name": "click"},
        "interactions": {
            "channel": "email", "direction": "outbound", "action": "sent", "is_machine": False,
            "occurred_at": at("2024-03-01"),
        },
        "subscriptions": term("a", date(2024, 3, 1), None),
    }[table]  # fmt: skip
    key = {"orders": "order_id", "events": "event_id", "interactions": "interaction_id",
           "subscriptions": "subscription_id"}[table]  # fmt: skip
    # codes of digits are names: they are never put into bands
    values = ["101", "101", "JO-DOE-10", "JO-DOE-10", "102"]
    made = dataset(
        customers=FIVE,
        **{
            table: [
                {
                    **line, "source_id": "s", "source_row": n, column: value, "customer_id": who,
                    key: n if key in ("event_id", "interaction_id") else f"shop:{n}", **changes,
                }
                for n, (who, value) in enumerate(zip((1, 2, 3, 3, 4), values, strict=True))
            ]
        },
    )  # fmt: skip
    view = open_view(on_contract(columns={table: (column,)}), made)
    shown = rows(view, table)[column].to_list()
    assert sorted(shown, key=str) == ["101", "101", None, None, None]
    told = view.report.columns.filter(pl.col("table") == table, pl.col("suppressed") > 0)
    assert told["suppressed"].sum() == 3


def test_questions_that_few_were_asked_are_suppressed(dataset: MakeDataset) -> None:
    asked = {
        "channel": "survey", "direction": "inbound", "action": "responded", "is_machine": False,
        "occurred_at": at("2024-03-01"), "source_id": "s", "source_row": 1,
    }  # fmt: skip
    made = dataset(
        customers=FIVE,
        interactions=[{**asked, "interaction_id": n, "customer_id": n} for n in (1, 2, 3)],
        answers=[
            {"interaction_id": n, "customer_id": n, "question_id": q, "question": words,
             "source_id": "s", "source_row": 1}
            for n, q, words in ((1, "q1", "Happy?"), (2, "q1", "Happy?"), (3, "q2", "Jo, happy?"))
        ],
    )  # fmt: skip
    view = open_view(on_contract(columns={"answers": ("question_id", "question")}), made)
    found = sorted(rows(view, "answers").select("question_id", "question").rows(), key=str)
    assert found == [("q1", "Happy?"), ("q1", "Happy?"), (None, None)]


def test_a_campaign_is_named_where_k_persons_have_to_do_with_it(dataset: MakeDataset) -> None:
    made = dataset(
        customers=FIVE,
        orders=[
            order(n, who, "2024-03-01", campaign_id=name)
            for n, (who, name) in enumerate([(1, "spring"), (2, "spring"), (3, "jo-doe")], start=1)
        ],
        campaigns=[
            {**campaign(name, date(2024, 2, 1), None), "name": name.title()}
            for name in ("spring", "jo-doe", "unused")
        ],
    )
    columns = {"campaigns": ("campaign_id", "name", "channel")}
    view = open_view(on_contract(columns=columns), made)
    found = rows(view, "campaigns").sort("campaign_id", nulls_last=True)
    assert found.select("campaign_id", "name").rows() == [("spring", "Spring"), *[(None, None)] * 2]


def test_numbers_stay_numbers_in_bands_of_k_persons(dataset: MakeDataset) -> None:
    incomes = [21_100, 23_400, 26_000, 28_500, 31_000, 33_900, 34_800, 36_000, 41_000, 412_000]
    made = dataset(
        customers=[customer(n) for n in range(1, 11)],
        attributes=[said(n, "income", str(x)) for n, x in enumerate(incomes, start=1)],
    )
    columns = {"attributes": ("attribute", "value", "observed_at")}
    view = open_view(on_contract(columns=columns), made)
    shown = rows(view, "attributes")["value"].cast(pl.Float64)
    by_income = shown.value_counts()
    assert by_income.height > 1
    assert by_income["count"].min() >= 2
    assert shown.max() < 100_000  # never how far one person lies
    told = view.report.columns.filter(pl.col("column") == "value of interest income")
    assert told["what"][0].startswith("put into bands of at least 2 persons, limits multiples of ")


def test_a_day_is_a_day_of_the_studys_zone(dataset: MakeDataset) -> None:
    made = dataset(
        customers=[customer(n, first_seen_at=at("2024-01-31T16:00")) for n in range(1, 6)],
        # one morning of 5 March in Tokyo, two days in UTC; and the first moment of 1 May there
        orders=[
            order(1, 1, "2024-03-04T23:30"),
            order(2, 1, "2024-03-05T01:30"),
            order(3, 2, "2024-04-30T15:00"),
            order(4, 2, "2024-04-30T14:59:59"),
        ],
        attributes=[said(n, "a", None, observed_at=at("2024-04-30T15:00")) for n in (1, 2)],
    )
    columns = {
        "customers": ("first_seen_at",),
        "orders": ("ordered_at", "kind", "currency", "total_minor"),
        "attributes": ("namespace", "attribute", "observed_at", "is_special_category"),
    }
    view = open_view(on_contract(columns=columns, zone="Asia/Tokyo"), made, as_of=date(2024, 5, 1))
    days = rows(view, "orders").select(pl.col("ordered_at").dt.date()).to_series().to_list()
    assert sorted(days) == [date(2024, 3, 5), date(2024, 3, 5), date(2024, 4, 30)]
    assert rows(view, "customers")["first_seen_at"].dt.date().unique().to_list() == [
        date(2024, 2, 1)
    ]
    bought = customer_features(view.data, as_of=view.as_of, currency="EUR").rows
    assert sorted(bought["order_days"].drop_nulls()) == [0, 0, 0, 1, 1]
    # a state that holds at the first moment is in the view and in the features
    assert rows(view, "attributes").height == 2
    assert profile(view.data, as_of=view.as_of)["interest.a"].drop_nulls().len() == 2
    assert open_view(on_contract(columns=columns), made).as_of == date(2024, 7, 1)


def test_sources_of_several_zones_need_one_that_the_study_names(dataset: MakeDataset) -> None:
    made = dataset(customers=FIVE)
    other = replace(made.sources[0], source_id="t" * 32, zone="Asia/Tokyo")
    two = replace(made, sources=(*made.sources, other))
    with pytest.raises(ParameterError, match='say whose days are meant with zone = "Asia/Tokyo"'):
        open_view(on_contract(), two)
    assert open_view(on_contract(zone="UTC"), two).as_of <= date(2024, 7, 1)


def test_bodies_and_search_words_are_never_shown(dataset: MakeDataset) -> None:
    message = {
        "channel": "ticket", "direction": "inbound", "action": "message", "is_machine": False,
        "occurred_at": at("2024-03-01"), "body": "hello", "source_id": "s", "source_row": 1,
    }  # fmt: skip
    search = {
        "occurred_at": at("2024-03-01"), "event_name": "search", "channel": "web",
        "search_text": "shoes", "page": "/search", "source_id": "s", "source_row": 1,
    }  # fmt: skip
    made = dataset(
        customers=FIVE,
        interactions=[{**message, "interaction_id": n, "customer_id": n} for n in range(1, 6)],
        events=[{**search, "event_id": n, "customer_id": n} for n in range(1, 6)],
    )
    columns = {"interactions": ("body",), "events": ("search_text", "page")}
    view = open_view(on_contract(columns=columns), made)
    assert rows(view, "interactions")["body"].null_count() == 5
    assert rows(view, "events")["search_text"].null_count() == 5
    assert rows(view, "events")["page"].to_list() == ["/search"] * 5


def test_special_categories_need_a_basis_of_their_own(dataset: MakeDataset) -> None:
    made = dataset(
        customers=FIVE,
        attributes=[
            *(said(n, "health", "asthma", is_special_category=True) for n in (1, 2)),
            *(said(n, "running", "often") for n in (1, 2)),
        ],
    )
    columns = {"attributes": ("attribute",)}
    without = open_view(on_contract(columns=columns), made)
    assert rows(without, "attributes")["attribute"].to_list() == ["running"] * 2
    given = on_contract(columns=columns, special_categories_basis="explicit_consent")
    assert rows(open_view(given, made), "attributes").height == 4


def test_statements_that_repeat_a_generalised_column_are_left_out(dataset: MakeDataset) -> None:
    profile = {"namespace": "profile"}
    made = dataset(
        customers=FIVE,
        attributes=[
            *(said(n, "birth_year", "1961", **profile) for n in range(1, 6)),
            *(said(n, "postcode_area", "10115", **profile) for n in range(1, 6)),
            *(said(n, "household_size", "3", **profile) for n in (1, 2)),
        ],
    )
    view = open_view(on_contract(columns={"attributes": ("attribute",)}), made)
    assert rows(view, "attributes")["attribute"].to_list() == ["household_size"] * 2


def test_nothing_from_the_as_of_date_on_is_in_the_view(dataset: MakeDataset) -> None:
    late, early = at("2024-05-01"), at("2024-04-30T23:59:59")
    item = {"line_number": 1, "quantity": 1, "amount_minor": 5, "source_id": "s", "source_row": 1}
    survey = {
        "customer_id": 1, "channel": "survey", "direction": "inbound", "action": "responded",
        "is_machine": False, "source_id": "s", "source_row": 1,
    }  # fmt: skip
    answer = {"question_id": "q", "customer_id": 1, "answer_number": 4.0}
    made = dataset(
        customers=FIVE,
        orders=[
            order(1, 1, "2024-04-30T23:59:59", order_id="shop:1"),
            order(2, 1, "2024-05-01", order_id="shop:2"),
        ],
        order_items=[
            {**item, "order_id": f"shop:{number}", "customer_id": 1} for number in (1, 2)
        ],
        interactions=[
            {**survey, "interaction_id": 1, "occurred_at": early},
            {**survey, "interaction_id": 2, "occurred_at": late},
        ],
        answers=[{**answer, "interaction_id": 1}, {**answer, "interaction_id": 2}],
        subscriptions=[
            term("a", date(2024, 1, 1), date(2024, 4, 30)),
            term("b", date(2024, 2, 1), date(2024, 5, 1)),
            term("c", date(2024, 5, 1), None),
        ],
        attributes=[
            said(1, "a", None, observed_at=early),
            said(1, "b", None, observed_at=late),  # a state holds at the moment itself
            said(1, "c", None, observed_at=at("2024-05-01T00:00:01")),
        ],
        campaigns=[
            campaign("x", date(2024, 4, 1), date(2024, 4, 9)),
            campaign("y", date(2024, 4, 1), date(2024, 6, 1)),
            campaign("z", date(2024, 6, 1), None),
        ],
    )  # fmt: skip
    columns = {
        "orders": ("total_minor",), "order_items": ("amount_minor",), "interactions": ("action",),
        "answers": ("answer_number",), "subscriptions": ("started_on", "ended_on", "end_reason"),
        "attributes": ("attribute",),
        "campaigns": ("launched_on", "closed_on", "cost_minor"),
    }  # fmt: skip
    view = open_view(on_contract(columns=columns), made, as_of=date(2024, 5, 1))
    heights = {name: rows(view, name).height for name in columns}
    assert heights == {
        "orders": 1, "order_items": 1, "interactions": 1, "answers": 1, "subscriptions": 2,
        "attributes": 2, "campaigns": 2,
    }  # fmt: skip
    ends = rows(view, "subscriptions").sort("started_on").select("ended_on", "end_reason").rows()
    assert ends == [(date(2024, 4, 30), "cancelled"), (None, None)]
    told = rows(view, "campaigns").sort("closed_on", nulls_last=True).rows()
    assert told == [
        (date(2024, 4, 1), date(2024, 4, 9), 500), (date(2024, 4, 1), None, None)
    ]  # fmt: skip


def test_an_earlier_view_holds_what_a_dataset_that_ended_there_would(world: Dataset) -> None:
    everything = {name: frame.collect() for name, frame in world.data().tables.items()}
    columns = {
        name: tuple(
            c for c in TABLES[name].schema if c not in ("record_id", "source_id", "source_row")
        )
        for name in ("events", "orders", "order_items", "payments", "interactions", "answers")
    }
    asked = on_contract(columns=columns, purpose="essential")  # on which nobody decides
    day = date(2024, 6, 1)
    moment = at("2024-06-01")
    times = {"events": "occurred_at", "orders": "ordered_at", "payments": "paid_at",
             "interactions": "occurred_at"}  # fmt: skip
    kept = {name: everything[name].filter(pl.col(time) < moment) for name, time in times.items()}
    kept["order_items"] = everything["order_items"].join(kept["orders"], on="order_id", how="semi")
    kept["answers"] = everything["answers"].join(
        kept["interactions"], on="interaction_id", how="semi"
    )
    view = open_view(asked, world, as_of=day)
    assert view.as_of < view.data_until
    for name, expected in kept.items():
        whole = expected.filter(pl.col("customer_id").is_not_null())
        allowed = everything["customers"].filter(
            pl.col("first_seen_at") < moment, pl.col("kind") != "test"
        )
        whole = whole.join(allowed, on="customer_id", how="semi")
        assert rows(view, name).height == whole.height > 0


def test_the_fingerprint_changes_with_every_rule_and_with_the_data(dataset: MakeDataset) -> None:
    made = dataset(customers=FIVE)
    day = date(2024, 6, 1)
    plain = view_fingerprint(study(), made, day)
    assert plain == view_fingerprint(study(), made, day)
    assert plain == view_fingerprint(study(question="Another one?", retention_days=9), made, day)
    published = {"k": 2, "release": "exact", "release_reason": "of public data", "max_variants": 9}
    assert plain == view_fingerprint(study(policy=published), made, day)
    others = [
        view_fingerprint(study(**change), made, day)
        for change in (
            {"name": "other"},
            {"purpose": "personalize"},
            {"channel": "email"},
            {"basis": "contract"},
            {"columns": {"customers": ("first_seen_at", "country")}},
            {"policy": {"k": 3}},
            {"policy": {"k": 2, "keep": ("first_seen_at",)}},
            {"policy": {"k": 2, "suppression_limit": 0.1}},
            {"min_group": 4},
            {"special_categories_basis": "explicit_consent"},
            {"policy": {"k": 2, "time": "week"}},
            {"policy": {"k": 2, "amounts": "bands"}},
            {"policy": {"k": 2, "shift_days": 9}},
            {"policy": {"k": 2, "rare_products": "blanked"}},
        )
    ]
    others.append(view_fingerprint(study(), made, date(2024, 6, 2)))
    newer = dataset(customers=FIVE, sources=[source("t", "2024-07-01")])
    others.append(view_fingerprint(study(), newer, day))
    others.append(view_fingerprint(study(), dataset(name="twin", customers=FIVE), day))
    assert len({plain, *others}) == len(others) + 1


def test_a_view_comes_back_from_its_description(world: Dataset) -> None:
    asked = read_study(
        PROJECT / "reports" / "studies" / "demo.toml", notebooks=PROJECT / "notebooks"
    )
    view = open_view(asked, world)
    again = View.restore(view.describe(), view.data)
    assert again.study == view.study
    assert again.describe() == view.describe()
    for name in ("steps", "columns", "groups", "linkability"):
        assert_frame_equal(getattr(again.report, name), getattr(view.report, name))
    assert again.report.cost == view.report.cost == view.describe()["report"]["cost"]


def test_equal_views_have_equal_rows_in_equal_order(world: Dataset) -> None:
    asked = read_study(
        PROJECT / "reports" / "studies" / "demo.toml", notebooks=PROJECT / "notebooks"
    )
    one, two = open_view(asked, world), open_view(asked, world)
    for name in asked.columns:
        streamed = two.data[name].collect(engine="streaming")
        assert_frame_equal(rows(one, name), streamed)


def test_of_statements_of_one_day_the_later_is_the_latest(dataset: MakeDataset) -> None:
    made = dataset(
        customers=[customer(n) for n in range(1, 61)],
        attributes=[
            said(n, "income", value, observed_at=at(f"2024-03-01T{hour}"))
            for n in range(1, 61)
            for value, hour in (("150000", "18:00"), ("90000", "09:00"))
        ],
    )
    columns = {"attributes": ("namespace", "attribute", "value", "observed_at")}
    view = open_view(on_contract(columns=columns), made)
    numbers = profile(view.data)["interest.income"]
    assert numbers.n_unique() == 1
    assert numbers[0] > 100_000
