"""Analytics, access log and app events: the samples' keys and the notes' quirks."""

import csv
import ipaddress
import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from tests.exports.conftest import HOSTILE, Rows

Tables = Callable[[str], pl.DataFrame]
Lines = Callable[[Path], list[dict]]
_DOCUMENTATION = [
    ipaddress.ip_network(each)
    for each in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]
_COMBINED = re.compile(
    r'^(\S+) - - \[([^\]]+)\] "([^"]*)" (\d{3}) (\d+|-) "([^"]*)" "([^"]*)" "([^"]*)"$'
)


@pytest.fixture(scope="module")
def hits(exports: Path, lines: Lines) -> list[dict]:
    """Return the events of the BigQuery export."""
    return lines(exports / "ga4_bigquery_export" / "events_export.ndjson")


@pytest.fixture(scope="module")
def log(exports: Path) -> list[re.Match[str]]:
    """Return the lines of the access log, cut into fields."""
    text = (exports / "access_log" / "access.log").read_text("ascii")
    found = [_COMBINED.match(line) for line in text.split("\n")[:-1]]
    assert all(found)
    return [match for match in found if match]


@pytest.fixture(scope="module")
def messages(exports: Path, lines: Lines) -> list[dict]:
    """Return Segment's messages."""
    return lines(exports / "segment" / "events.ndjson")


@pytest.fixture(scope="module")
def taps(exports: Path, lines: Lines) -> list[dict]:
    """Return Amplitude's events."""
    return lines(exports / "amplitude" / "100011471_events#0.json")


def _params(hit: dict) -> dict[str, object]:
    """Return the parameters, each of which has exactly one value."""
    found = {}
    for param in hit["event_params"]:
        values = [value for value in param["value"].values() if value is not None]
        assert len(values) == 1
        found[param["key"]] = values[0]
    return found


def test_ga4_events_are_the_worlds_and_a_few_come_twice(hits: list[dict], tables: Tables) -> None:
    once = Counter(json.dumps(hit) for hit in hits)
    assert len(once) == tables("events").height
    assert max(once.values()) == 2
    names = Counter(json.loads(hit)["event_name"] for hit in once)
    assert names == Counter(tables("events")["event_name"])


def test_ga4_keys_are_the_samples(hits: list[dict], formats: Path, lines: Lines) -> None:
    sample = lines(formats / "ga4_bigquery_export" / "events_export.ndjson")
    known = set().union(*sample)
    assert all(hit.keys() <= known for hit in hits)
    always = set.intersection(*(set(each) for each in sample))
    assert all(always <= hit.keys() for hit in hits)
    for part in ("geo", "privacy_info", "traffic_source"):
        inner = set().union(*(each[part] for each in sample))
        assert all(hit[part].keys() <= inner for hit in hits)
    bought = [hit for hit in hits if hit["event_name"] == "purchase"]
    inner = set().union(*(each["ecommerce"] or {} for each in sample))
    assert all(hit["ecommerce"].keys() <= inner for hit in bought)
    inner = {key for each in sample for item in each["items"] for key in item}
    assert all(item.keys() <= inner for hit in bought for item in hit["items"])


def test_ga4_writes_whole_numbers_as_texts_and_the_local_day(hits: list[dict]) -> None:
    for hit in hits:
        assert re.match(r"^\d{16}$", hit["event_timestamp"])
        moment = datetime.fromtimestamp(
            int(hit["event_timestamp"]) // 10**6, ZoneInfo("Europe/Berlin")
        )
        assert hit["event_date"] == f"{moment:%Y%m%d}"


def test_ga4_without_consent_has_no_cookie_user_or_session(hits: list[dict]) -> None:
    stored = Counter(hit["privacy_info"]["analytics_storage"] for hit in hits)
    assert stored.keys() <= {"Yes", "No", "Unset"} and stored["No"] and stored["Yes"]
    for hit in hits:
        refused = hit["privacy_info"]["analytics_storage"] == "No"
        assert (hit["user_pseudo_id"] is None) == refused
        assert ("ga_session_id" in _params(hit)) != refused
        assert not (refused and hit["user_id"])
    assert any(hit["user_id"] for hit in hits) and not all(hit["user_id"] for hit in hits)


def test_ga4_cookies_are_digits_on_the_web_and_hex_in_apps(hits: list[dict]) -> None:
    for hit in hits:
        if hit["user_pseudo_id"]:
            shape = r"^\d+\.\d+$" if hit["platform"] == "WEB" else r"^[0-9a-f]{32}$"
            assert re.match(shape, hit["user_pseudo_id"])


def test_ga4_purchases_quote_the_shops_order(hits: list[dict], tables: Tables) -> None:
    totals = {
        key.removeprefix("shop:"): total / (100 if currency == "EUR" else 1)
        for key, total, currency in tables("orders")
        .select("order_id", "total_minor", "currency")
        .iter_rows()
    }
    bought = [hit for hit in hits if hit["event_name"] == "purchase"]
    assert bought
    for hit in bought:
        assert hit["ecommerce"]["purchase_revenue"] == totals[_params(hit)["transaction_id"]]
        assert sum(int(item["quantity"]) for item in hit["items"]) == int(
            hit["ecommerce"]["total_item_quantity"]
        )


def test_ga4_flat_is_the_same_events(
    exports: Path, hits: list[dict], formats: Path, cells: Callable[[Path], Rows]
) -> None:
    rows = cells(exports / "ga4_flat_csv" / "events_flat_bq_csv.csv")
    with (formats / "ga4_bigquery_export" / "events_flat_bq_csv.csv").open(newline="") as file:
        assert list(rows[0]) == next(csv.reader(file))
    assert len(rows) == len(hits)
    for row, hit in zip(rows, hits, strict=True):
        assert row["event_timestamp"] == hit["event_timestamp"]
        assert json.loads(row["event_params"]) == hit["event_params"]
        assert row["user_pseudo_id"] == (hit["user_pseudo_id"] or "")


def test_log_addresses_are_of_the_documentation(log: list[re.Match[str]]) -> None:
    found = {ipaddress.ip_address(line[1]) for line in log}
    assert all(any(each in network for network in _DOCUMENTATION) for each in found)
    assert {each.version for each in found} == {4, 6}


def test_log_has_a_line_per_page_and_mail_pixel_besides_bots(
    log: list[re.Match[str]], tables: Tables, truth: Callable[[str], pl.DataFrame]
) -> None:
    visited = tables("events").filter(pl.col("channel") == "web")
    pages = visited.height
    opened = tables("interactions").filter(channel="email", action="opened").height
    bots = truth("access_log")["record_id"].null_count() - visited["record_id"].null_count()
    assert bots > 0
    assert len(log) == pages + opened + bots
    assert sum("/px.gif?e=open&" in line[3] for line in log) == opened


def test_log_times_are_local_with_an_offset(log: list[re.Match[str]], tables: Tables) -> None:
    found = Counter(datetime.strptime(line[2], "%d/%b/%Y:%H:%M:%S %z") for line in log)
    assert {moment.strftime("%z") for moment in found} == {"+0100", "+0200"}
    web = tables("events").filter(pl.col("channel") == "web")["occurred_at"]
    assert all(moment in found for moment in web.dt.truncate("1s"))


def test_log_cookie_joins_to_analytics(log: list[re.Match[str]], hits: list[dict]) -> None:
    cookies = {m[1] for line in log if (m := re.search(r"_ga=GA1\.1\.(\d+\.\d+)", line[8]))}
    seen = {hit["user_pseudo_id"] for hit in hits if hit["platform"] == "WEB"}
    assert cookies and cookies <= seen


def test_log_cookie_tells_the_banners_decision(log: list[re.Match[str]]) -> None:
    told = [line[8] for line in log if "CookieConsent=" in line[8]]
    assert {"statistics:true" in cookie for cookie in told} == {True, False}
    assert not any("statistics:false" in cookie and "_ga=" in cookie for cookie in told)


def test_log_has_proxies_bots_and_missing_fields(log: list[re.Match[str]]) -> None:
    agents = Counter(line[7] for line in log)
    assert any("GoogleImageProxy" in agent for agent in agents)
    assert any("Googlebot" in agent or "bingbot" in agent for agent in agents)
    assert any(line[5] == "-" for line in log)
    pixels = [parse_qs(urlsplit(line[3].split()[1]).query) for line in log if "px.gif" in line[3]]
    assert any("@" in pixel["uid"][0] for pixel in pixels)


def test_log_searches_are_percent_encoded(log: list[re.Match[str]]) -> None:
    assert any(HOSTILE in unquote(line[3]) for line in log)


def test_segment_keys_are_the_samples(messages: list[dict], formats: Path, lines: Lines) -> None:
    sample = lines(formats / "segment" / "events.ndjson")
    known = set().union(*sample) | {"name"}  # of a page
    assert all(message.keys() <= known for message in messages)
    assert {message["type"] for message in messages} == {"identify", "track", "page", "screen"}
    traits = next(each["traits"] for each in sample if each["type"] == "identify")
    for message in messages:
        if message["type"] == "identify":
            assert message["traits"].keys() <= traits.keys() | {"createdAt"}
            assert message["userId"]
    order = next(each["properties"] for each in sample if each.get("event") == "Order Completed")
    bought = [each for each in messages if each.get("event") == "Order Completed"]
    assert bought
    assert all(order.keys() - {"coupon"} <= each["properties"].keys() for each in bought)


def test_segment_hears_of_decisions_and_says_how_consent_stood(
    messages: list[dict], tables: Tables, truth: Callable[[str], pl.DataFrame]
) -> None:
    told = [e for e in messages if e.get("event") == "Segment Consent Preference Updated"]
    known = truth("segment")["record_id"].unique()
    decided = tables("consents").filter(
        pl.col("method") == "banner",
        pl.col("purpose").is_in(["analytics", "marketing.advertising"]),
        pl.col("record_id").is_in(known.implode()),
    )
    assert len(told) == decided.height
    for message in told:
        stated = message["context"]["consent"]["categoryPreferences"]
        assert stated and stated.keys() <= {"Analytics", "Advertising"}
    assert any("consent" not in each["context"] for each in messages)


def test_segment_corrects_a_wrong_clock(messages: list[dict]) -> None:
    off = 0
    for message in (each for each in messages if "sentAt" in each):
        at = {
            key: datetime.fromisoformat(message[key])
            for key in ("timestamp", "originalTimestamp", "sentAt", "receivedAt")
        }
        skew = at["sentAt"] - at["receivedAt"]
        assert at["originalTimestamp"] - at["timestamp"] == skew
        off += bool(skew)
    assert 0 < off < len(messages) / 4


def test_segment_knows_nobody_before_login_and_repeats_a_few(messages: list[dict]) -> None:
    assert any(message["userId"] is None for message in messages)
    ids = Counter(message["messageId"] for message in messages)
    assert max(ids.values()) <= 2
    assert len(messages) - len(ids) < len(messages) / 100


def test_amplitude_keys_are_the_samples(taps: list[dict], formats: Path, lines: Lines) -> None:
    sample = lines(formats / "amplitude" / "100011471_2025-07-17_10#0.json")
    assert all(tap.keys() == sample[0].keys() for tap in taps)


def test_amplitude_has_the_apps_events(taps: list[dict], tables: Tables) -> None:
    app = tables("events").filter(pl.col("channel") == "app")
    assert len({tap["$insert_id"] for tap in taps}) == app.height
    stamp = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$")
    assert all(stamp.match(tap["event_time"]) for tap in taps)
    late = [tap for tap in taps if tap["server_upload_time"][:10] > tap["event_time"][:10]]
    assert 0 < len(late) < len(taps) / 10


def test_amplitude_says_which_ids_were_merged(
    taps: list[dict], exports: Path, lines: Lines
) -> None:
    merged = lines(exports / "amplitude" / "100011471_merged_amplitude_ids.json")
    into = {each["amplitude_id"]: each["merged_amplitude_id"] for each in merged}
    assert into
    known = {tap["amplitude_id"] for tap in taps if tap["user_id"]}
    assert set(into.values()) == known
    assert not any(tap["amplitude_id"] in known for tap in taps if tap["user_id"] is None)
