"""Two systems of one company: who bought in the shop and reads the newsletter is one customer."""

from dataclasses import asdict
from datetime import date
from itertools import permutations
from pathlib import Path

import polars as pl
import pytest

from workbench.intake import LoadReport, load
from workbench.privacy import open_view
from workbench.schema.links import LINKS
from workbench.sources import SourceMapping
from workbench.vault import Vault

from .conftest import CONTACTS, SETTINGS

MAIL = SourceMapping.of(
    {
        "system": "mail",
        "zone": "UTC",
        "currency": "EUR",
        "data_until": "2024-02-01",
        "basis": "contract",
        "columns": {
            "member": {"type": "code", "required": True},
            "address": "text",
            "land": "code",
            "left": "boolean",
            "since": {"type": "date", "required": True},
        },
        "record": {"id": "member"},
        "identities": {"user_id": "member", "email": "address"},
        "tables": {
            "customers": {"first_seen_at": "since", "country": "land"},
            "consents": {
                "where": '"left"',
                "consent_id": "member",
                "decision": "'objected'",
                "basis": "'legitimate_interest'",
                "method": "'form'",
                "decided_at": "since",
            },
        },
    },
    name="mail",
)

SHOP = "".join(
    f"{n},p{n}@mail.example,Person {n},{'NL' if n < 3 else ''},,2024-01-{n:02}\n"
    for n in range(1, 9)
)
READERS = "".join(
    f"m{n},P{n}@mail.example,BE,{'yes' if n == 4 else 'no'},2024-01-20\n" for n in range(3, 12)
)


@pytest.fixture
def reports(load_contacts, loading) -> list[LoadReport]:
    head = "member,address,land,left,since\n"
    return [load_contacts(SHOP), loading(head + READERS, mapping=MAIL)]


def test_a_load_says_how_many_records_are_how_many_customers(reports: list[LoadReport]) -> None:
    first, second = (report.people for report in reports)
    assert (first.records, first.customers, first.across_systems) == (8, 8, 0)
    assert (second.records, second.customers, second.across_systems) == (17, 11, 12)
    assert (second.only_identified, second.conflicts) == (0, 0)


def test_the_counts_do_not_depend_on_the_order_of_loads_or_on_tables(
    vault: Vault, tmp_path: Path
) -> None:
    """The shop has two records of one person, and the help desk makes no rows of customers."""
    desk = SourceMapping.of(
        {**SETTINGS, "system": "desk", "columns": {"no": "code", "mail": "text"},
         "record": {"id": "no"}, "identities": {"user_id": "no", "email": "mail"}},
        name="desk",
    )  # fmt: skip
    contact = "{0},{1}@mail.example,Person,NL,,2024-01-01\n".format
    exports = [
        (CONTACTS, "number,email,name,country,born,joined\n"
        + contact(1, "a") + contact(2, "a") + contact(3, "b") + contact(4, "c")),
        (MAIL, "member,address,land,left,since\nm1,a@mail.example,NL,no,2024-01-20\n"),
        (desk, "no,mail\n7,b@mail.example\n8,d@mail.example\n9,e@mail.example\n"),
    ]  # fmt: skip
    found = set()
    for number, order in enumerate(permutations(exports)):
        for mapping, lines in order:
            path = tmp_path / f"{mapping.name}.csv"
            path.write_text(lines)
            report = load([path], vault=vault, dataset=f"d{number}", mapping=mapping, settings={})
        found.add(tuple(asdict(report.people).items()))
    assert [dict(each) for each in found] == [
        # a: two records of the shop and one of the mail tool; b: one of the shop and of the desk.
        {"records": 5, "customers": 3, "across_systems": 5, "only_identified": 2, "conflicts": 0}
    ]


def test_one_row_per_customer_with_what_was_said_last(
    reports: list[LoadReport], vault: Vault
) -> None:
    dataset = vault.dataset("shop")
    customers = dataset.data()["customers"].collect()
    assert customers.height == 11
    both = customers.filter(pl.col("first_seen_at").dt.day() == 3)  # seen in the shop first
    assert both["country"].to_list() == ["BE"]
    apart = dataset.data(links=pl.DataFrame(schema=LINKS))["customers"].collect()
    assert apart.height == 17  # an undone merge is another set of links


def test_an_objection_in_the_mail_tool_takes_the_person_out(
    reports: list[LoadReport], vault: Vault
) -> None:
    from tests.privacy.conftest import study

    dataset = vault.dataset("shop")
    asked = study(basis="contract", min_group=3, policy={"k": 2}, currency="EUR")
    view = open_view(asked, dataset, as_of=date(2024, 2, 1))
    assert view.data["customers"].collect().height == 10
    steps = dict(view.report.steps.select("step", "removed").rows())
    assert "latest decision is objected" in steps


def test_loading_in_another_order_links_the_same_people(load_contacts, loading, vault) -> None:
    head = "member,address,land,left,since\n"
    loading(head + READERS, mapping=MAIL)
    report = load_contacts(SHOP)
    assert (report.people.records, report.people.customers) == (17, 11)
    assert vault.dataset("shop").data()["customers"].collect().height == 11
    assert load_contacts(SHOP).made_version is False


def test_an_objection_holds_however_many_records_state_the_address(loading, vault) -> None:
    from tests.privacy.conftest import study

    head = "member,address,land,left,since\n"
    readers = "".join(f"m{n},reader{n}@mail.example,BE,no,2024-01-20\n" for n in range(20))
    ann = [f"a{n},ann@mail.example,BE,{'yes' if n == 0 else 'no'},2024-01-20\n" for n in range(12)]
    asked = study(basis="contract", min_group=3, policy={"k": 2}, currency="EUR")
    for number in (8, 9, 12):
        report = loading(head + readers + "".join(ann[:number]), mapping=MAIL)
        assert report.people.conflicts == (number > 8)
        view = open_view(asked, vault.dataset("shop"), as_of=date(2024, 2, 1))
        assert view.data["customers"].collect().height == 20
