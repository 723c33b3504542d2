"""A load that is taken back: what is gone, and which decisions stay."""

from pathlib import Path

import pytest

from workbench.foundation.errors import ParameterError
from workbench.intake import load
from workbench.intake.dismissal import dismiss
from workbench.intake.quarantine import quarantined_records
from workbench.intake.undo import undo
from workbench.sources import SourceMapping

from .conftest import SETTINGS

DECISIONS = SourceMapping.of(
    {
        **SETTINGS,
        "columns": {
            "number": {"type": "code", "required": True},
            "decision": {"type": "code", "required": True},
            "day": "date",
        },
        "record": {"id": "number"},
        "identities": {"user_id": "number"},
        "tables": {
            "customers": {"first_seen_at": "data_until_at"},
            "consents": {
                "consent_id": "number || decision",
                "purpose": "'analytics'",
                "decision": "decision",
                "basis": "'consent'",
                "method": "'form'",
                "decided_at": "day",
            },
        },
    },
    name="decisions",
)


@pytest.fixture
def decide(vault, tmp_path: Path):
    """Load decisions on consent, each a line ``number,decision,day``."""

    def decide(*lines: str) -> None:
        path = tmp_path / f"decisions-{abs(hash(lines))}.csv"
        path.write_text("\n".join(["number,decision,day", *lines]) + "\n")
        report = load([path], vault=vault, dataset="shop", mapping=DECISIONS, settings={})
        assert report.refused == 0, report

    return decide


def _decisions(vault) -> list[str]:
    return sorted(vault.dataset("shop").data()["consents"].collect()["decision"].to_list())


def test_the_newest_load_is_taken_back_as_a_new_version(
    load_contacts, load_orders, vault, contents
):
    load_contacts("1,a@mail.example,Ann,NL,1980,2023-01-01\n")
    whole, first = contents(vault.dataset("shop")), vault.dataset("shop").fingerprint
    load_orders("o1,1,1,2024-01-01 10:00,a,5.00,NL\n")
    assert "orders" in contents(vault.dataset("shop"))
    made = undo(vault, "shop")
    assert (made.version, contents(made)) == (3, whole)
    assert len(made.sources) == 1
    assert len({first, vault.dataset("shop", 2).fingerprint, made.fingerprint}) == 3
    assert "orders" in contents(vault.dataset("shop", 2))
    again = load_orders("o1,1,1,2024-01-01 10:00,a,5.00,NL\n")  # it is no content that is known
    assert (again.version, again.unchanged) == (4, 0)
    assert contents(vault.dataset("shop"))["orders"] == contents(vault.dataset("shop", 2))["orders"]


def test_denials_of_the_load_and_of_later_ones_stay(load_contacts, vault, decide, contents):
    load_contacts(
        "1,a@mail.example,Ann,NL,1980,2023-01-01\n2,b@mail.example,Bo,NL,1980,2023-01-01\n"
    )
    decide("1,given,2023-02-01", "2,given,2023-02-01")
    decide("1,withdrawn,2023-03-01", "3,refused,2023-03-01")
    assert undo(vault, "shop").version == 4
    assert _decisions(vault) == ["given", "given", "refused", "withdrawn"]
    assert undo(vault, "shop").version == 5  # the load before: its consents go back with it
    assert _decisions(vault) == ["refused", "withdrawn"]
    assert [source.format for source in vault.dataset("shop").sources] == ["contacts"]
    assert len(contents(vault.dataset("shop"))["customers"]) == 2
    with pytest.raises(ParameterError, match="no load before its newest one to go back to"):
        undo(vault, "shop")
    assert vault.dataset("shop").version == 5


def test_a_decision_without_a_time_keeps_the_time_of_its_source(load_contacts, vault, decide):
    load_contacts("1,a@mail.example,Ann,NL,1980,2023-01-01\n")
    decide("1,withdrawn,")
    until = vault.dataset("shop").data()["sources"].collect()["data_until_at"].max()
    undo(vault, "shop")
    (decision,) = vault.dataset("shop").data()["consents"].collect().to_dicts()
    assert (decision["decision"], decision["decided_at"]) == ("withdrawn", until)


def test_refused_rows_go_back_with_their_load(load_contacts, vault):
    good = "{0},{0}@mail.example,Ann,NL,1980,2023-01-01\n"
    load_contacts(good.format(3) + "1,no address,Ann,NL,1980,2023-01-01\n")
    load_contacts(good.format(4) + "2,none either,Bo,NL,1980,2023-01-01\n")
    assert quarantined_records(vault.dataset("shop")).height == 2
    undo(vault, "shop")
    assert quarantined_records(vault.dataset("shop")).height == 1


def test_refused_rows_that_were_dismissed_since_stay_dismissed(load_contacts, vault):
    good = "{0},{0}@mail.example,Ann,NL,1980,2023-01-01\n"
    first = load_contacts(good.format(3) + "1,no address,Ann,NL,1980,2023-01-01\n")
    load_contacts(good.format(4) + "2,none either,Bo,NL,1980,2023-01-01\n")
    load_contacts(good.format(5) + "6,nor here,Bo,NL,1980,2023-01-01\n")
    refused_first = vault.dataset("shop", first.version).sources[0].source_id
    dismiss(vault, "shop", load=refused_first)
    assert undo(vault, "shop").rows["customers"] == 2
    assert quarantined_records(vault.dataset("shop")).height == 1
    # The second load is older than the dismissal too.
    assert undo(vault, "shop").rows["customers"] == 1
    assert quarantined_records(vault.dataset("shop")).height == 0


def test_other_changes_after_the_load_are_not_lost_with_it(load_contacts, vault):
    for number in (1, 2):
        load_contacts(f"{number},{number}@mail.example,Ann,NL,1980,2023-01-01\n")
    with vault.open_writer("shop", buckets=8) as (writer, before):
        writer.commit(before=before, files=(), sources=(), kind="erasure")
    with pytest.raises(ParameterError, match=r"would be lost \(erasure\): nothing is taken back"):
        undo(vault, "shop")


def test_a_name_without_a_dataset_makes_nothing(vault):
    with pytest.raises(ParameterError, match="no dataset 'ship'"):
        undo(vault, "ship")
    assert not (vault.workspace / "datasets").exists()


@pytest.fixture
def mail() -> SourceMapping:
    """A mail tool that says who objected, some under a number of its own."""
    return SourceMapping.of(
        {
            **SETTINGS,
            "system": "mail",
            "columns": {"no": "code", "address": "text", "list": "code", "topic": "code"},
            "record": {"id": "no"},
            "identities": {"email": "address", "user_id": "list"},
            "tables": {
                "customers": {"first_seen_at": "data_until_at"},
                "consents": {
                    "where": "topic IS NOT NULL",
                    "consent_id": "topic",
                    "decision": "'objected'",
                    "basis": "'legitimate_interest'",
                    "method": "'form'",
                    "decided_at": "data_until_at",
                },
            },
        },
        name="mail",
    )


@pytest.mark.parametrize(
    "lines",
    [
        ["1,a@mail.example,,t1", "2,b@mail.example,,t2"],
        # Only a record without an objection joins the objecting one with the shop's customer.
        ["1,,L7,t1", "2,a@mail.example,L7,", "3,b@mail.example,,"],
    ],
)
def test_a_withdrawal_in_another_system_still_reaches_the_persons_other_records(
    load_contacts, vault, tmp_path: Path, mail: SourceMapping, lines: list[str]
):
    load_contacts("1,a@mail.example,Ann,NL,1980,2023-01-01\n")
    (ann,) = vault.dataset("shop").data()["customers"].collect()["customer_id"]
    path = tmp_path / "mail.csv"
    path.write_text("\n".join(["no,address,list,topic", *lines]) + "\n")
    load([path], vault=vault, dataset="shop", mapping=mail, settings={})
    assert ann in vault.dataset("shop").data()["consents"].collect()["customer_id"]
    made = undo(vault, "shop")
    assert made.data()["customers"].collect()["customer_id"].to_list() == [ann]
    assert ann in made.data()["consents"].collect()["customer_id"]
    objecting = sum(not line.endswith(",") for line in lines)
    assert made.data()["consents"].collect().height == objecting
