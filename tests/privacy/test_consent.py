"""Whom a study may see: the decisions that concern it, in the order in which they count."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest

from tests.privacy.conftest import consent, opened, study
from workbench.privacy import exclusion_reasons


def reason(decisions: Sequence[dict[str, Any]], **changes: Any) -> str | None:
    """Return why customer 1 may not be seen; None where they may."""
    told = exclusion_reasons(
        pl.DataFrame({"customer_id": [1]}, schema={"customer_id": pl.UInt64}),
        opened("consents", decisions),
        study=study(**changes),
    )
    return told["reason"][0]


def test_on_consent_only_who_said_yes_last_is_seen() -> None:
    given = consent(1, "given", "2024-01-01")
    assert reason([given]) is None
    assert reason([]) == "no decision for this purpose"
    withdrawn = consent(1, "withdrawn", "2024-02-01")
    assert reason([withdrawn, given]) == "latest decision is withdrawn"
    assert reason([withdrawn, given, consent(1, "given", "2024-03-01")]) is None


@pytest.mark.parametrize("decision", ["refused", "withdrawn", "objected", "restricted"])
def test_on_another_basis_everyone_is_seen_but_who_denied_last(decision: str) -> None:
    assert reason([], basis="contract") is None
    denied = [consent(1, decision, "2024-02-01")]
    assert reason(denied, basis="contract") == f"latest decision is {decision}"
    again = consent(1, "given", "2024-03-01")
    assert reason([*denied, again], basis="contract") is None


def test_being_asked_is_no_permission_and_ends_no_denial() -> None:
    given, objected = consent(1, "given", "2024-01-01"), consent(1, "objected", "2024-01-01")
    for said in ("requested", "unknown"):
        asked = consent(1, said, "2024-02-01")
        assert reason([given, asked]) == f"latest decision is {said}"
        assert reason([objected, asked], basis="contract") == "latest decision is objected"
        assert reason([asked], basis="contract") is None


@pytest.mark.parametrize("stricter", ["unknown", "requested", "refused", "withdrawn", "objected"])
@pytest.mark.parametrize("order", [1, -1])
def test_at_one_instant_the_stricter_counts(stricter: str, order: int) -> None:
    both = [consent(1, "given", "2024-01-01"), consent(1, stricter, "2024-01-01")][::order]
    assert reason(both) == f"latest decision is {stricter}"


def test_a_decision_without_purpose_denies_every_purpose_and_permits_none() -> None:
    given = consent(1, "given", "2024-01-01")
    for_all = consent(1, "withdrawn", "2024-02-01", purpose=None)
    assert reason([given, for_all]) == "latest decision is withdrawn"
    assert reason([consent(1, "given", "2024-01-01", purpose=None)]) is not None
    other = consent(1, "withdrawn", "2024-02-01", purpose="personalize")
    assert reason([given, other]) is None


def test_a_release_ends_a_restriction_and_what_stood_before_stands_again() -> None:
    restricted = consent(1, "restricted", "2024-02-01", purpose=None)
    released = consent(1, "released", "2024-03-01", purpose=None)
    given, objected = consent(1, "given", "2024-01-01"), consent(1, "objected", "2024-01-01")
    assert reason([given, restricted]) == "latest decision is restricted"
    assert reason([given, restricted, released]) is None
    assert reason([objected, restricted, released], basis="contract") is not None
    assert reason([restricted, released], basis="contract") is None
    assert reason([restricted, released]) == "no decision for this purpose"
    between = consent(1, "withdrawn", "2024-02-15")
    assert reason([given, restricted, between, released]) == "latest decision is withdrawn"
    again = consent(1, "restricted", "2024-04-01")
    assert reason([given, restricted, released, again]) == "latest decision is restricted"


def test_a_release_at_the_instant_of_the_restriction_does_not_end_it() -> None:
    both = [consent(1, "restricted", "2024-02-01"), consent(1, "released", "2024-02-01")]
    assert reason(both, basis="contract") == "latest decision is restricted"


def test_a_study_with_a_channel_hears_its_own_channel_and_what_is_said_for_all() -> None:
    by_mail = consent(1, "given", "2024-01-01", channel="email")
    by_phone = consent(1, "withdrawn", "2024-02-01", channel="phone")
    assert reason([by_mail, by_phone], channel="email") is None
    assert reason([by_mail, by_phone], channel="phone") == "latest decision is withdrawn"
    assert reason([by_mail, by_phone], channel="sms") == "no decision for this purpose"
    assert reason([by_mail, by_phone]) == "latest decision is withdrawn"
    for_all = consent(1, "withdrawn", "2024-03-01")
    assert reason([by_mail, for_all], channel="email") == "latest decision is withdrawn"


@pytest.mark.parametrize("basis", ["consent", "legitimate_interest"])
@pytest.mark.parametrize("denial", ["refused", "withdrawn", "objected", "restricted"])
@pytest.mark.parametrize("about", [None, "sms"])
def test_consent_for_one_channel_lifts_no_denial_of_another(
    basis: str, denial: str, about: str | None
) -> None:
    denied = consent(1, denial, "2024-02-01", channel=about)
    by_mail = consent(1, "given", "2024-03-01", channel="email")
    said = f"latest decision is {denial}"
    assert reason([denied, by_mail], basis=basis) == said
    assert reason([denied, by_mail], basis=basis, channel="email") is None
    for_all = consent(1, "given", "2024-04-01")
    assert reason([denied, by_mail, for_all], basis=basis) is None
    own = consent(1, "given", "2024-04-01", channel=about)
    assert reason([denied, by_mail, own], basis=basis) is None


def test_a_denial_for_all_channels_replaces_what_was_decided_for_each() -> None:
    by_mail = consent(1, "objected", "2024-01-01", channel="email")
    for_all = consent(1, "withdrawn", "2024-02-01")
    assert reason([by_mail, for_all], basis="contract") == "latest decision is withdrawn"


def test_a_release_for_one_channel_leaves_the_others_restricted() -> None:
    given = consent(1, "given", "2024-01-01")
    restricted = consent(1, "restricted", "2024-02-01", channel="email")
    elsewhere = consent(1, "released", "2024-03-01", channel="sms")
    assert reason([given, restricted, elsewhere]) == "latest decision is restricted"
    for released in (
        consent(1, "released", "2024-03-01", channel="email"),
        consent(1, "released", "2024-03-01"),
    ):
        assert reason([given, restricted, released]) is None
    everywhere = consent(1, "restricted", "2024-02-01")
    assert reason([given, everywhere, elsewhere]) == "latest decision is restricted"
    assert reason([given, everywhere, elsewhere], channel="sms") is None


def test_a_privacy_signal_denies_what_it_is_about_and_nothing_else() -> None:
    """Case C04: U1 accepts advertising and analytics, later sends GPC; U2 only GPC; U3 denies."""

    def decided(number: int, decision: str, when: str, purpose: str, method: str) -> dict[str, Any]:
        return consent(number, decision, when, purpose=purpose, method=method)

    ledger = [
        decided(1, "given", "2024-01-01T10:00", "marketing.advertising", "banner"),
        decided(1, "given", "2024-01-01T10:00", "analytics", "banner"),
        *(
            decided(number, "objected", "2024-03-01T08:00", purpose, "signal")
            for number in (1, 2)
            for purpose in ("marketing.advertising", "third_party_sharing")
        ),
        decided(3, "refused", "2024-02-01T08:00", "analytics", "banner"),
    ]
    customers = pl.DataFrame({"customer_id": [1, 2, 3]}, schema={"customer_id": pl.UInt64})

    def told(purpose: str) -> list[str | None]:
        made = exclusion_reasons(
            customers, opened("consents", ledger), study=study(purpose=purpose)
        )
        return made["reason"].to_list()

    none = "no decision for this purpose"
    objected = "latest decision is objected"
    assert told("marketing.advertising") == [objected, objected, none]
    assert told("third_party_sharing") == [objected, objected, none]
    assert told("analytics") == [None, none, "latest decision is refused"]


def test_a_denial_under_an_address_of_many_counts_for_all_who_state_it() -> None:
    customers = pl.DataFrame({"customer_id": [1, 2, 3]}, schema={"customer_id": pl.UInt64})
    shared = pl.DataFrame(
        [(1, 1, 7), (2, 2, 7), (3, 3, 8)], schema=["customer_id", "record_id", "shared_id"],
        orient="row",
    ).cast(pl.UInt64)  # fmt: skip
    decisions = [consent(1, "objected", "2024-02-01"), consent(2, "given", "2024-01-01")]
    for basis in ("consent", "contract"):
        told = exclusion_reasons(
            customers, opened("consents", decisions), study=study(basis=basis), shared=shared
        )
        one, two, three = told["reason"]
        assert one == "latest decision is objected"
        assert two == "somebody with the same address or device said no"
        assert three == ("no decision for this purpose" if basis == "consent" else None)
