"""Exports of several systems give the same dataset in whatever order they are loaded."""

from datetime import date
from itertools import permutations
from pathlib import Path

import polars as pl
import pytest

from workbench.intake import load
from workbench.intake.undo import undo
from workbench.schema.links import LINKS
from workbench.sources import SourceMapping
from workbench.vault import Dataset, Vault

from .conftest import CONTACTS, SETTINGS

#: A tool that says how a contact stands today: no time of the decision, and one number for all.
MAIL = SourceMapping.of(
    {
        **SETTINGS,
        "system": "mail",
        "columns": {"member": "code", "address": "text", "land": "code", "state": "code"},
        "record": {"id": "member"},
        "identities": {"user_id": "member", "email": "address"},
        "tables": {
            "customers": {"first_seen_at": "data_until_at", "country": "land"},
            "consents": {
                "purpose": "'analytics'",
                "decision": "state",
                "basis": "'consent'",
            },
        },
    },
    name="mail",
)
HEADS = {
    CONTACTS.name: "number,email,name,country,born,joined\n",
    MAIL.name: "member,address,land,state\n",
}


def loaded(vault: Vault, folder: Path, *exports: tuple[SourceMapping, str, str]) -> Dataset:
    """Load exports, each mapping, lines and the day until which it is complete."""
    for number, (mapping, lines, until) in enumerate(exports):
        path = folder / f"{mapping.name}-{until}-{number}.csv"
        path.write_text(HEADS[mapping.name] + lines, encoding="utf-8")
        report = load(
            [path], vault=vault, dataset="d", mapping=mapping, settings={"data_until": until}
        )
        assert report.refused == 0, report
    return vault.dataset("d")


def said(dataset: Dataset) -> dict[str, list[tuple[object, ...]]]:
    """Return what a dataset knows, without ids and without where it came from."""
    data = dataset.data()
    persons = data["identities"].filter(pl.col("kind") == "email").select(
        "customer_id", person="identifier"
    ).unique("customer_id", keep="any", maintain_order=False).collect()  # fmt: skip
    tables = {
        "customers": ["person", "kind", "country", "first_seen_at", "birth_year"],
        "identities": ["person", "kind", "identifier", "last_seen_at"],
        "consents": ["person", "purpose", "decision", "decided_at"],
    }
    return {
        name: sorted(
            data[name].collect().join(persons, on="customer_id", how="left").select(columns).rows(),
            key=repr,
        )
        for name, columns in tables.items()
    }


def _contact(number: int, country: str, joined: str = "2023-01-01") -> str:
    return f"{number},p{number}@mail.example,Person {number},{country},1980,{joined}\n"


SHOP_JANUARY = (CONTACTS, _contact(1, "BE") + _contact(2, "BE"), "2024-01-01")
SHOP_MARCH = (CONTACTS, _contact(1, "BE") + _contact(2, "NL"), "2024-03-01")
MAIL_FEBRUARY = (
    MAIL,
    "a,P1@mail.example ,NL,withdrawn\nb,p2@mail.example,NL,given\n",
    "2024-02-01",
)
MAIL_APRIL = (MAIL, "a,p1@mail.example,NL,given\nb,p2@mail.example,,withdrawn\n", "2024-04-01")


def test_a_later_export_takes_nothing_from_other_systems(vault: Vault, tmp_path: Path) -> None:
    dataset = loaded(vault, tmp_path, SHOP_JANUARY, MAIL_FEBRUARY)
    before = dataset.data()["identities"].collect()
    assert dataset.links().height == 2
    after = loaded(vault, tmp_path, SHOP_MARCH)
    assert after.data()["identities"].collect().height == before.height
    assert after.links().height == 2
    assert after.data()["customers"].collect().height == 2


@pytest.mark.parametrize("order", list(permutations(range(4)))[1::4])
def test_the_order_of_loads_changes_nothing(
    order: tuple[int, ...], vault: Vault, tmp_path: Path
) -> None:
    exports = (SHOP_JANUARY, SHOP_MARCH, MAIL_FEBRUARY, MAIL_APRIL)
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    expected = said(loaded(vault, tmp_path / "one", *exports))
    # the latest statement: the shop's of March for 1, the mail tool's of April says none for 2
    assert [(c, k) for _, k, c, *_ in expected["customers"]] == [("NL", "person"), ("NL", "person")]
    other = Vault.init(tmp_path / "other-workspace")
    assert said(loaded(other, tmp_path / "other", *(exports[n] for n in order))) == expected


def test_what_is_stated_again_without_a_time_is_a_later_decision(
    vault: Vault, tmp_path: Path
) -> None:
    months = [("02", "withdrawn"), ("03", "given"), ("04", "withdrawn")]
    exports = [(MAIL, f"a,p1@mail.example,NL,{said}\n", f"2024-{m}-01") for m, said in months]
    dataset = loaded(vault, tmp_path, *exports)
    ledger = dataset.data()["consents"].collect().sort("decided_at")
    # that it is given without a time is no evidence of when, so it raises nothing
    assert ledger["decision"].to_list() == ["given", "withdrawn", "withdrawn"]
    assert ledger["decided_at"].dt.date().to_list() == [
        date(1970, 1, 1), date(2024, 2, 1), date(2024, 4, 1),
    ]  # fmt: skip


def test_a_denial_that_was_taken_back_reaches_the_person_in_all_later_versions(
    vault: Vault, tmp_path: Path
) -> None:
    mistaken = (MAIL, "a,p1@mail.example,NL,withdrawn\nb,p2@mail.example,NL,given\n", "2024-02-01")
    loaded(vault, tmp_path, SHOP_JANUARY, mistaken)
    (shop,) = _numbers(vault.dataset("d"), "shop:1")
    undo(vault, "d")
    assert _denying(vault.dataset("d")) == [shop]
    other = (CONTACTS, _contact(9, "NL"), "2024-03-01")
    assert _denying(loaded(vault, tmp_path, other)) == [shop]


def test_it_makes_no_difference_which_record_was_there_first(vault: Vault, tmp_path: Path) -> None:
    denial = (MAIL, "a,p1@mail.example,NL,objected\n", "2024-01-01")
    loaded(vault, tmp_path, denial, SHOP_JANUARY, (CONTACTS, _contact(5, "NL"), "2024-02-01"))
    undo(vault, "d")
    dataset = vault.dataset("d")
    assert _denying(dataset) == _numbers(dataset, "shop:1")
    assert loaded(vault, tmp_path, SHOP_MARCH).links().height == 1


def test_another_set_of_links_must_be_one(vault: Vault, tmp_path: Path) -> None:
    dataset = loaded(vault, tmp_path, SHOP_JANUARY)
    apart = dataset.data(links=pl.DataFrame(schema=LINKS))
    assert apart["customers"].collect().height == 2
    one, two = dataset.data()["customers"].collect()["customer_id"]
    twice = pl.DataFrame([(one, two, "x", None, 1, "me")] * 2, schema=LINKS, orient="row")
    with pytest.raises(Exception, match="one row per record"):
        dataset.data(links=twice)
    with pytest.raises(Exception, match=r"found: .*no customer_id"):
        dataset.data(links=pl.DataFrame({"record_id": [one]}))


def test_each_value_says_which_load_it_is_from(vault: Vault, tmp_path: Path) -> None:
    loaded(vault, tmp_path, SHOP_JANUARY)
    trusted = tmp_path / "trusted.csv"
    trusted.write_text(HEADS[CONTACTS.name] + _contact(1, "NL"))
    settings = {"data_until": "2023-06-01", "trust": "2"}
    load([trusted], vault=vault, dataset="d", mapping=CONTACTS, settings=settings)
    dataset = vault.dataset("d")
    rows = dataset.data(with_sources=True)["customers"].collect().sort("country")
    sources = {source.source_id: source.trust for source in dataset.sources}
    found = [(c, sources[s]) for c, s in rows.select("country", "country_source").rows()]
    assert found == [("BE", 0), ("NL", 2)]  # said earlier, and by the source with more trust


def _numbers(dataset: Dataset, identifier: str) -> list[int]:
    rows = dataset.data()["identities"].filter(pl.col("identifier") == identifier).collect()
    return rows["customer_id"].to_list()


def _denying(dataset: Dataset) -> list[int]:
    rows = dataset.data()["consents"].filter(pl.col("decision") != "given").collect()
    return rows["customer_id"].unique().to_list()


def test_no_file_stays_that_no_version_names(vault: Vault, tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text(HEADS[CONTACTS.name] + _contact(1, "BE"))
    other = tmp_path / "other.csv"
    other.write_text(HEADS[CONTACTS.name] + _contact(1, "BE", "2022-01-01") + _contact(2, "BE"))
    settings = {"data_until": "2024-03-01"}  # the second file completes rows that the first wrote
    load([path, other], vault=vault, dataset="d", mapping=CONTACTS, settings=settings)
    load([path], vault=vault, dataset="d", mapping=CONTACTS, settings={"data_until": "2024-05-01"})
    named = {entry.file for number in (1, 2) for entry in vault.dataset("d", number).files}
    stored = {file.stem for file in (vault.dataset("d").folder / "files").iterdir()}
    assert stored == named


#: A till that exports all its sales, of which some have no time.
TILL = SourceMapping.of(
    {
        **SETTINGS,
        "system": "till",
        "columns": {"no": "code", "paid": "money", "at": {"type": "instant"}},
        "record": {"id": "no"},
        "tables": {
            "orders": {
                "order_id": "no", "kind": "'sale'",
                "ordered_at": "COALESCE(at, undated_at)", "total_minor": "paid",
            },
        },
    },
    name="till",
)  # fmt: skip
HEADS[TILL.name] = "no,paid,at\n"


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_fact_without_a_time_stays_at_the_first_export_that_has_it(
    vault: Vault, tmp_path: Path, order: tuple[int, ...]
) -> None:
    exports = [
        (
            TILL,
            "1,5.00,\n2,2.00,\n3,3.00,2024-01-30T10:00:00Z\n5,5.00,2024-01-30T00:00:00Z\n",
            "2024-02-01",
        ),
        (
            TILL,
            "1,5.00,\n2,2.00,2024-02-15T10:00:00Z\n3,3.00,\n4,4.00,\n5,5.00,2024-02-28T00:00:00Z\n",
            "2024-03-01",
        ),
        (TILL, "1,1.00,\n2,2.00,\n3,3.00,\n4,4.00,\n", "2024-04-01"),
    ]
    dataset = loaded(vault, tmp_path, *(exports[n] for n in order))
    orders = dataset.data()["orders"].sort("total_minor").collect()
    assert orders["total_minor"].to_list() == [100, 200, 300, 400, 500]
    days = orders["ordered_at"].dt.convert_time_zone("UTC").dt.date().to_list()
    # The last one has a time in each export: the day that is filled in where there is none.
    assert days == [date(2024, *day) for day in ((1, 30), (2, 15), (1, 30), (2, 28), (2, 28))]
