"""Awkward exports of vendors (cases V01 to V15), and awkward records of our own."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from workbench.foundation.errors import ParameterError
from workbench.sources import ReadResult, faults_of, open_sources

ANYWHERE = {"basis": "contract", "data_until": "2026-07-01"}
Read = Callable[..., ReadResult]


def _read(path: Path, **settings: str) -> ReadResult:
    (source,) = open_sources(path, settings={**ANYWHERE, **settings})
    return source.read(0)


@pytest.fixture
def read_lines(tmp_path: Path) -> Read:
    """Return what reads records written as lines of JSON, or texts as lines."""

    def read(name: str, *records: Any, **settings: str) -> ReadResult:
        lines = [each if isinstance(each, str) else json.dumps(each) for each in records]
        (tmp_path / name).write_text("\n".join([*lines, ""]), encoding="utf-8")
        return _read(tmp_path / name, **settings)

    return read


def _consents(result: ReadResult) -> list[tuple[Any, ...]]:
    return sorted(
        result.tables["consents"].select("purpose", "channel", "decision", "method").rows()
    )


def test_v01_lines_of_shopify_make_orders_whose_totals_count_once(cases: Path) -> None:
    result = _read(cases / "v01.csv", zone="Europe/Berlin", currency="EUR")
    orders, lines = result.tables["orders"], result.tables["order_items"]
    sales = orders.filter(pl.col("kind") == "sale")
    assert sorted(sales.select("order_id", "ordered_at", "total_minor").rows()) == [
        ("shopify:2001", datetime(2024, 3, 30, 7, 59, 50, tzinfo=UTC), 8_400),
        ("shopify:2002", datetime(2024, 4, 1, 9, 59, tzinfo=UTC), 2_000),
    ]
    assert (lines.height, lines["quantity"].sum()) == (4, 6)
    assert (sales["total_minor"].sum(), orders["total_minor"].sum()) == (10_400, 8_400)
    assert result.tables["customers"].height == 2
    paid = result.tables["payments"].filter(pl.col("kind") == "charge")
    assert sorted(paid["paid_at"]) == [
        datetime(2024, 3, 30, 8, tzinfo=UTC),
        datetime(2024, 4, 1, 10, tzinfo=UTC),
    ]
    stated = result.tables["identities"]
    assert sorted(stated.filter(pl.col("kind") == "postcode")["identifier"]) == ["02494", "1234AB"]
    assert stated.filter(pl.col("kind") == "phone")["identifier"].to_list() == ["+31 6 1234 5678"]


def test_v03_refunds_of_stripe_are_movements_and_yen_have_no_cents(cases: Path) -> None:
    result = _read(cases / "v03.csv", currency="EUR")
    payments = result.tables["payments"]
    assert (result.read, result.accepted, payments.height) == (5, 5, 7)
    net = payments.group_by("currency").agg(pl.col("amount_minor").sum())
    assert sorted(net.rows()) == [("JPY", 20_772), ("USD", 5_550)]
    failed = payments.filter(pl.col("kind") == "failed")
    assert failed.select("payment_id", "amount_minor").rows() == [("stripe:ch_4", 0)]


def test_v06_sessions_of_ga4_belong_to_a_device_and_denied_views_to_nobody(cases: Path) -> None:
    result = _read(cases / "v06.ndjson", currency="EUR")
    events = result.tables["events"]
    assert (result.read, result.repeated, events.height) == (8, 1, 7)
    assert events["session_id"].drop_nulls().n_unique() == 2
    denied = events.filter(pl.col("record_id").is_null())
    assert denied.select("event_name", "session_id").rows() == [("page_view", None)] * 2
    assert sorted(result.tables["customers"]["record_id"]) == ["ga4:111.222", "ga4:333.444"]
    user = result.tables["identities"].filter(pl.col("kind") == "user_id")
    assert user.select("record_id", "identifier").rows() == [("ga4:111.222", "ga4:C-77")]
    login = events.filter(pl.col("event_name") == "login")
    assert login["session_id"].to_list() == ["ga4:111.222/1709280000"]
    assert any(each.startswith("2 records: without a device id") for each in result.assumptions)


def test_v08_ids_of_salesforce_join_in_their_case_and_in_either_length(cases: Path) -> None:
    contacts = _read(cases / "v08-contacts.csv", currency="EUR").tables["identities"]
    service = _read(cases / "v08-cases.csv", currency="EUR").tables["interactions"]
    names = contacts.filter(pl.col("kind") == "family_name").select("record_id", "identifier")
    joined = service.join(names, on="record_id", how="left")
    assert sorted(joined.select("identifier", "record_id", "body").rows()) == [
        ("Doyle", "salesforce:003Ab00000cDeFgIAK", "late"),
        ("Hara", "salesforce:0032e0000312MarAAE", "thanks"),
        ("Park", "salesforce:003AB00000cDeFgYAK", "broken"),
    ]


def test_v10_header_rows_of_qualtrics_are_no_answers_and_previews_are_counted(
    cases: Path,
) -> None:
    result = _read(cases / "v10-new.csv", zone="UTC")
    assert (result.read, result.accepted) == (3, 3)
    assert result.passed_over == {"a preview, no answer of a respondent": 1}
    responses = result.tables["interactions"].select("interaction_id", "action", "occurred_at")
    assert sorted(responses.rows()) == [  # Europe/Berlin, from the row of ImportIds
        ("qualtrics:R_bbb1", "responded", datetime(2024, 3, 1, 9, 4, tzinfo=UTC)),
        ("qualtrics:R_bbb3", "started", datetime(2024, 3, 3, 8, 1, tzinfo=UTC)),
    ]
    assert sorted(result.tables["answers"].select("question", "answer").rows()) == [
        ("How was it?", "Good"),
        ("Stars", "4"),
    ]


def test_v10_the_legacy_file_states_no_zone_and_must_be_told(cases: Path) -> None:
    with pytest.raises(ParameterError, match="not declared: zone"):
        _read(cases / "v10-legacy.csv")
    result = _read(cases / "v10-legacy.csv", zone="Europe/Berlin")
    assert (result.read, result.accepted) == (2, 2)
    assert sorted(result.tables["interactions"]["occurred_at"]) == [
        datetime(2017, 3, 1, 9, 4, tzinfo=UTC),
        datetime(2017, 3, 2, 10, 2, tzinfo=UTC),
    ]
    assert sorted(result.tables["answers"].select("question", "answer").rows()) == [
        ("How was it?", "Good"),
        ("How was it?", "Poor"),
        ("Stars", "2"),
        ("Stars", "4"),
    ]


def test_v15_lines_that_are_no_requests_are_refused_and_no_address_is_stored(cases: Path) -> None:
    result = _read(cases / "v15.log", mail_pixel="/p.gif")
    assert (result.read, result.accepted) == (6, 4)
    assert sorted(faults_of(result.refused)["source_row"].unique()) == [2, 3]
    assert sum(result.passed_over.values()) == 2  # a POST, and a page that was not found
    opened = result.tables["interactions"].select("record_id", "action", "is_machine")
    assert opened.rows() == [("web:ann@example.com", "opened", True)]
    email = result.tables["identities"].select("kind", "identifier")
    assert email.rows() == [("email", "ann@example.com")]
    assert not any("ann@" in each for each in result.assumptions)
    stored = " ".join(table.write_csv() for table in result.tables.values())
    assert not any(address in stored for address in ("2001:db8", "192.0.2."))


def test_a_cancelled_order_of_shopify_is_worth_nothing_whether_it_was_paid(tmp_path: Path) -> None:
    head = (
        "Name,Email,Financial Status,Paid at,Cancelled at,Currency,Total,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Refunded Amount\n"
    )
    paid, unpaid = (
        f"#{n},a@x.example,{status},{paid_at},2024-05-03 10:00:00 +0200,EUR,20.00,"
        f"2024-05-02 10:00:00 +0200,1,Mug,20.00,{refunded}\n"
        for n, status, paid_at, refunded in (
            (1, "refunded", "2024-05-02 10:00:00 +0200", "20.00"),
            (2, "voided", "", "0.00"),
        )
    )
    (tmp_path / "orders.csv").write_text(head + paid + unpaid)
    result = _read(tmp_path / "orders.csv", zone="Europe/Berlin", currency="EUR")
    orders, payments = result.tables["orders"], result.tables["payments"]
    assert sorted(orders.select("order_id", "kind", "total_minor").rows()) == [
        ("shopify:1", "sale", 2_000),
        ("shopify:1/cancelled", "cancellation", -2_000),
        ("shopify:2", "sale", 2_000),
        ("shopify:2/cancelled", "cancellation", -2_000),
    ]
    assert sorted(payments.select("order_id", "amount_minor").rows()) == [
        ("shopify:1", -2_000),
        ("shopify:1", 2_000),
    ]


def test_a_refund_without_a_time_is_not_dated_before_its_payment(tmp_path: Path) -> None:
    head = (
        "Name,Email,Financial Status,Paid at,Currency,Total,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Refunded Amount\n"
    )
    lines = (
        f"#{n},a@x.example,refunded,{paid_at},EUR,20.00,{created_at},1,Mug,20.00,20.00\n"
        for n, created_at, paid_at in (
            (1, "2026-05-02 10:00:00 +0000", "2026-05-02 10:00:00 +0000"),
            (2, "2026-05-02 10:00:00 +0000", ""),
            (3, "2026-05-02 10:00:00 +0000", "2026-06-29 10:00:00 +0000"),
            (4, "2026-06-30 10:00:00 +0000", ""),
        )
    )
    (tmp_path / "orders.csv").write_text(head + "".join(lines))
    result = _read(tmp_path / "orders.csv", zone="UTC", currency="EUR")
    expected = [
        ("shopify:1", datetime(2026, 6, 29, 0, 0, 0, 1, tzinfo=UTC)),
        ("shopify:2", datetime(2026, 6, 29, 0, 0, 0, 1, tzinfo=UTC)),
        ("shopify:3", datetime(2026, 6, 29, 10, tzinfo=UTC)),
        ("shopify:4", datetime(2026, 6, 30, 10, tzinfo=UTC)),
    ]
    returns = result.tables["orders"].filter(kind="return")
    assert sorted(returns.select("original_order_id", "ordered_at").rows()) == expected
    refunds = result.tables["payments"].filter(kind="refund")
    assert sorted(refunds.select("order_id", "paid_at").rows()) == expected
    (note,) = (each for each in result.assumptions if "no time" in each)
    assert note.endswith(
        "the latest of the order, its payment and two days before the end of the data is taken"
    )


def test_a_refund_of_stripe_is_not_dated_before_its_charge(tmp_path: Path) -> None:
    (tmp_path / "charges.csv").write_text(
        "id,Created date (UTC),Amount,Amount Refunded,Currency,Status\n"
        "ch_1,2026-05-02 10:00,20.00,20.00,eur,Refunded\n"
        "ch_2,2026-06-30 10:00,20.00,20.00,eur,Disputed\n"
    )
    result = _read(tmp_path / "charges.csv", currency="EUR")
    back = result.tables["payments"].filter(pl.col("amount_minor") < 0)
    assert sorted(back.select("payment_id", "paid_at").rows()) == [
        ("stripe:ch_1/refund", datetime(2026, 6, 29, 0, 0, 0, 1, tzinfo=UTC)),
        ("stripe:ch_2/refund", datetime(2026, 6, 30, 10, tzinfo=UTC)),
    ]
    (note,) = (each for each in result.assumptions if "no time" in each)
    assert note.endswith("the later of the charge and two days before the end of the data is taken")


def test_a_case_of_salesforce_without_a_time_is_dated_before_the_end_of_the_data(
    tmp_path: Path,
) -> None:
    (tmp_path / "cases.csv").write_text(
        "ID,CONTACTID,SUBJECT,ORIGIN,ISCLOSED,CREATEDDATE\n"
        "500x0000000CaSe,003x0000004GpXk,Late,Phone,false,\n"
        "500x0000000CaSf,003x0000004GpXk,Lost,Phone,false,2026-05-02T10:00:00.000Z\n"
    )
    result = _read(tmp_path / "cases.csv", zone="UTC")
    assert sorted(result.tables["interactions"]["occurred_at"]) == [
        datetime(2026, 5, 2, 10, tzinfo=UTC),
        datetime(2026, 6, 29, 0, 0, 0, 1, tzinfo=UTC),
    ]
    (note,) = (each for each in result.assumptions if "no time" in each)
    assert note.endswith("two days before the end of the data are taken")


def test_a_guest_of_the_shop_is_nobodys_customer(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        "Name,Email,Financial Status,Paid at,Currency,Total,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Billing Zip,Accepts Marketing\n"
        "#1,,paid,2024-05-02 10:00:00 +0200,EUR,20.00,2024-05-02 10:00:00 +0200,"
        "1,Mug,20.00,'01234,yes\n"
    )
    result = _read(tmp_path / "orders.csv", zone="Europe/Berlin", currency="EUR")
    assert set(result.tables) == {"orders", "order_items", "payments"}
    assert result.tables["orders"]["record_id"].to_list() == [None]


def test_global_privacy_control_outweighs_the_banner(read_lines: Read) -> None:
    result = read_lines(
        "cookies.txt",
        "OptanonConsent=isGpcEnabled=0&browserGpcFlag=1&consentId=d1"
        "&groups=C0001%3A1%2CC0002%3A1%2CC0004%3A1%2CC0005%3A1&geolocation=NL%3BZH",
        "OptanonAlertBoxClosed=2026-03-09T18:27:41.000Z",
    )
    assert _consents(result) == [
        ("analytics", "web", "given", "banner"),
        ("marketing.advertising", "web", "objected", "signal"),
        ("third_party_sharing", "web", "objected", "signal"),
    ]
    assert result.tables["consents"]["consent_id"].n_unique() == 3


def test_a_banner_that_nobody_answered_gives_no_consent(read_lines: Read) -> None:
    result = read_lines(
        "cookies.txt",
        "OptanonConsent=isGpcEnabled=0&consentId=d1&groups=C0001%3A1%2CC0002%3A1%2CC0004%3A0",
    )
    assert _consents(result) == [
        ("analytics", "web", "unknown", "banner"),
        ("marketing.advertising", "web", "refused", "banner"),
    ]


def test_a_segment_event_without_categories_refuses_all_of_them(read_lines: Read) -> None:
    common = {"type": "page", "anonymousId": "a1", "userId": None, "properties": {}}
    result = read_lines(
        "events.ndjson",
        {**common, "timestamp": "2026-02-25T08:00:00.000Z", "context": {"locale": "nl"}},
        {
            **common,
            "timestamp": "2026-02-25T09:00:00.000Z",
            "context": {"consent": {"categoryPreferences": {}}},
        },
        currency="EUR",
    )
    consents = result.tables["consents"].select("purpose", "channel", "decision", "source_row")
    assert consents.rows() == [(None, "web", "refused", 2)]


def test_revenue_of_segment_without_a_total_gets_its_tax_and_shipping(read_lines: Read) -> None:
    order = {"order_id": "7", "revenue": 10.5, "tax": 2, "shipping": 1, "currency": "EUR"}
    event = {"type": "track", "event": "Order Completed", "anonymousId": "a1", "messageId": "m"}
    result = read_lines(
        "events.ndjson",
        {**event, "timestamp": "2026-02-25T08:00:00Z", "properties": order, "context": {}},
        currency="EUR",
        orders="own",
    )
    assert result.tables["orders"].select("total_minor", "tax_minor").rows() == [(1_350, 200)]


def test_customers_who_reply_on_facebook_are_known_and_the_page_is_not(read_lines: Read) -> None:
    when = "2026-02-05T07:01:26+0000"
    replies = [
        {"id": "1_3", "created_time": when, "from": {"id": "8", "name": "B"}, "message": "Me too"},
        {"id": "1_4", "created_time": when, "from": {"id": "99", "name": "Us"}, "message": "Yes"},
    ]
    ours = {"id": "1_5", "created_time": when, "from": {"id": "99", "name": "Us"}, "message": "Hi"}
    theirs = {"id": "1_2", "created_time": when, "from": {"id": "7", "name": "A"}, "message": "?"}
    answered = {**theirs, "comments": {"data": replies}}
    result = read_lines("comments.json", {"data": [answered, ours]}, page_id="99")
    said = result.tables["interactions"].select("interaction_id", "record_id", "direction")
    assert sorted(said.rows()) == [
        ("meta:1_2", "meta:7", "inbound"),
        ("meta:1_3", "meta:8", "inbound"),
        ("meta:1_4", None, "outbound"),
        ("meta:1_5", None, "outbound"),
    ]
    known = result.tables["identities"].select("record_id", "kind", "identifier")
    assert sorted(known.rows()) == [
        ("meta:7", "full_name", "A"),
        ("meta:7", "user_id", "meta:7"),
        ("meta:8", "user_id", "meta:8"),
    ]


def test_a_receipt_of_a_customer_number_is_the_same_customer_as_one_with_an_address(
    read_lines: Read,
) -> None:
    common = {"purposes": [{"Id": "p", "Name": "Newsletter", "TransactionType": "NO_CHOICE"}]}
    result = read_lines(
        "receipts.json",
        [
            {
                "identifier": "C-1",
                "identifierType": "CustomerId",
                "interactionDate": "2026-05-14T01:34:33Z",
                **common,
            },
            {
                "identifier": "a@x.example",
                "identifierType": "Email",
                "additionalIdentifiers": {"CustomerId": "C-1"},
                "interactionDate": None,
                **common,
            },
        ],
    )
    assert result.tables["customers"]["record_id"].to_list() == ["onetrust:C-1"]
    known = result.tables["identities"].select("kind", "identifier")
    assert sorted(known.rows()) == [("email", "a@x.example"), ("user_id", "onetrust:C-1")]


def test_a_case_without_a_contact_is_of_the_address_that_wrote(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text(
        '"ID","CONTACTID","SUPPLIEDEMAIL","SUBJECT","DESCRIPTION"\n'
        '"5002e00000AbCdE","","Ann@X.example","late",""\n'
        '"5002e00000AbCdF","","","broken","again"\n'
        '"5002e00000AbCdG","003Ab00000cDeFgIAK","bo@x.example","thanks",""\n'
    )
    result = _read(tmp_path / "cases.csv", currency="EUR")
    said = result.tables["interactions"].select("record_id", "body")
    assert sorted(said.rows(), key=str) == [
        ("salesforce:003Ab00000cDeFgIAK", "thanks"),
        ("salesforce:ann@x.example", "late"),
        (None, "broken\n\nagain"),
    ]
    known = result.tables["identities"].select("kind", "identifier")
    assert sorted(known.rows()) == [
        ("email", "ann@x.example"),
        ("user_id", "salesforce:003Ab00000cDeFgIAK"),
    ]


def test_the_first_comment_of_a_ticket_is_its_description_even_if_pages_repeat_records(
    tmp_path: Path,
) -> None:
    user = {"id": 7, "role": "end-user", "email": "a@x.example", "time_zone": "UTC"}
    ticket = {"id": 1, "requester_id": 7, "subject": "Late", "description": "Where is it?"}
    at = {"created_at": "2026-02-05T07:00:52Z", "updated_at": "2026-02-06T07:00:00Z"}
    comments = [
        {"id": n, "ticket_id": 1, "author_id": 7, "public": True, "html_body": body, **when}
        for n, body, when in (
            (10, "<p>Where is it?</p>", at),
            (11, "<p>Still nothing</p>", {"created_at": "2026-02-06T07:00:00Z"}),
        )
    ]
    (tmp_path / "tickets.json").write_text(
        json.dumps(
            {
                "tickets": [{**ticket, **at, "via": {"channel": "web"}}] * 2,
                "users": [{**user, **at, "external_id": None}] * 2,
                "comments": comments,
            }
        )
    )
    sources = open_sources(tmp_path / "tickets.json", settings=ANYWHERE)
    read = {source.format: source.read(0) for source in sources}
    said = pl.concat(
        each.tables["interactions"] for each in read.values() if "interactions" in each.tables
    )
    assert sorted(said.select("body", "record_id", "direction").rows()) == [
        ("Late\n\nWhere is it?", "zendesk:7", "inbound"),
        ("Still nothing", "zendesk:7", "inbound"),
    ]
    assert read["zendesk/users"].repeated == read["zendesk/tickets"].repeated == 1
    assert sum(read["zendesk/comments"].passed_over.values()) == 1


def test_segment_says_by_its_library_where_an_event_was_recorded(read_lines: Read) -> None:
    libraries = ("analytics.js", "analytics-ios", "analytics-node", None)
    result = read_lines(
        "events.ndjson",
        *(
            {
                "type": "track",
                "event": "Product Viewed",
                "anonymousId": "a1",
                "messageId": f"m{n}",
                "timestamp": "2026-02-25T08:00:00Z",
                "properties": {"sku": "A"},
                "context": {"library": {"name": library}},
            }
            for n, library in enumerate(libraries)
        ),
        currency="EUR",
    )
    events = result.tables["events"].sort("source_row")
    assert events["channel"].to_list() == ["web", "app", "server", "web"]


def test_analytics_states_the_product_the_campaign_and_the_source_of_an_event(
    read_lines: Read,
) -> None:
    parameters = {"source": "mail", "medium": "email", "campaign": "spring", "page_location": "/p"}
    event = {
        "event_date": "20240301",
        "event_timestamp": "1709280000000000",
        "event_name": "view_item",
        "user_pseudo_id": "1.2",
        "event_params": [
            {"key": key, "value": {"string_value": value}} for key, value in parameters.items()
        ],
        "traffic_source": {"source": "google", "medium": "organic", "name": "(organic)"},
        "items": [{"item_id": "A-1", "quantity": "1"}],
    }
    result = read_lines("events.ndjson", event, currency="EUR")
    stated = result.tables["events"].select("product_id", "campaign_id", "traffic_source")
    assert stated.rows() == [("ga4:A-1", "spring", "mail / email")]


def test_a_survey_of_qualtrics_keeps_its_name_whatever_the_day_of_the_export(
    cases: Path, tmp_path: Path
) -> None:
    name = "Satisfaction_July 18, 2024_08.30.csv"
    (tmp_path / name).write_bytes((cases / "v10-new.csv").read_bytes())
    result = _read(tmp_path / name, zone="UTC")
    assert result.tables["interactions"]["campaign_id"].unique().to_list() == ["Satisfaction"]


def test_the_shop_leaves_payments_to_the_export_of_the_provider(cases: Path) -> None:
    settings = {"zone": "Europe/Berlin", "currency": "EUR", "payments": "other"}
    result = _read(cases / "v01.csv", **settings)
    assert "payments" not in result.tables
    assert result.tables["orders"]["total_minor"].sum() == 8_400
