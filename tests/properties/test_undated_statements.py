"""Statements and facts without a time are in the latest view of a study, in whichever zone."""

from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import available_timezones

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.privacy.conftest import source, study
from workbench.intake import load
from workbench.privacy import default_as_of, open_view
from workbench.schema.timeline import first_moment
from workbench.sources import SourceMapping
from workbench.sources.source_settings import Provenance
from workbench.vault import Vault

ZONES = st.sampled_from(sorted(zone for zone in available_timezones() if "/" in zone))
DAYS = st.dates(date(2000, 1, 1), date(2037, 12, 31))
SETTINGS = {"system": "s", "currency": "EUR", "basis": "contract"}


def provenance(zone: str, until: date) -> Provenance:
    given = {**SETTINGS, "zone": zone, "data_until": until.isoformat()}
    return Provenance.of({}, given, where="test")


def latest_moment(sources: list[Provenance], zone: str):
    """Return the moment of the latest view of sources that are different systems."""
    entries = [
        source(str(n), each.data_until_at.replace(tzinfo=None).isoformat(), system=f"s{n}")
        for n, each in enumerate(sources)
    ]
    return first_moment(default_as_of(SimpleNamespace(sources=entries), zone=zone), zone)


@settings(max_examples=500, deadline=None)
@given(ZONES, ZONES, DAYS)
@example("UTC", "Europe/Berlin", date(2025, 1, 1))
@example("Pacific/Honolulu", "Pacific/Kiritimati", date(2025, 1, 1))
@example("Pacific/Kiritimati", "Pacific/Honolulu", date(2025, 1, 1))
@example("Australia/Adelaide", "Australia/Brisbane", date(2024, 10, 7))  # a day of 23 hours
@example("Australia/Brisbane", "Australia/Adelaide", date(2024, 4, 8))  # of 25 in the study
@example("Europe/Berlin", "UTC", date(2024, 4, 1))
@example("UTC", "Europe/Berlin", date(2024, 10, 28))
def test_an_undated_statement_is_known_at_the_latest_as_of(made_in: str, asked_in: str, day: date):
    stated = provenance(made_in, day)
    assert stated.undated_at < latest_moment([stated], asked_in) <= stated.data_until_at


@settings(max_examples=500, deadline=None)
@given(ZONES, ZONES, ZONES, DAYS)
@example("America/New_York", "Europe/Berlin", "UTC", date(2025, 1, 1))
@example("America/Los_Angeles", "Asia/Tokyo", "Europe/Berlin", date(2025, 1, 1))
def test_it_is_known_if_another_source_ends_up_to_22_hours_earlier(
    made_in: str, other_in: str, asked_in: str, day: date
):
    stated, other = provenance(made_in, day), provenance(other_in, day)
    assume(stated.data_until_at - other.data_until_at <= timedelta(hours=22))
    assert stated.undated_at <= latest_moment([stated, other], asked_in)


@pytest.mark.parametrize(
    "zone", ["Pacific/Honolulu", "America/Los_Angeles", "UTC", "Europe/Berlin", "Asia/Tokyo"]
)
def test_a_view_shows_undated_statements_beside_dated_ones(tmp_path: Path, zone: str):
    """Two records are of the last covered minute, one is older, and the others have no time."""
    mapping = SourceMapping.of(
        {
            **SETTINGS, "zone": "UTC", "data_until": "2025-01-01",
            "columns": {
                "id": "code", "since": "date", "changed": {"type": "instant"}, "country": "code",
                "tag": "category",
            },
            "record": {"id": "id", "observed_at": "COALESCE(changed, undated_at)"},
            "attributes": {"status": {"tag": "tag"}},
            "tables": {"customers": {"first_seen_at": "since", "country": "country"}},
        },
        name="people",
    )  # fmt: skip
    times = [*["2024-12-31T23:59:00Z"] * 2, "2024-06-01T10:00:00Z", "", "", ""]
    lines = [f"{n},2024-03-01,{time},NL,member" for n, time in enumerate(times)]
    path = tmp_path / "people.csv"
    path.write_text("\n".join(["id,since,changed,country,tag", *lines]) + "\n")
    vault = Vault.init(tmp_path / "workspace")
    load([path], vault=vault, dataset="shop", mapping=mapping, settings={})
    asked = study(
        basis="contract",
        zone=zone,
        columns={
            "customers": ("first_seen_at", "country"),
            "attributes": ("namespace", "attribute", "value", "observed_at", "is_special_category"),
        },
    )
    data = open_view(asked, vault.dataset("shop")).data
    # Only the latest day of a study in the source's own zone begins after the last covered minute.
    known = 6 if zone == "UTC" else 4
    assert data["customers"].collect()["country"].drop_nulls().len() == known
    assert data["attributes"].collect().height == known


ORDERS = """
Name,Email,Financial Status,Paid at,Created at,Currency,Total,Refunded Amount,\
Lineitem quantity,Lineitem name,Lineitem price
#1,a@x.example,refunded,2024-05-02 10:00:00Z,2024-05-02 10:00:00Z,EUR,20.00,20.00,1,Mug,20.00
#2,b@x.example,partially_refunded,,2024-06-02 10:00:00Z,EUR,20.00,5.00,1,Mug,20.00
#3,c@x.example,paid,2024-07-02 10:00:00Z,2024-07-02 10:00:00Z,EUR,20.00,0.00,1,Mug,20.00
#4,a@x.example,refunded,2024-12-31 23:59:00Z,2024-12-31 23:58:00Z,EUR,20.00,20.00,1,Mug,20.00
"""
CHARGES = """
id,Created date (UTC),Amount,Amount Refunded,Currency,Status,Customer Email
ch_1,2024-05-02 10:00,20.00,20.00,eur,Refunded,a@x.example
ch_2,2024-06-02 10:00,20.00,5.00,eur,Partially Refunded,b@x.example
ch_3,2024-07-02 10:00,20.00,0.00,eur,Paid,c@x.example
ch_4,2024-12-31 23:58,20.00,20.00,eur,Refunded,a@x.example
"""


@pytest.mark.parametrize(
    "zone", ["Pacific/Honolulu", "America/Los_Angeles", "UTC", "Europe/Berlin", "Asia/Tokyo"]
)
def test_a_view_shows_refunds_of_which_exports_have_no_time(tmp_path: Path, zone: str):
    """The fourth order and charge are of the last covered minutes, and so are their refunds."""
    vault = Vault.init(tmp_path / "workspace")
    for name, lines in (("orders", ORDERS), ("charges", CHARGES)):
        (tmp_path / f"{name}.csv").write_text(lines.lstrip())
        given = {"zone": "UTC", "currency": "EUR", "basis": "contract", "data_until": "2025-01-01"}
        load([tmp_path / f"{name}.csv"], vault=vault, dataset="shop", settings=given)
    asked = study(
        basis="contract",
        zone=zone,
        columns={
            "customers": ("first_seen_at",),
            "orders": ("kind", "ordered_at", "currency", "total_minor"),
            "payments": ("kind", "paid_at", "currency", "amount_minor"),
        },
    )
    data = open_view(asked, vault.dataset("shop")).data
    refunds = data["payments"].filter(kind="refund").collect()
    returns = data["orders"].filter(kind="return").collect()
    latest = [2_000] if zone == "UTC" else []
    assert sorted(-refunds["amount_minor"]) == sorted([500, 2_000, *latest] * 2)
    assert sorted(-returns["total_minor"]) == sorted([500, 2_000, *latest])
