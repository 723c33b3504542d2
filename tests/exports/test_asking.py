"""Mailchimp, the survey tools and OneTrust: the samples' columns and keys, the notes' quirks."""

import csv
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from tests.exports.conftest import HOSTILE, Rows, csv_text

AUDIENCE = "audience_export_ab12cd.zip"
Tables = Callable[[str], pl.DataFrame]
Lines = Callable[[Path], list[dict]]


def _raw(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


@pytest.fixture(scope="module")
def members(exports: Path, cells: Callable[[Path], Rows]) -> dict[str, Rows]:
    """Return Mailchimp's members by status."""
    return {
        status: cells(exports / "mailchimp" / AUDIENCE / f"{status}_members_export_ab12cd.csv")
        for status in ("subscribed", "unsubscribed", "cleaned")
    }


@pytest.fixture(scope="module")
def receipts(exports: Path) -> list[dict]:
    """Return OneTrust's receipts."""
    return json.loads((exports / "consent_onetrust" / "consent_receipts.json").read_bytes())


def test_mailchimp_columns_are_the_samples(exports: Path, formats: Path) -> None:
    name = "subscribed_members_export_ab12cd.csv"
    head = csv_text(exports / "mailchimp" / AUDIENCE / name).split("\n", 1)[0]
    assert head.split(",") == _raw(formats / "mailchimp" / name)[0]


def test_mailchimp_status_is_in_the_name_with_its_columns(members: dict[str, Rows]) -> None:
    assert {"UNSUB_TIME", "UNSUB_CAMPAIGN_TITLE", "UNSUB_REASON"} <= members["unsubscribed"][
        0
    ].keys()
    assert all(member["UNSUB_TIME"] for member in members["unsubscribed"])
    assert all(member["CLEAN_TIME"] for member in members["cleaned"])
    addresses = [member["EUID"] for rows in members.values() for member in rows]
    assert len(addresses) == len(set(addresses))


def test_mailchimp_members_said_yes_last(
    members: dict[str, Rows], tables: Tables, truth: Callable[[str], pl.DataFrame]
) -> None:
    last = (
        tables("consents")
        .filter(purpose="marketing.communications")
        .sort("decided_at", nulls_last=False)
        .group_by("record_id")
        .agg(pl.col("decision").cast(pl.String).last())
    )
    told = truth("mailchimp").filter(pl.col("file").str.contains("members"))
    told = told.join(last, on="record_id")
    assert told.height == sum(map(len, members.values()))
    is_out = told["file"].str.starts_with("unsubscribed")
    assert (told["decision"] == "given").eq(~is_out).all()


def test_mailchimp_cells_have_the_vendors_shapes(members: dict[str, Rows]) -> None:
    subscribed = members["subscribed"]
    for member in subscribed:
        assert re.match(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)?$", member["OPTIN_TIME"])
        assert re.match(r"^(\d\d/\d\d)?$", member["Birthday"])
        assert 2 <= int(member["MEMBER_RATING"]) <= 5
        assert not member["TAGS"] or len(next(csv.reader([member["TAGS"]]))) == 2
    assert any("  " in member["Address"] for member in subscribed)
    confirmed = [m for m in subscribed if m["CONFIRM_TIME"]]
    assert confirmed and all(m["CONFIRM_TIME"] > m["OPTIN_TIME"] for m in confirmed)


def test_mailchimp_activity_is_a_line_per_recipient(
    exports: Path, lines: Lines, tables: Tables, formats: Path
) -> None:
    sample = lines(formats / "mailchimp" / "campaignSubscriberActivity.ndjson")
    keys = {key for line in sample for done in line.values() for each in done for key in each}
    campaign = "newsletter-2024-09"
    own = lines(exports / "mailchimp" / f"campaignSubscriberActivity_{campaign}.ndjson")
    done = [each for line in own for actions in line.values() for each in actions]
    assert all(len(line) == 1 for line in own) and any([] in line.values() for line in own)
    assert done and all(each.keys() == keys for each in done)
    has_address = tables("identities").filter(kind="email")["record_id"]
    mails = tables("interactions").filter(
        pl.col("campaign_id") == campaign,
        pl.col("channel") == "email",
        pl.col("record_id").is_in(has_address.implode()),
    )
    assert len(own) == mails["record_id"].n_unique()
    assert len(done) == mails["action"].is_in(["opened", "clicked", "bounced"]).sum()
    clicks = [each for each in done if each["action"] == "click"]
    assert all("mc_cid=" in each["url"] and "mc_eid=" in each["url"] for each in clicks)


def test_surveymonkey_has_two_header_rows(exports: Path, formats: Path) -> None:
    rows = _raw(exports / "surveymonkey" / "survey-nps_condensed_export.csv")
    sample = _raw(formats / "surveymonkey" / "Survey_condensed_export.csv")
    assert rows[0][:9] == sample[0][:9] and rows[1][:9] == sample[1][:9]
    assert set(rows[1][9:]) == {"Response", "Open-Ended Response"}
    assert any("<em>" in cell for cell in rows[0][9:])


def test_surveymonkey_writes_us_local_times_and_old_dots(exports: Path, tables: Tables) -> None:
    rows = _raw(exports / "surveymonkey" / "survey-nps_condensed_export.csv")[2:]
    ended = {datetime.strptime(row[3], "%m/%d/%Y %I:%M:%S %p") for row in rows}  # noqa: DTZ007 - the vendor names no zone
    answered = tables("interactions").filter(channel="survey", action="responded")["occurred_at"]
    local = answered.dt.convert_time_zone("Europe/Berlin").dt.replace_time_zone(None)
    assert ended <= set(local.dt.truncate("1s"))
    assert any(not row[4] and not row[5] for row in rows)
    assert any(row[5] for row in rows)


def test_qualtrics_has_three_header_rows(exports: Path, formats: Path) -> None:
    rows = _raw(exports / "qualtrics" / "survey-nps.csv")
    sample = _raw(formats / "qualtrics" / "sample_3header.csv")
    assert [row[:17] for row in rows[:3]] == [row[:17] for row in sample[:3]]
    assert rows[0][17:] == [f"Q{n}" for n in range(1, len(rows[0]) - 16)]
    assert all(json.loads(cell)["ImportId"].startswith("QID") for cell in rows[2][17:])


def test_qualtrics_rows_are_consistent(exports: Path) -> None:
    head, _, _, *rows = _raw(exports / "qualtrics" / "survey-nps.csv")
    for row in (dict(zip(head, values, strict=True)) for values in rows):
        start, end = (datetime.fromisoformat(row[key]) for key in ("StartDate", "EndDate"))
        seconds = timedelta(seconds=int(row["Duration (in seconds)"]))
        summer = [t.replace(tzinfo=ZoneInfo("Europe/Berlin")).utcoffset() for t in (start, end)]
        assert end - start == seconds or summer[0] != summer[1]
        assert (row["Finished"] == "1") == (row["Progress"] == "100")
        assert re.match(r"^R_[0-9A-Za-z]{15}$", row["ResponseId"])
        assert (row["DistributionChannel"] == "anonymous") <= (not row["RecipientEmail"])


def test_each_response_is_in_one_tool_with_its_answers(exports: Path, tables: Tables) -> None:
    monkey = _raw(exports / "surveymonkey" / "survey-nps_condensed_export.csv")[2:]
    qualtrics = _raw(exports / "qualtrics" / "survey-nps.csv")[3:]
    given = tables("interactions").filter(channel="survey", action="responded")
    assert len(monkey) + len(qualtrics) == given.height
    answered = sum(bool(cell) for row in monkey for cell in row[9:])
    answered += sum(bool(cell) for row in qualtrics for cell in row[17:])
    answers = tables("answers")
    assert (
        answered == (answers["answer"].is_not_null() | answers["answer_number"].is_not_null()).sum()
    )


def test_onetrust_keys_are_the_samples(receipts: list[dict], formats: Path) -> None:
    sample = json.loads((formats / "consent_onetrust" / "consent_receipts.json").read_bytes())
    assert all(receipt.keys() == sample[0].keys() for receipt in receipts)
    known = {key for purpose in sample[0]["purposes"] for key in purpose}
    assert all(p.keys() <= known for receipt in receipts for p in receipt["purposes"])


def test_onetrust_tells_every_decision_of_whom_it_knows(
    receipts: list[dict], tables: Tables, truth: Callable[[str], pl.DataFrame]
) -> None:
    known = truth("consent_onetrust")["record_id"].unique()
    own = tables("consents").filter(pl.col("record_id").is_in(known.implode()))
    purposes = [purpose for receipt in receipts for purpose in receipt["purposes"]]
    assert len(purposes) == own.height
    words = {"given": "CONFIRMED", "refused": "NOTGIVEN", "withdrawn": "WITHDRAWN"}
    for decision, word in words.items():
        told = sum(purpose["TransactionType"] == word for purpose in purposes)
        assert told == (own["decision"] == decision).sum()


def test_onetrust_dates_come_with_and_without_zone(receipts: list[dict]) -> None:
    dates = {receipt["interactionDate"] for receipt in receipts} - {None}
    assert all(date.endswith("Z") for date in dates)
    withdrawn = [
        purpose["withdrawnDate"]
        for receipt in receipts
        for purpose in receipt["purposes"]
        if purpose["TransactionType"] == "WITHDRAWN"
    ]
    assert withdrawn and not any(date.endswith("Z") for date in withdrawn)
    assert {receipt["identifierType"] for receipt in receipts} == {"Email", "CustomerId"}
    assert any(receipt["dsDataElements"].get("FirstName") == HOSTILE for receipt in receipts)
