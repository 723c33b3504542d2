"""Salesforce, Zendesk and Meta: the samples' columns and keys, and the notes' quirks."""

import json
import re
import string
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.exports.conftest import HOSTILE, Rows, csv_text

Tables = Callable[[str], pl.DataFrame]


@pytest.fixture(scope="module")
def contacts(exports: Path, cells: Callable[[Path], Rows]) -> Rows:
    """Return Salesforce's contacts."""
    return cells(exports / "salesforce" / "Contact_dataloader.csv")


@pytest.fixture(scope="module")
def cases(exports: Path, cells: Callable[[Path], Rows]) -> Rows:
    """Return Salesforce's cases."""
    return cells(exports / "salesforce" / "Case_dataloader.csv")


@pytest.fixture(scope="module")
def desk(exports: Path) -> dict:
    """Return Zendesk's export."""
    return json.loads((exports / "zendesk" / "tickets_incremental.json").read_bytes())


@pytest.fixture(scope="module")
def wall(exports: Path) -> list[dict]:
    """Return the comments on Facebook."""
    return json.loads((exports / "meta_graph_comments" / "comments.json").read_bytes())["data"]


@pytest.fixture(scope="module")
def photos(exports: Path) -> list[dict]:
    """Return the comments on Instagram."""
    return json.loads((exports / "meta_graph_comments" / "ig_comments.json").read_bytes())["data"]


def _checksum(short: str) -> str:
    """Return the last three characters of a Salesforce id, worked out letter by letter."""
    signs = string.ascii_uppercase + "012345"
    return "".join(
        signs[sum(2**n for n, letter in enumerate(short[start : start + 5]) if letter.isupper())]
        for start in (0, 5, 10)
    )


def test_checksum_is_that_of_a_known_id() -> None:
    assert _checksum("005x0000000fNSi") == "AAM"
    assert _checksum("003x0000004GpXk") == "AAK"


def test_salesforce_columns_are_the_samples(exports: Path, formats: Path) -> None:
    for name in ("Contact_dataloader.csv", "Case_dataloader.csv"):
        head = (formats / "salesforce" / name).read_text().split("\n", 1)[0]
        content = csv_text(exports / "salesforce" / name)
        assert content.split("\n", 1)[0] == head


def test_every_salesforce_cell_is_quoted(exports: Path) -> None:
    content = (exports / "salesforce" / "Contact_dataloader.csv").read_bytes().decode()
    cell = r'"(?:[^"]|"")*"'
    assert re.fullmatch(rf"(?:{cell}(?:,{cell})*\n)+", content)


def test_salesforce_ids_bear_their_prefix_and_checksum(contacts: Rows, cases: Rows) -> None:
    ids = [(c["ID"], "003") for c in contacts] + [(c["ID"], "500") for c in cases]
    ids += [(c["OWNERID"], "005") for c in contacts + cases]
    for value, prefix in ids:
        assert len(value) == 18 and value.startswith(prefix)
        assert value[15:] == _checksum(value[:15])
    assert len({c["ID"] for c in contacts}) == len(contacts)


def test_salesforce_writes_utc_in_two_ways_and_days_without_time(contacts: Rows) -> None:
    stamp = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000(Z|\+0000)$")
    assert {stamp.match(c["CREATEDDATE"])[1] for c in contacts} == {"Z", "+0000"}
    assert all(re.match(r"^(\d{4}-\d\d-\d\d)?$", c["BIRTHDATE"]) for c in contacts)
    assert {c["HASOPTEDOUTOFEMAIL"] for c in contacts} == {"true", "false"}


def test_cases_belong_to_contacts_or_to_an_address(contacts: Rows, cases: Rows) -> None:
    known = {c["ID"] for c in contacts}
    short = {each[:15] for each in known}
    said = [case["CONTACTID"] for case in cases if case["CONTACTID"]]
    assert {len(each) for each in said} == {15, 18}
    assert {each in (known if len(each) == 18 else short) for each in said} == {True}
    assert any(not case["CONTACTID"] and case["SUPPLIEDEMAIL"] for case in cases)
    assert all((case["STATUS"] == "Closed") == bool(case["CLOSEDDATE"]) for case in cases)


def test_hostile_names_stand_as_they_are(contacts: Rows, desk: dict) -> None:
    assert any(contact["NAME"] == HOSTILE for contact in contacts)
    assert any(user["name"] == HOSTILE for user in desk["users"])


def test_cases_and_tickets_are_all_threads(cases: Rows, desk: dict, tables: Tables) -> None:
    asked = tables("interactions").filter(pl.col("channel").is_in(["ticket", "chat"]))
    assert len(cases) + len(desk["tickets"]) == asked["thread_id"].n_unique()
    assert desk["count"] == len(desk["tickets"])


def test_zendesk_keys_are_the_samples(desk: dict, formats: Path) -> None:
    sample = json.loads((formats / "zendesk" / "tickets_incremental.json").read_bytes())
    assert desk.keys() == sample.keys()
    (ticket,), (user,), (comment,) = sample["tickets"], sample["users"], sample["comments"]
    assert all(each.keys() == ticket.keys() for each in desk["tickets"])
    assert all(each.keys() == user.keys() for each in desk["users"])
    assert all(each.keys() == comment.keys() | {"ticket_id"} for each in desk["comments"])
    rated = [each["satisfaction_rating"] for each in desk["tickets"]]
    assert {each["score"] for each in rated} >= {"good", "offered"}
    assert any(each.keys() == ticket["satisfaction_rating"].keys() for each in rated)


def test_zendesk_users_and_tickets_fit_together(desk: dict, contacts: Rows) -> None:
    roles = {user["id"]: user["role"] for user in desk["users"]}
    assert len(roles) == len(desk["users"])
    assert {roles[ticket["requester_id"]] for ticket in desk["tickets"]} == {"end-user"}
    assert {roles[ticket["assignee_id"]] for ticket in desk["tickets"]} == {"agent"}
    assert all(comment["author_id"] in roles for comment in desk["comments"])
    tickets = {ticket["id"] for ticket in desk["tickets"]}
    assert {comment["ticket_id"] for comment in desk["comments"]} <= tickets
    external = {user["external_id"] for user in desk["users"]} - {None}
    assert external and external <= {contact["ID"] for contact in contacts}


def test_zendesk_notes_are_private_and_html_is_escaped(desk: dict) -> None:
    assert {comment["public"] for comment in desk["comments"]} == {True, False}
    hostile = [c for c in desk["comments"] if c["plain_body"] == HOSTILE]
    assert all("&lt;b&gt;&amp;amp;" in comment["html_body"] for comment in hostile)


def test_zendesk_tags_are_words(desk: dict, tables: Tables) -> None:
    topics = {topic for topic in tables("interactions")["topic"] if topic}
    for ticket in desk["tickets"]:
        assert not ticket["tags"] or ",".join(ticket["tags"]) in topics


def test_meta_keys_are_the_samples(wall: list[dict], photos: list[dict], formats: Path) -> None:
    sample = json.loads((formats / "meta_graph_comments" / "comments.json").read_bytes())
    full, bare = sample["data"]
    assert all(bare.keys() <= comment.keys() <= full.keys() for comment in wall)
    answers = [each for comment in wall for each in comment.get("comments", {"data": []})["data"]]
    (answer,) = full["comments"]["data"]
    assert answers and all(each.keys() == answer.keys() for each in answers)
    sample = json.loads((formats / "meta_graph_comments" / "ig_comments.json").read_bytes())
    assert all(photo.keys() | {"from"} == sample["data"][0].keys() for photo in photos)


def test_meta_comments_are_the_worlds(wall: list[dict], photos: list[dict], tables: Tables) -> None:
    said = tables("interactions").filter(channel="social", action="message")
    answers = [each for comment in wall for each in comment.get("comments", {"data": []})["data"]]
    assert len(wall) + len(answers) + len(photos) == said.height
    asked = {c["created_time"] for c in wall if c["message"] == "Is this vegan? 🌱"}
    assert asked == {"2024-07-05T07:01:26+0000"}
    assert all(answer["parent"]["id"] in {c["id"] for c in wall} for answer in answers)
    own = {photo["id"] for photo in photos if photo["parent_id"] is None}
    assert all(photo["parent_id"] in own for photo in photos if photo["parent_id"])
    assert any(photo["parent_id"] for photo in photos)


def test_meta_hides_some_writers(wall: list[dict]) -> None:
    assert {"from" in comment for comment in wall} == {True, False}
    ids = [comment["from"]["id"] for comment in wall if "from" in comment]
    assert all(int(each) > 10**16 for each in ids)
