"""What the shop's customer file says: the tables ``customers`` and ``identities``.

E-mail addresses are in the domains reserved by RFC 2606 and end in a code of the customer's own, so
no two customers share one; phones likewise (``names`` says which numbers).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.draws import Floats, Integers, choice, normal
from workbench.synthetic.frames import choices, digits, instant, table, text, where, words
from workbench.synthetic.people.block import Block
from workbench.synthetic.recipes import GENDERS
from workbench.synthetic.stock.names import PHONE_PREFIXES, Locale, locale

_DOMAINS = ("example.com", "example.net", "example.org")
_INCOMES = (0, 10, 20, 30, 40, 50, 60, 80, 100)
_EDUCATION = (0.0, 0.01, 0.06, 0.33, 0.1, 0.1, 0.22, 0.15, 0.03)
_BANDS = (18, 25, 35, 45, 55, 65)
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
# odd, not divisible by 3 or 5: multiplying by it permutes the numbers below any power of 10 or 36
_SCATTER = 7_368_787
_PHONES = 10**7
_CODES = 36**5
_TOP_HEAVY = 1.6  # how much more often the first names of a list are borne than the last


@dataclass(frozen=True)
class Written:
    """Names, contact details and home of a block's customers, Series of shape (customers,)."""

    given: pl.Series
    family: pl.Series
    full: pl.Series
    email: pl.Series
    phone: pl.Series
    street: pl.Series
    city: pl.Series
    postcode: pl.Series
    area: pl.Series
    region: pl.Series


def customers(block: Block, home: Written) -> pl.DataFrame:
    """Return the table ``customers``, one row per record."""
    born = block.clock.start_on.year - block.age
    knows_year = block.u("birth year known") < 0.88
    states_band = ~knows_year & (block.u("age band stated") < 0.5)
    incomes = [f"{block.recipe.currency} {_band(_INCOMES, i, 1000)}" for i in range(len(_INCOMES))]
    money = 34_000 * np.exp(0.5 * normal(block.u("income")))
    countries = [_locale.country for _locale in _locales(block)]
    languages = [_locale.language for _locale in _locales(block)]
    is_test = block.u("test record") < 0.001
    return table(
        "customers",
        [
            {
                "_owner": np.arange(block.size),
                "record_id": block.record_id,
                "kind": words(["person", "test"], is_test.astype(np.int64)),
                "first_seen_at": instant(block.joined_at),
                "birth_year": where(knows_year, pl.Series(born)),
                "age_band": where(states_band, _age_bands(block.age)),
                "gender": choices("customers", "gender", [*GENDERS[:4], None], block.gender),
                "country": words(countries, block.locale),
                "region": home.region,
                "postcode_area": home.area,
                "language": words(languages, block.locale),
                "income_band": where(
                    block.u("income known") < 0.75,
                    words(incomes, np.searchsorted(np.array(_INCOMES) * 1000, money, "right") - 1),
                ),
                "education_level": where(
                    block.u("education known") < 0.85,
                    pl.Series(choice(block.u("education"), _EDUCATION)),
                ),
            }
        ],
    )


def identities(block: Block, home: Written, last_seen_at: Integers) -> pl.DataFrame:
    """Return the table ``identities``: what the file says of whom, one row per identifier.

    Parameters
    ----------
    last_seen_at : array of int, shape (customers,)
        Seconds since 1970 of the customer's latest activity.
    """
    has_address = block.u("address known") < 0.85
    everyone = np.ones(block.size, dtype=bool)
    month, day_of_month = _birthday(block)
    born = text(
        pl.Series(block.clock.start_on.year - block.age).cast(pl.String),
        "-",
        digits(month, 2),
        "-",
        digits(day_of_month, 2),
    )
    number = pl.Series(block.numbers + 100_000).cast(pl.String)
    stated = {
        "user_id": (text(f"{block.recipe.system}:", number), everyone),
        "email": (home.email, block.u("email known") < 0.97),
        "phone": (home.phone, block.u("phone known") < 0.6),
        "full_name": (home.full, everyone),
        "given_name": (home.given, everyone),
        "family_name": (home.family, everyone),
        "birth_date": (born, block.u("birth year known") < 0.8),
        "street_address": (home.street, has_address),
        "city": (home.city, has_address),
        "postcode": (home.postcode, has_address),
    }
    parts = []
    for kind, (identifier, is_stated) in stated.items():
        owner = np.flatnonzero(is_stated)
        parts.append(
            {
                "_owner": owner,
                "record_id": block.record_id[owner],
                "kind": kind,
                "identifier": identifier.gather(owner),
                "last_seen_at": instant(last_seen_at[owner]),
                "match_rule": "own",
            }
        )
    return table("identities", parts)


def written(block: Block) -> Written:
    """Write names, addresses and contact details of a block's customers."""
    by_gender = block.bears_female_name
    # positions in the four lists, the same uniform for all of them
    u_given, u_family = block.u("given name"), block.u("family name")

    def named(
        pick: Callable[[Locale, bool], tuple[tuple[str, str], ...]], u: Floats, form: int
    ) -> pl.Series:
        female = _listed(block, lambda each: [pair[form] for pair in pick(each, True)], u)
        male = _listed(block, lambda each: [pair[form] for pair in pick(each, False)], u)
        return (
            pl.DataFrame({"f": female, "m": male, "is_female": by_gender})
            .select(pl.when("is_female").then("f").otherwise("m"))
            .to_series()
        )

    given = named(_given, _top_heavy(u_given), 0)
    family = named(_family, _top_heavy(u_family), 0)
    family = _doubled(block, family, named(_family, _top_heavy(block.u("second family name")), 0))
    is_family_first = words(["", "x"], _flag(block, lambda each: each.language == "ja")) == "x"
    full = (
        pl.DataFrame({"g": given, "f": family, "first": is_family_first})
        .select(
            pl.when("first")
            .then(pl.concat_str("f", "g", separator=" "))
            .otherwise(pl.concat_str("g", "f", separator=" "))
        )
        .to_series()
    )
    email = text(
        named(_given, _top_heavy(u_given), 1),
        ".",
        named(_family, _top_heavy(u_family), 1),
        ".",
        _own_code(block),
        "@",
        words(_DOMAINS, choice(block.u("domain"), (0.5, 0.3, 0.2))),
    )
    prefixes = [PHONE_PREFIXES[each.country] for each in _locales(block)]
    own = (block.numbers * np.uint64(_SCATTER) + np.uint64(1_234_567)) % np.uint64(_PHONES)
    area = _listed(block, lambda each: [a for a, _, _ in each.areas], block.u("area"))
    region = _listed(block, lambda each: [r for _, _, r in each.areas], block.u("area"))
    rest = _listed(block, lambda each: [p for _, p, _ in each.areas], block.u("area"))
    # towns belong to an area: the same uniform in steps picks a neighbourhood in the list
    city = _listed(block, lambda each: list(each.cities), _near(block.u("area"), block.u("city")))
    street = _listed(block, lambda each: list(each.streets), block.u("street"))
    number = pl.Series(1 + (120 * block.u("house") ** 1.5).astype(np.int64)).cast(pl.String)
    is_number_first = words(["", "x"], _flag(block, lambda each: each.number_first)) == "x"
    address = (
        pl.DataFrame({"s": street, "n": number, "first": is_number_first})
        .select(
            pl.when("first")
            .then(pl.concat_str("n", "s", separator=" "))
            .otherwise(pl.concat_str("s", "n", separator=" "))
        )
        .to_series()
    )
    return Written(
        given=given,
        family=family,
        full=full,
        email=email,
        phone=text(words(prefixes, block.locale), digits(own, 7)),
        street=address,
        city=city,
        postcode=text(area, _filled(block, rest)),
        area=area,
        region=region,
    )


def _locales(block: Block) -> list[Locale]:
    return [locale(name) for name in block.recipe.locales]


def _given(each: Locale, is_female: bool) -> tuple[tuple[str, str], ...]:
    return each.female if is_female else each.male


def _family(each: Locale, is_female: bool) -> tuple[tuple[str, str], ...]:
    return each.family_female if is_female else each.family_male


def _listed(
    block: Block, pick: Callable[[Locale], list[str] | list[str | None]], u: Floats
) -> pl.Series:
    """Return an entry of the list of each customer's locale, at the place u of it."""
    lists = [pick(each) for each in _locales(block)]
    sizes = np.array([len(each) for each in lists])
    starts = np.cumsum(sizes) - sizes
    every: list[str | None] = [entry for each in lists for entry in each]
    places = starts[block.locale] + (u * sizes[block.locale]).astype(np.int64)
    return words(every, places)


def _flag(block: Block, holds: Callable[[Locale], bool]) -> Integers:
    flags: Integers = np.array([int(holds(each)) for each in _locales(block)])[block.locale]
    return flags


def _top_heavy(u: Floats) -> Floats:
    return u**_TOP_HEAVY


def _near(area: Floats, u: Floats) -> Floats:
    """Return places in a list near the place of the area, in a stretch of a hundredth of it."""
    stretch: Floats = (np.floor(area * 100) + u) / 100
    return stretch


def _doubled(block: Block, family: pl.Series, second: pl.Series) -> pl.Series:
    """Add a second surname: to all in Spain, to one in sixteen elsewhere, to none in Japan."""
    language = words([each.language for each in _locales(block)], block.locale)
    is_double = pl.Series(block.u("double name") < 1 / 16)
    frame = pl.DataFrame({"one": family, "two": second, "language": language, "double": is_double})
    return frame.select(
        pl.when(pl.col("language") == "es")
        .then(pl.concat_str("one", "two", separator=" "))
        .when((pl.col("language") != "ja") & pl.col("double") & (pl.col("one") != pl.col("two")))
        .then(pl.concat_str("one", "two", separator="-"))
        .otherwise("one")
    ).to_series()


def _own_code(block: Block) -> pl.Series:
    """Return five characters that no other customer has."""
    own = (block.numbers * np.uint64(_SCATTER) + np.uint64(987_654)) % np.uint64(_CODES)
    two = [a + b for a in _LETTERS for b in _LETTERS]
    three = [a + b for a in two for b in _LETTERS]
    return text(words(two, own // np.uint64(36**3)), words(three, own % np.uint64(36**3)))


def _filled(block: Block, pattern: pl.Series) -> pl.Series:
    """Return postcode patterns with digits and letters of the customer's own in them."""
    bits = block.bits("postcode")
    rows = pl.DataFrame({"rest": pattern})
    for place in range(4):
        some = (bits >> np.uint64(8 * place)).astype(np.int64) & 0xFF
        rows = rows.with_columns(
            digit=words(list("0123456789"), some % 10), letter=words(list("ABDEFGHJLN"), some % 10)
        )
        rows = rows.with_columns(
            rest=pl.when(pl.col("rest").str.contains("#", literal=True))
            .then(pl.col("rest").str.replace("#", pl.col("digit"), literal=True))
            .otherwise(pl.col("rest").str.replace("@", pl.col("letter"), literal=True))
        )
    return rows["rest"]


def _birthday(block: Block) -> tuple[Integers, Integers]:
    bits = block.bits("birthday")
    month = 1 + (bits % np.uint64(12)).astype(np.int64)
    day_of_month = 1 + ((bits >> np.uint64(16)) % np.uint64(28)).astype(np.int64)
    return month, day_of_month


def _age_bands(age: Integers) -> pl.Series:
    codes = np.searchsorted(np.array(_BANDS), age, "right") - 1
    return words([_band(_BANDS, i, 1) for i in range(len(_BANDS))], codes)


def _band(edges: tuple[int, ...], place: int, unit: int) -> str:
    low = edges[place] * unit
    return f"{low}+" if place + 1 == len(edges) else f"{low}-{edges[place + 1] * unit - 1}"
