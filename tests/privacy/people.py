"""Invented customers of eight locales, as many as a test wants, and hostile ones."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from workbench.synthetic.stock.names import LOCALES, locale
from workbench.synthetic.stock.phones import ranges

#: Customers whose names are ordinary words: (given name, family name).
ORDINARY = (
    ("High", "Value"), ("Net", "Amount"), ("Rose", "Gold"), ("Page", "One"), ("May", "June"),
    ("Grand", "Total"), ("Will", "Power"), ("Mark", "Price"), ("Grace", "Field"),
    ("Summer", "Sale"), ("Rich", "Young"), ("Frank", "Long"), ("Bill", "Black"), ("Ernst", "Klein"),
    ("Customer", "Service"), ("Order", "Number"), ("Mean", "Difference"), ("White", "Wood"),
    ("Free", "Shipping"), ("Average", "Basket"), ("Heart", "Holder"), ("Light", "Holder"),
    ("Standard", "Error"), ("First", "Quarter"), ("Random", "Forest"), ("Test", "Set"),
    ("Petit", "Prix"), ("Neue", "Kunden"), ("Nowy", "Rok"), ("Buen", "Camino"),
)  # fmt: skip
_MAIL = ("mail.example", "example.com", "post.example", "gmail.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One invented customer; ``locale`` is one of the eight."""

    number: int
    locale: str
    given: str
    family: str
    email: str
    phone: str
    street: str
    city: str
    postcode: str
    birth_on: str
    user_id: str
    cookie_id: str

    @property
    def full(self) -> str:
        """The full name in the order of the locale."""
        if self.locale == "ja_JP":
            return f"{self.family} {self.given}"
        return f"{self.given} {self.family}"


@cache
def people(count: int) -> tuple[Person, ...]:
    """Return customers in turn of each locale, their names as frequent as the lists say."""
    return tuple(_person(number) for number in range(count))


def ordinary(first: int) -> tuple[Person, ...]:
    """Return customers named by ordinary words, numbered from ``first``."""
    made = []
    for place, (given, family) in enumerate(ORDINARY):
        one = _person(first + 8 * place + 1)  # of en_GB
        changed = {"given": given, "family": family}
        fields = {name: getattr(one, name) for name in one.__slots__}
        made.append(Person(**(fields | changed)))
    return tuple(made)


def identities(customers: tuple[Person, ...]) -> pl.DataFrame:
    """Return the rows of the identities table that the search reads."""
    kinds = {
        "email": [p.email for p in customers],
        "phone": [p.phone for p in customers],
        "full_name": [p.full for p in customers],
        "given_name": [p.given for p in customers],
        "family_name": [p.family for p in customers],
        "birth_date": [p.birth_on for p in customers],
        "street_address": [p.street for p in customers],
        "city": [p.city for p in customers],
        "postcode": [p.postcode for p in customers],
        "user_id": [p.user_id for p in customers],
        "cookie_id": [p.cookie_id for p in customers],
    }
    numbers = pl.Series("customer_id", [p.number for p in customers], dtype=pl.UInt64)
    return pl.concat(
        pl.DataFrame({"customer_id": numbers, "kind": kind, "identifier": values}).select(
            "customer_id", "kind", "identifier"
        )
        for kind, values in ((k, pl.Series(v, dtype=pl.String)) for k, v in kinds.items())
    )


@cache
def _cumulated(name: str, which: str) -> np.ndarray:
    cells = np.cumsum(locale(name).cells[which])
    return cells / cells[-1]


def _person(number: int) -> Person:
    name = LOCALES[number % len(LOCALES)]
    dice = np.random.default_rng([7, number])
    lists = locale(name)
    gender = ("female", "male")[dice.integers(2)]
    families = lists.family_female if gender == "female" else lists.family_male
    given = getattr(lists, gender)[np.searchsorted(_cumulated(name, gender), dice.random())]
    family = families[np.searchsorted(_cumulated(name, "family"), dice.random())]
    written = family[0]
    if name == "es_ES" or dice.random() < 0.05:
        second = families[np.searchsorted(_cumulated(name, "family"), dice.random())][0]
        written += (" " if name == "es_ES" else "" if name == "ja_JP" else "-") + second
    area, pattern, _ = lists.areas[dice.integers(len(lists.areas))]
    before, behind = lists.houses[dice.integers(len(lists.houses))]
    street = lists.streets[dice.integers(len(lists.streets))]
    numbers = ranges()[lists.country]
    head, tail = numbers.heads, numbers.tails
    sign = ("", ".", "_", "-")[dice.integers(4)]
    return Person(
        number=number,
        locale=name,
        given=given[0],
        family=family[0] if name == "ja_JP" else written,
        email=f"{given[1]}{sign}{family[1]}.{number}@{_MAIL[dice.integers(4)]}",
        phone=head[dice.integers(len(head))] + tail[dice.integers(len(tail))],
        street=f"{before}{street}{behind}",
        city=lists.cities[dice.integers(len(lists.cities))],
        postcode=area + "".join(_drawn(sign, dice) for sign in pattern),
        birth_on=f"{dice.integers(1935, 2006)}-{dice.integers(1, 13):02}-{dice.integers(1, 29):02}",
        user_id=f"shop:u-{dice.integers(10**9, 10**10)}-{number}",
        cookie_id=f"ga4:{dice.integers(10**8, 10**10)}.{dice.integers(15 * 10**8, 17 * 10**8)}",
    )


def _drawn(sign: str, dice: np.random.Generator) -> str:
    if sign == "#":
        return str(dice.integers(10))
    return "ABDEFGHJLN"[dice.integers(10)] if sign == "@" else sign
