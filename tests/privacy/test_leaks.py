"""What identifies a person is found in whatever form it is published, and nothing else is."""

import base64
import html
import json
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from workbench.charts.exhibits import Table
from workbench.charts.markup import table_markup
from workbench.privacy import find_leaks, known_identifiers
from workbench.privacy.leaks import identifiers

PSEUDONYM = 12_345_678_901_234_567_891
PSEUDONYMS = pl.Series([PSEUDONYM, 5], dtype=pl.UInt64)

IDENTITIES = [
    ("email", "john.o'hara@example.com"),
    ("email", "zoë@exämple.org"),
    ("phone", "+31612345678"),
    ("full_name", "Johanna van der Berg"),
    ("full_name", "Smith, John"),
    ("full_name", "O'Neill-García, José"),
    ("full_name", "山田 太郎"),
    ("full_name", "Madonna"),
    ("full_name", "April May"),
    ("full_name", "+44 1"),
    ("street_address", "12 Main St., Apt. 4, Upper Lower Middle Town"),
    ("street_address", "High Street"),
    ("street_address", "The Old Rectory"),
    ("street_address", "1/2, -2+3"),
    ("user_id", "shop:AbC-12345-x"),
    ("cookie_id", "ga4:1709280000.1234567890"),
    ("user_id", "shop:1234"),
    ("order_number", "shop:100123"),
    ("city", "Amsterdam"),
    ("given_name", "Johanna"),
]


def known(identities: Sequence[tuple[str, str]] = IDENTITIES) -> pl.DataFrame:
    frame = pl.DataFrame(identities, schema=["kind", "identifier"], orient="row")
    return known_identifiers(frame.with_row_index("customer_id").lazy())


def found(text: str, **changes: tuple[str, ...]) -> dict[str, int]:
    return dict(find_leaks(text.encode(), known=known(), pseudonyms=PSEUDONYMS, **changes))


def test_known_identifiers_show_counts_and_no_value() -> None:
    assert repr(known(IDENTITIES[:3])) == (
        "KnownIdentifiers(email: 2, phone: 3, email_digest: 6, phone_digest: 6)"
    )


@pytest.mark.parametrize(
    "text",
    [
        "write to john.o'hara@example.com.",
        "JOHN.O'HARA@EXAMPLE.COM",
        "<a href='mailto:x'>john.o&#39;hara&#64;example.com</a>",
        "john.o&amp;#39;hara@example.com",
        "https://x.example/?m=john.o%27hara%40example.com&n=1",
        json.dumps("john.o'hara@example.com").replace("@", "\\u0040"),
        "<zoë@exämple.org>",
        "'zoë@exämple.org'",
        json.dumps(["zoë@exämple.org"]),
    ],
)
def test_addresses_of_mail_are_found(text: str) -> None:
    assert found(f"<p>{text}</p>") == {"email": 1}


@pytest.mark.parametrize(
    "text",
    [
        "31612345678",
        "+31 6 1234 5678",
        "+31 (6) 12-34-56-78",
        "0031.6.12.34.56.78",
        "<td>2024-01-01 +31-612345678</td>",
        "<b>+31</b> 6 12 34 56 78",
        "tel:+31%20612345678",
        "+31\u00a06\u00a01234\u00a05678",
    ],
)
def test_phones_are_found_whatever_stands_between_their_digits(text: str) -> None:
    assert found(text) == {"phone": 1}


@pytest.mark.parametrize(
    "text",
    [
        "Johanna van der Berg",
        "JOHANNA VAN DER BERG",
        "<b>Johanna</b> van <i>der</i> Berg",
        "<tr><td>Johanna</td><td>van der Berg</td><td>3</td></tr>",
        "Johanna&nbsp;van der\n Berg's order",
        "Jo<wbr>hanna van der Berg",
        "Johanna\u00ad van der Berg",
        '<img alt="Johanna van der Berg">',
        "&lt;Johanna van der Berg&gt;",
        json.dumps({"name": "Johanna van der Berg"}),
        "<text>Johanna</text> Smith, John",
        "José O'Neill is not José; O'Neill-García José is",
        "Jose\u0301 García, O'Neill-Garci\u0301a Jose\u0301",
        "山田太郎さん",
        "<p>山田 太郎</p>",
    ],
)
def test_full_names_are_found_across_markup(text: str) -> None:
    assert found(text) == {"full_name": 1}


def test_street_addresses_are_found_with_and_without_what_follows_the_house() -> None:
    assert found("<p>12 Main St, Apt 4<br>Upper Lower</p>") == {"street_address": 1}
    assert found("12 main street") == {"street_address": 1}
    assert found("14 main street, 15 high street") == found("12 main") == {}


@pytest.mark.parametrize("text", ["/users/AbC-12345-x?y=1", "id=abc-12345-X;", "[AbC-12345-x]"])
def test_long_ids_are_found_without_their_system(text: str) -> None:
    assert found(text) == {"user_id": 1}


@pytest.mark.parametrize(
    "text",
    [
        str(PSEUDONYM),
        json.dumps({"customer_id": PSEUDONYM}),
        json.dumps({"customer_id": float(PSEUDONYM)}),  # as JavaScript would write it
        "12345678901234567000",
        f"{PSEUDONYM:,}",
        table_markup(
            Table(
                name="t",
                title="T",
                persons=None,
                rows=pl.DataFrame({"customer_id": PSEUDONYMS[:1]}),
            )
        ),
    ],
)
def test_pseudonyms_are_found_as_numbers(text: str) -> None:
    assert found(text) == {"pseudonym": 1}


def test_what_occurs_by_chance_is_no_identifier() -> None:
    assert found("Madonna in April, May and June on High Street: 1234, order 100123, 5") == {}


def test_names_do_not_reach_across_blocks_of_a_page_or_items_of_a_list() -> None:
    assert found("<tr><td>Smith</td></tr><tr><td>John</td></tr>") == {}
    assert found("<text>Smith</text><text>John</text>") == {}
    assert found('[["a", "Smith"], ["John", "b"]]') == {}


def test_figures_and_coordinates_are_no_persons() -> None:
    """Case K11, and what a drawing is made of."""
    numbers = np.random.default_rng(1)
    path = "".join(f"L{x:.14f},{y:.6f}" for x, y in numbers.random((500, 2)) * 400)
    drawing = f'<path d="M0,0{path}" transform="translate(31,612345678)"/>'
    cells = "".join(f"<td>{n:,}</td><td>{n / 7:.3f}</td>" for n in numbers.integers(0, 10**9, 500))
    assert found(f"<td>6058731</td><td>7043312</td> -0.42 letter 96c {drawing}{cells}") == {}


def test_owner_and_contact_of_the_study_are_exempt_and_nobody_else() -> None:
    exempt = ("Smith, John", "zoë@exämple.org, +31 612345678")
    page = "Ask Smith, John (zoë@exämple.org, +31 6 1234 5678)"
    assert found(page) == {"email": 1, "full_name": 1, "phone": 1}
    assert found(page, exempt=exempt) == {}
    assert found(f"{page}, not Johanna van der Berg", exempt=exempt) == {"full_name": 1}
    # a short owner does not cut others' names to pieces
    assert found("Johanna van der Berg", exempt=("Han",)) == {"full_name": 1}


def test_an_owner_of_a_frequent_name_is_exempt_too() -> None:
    mark = pl.DataFrame(
        {
            "customer_id": [1, 1, 1],
            "kind": ["full_name", "postcode", "birth_date"],
            "identifier": ["Mark Price", "10115", "1985-07-01"],
        }
    )
    held = known_identifiers(mark.lazy())
    page = b"<p>Mark Price, 10115</p>"
    assert find_leaks(page, known=held, pseudonyms=PSEUDONYMS) == {"full_name": 1}
    assert find_leaks(page, known=held, pseudonyms=PSEUDONYMS, exempt=("Mark Price",)) == {}
    assert find_leaks(b"Mark Price", known=held, pseudonyms=PSEUDONYMS) == {}
    assert find_leaks(b"Mark, 1.7.85", known=held, pseudonyms=PSEUDONYMS) == {"birth_date": 1}


def test_records_of_one_customer_give_each_other_second_signs_and_those_of_two_do_not() -> None:
    rows = {"kind": ["full_name", "postcode"], "identifier": ["Grace Field", "SW1A 1AA"]}
    for customers, hits in (([7, 7], {"full_name": 1}), ([7, 8], {})):
        held = known_identifiers(pl.DataFrame({"customer_id": customers, **rows}).lazy())
        page = "<tr><td>Grace</td><td>Field</td><td>GB</td><td>SW1A 1AA</td></tr>"
        assert find_leaks(page.encode(), known=held, pseudonyms=PSEUDONYMS) == hits


def test_names_that_customers_of_several_ranges_share_single_nobody_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Five customers with one initial and family name, wherever their ids are."""
    ids = [place * 2**61 + place for place in range(6)]
    rows = pl.DataFrame(
        {
            "customer_id": pl.Series(ids * 2, dtype=pl.UInt64),
            "kind": ["full_name"] * 6 + ["postcode"] * 6,
            "identifier": [f"{name} Okonkwo" for name in ("Ada", "Ana", "Abe", "Ash", "Ade", "Zoe")]
            + [f"X{place} 7QQ" for place in range(6)],
        }
    )
    monkeypatch.setattr(identifiers, "_ROWS_A_RANGE", 2)
    held = known_identifiers(rows.lazy())
    for text, hits in (
        ("A. Okonkwo", {}),
        ("A. Okonkwo, X4 7QQ", {"full_name": 1}),
        ("A. Okonkwo, X5 7QQ", {}),
        ("Z. Okonkwo", {"full_name": 1}),
        ("Ade Okonkwo and Ash Okonkwo", {"full_name": 2}),
    ):
        assert find_leaks(text.encode(), known=held, pseudonyms=PSEUDONYMS) == hits, text


def test_the_customer_of_a_shared_identifier_does_not_depend_on_the_order_of_rows() -> None:
    rows = [(customer, *each) for customer in range(40) for each in IDENTITIES]
    stated = pl.DataFrame(rows, schema=["customer_id", "kind", "identifier"], orient="row")
    for seed in (1, 2):
        held = known_identifiers(stated.sample(fraction=1, shuffle=True, seed=seed).lazy())
        for kind, keys in held.alone.items():
            assert not keys.owners.any(), kind  # each key has the lowest customer, 0


def test_every_identifier_counts_once_and_kinds_are_told_apart() -> None:
    text = "Johanna van der Berg, Johanna van der Berg, Smith, John, +31612345678"
    assert found(text) == {"full_name": 2, "phone": 1}


MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905  # as a reader sees them
)
WORDS = "Kitchen Garden Paper Lantern Vintage Heart Cake Stand Bag Home Electronics Retail".split()  # noqa: SIM905  # likewise


def page(kilobytes: int) -> bytes:
    numbers = np.random.default_rng(0)
    lines = []
    while sum(map(len, lines)) < kilobytes * 1000:
        count, share, x = numbers.integers(0, 10**7), numbers.random(), numbers.random() * 300
        word, other = WORDS[numbers.integers(12)], WORDS[numbers.integers(12)]
        lines.append(
            f"<tr><th>{MONTHS[len(lines) % 12]}</th><td>{count:,}</td><td>{share:.1%}</td>"
            f'<td>{word} {other}</td><td><path d="M{x},20h{share}"/></td></tr>\n'
        )
    months = "".join(f"<th>{month}</th>" for month in MONTHS)
    return f"<html><body><table><tr>{months}</tr>{''.join(lines)}</table></html>".encode()


def many(persons: int) -> pl.LazyFrame:
    """Return identities of customers with an e-mail address, a phone, a name and a birth date."""
    number = pl.int_range(persons, eager=True)
    kinds = {
        "email": pl.format("person.{}@example.com", number),
        "phone": "+" + (31_600_000_000 + number).cast(pl.String),
        "full_name": pl.format("Given{}x Family{}x", number, number),
        "birth_date": pl.format("19{}-0{}-1{}", number % 90 + 10, number % 9 + 1, number % 10),
    }
    return pl.concat(
        pl.select(number.alias("customer_id"), kind=pl.lit(kind), identifier=values).lazy()
        for kind, values in kinds.items()
    )


@pytest.mark.parametrize("persons", [20_000, 200_000])
def test_a_normal_page_raises_no_alarm_among_many_persons(persons: int) -> None:
    held = known_identifiers(many(persons))
    pseudonyms = pl.Series(np.random.default_rng(0).integers(0, 2**63, persons, dtype=np.uint64))
    content = page(150)
    assert find_leaks(content, known=held, pseudonyms=pseudonyms) == {}
    planted = content.replace(b"</html>", html.escape("person.7@example.com").encode())
    assert find_leaks(planted, known=held, pseudonyms=pseudonyms) == {"email": 1}


def test_a_long_picture_in_base64_raises_no_alarm() -> None:
    picture = base64.b64encode(np.random.default_rng(1).bytes(300_000)).decode()
    held = known_identifiers(many(20_000))
    content = f'<img src="data:image/png;base64,{picture}">'.encode()
    assert find_leaks(content, known=held, pseudonyms=PSEUDONYMS) == {}
