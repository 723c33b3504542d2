"""Records that state the same identifier are one customer's."""

import polars as pl
import pytest

from workbench.identity import link_records
from workbench.identity.linkage import MOST_RECORDS
from workbench.schema import TABLES
from workbench.schema.links import LINKS

NOTHING = pl.DataFrame(schema=LINKS)


def identities(*rows: tuple[int, str, str, str]) -> pl.LazyFrame:
    """Return stored identities: record, kind, identifier, load."""
    schema = {n: TABLES["identities"].stored[n] for n in ("record_id", "kind", "identifier")}
    columns = {**schema, "source_id": pl.String()}
    return pl.DataFrame(rows, schema=columns, orient="row").lazy()


def owners(rows: pl.LazyFrame, held: pl.DataFrame = NOTHING, version: int = 1) -> dict[int, int]:
    links = link_records(rows, held=held, version=version, loads=["a", "b", "c"]).links
    return dict(links.select("record_id", "customer_id").rows())


def test_records_of_two_systems_with_one_address_are_one_customer() -> None:
    rows = identities(
        (7, "email", "Jo@Mail.example ", "a"),
        (3, "email", "jo@mail.example", "b"),
        (5, "email", "other@mail.example", "b"),
    )
    made = link_records(rows, held=NOTHING, version=4, loads=["a", "b"])
    # the record that was there first is the customer
    assert made.links.rows() == [(3, 7, "same e-mail address", None, 4, "rule")]
    assert made.shared.is_empty()


def test_customers_who_logged_in_on_one_visit_are_shared_though_nothing_else_repeats() -> None:
    rows = identities(
        (1, "user_id", "shop:1", "a"),
        (1, "user_id", "shop:2", "a"),
        (1, "cookie_id", "c", "a"),
        (2, "email", "alone@mail.example", "a"),
    )
    made = link_records(rows, held=NOTHING, version=1, loads=["a"])
    assert made.links.is_empty()
    assert made.shared["record_id"].unique().to_list() == [1]


def test_links_go_through_other_records() -> None:
    rows = identities(
        (1, "email", "a@x.example", "a"),
        (2, "email", "a@x.example", "b"),
        (2, "user_id", "shop:9", "b"),
        (3, "user_id", "shop:9", "c"),
    )
    assert owners(rows) == {2: 1, 3: 1}


def test_an_address_of_too_many_records_links_none_and_is_counted() -> None:
    shop = [(n, "email", "info@shop.example", "a") for n in range(1, MOST_RECORDS + 2)]
    made = link_records(identities(*shop), held=NOTHING, version=1, loads=["a"])
    assert (made.links.height, made.shared["shared_id"].n_unique()) == (0, 1)
    assert len(owners(identities(*shop[:-1]))) == MOST_RECORDS - 1


def test_a_visitor_belongs_to_the_one_who_logged_in_with_the_cookie() -> None:
    visit = [(1, "cookie_id", "c1", "a"), (2, "cookie_id", "c2", "a"), (3, "cookie_id", "c2", "a")]
    login = [(9, "cookie_id", "c1", "b"), (9, "user_id", "shop:9", "b")]
    assert owners(identities(*visit, *login)) == {9: 1}  # 2 and 3 stay apart
    second = [(8, "cookie_id", "c1", "b"), (8, "user_id", "shop:8", "b")]
    made = link_records(
        identities(*visit, *login, *second), held=NOTHING, version=1, loads=["a", "b"]
    )
    assert (made.links.height, made.shared["shared_id"].n_unique()) == (0, 1)


def test_a_customer_keeps_its_id_through_later_links() -> None:
    rows = [(7, "email", "a@x.example", "b"), (3, "email", "a@x.example", "b")]
    held = link_records(identities(*rows), held=NOTHING, version=1, loads=["b"]).links
    assert dict(held.select("record_id", "customer_id").rows()) == {7: 3}
    # a record of an earlier load joins: the customer stays 3
    later = identities(*rows, (1, "email", "a@x.example", "a"))
    made = link_records(later, held=held, version=2, loads=["a", "b"]).links
    assert made.select("record_id", "customer_id", "since_version").rows() == [(1, 3, 2), (7, 3, 1)]


def test_what_a_person_decided_stays() -> None:
    decided = pl.DataFrame(
        [(5, 4, "the same by phone", None, 1, "steward")], schema=LINKS, orient="row"
    )
    rows = identities((4, "email", "a@x.example", "a"), (5, "email", "b@x.example", "a"))
    made = link_records(rows, held=decided, version=2, loads=["a"]).links
    assert made.rows() == decided.rows()


def test_links_do_not_depend_on_the_order_of_rows() -> None:
    rows = [
        (n, "email", f"{n % 4}@x.example", "abc"[n % 3]) for n in range(1, 20)
    ] + [(n, "user_id", f"s:{n % 5}", "b") for n in range(1, 9)]  # fmt: skip
    assert owners(identities(*rows)) == owners(identities(*reversed(rows)))


def test_what_names_nobody_links_nobody() -> None:
    blanks = ["n/a", "-", " ", "unknown", "Null", "undefined", "NaN", "(not set)", "(none)"]
    blanks += ["(not provided)", "(other)", "(direct)", "Not set", "<NA>", "\\N"]
    rows = [
        (10 * place + n, kind, f"shop:{text}" if kind == "user_id" else text, "a")
        for place, text in enumerate(blanks)
        for n, kind in ((1, "email"), (2, "email"), (3, "user_id"), (4, "user_id"))
    ]
    made = link_records(identities(*rows), held=NOTHING, version=1, loads=["a"])
    assert (made.links.height, made.shared.height) == (0, 0)


@pytest.mark.parametrize(
    ("address", "links"),
    [
        ("no@no.no", 0), ("None@none.com", 0), ("noreply@shop.example", 0),
        ("test+2@x.example", 0), ("no-email@x.example", 0), ("guest@x.example", 0),
        ("nora@x.example", 1), ("testa@x.example", 1), ("me@none.example", 1),
    ],
)  # fmt: skip
def test_an_address_that_people_write_for_none_is_shared(address: str, links: int) -> None:
    rows = identities((1, "email", address, "a"), (2, "email", address, "a"))
    made = link_records(rows, held=NOTHING, version=1, loads=["a"])
    assert made.links.height == links
    assert made.shared["record_id"].to_list() == ([] if links else [1, 2])


def test_one_address_in_two_forms_of_writing_is_one() -> None:
    rows = identities(
        (1, "email", "jos\u00e9@x.example", "a"), (2, "email", "jose\u0301@x.example", "a")
    )
    assert owners(rows) == {2: 1}
    apart = identities((1, "email", "j.o@x.example", "a"), (2, "email", "jo+a@x.example", "a"))
    assert owners(apart) == {}


def test_a_device_may_know_one_customer_by_several_records() -> None:
    person = [(1, "email", "a@x.example", "a"), (2, "email", "a@x.example", "b")]
    device = [(n, "device_id", "d1", "a") for n in (1, 2, 7)]
    assert owners(identities(*person, *device)) == {2: 1, 7: 1}
    # one that is known by an address only is known as well
    assert owners(identities((1, "email", "a@x.example", "a"), *device[::2])) == {7: 1}


def test_a_visit_on_which_two_customers_logged_in_is_neithers() -> None:
    people = [(n, "user_id", f"shop:{n}", "a") for n in (1, 2)]
    visit = [(7, "cookie_id", "c1", "a"), *((7, "user_id", f"shop:{n}", "a") for n in (1, 2))]
    made = link_records(identities(*people, *visit), held=NOTHING, version=1, loads=["a"])
    assert made.links.is_empty()
    assert sorted(made.shared["record_id"]) == [1, 2, 7]


def test_many_visits_of_one_customer_are_no_conflict() -> None:
    visits = [
        (n, kind, value, "a")
        for n in range(2, 60)
        for kind, value in (("cookie_id", f"c{n}"), ("user_id", "shop:1"))
    ]
    rows = identities((1, "user_id", "shop:1", "a"), (1, "email", "a@x.example", "a"), *visits)
    assert owners(rows) == dict.fromkeys(range(2, 60), 1)
    visitors = [
        (n, kind, value, "a")
        for n in range(2, 60)
        for kind, value in (("cookie_id", f"c{n}"), ("email", "a@x.example"))
    ]
    rows = identities((1, "email", "a@x.example", "a"), *visitors)
    assert owners(rows) == dict.fromkeys(range(2, 60), 1)
