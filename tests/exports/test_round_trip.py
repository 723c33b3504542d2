"""What the readers of exports make of a world's exports, against the tables of the world."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.conftest import PROJECT
from workbench.exports import VENDORS, write_exports
from workbench.foundation.errors import ParameterError
from workbench.schema.person_identifiers import is_identifier, normalise_identifier
from workbench.sources import ReadResult, faults_of, open_sources
from workbench.synthetic import generate

SETTINGS = {"basis": "contract", "data_until": "2025-03-01", "currency": "EUR"}
ZONES = {"shopify_orders": "Europe/Berlin", "qualtrics": "Europe/Berlin"}
#: Number of customers of the larger worlds.
LARGE = 600
#: Mapping of each vendor; two have none yet.
MAPPINGS = {
    "shopify_orders": "shopify_orders",
    "shopify_customers": "shopify_customers",
    "stripe_payments": "stripe",
    "ga4_bigquery_export": "ga4",
    "ga4_flat_csv": "ga4",
    "access_log": "access_log",
    "segment": "segment",
    "salesforce": "salesforce",
    "zendesk": "zendesk",
    "mailchimp": "mailchimp",
    "qualtrics": "qualtrics",
    "consent_onetrust": "onetrust",
    "meta_graph_comments": "meta_comments",
}


@dataclass(frozen=True)
class Export:
    """A vendor's files as read, with the world's record of each row as ``world``."""

    results: Mapping[str, ReadResult]  # by file, or by part of the mapping if one file has several
    truth: pl.DataFrame

    def __getitem__(self, table: str) -> pl.DataFrame:
        """Return a table of all files with ``world``, null for rows without a customer."""
        found = [
            result.tables[table].with_columns(file=pl.lit(file), row=pl.col("source_row"))
            for file, result in self.results.items()
            if table in result.tables
        ]
        known = self.truth.select("file", pl.col("row").cast(pl.Int64), world="record_id")
        return pl.concat(found).join(known, on=["file", "row"], how="left")


@dataclass(frozen=True)
class Both:
    """A world and its exports."""

    folder: Path

    def table(self, name: str) -> pl.DataFrame:
        """Return a table of the world."""
        return pl.read_parquet(self.folder / name / "part-*.parquet")

    def load(self, vendor: str) -> Export:
        """Read the folder of a vendor, whose formats are recognised."""
        if vendor not in self._read:
            self._read[vendor] = self._load(vendor)
        return self._read[vendor]

    @cached_property
    def _read(self) -> dict[str, Export]:
        return {}

    def _load(self, vendor: str) -> Export:
        settings = SETTINGS | {"zone": ZONES.get(vendor, "UTC"), "orders": "own"}
        settings |= {"page_id": "1001"} if vendor == "meta_graph_comments" else {}
        results = {}
        for source in open_sources(self.folder / "exports" / vendor, settings=settings):
            mapping, _, part = source.format.partition("/")
            assert mapping == MAPPINGS[vendor]
            file = source.label.rpartition("/")[2]
            results[f"{file}@{part}" if vendor == "zendesk" else file] = source.read(0)
        return Export(results, pl.read_parquet(self.folder / f"truth/exports/{vendor}.parquet"))


@pytest.fixture(
    scope="module",
    params=[
        ("retail", 120),
        ("messy", 120),
        pytest.param(("retail", LARGE), marks=pytest.mark.slow),
        pytest.param(("messy", LARGE), marks=pytest.mark.slow),
    ],
    ids=lambda world: f"{world[0]}-{world[1]}",
)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Both:
    """Return a world of 14 months with its exports."""
    name, customers = request.param
    folder = tmp_path_factory.mktemp("round") / name
    recipe = PROJECT / "synthetic" / f"{name}.toml"
    generate(recipe, out=folder, customers=customers, months=14)
    write_exports(folder, out=folder / "exports", truth=folder / "truth" / "exports")
    return Both(folder)


def _same(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    """Check that two frames have the same rows, in any order."""
    columns = expected.columns
    found = found.select(pl.col(name).cast(expected.schema[name]) for name in columns)
    assert_frame_equal(found.sort(columns), expected.sort(columns))


def _native(column: str) -> pl.Expr:
    """Return ids without the system before them."""
    return pl.col(column).str.replace(r"^[^:]*:", "")


def _texts(*columns: str) -> pl.Expr:
    return pl.col(*columns).cast(pl.String)


def test_each_file_is_recognised_as_its_own_format_and_no_other(both: Both) -> None:
    for vendor in VENDORS:
        for path in (both.folder / "exports" / vendor).iterdir():
            settings = SETTINGS | {"zone": "UTC"}
            settings |= {"page_id": "1001"} if vendor == "meta_graph_comments" else {}
            if vendor not in MAPPINGS:
                with pytest.raises(ParameterError, match="was not recognised"):
                    open_sources(path, settings=settings)
                continue
            found = open_sources(path, settings=settings)
            assert {each.format.partition("/")[0] for each in found} == {MAPPINGS[vendor]}, path
            assert min(each.confidence for each in found) > 0.9, path


@pytest.mark.slow
def test_only_noise_and_what_was_damaged_is_refused(both: Both) -> None:
    damaged = _damaged(both)
    for vendor in MAPPINGS:
        export = both.load(vendor)
        for file, result in export.results.items():
            faults = faults_of(result.refused)
            if vendor == "access_log":  # requests that are no HTTP
                assert set(faults["column"]) <= {"request.method", "url.path"}
                continue
            refused = result.refused.select(file=pl.lit(file), row=pl.col("source_row"))
            known = export.truth.with_columns(pl.col("row").cast(pl.Int64))
            people = refused.join(known, on=["file", "row"], how="left")["record_id"]
            assert people.is_in(damaged["record_id"].implode()).all(), (vendor, file)


def test_sales_of_the_shop_are_the_worlds(both: Both) -> None:
    found, orders = both.load("shopify_orders")["orders"], both.table("orders")
    beside = pl.col("discount_minor", "shipping_minor", "tax_minor").fill_null(0)
    columns = ["order_id", "ordered_at", "channel", "campaign_id", "currency"]
    columns += ["discount_minor", "shipping_minor", "tax_minor", "total_minor"]

    def sales(rows: pl.DataFrame) -> pl.DataFrame:
        own = rows.filter(pl.col("kind") == "sale")
        return own.with_columns(_native("order_id"), _texts("channel"), beside).select(columns)

    _same(sales(found), sales(orders))
    known = found.filter(pl.col("record_id").is_not_null())
    owners = orders.select(_native("order_id"), owner="record_id")
    with_owner = known.with_columns(_native("order_id")).join(owners, on="order_id")
    assert (with_owner["world"] == with_owner["owner"]).all()


def test_returns_and_cancellations_of_the_shop_are_the_worlds(both: Both) -> None:
    found, orders = both.load("shopify_orders")["orders"], both.table("orders")

    def reversals(rows: pl.DataFrame) -> pl.DataFrame:
        own = rows.filter(pl.col("original_order_id").is_not_null())
        sums = own.group_by(_native("original_order_id"))
        return sums.agg(
            pl.col("total_minor").sum(),
            cancelled_at=pl.col("ordered_at").filter(pl.col("kind") == "cancellation").min(),
        )

    _same(reversals(found), reversals(orders))


def test_lines_of_the_shop_are_the_worlds(both: Both) -> None:
    sales = both.table("orders").filter(pl.col("kind") == "sale").select("order_id")
    items = both.table("order_items").join(sales, on="order_id", how="semi")

    def lines(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select(
            _native("order_id"),
            "line_number",
            _native("product_id"),
            "product_name",
            "quantity",
            pl.col("unit_price_minor").round(0),
            "amount_minor",
        )

    _same(lines(both.load("shopify_orders")["order_items"]), lines(items))


def test_money_of_the_shop_is_the_worlds(both: Both) -> None:
    found, payments = both.load("shopify_orders")["payments"], both.table("payments")

    def charges(rows: pl.DataFrame) -> pl.DataFrame:
        own = rows.filter(pl.col("kind") == "charge", pl.col("order_id").is_not_null())
        sums = own.group_by(_native("order_id"))
        return sums.agg(pl.col("paid_at").min(), pl.col("amount_minor").sum())

    _same(charges(found), charges(payments))
    back, paid_back = _refunded(found), _refunds(both, payments, "refund")
    _same(back.join(paid_back, on="order_id", how="semi"), paid_back)
    # The shop states the refund of a return at once, and some is paid after the end of the world.
    later = back.join(paid_back, on="order_id", how="anti")
    returned = both.table("orders").filter(pl.col("original_order_id").is_not_null())
    returned = returned.group_by(order_id=_native("original_order_id")).agg(
        pl.col("total_minor").sum(), pl.col("ordered_at").max()
    )
    known = later.join(returned, on="order_id")
    assert known.height == later.height
    assert (known["amount_minor"] == known["total_minor"]).all()
    assert known.filter(pl.col("ordered_at") < pl.datetime(2025, 2, 10, time_zone="UTC")).is_empty()


def test_money_at_stripe_is_the_worlds(both: Both) -> None:
    methods = {"card": "card", "direct_debit": "direct_debit", "wallet": "card"}  # link is a card
    payments = both.table("payments").filter(_texts("method").is_in(list(methods)))
    found = both.load("stripe_payments")["payments"]

    def attempts(rows: pl.DataFrame) -> pl.DataFrame:
        own = rows.filter(_texts("kind").is_in(["charge", "failed"]))
        minute = pl.col("paid_at").dt.truncate("1m")  # Debits have no seconds.
        is_debit = _texts("method") == "direct_debit"
        return own.select(
            _native("order_id"),
            _texts("kind"),
            _texts("method").replace(methods),
            pl.when(is_debit).then(minute).otherwise("paid_at").alias("paid_at"),
            "currency",
            "amount_minor",
        )

    _same(attempts(found), attempts(payments))
    _same(_refunded(found), _refunds(both, payments, "refund", "chargeback"))
    assert (found.filter(pl.col("record_id").is_null())["world"].is_null()).all()


def _refunded(found: pl.DataFrame) -> pl.DataFrame:
    """Return the money that went back by the order, of which some have several refunds."""
    refunds = found.filter(pl.col("kind") == "refund")
    return refunds.group_by(_native("order_id")).agg(pl.col("amount_minor").sum())


def _refunds(both: Both, payments: pl.DataFrame, *kinds: str) -> pl.DataFrame:
    """Return the money that went back, by the order that was paid."""
    sale = pl.coalesce("original_order_id", "order_id")
    back = payments.filter(_texts("kind").is_in(kinds))
    back = back.join(both.table("orders").select("order_id", sale=sale), on="order_id", how="left")
    return back.group_by(order_id=_native("sale")).agg(pl.col("amount_minor").sum())


def _events(rows: pl.DataFrame, *without: str) -> pl.DataFrame:
    """Return events by what analytics states of them, with instants in whole seconds."""
    stated = rows.select(
        pl.col("occurred_at").dt.truncate("1s"),
        "event_name",
        _texts("channel"),
        _texts("device_type").replace("other", None),  # a user agent names no other device
        "page",
        _native("product_id"),
        "search_text",
        _native("order_id"),
        "campaign_id",
        # Analytics cannot tell a direct visit from one that was not tracked.
        pl.col("traffic_source").fill_null("(direct) / (none)"),
        pl.col("duration_seconds").round(3),
    )
    return stated.drop(without)


@pytest.mark.parametrize(
    ("vendor", "without"),
    [("ga4_bigquery_export", ()), ("ga4_flat_csv", ("channel", "device_type"))],
)
def test_events_of_analytics_are_the_worlds_once(
    vendor: str, without: tuple[str, ...], both: Both
) -> None:
    tracked = both.table("events").filter(_texts("channel").is_in(["web", "app"]))
    export = both.load(vendor)
    (result,) = export.results.values()
    assert result.repeated == result.read - tracked.height > 0  # exact duplicates after a rewrite
    _same(_events(export["events"], *without), _events(tracked, *without))


def test_analytics_knows_no_person_where_consent_was_denied(both: Both) -> None:
    events = both.load("ga4_bigquery_export")["events"]
    nobody = events.filter(pl.col("record_id").is_null())
    assert nobody.height > 0
    assert nobody["session_id"].null_count() == nobody.height
    sessions = events.filter(pl.col("session_id").is_not_null())
    assert (
        sessions.group_by("session_id").agg(pl.col("record_id").n_unique())["record_id"].to_list()
        == [1] * sessions["session_id"].n_unique()
    )


def test_messages_of_segment_are_events_of_the_world(both: Both) -> None:
    export = both.load("segment")
    without = ("duration_seconds", "traffic_source", "campaign_id")  # Segment is not told of them.
    is_app_track = (_texts("channel") == "app") & (pl.col("event_name") != "page_view")
    page = pl.when(~is_app_track).then("page").alias("page")  # Apps state it on screen calls only.
    found, tracked = (
        _events(rows, *without).with_columns(page)
        for rows in (export["events"], both.table("events"))
    )
    assert found.join(tracked, on=found.columns, how="anti", nulls_equal=True).is_empty()
    messages = {}
    for line in (both.folder / "exports/segment/events.ndjson").read_bytes().splitlines():
        message = json.loads(line)
        messages[message["messageId"]] = (message["type"], message.get("event"))
    others = ("identify", None), ("track", "Segment Consent Preference Updated")
    assert found.height == sum(each not in others for each in messages.values())


def test_orders_at_segment_and_analytics_have_the_worlds_totals(both: Both) -> None:
    beside = pl.col("shipping_minor", "tax_minor").fill_null(0)
    orders = both.table("orders").select(_native("order_id"), "total_minor", beside, "ordered_at")
    for vendor in ("segment", "ga4_bigquery_export"):
        found = both.load(vendor)["orders"]
        assert found["order_id"].n_unique() == found.height > 0
        own = found.select(_native("order_id"), "total_minor", beside)
        _same(own, orders.join(own, on="order_id", how="semi").select(own.columns))


def test_lines_of_the_log_are_pages_of_the_world(both: Both) -> None:
    export = both.load("access_log")
    without = ("event_name", "product_id", "order_id", "traffic_source", "duration_seconds")
    found, tracked = (_events(rows, *without) for rows in (export["events"], both.table("events")))
    by_browsers = found.filter(pl.col("device_type").is_not_null())
    assert by_browsers.join(tracked, on=found.columns, how="anti", nulls_equal=True).is_empty()
    opened = both.table("interactions").filter(
        pl.col("channel") == "email", pl.col("action") == "opened"
    )
    columns = ["occurred_at", "campaign_id", "is_machine"]
    _same(export["interactions"].select(columns), opened.select(columns))


def test_activity_at_mailchimp_is_the_worlds(both: Both) -> None:
    with_email = both.table("identities").filter(pl.col("kind") == "email").select("record_id")
    actions = _texts("action").is_in(["opened", "clicked"])
    done = both.table("interactions").filter(pl.col("channel") == "email", actions)
    done = done.join(with_email, on="record_id", how="semi")
    found = both.load("mailchimp")["interactions"].filter(actions)
    columns = [_texts("action"), pl.col("occurred_at"), pl.col("campaign_id")]
    _same(found.select(columns), done.select(columns))


def test_decisions_at_onetrust_are_the_worlds(both: Both) -> None:
    export = both.load("consent_onetrust")
    tests = both.table("customers").filter(pl.col("kind") == "test").select("record_id")
    consents = both.table("consents").join(tests, on="record_id", how="anti")
    consents = consents.join(export.truth, on="record_id", how="semi")
    columns = [_texts("purpose", "decision"), pl.col("decided_at")]
    _same(
        export["consents"].select("world", *columns),
        consents.select(pl.col("record_id").alias("world"), *columns),
    )


@pytest.mark.parametrize("vendor", ["shopify_orders", "shopify_customers", "ga4_bigquery_export",
    "segment", "access_log", "mailchimp", "consent_onetrust", "salesforce"])  # fmt: skip
def test_no_consent_is_stronger_than_the_worlds(vendor: str, both: Both) -> None:
    tables = [result.tables for result in both.load(vendor).results.values()]
    if not any("consents" in each for each in tables):
        pytest.fail("the vendor states no consent")
    end = pl.datetime(2025, 3, 1, time_zone="UTC", time_unit="us")
    given = both.load(vendor)["consents"].filter(
        _texts("decision") == "given", pl.col("world").is_not_null()
    )
    given = given.select(
        "world",
        # The banner's preferences, which the log's writer takes for personalisation.
        _texts("purpose").replace({"functional": "personalize"}),
        at=pl.coalesce("decided_at", end).dt.offset_by("1s"),
    )
    decided = both.table("consents").select(
        pl.col("record_id").alias("world"),
        _texts("purpose"),
        pl.col("decided_at").fill_null(pl.datetime(1970, 1, 1, time_zone="UTC")).alias("at"),
        _texts("decision"),
    )
    both_sorted = given.sort("at").join_asof(
        decided.sort("at"), on="at", by=["world", "purpose"], check_sortedness=False
    )
    assert set(both_sorted["decision"].unique()) <= {"given"}


def test_desks_have_the_messages_of_the_world_once(both: Both) -> None:
    said = both.table("interactions").filter(_texts("channel").is_in(["ticket", "chat"]))
    tickets, cases = (both.load(each)["interactions"] for each in ("zendesk", "salesforce"))
    messages = tickets.filter(_texts("action").is_in(["message", "note"]))
    ours = [_texts("direction", "action"), pl.col("occurred_at")]
    in_world = said.join(
        messages.select(occurred_at="occurred_at"), on="occurred_at", how="semi"
    ).filter(_texts("action").is_in(["message", "note"]))
    _same(messages.select(ours), in_world.select(ours))
    last = pl.col("body").str.split("\n\n").list.last()
    assert set(messages.select(last).to_series()) <= set(said.select(last).to_series())
    solved = pl.concat([tickets.select("action"), cases.select("action")])
    count = said.filter(pl.col("action") == "solved").height
    assert solved.filter(pl.col("action") == "solved").height == count


def test_answers_at_qualtrics_are_the_worlds(both: Both) -> None:
    export = both.load("qualtrics")
    answers = both.table("answers").filter(pl.col("answer").is_not_null())
    tests = both.table("customers").filter(pl.col("kind") == "test").select("record_id")
    asked = answers.join(tests, on="record_id", how="anti").join(
        export.truth, on="record_id", how="semi"
    )
    columns = ["world", "question", "answer", "answer_number"]
    found = export["answers"].select(columns)
    coded = pl.when(pl.col("answer_number").is_not_null()).then(
        pl.col("answer_number").cast(pl.Int64).cast(pl.String)
    )
    expected = asked.with_columns(answer=pl.coalesce(coded, "answer"), world="record_id").select(
        columns
    )
    assert found.join(expected, on=columns, how="anti", nulls_equal=True).is_empty()
    assert export["interactions"]["campaign_id"].unique().to_list() == ["survey-nps"]


@pytest.mark.parametrize(
    "vendor", ["shopify_customers", "salesforce", "mailchimp", "segment", "qualtrics"]
)
def test_identifiers_are_the_worlds_but_for_their_notation(vendor: str, both: Both) -> None:
    kinds = ["email", "given_name", "family_name", "full_name", "birth_date", "phone"]
    kinds += ["street_address", "city", "postcode"]
    found = both.load(vendor)["identities"].filter(_texts("kind").is_in(kinds))
    known = both.table("identities").select(
        pl.col("record_id").alias("world"),
        _texts("kind"),
        identifier=normalise_identifier(pl.col("identifier"), kind=_texts("kind")),
    )
    own = found.select("world", _texts("kind"), "identifier").unique()
    assert own.height > 0
    assert own.join(known, on=own.columns, how="anti").is_empty()


def test_damaged_addresses_are_cleaned_where_case_and_blanks_were_the_damage(both: Both) -> None:
    damaged = _damaged(both).filter(
        pl.col("column") == "identifier",
        pl.col("key").str.contains("email"),
        pl.col("kind").is_in(["cased", "spaced"]),
    )
    found = both.load("shopify_customers")["identities"].filter(pl.col("kind") == "email")
    stated = damaged.join(found, left_on="record_id", right_on="world")
    # What a blank within an address was is not known, so it is kept, and nobody is linked by it.
    is_address = is_identifier(pl.col("identifier"), kind=pl.lit("email"))
    cleaned = stated.filter(is_address)
    assert (cleaned["identifier"] == cleaned["clean"].str.to_lowercase()).all()
    assert stated.filter(~is_address)["identifier"].str.contains(r"\S\s+\S").all()


@pytest.mark.parametrize("vendor", ["shopify_orders", "shopify_customers", "salesforce", "zendesk",
    "mailchimp", "qualtrics", "consent_onetrust"])  # fmt: skip
def test_characteristics_of_customers_are_the_worlds(vendor: str, both: Both) -> None:
    damaged = _damaged(both).filter(pl.col("column") == "birth_year", pl.col("kind") == "blanked")
    clean = damaged.select("record_id", clean=pl.col("clean").cast(pl.Int16))
    world = both.table("customers").join(clean, on="record_id", how="left")
    world = world.with_columns(birth_year=pl.coalesce("birth_year", "clean"))
    found = both.load(vendor)["customers"]
    both_known = found.join(world, left_on="world", right_on="record_id", suffix="_of_world")
    assert both_known.height == found.height > 0
    stated = [
        n for n in ("country", "language", "birth_year") if found[n].null_count() < len(found)
    ]
    assert stated
    for name in stated:
        known = both_known.filter(pl.col(name).is_not_null())
        assert (known[name] == known[f"{name}_of_world"]).all(), name


def test_comments_at_meta_are_the_worlds(both: Both) -> None:
    comments = both.load("meta_graph_comments")["interactions"]
    said = both.table("interactions").filter(pl.col("channel") == "social")
    columns = [_texts("direction", "action"), pl.col("occurred_at", "body")]
    assert comments.height > 0
    _same(
        comments.select("world", *columns),
        said.select(pl.col("record_id").alias("world"), *columns),
    )


def _damaged(both: Both) -> pl.DataFrame:
    """Return the cells that the world damaged on purpose, none in a clean world."""
    path = both.folder / "truth" / "faults" / "part-0000.parquet"
    kept = ["record_id", "table", "column", "key", "kind", "clean"]
    if path.exists():
        return pl.read_parquet(path).select(kept)
    return pl.DataFrame(schema=dict.fromkeys(kept, pl.String) | {"record_id": pl.UInt64})
