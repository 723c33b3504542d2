"""Names and places by locale, from Faker's lists; the only module that imports Faker.

Faker draws one profile at a time and slowly; here its lists are taken whole and drawn from by
gathering. What it lacks (cities and streets of some locales, feminine Polish surnames) is composed
by rule. No list is a person's: combinations are drawn at random.

Phone numbers begin with a prefix that the national plan leaves unallocated, with room for as many
different numbers as customers: the ranges that regulators set aside for fiction (01632 960 in the
United Kingdom, 555-01 in America) hold too few, and shared numbers would link strangers.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

_PLANS = {
    "de_DE": ("DE", "de", "+49140"),
    "en_GB": ("GB", "en", "+44400"),
    "en_US": ("US", "en", "+1555"),
    "es_ES": ("ES", "es", "+3479"),
    "fr_FR": ("FR", "fr", "+3370"),
    "ja_JP": ("JP", "ja", "+81900"),
    "nl_NL": ("NL", "nl", "+3160"),
    "pl_PL": ("PL", "pl", "+4849"),
}

LOCALES = tuple(_PLANS)
#: Country (ISO 3166-1 alpha-2) by locale.
COUNTRIES: Mapping[str, str] = {name: country for name, (country, _, _) in _PLANS.items()}
PHONE_PREFIXES: Mapping[str, str] = {country: prefix for country, _, prefix in _PLANS.values()}

_FOLDED = str.maketrans({"ß": "ss", "ł": "l", "Ł": "l", "ø": "o", "æ": "ae", "'": ""})
_STREETS_MOST = 600
_GB_AREAS = (
    "AB", "B", "BA", "BB", "BD", "BH", "BN", "BR", "BS", "CB", "CF", "CT", "CV", "DE", "DH",
    "DN", "E", "EH", "EX", "G", "GL", "GU", "HD", "HU", "IP", "KT", "L", "LE", "LN", "LS",
    "M", "ME", "N", "NE", "NG", "NR", "OX", "PE", "PL", "PO", "PR", "RG", "S", "SA", "SE",
    "SN", "SO", "SW", "TQ", "W", "WF", "YO",
)  # fmt: skip
_US_AREAS = {
    "CA": range(900, 962), "CO": range(800, 816), "FL": range(320, 350), "GA": range(300, 320),
    "IL": range(600, 630), "MA": range(10, 28), "MI": range(480, 500), "NY": range(100, 150),
    "OH": range(430, 460), "PA": range(150, 197), "TX": range(750, 800), "WA": range(980, 995),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Locale:
    """Lists of one locale, each to be drawn from by position.

    Attributes
    ----------
    country, language : str
        ISO 3166-1 alpha-2 and BCP 47.
    female, male, family_female, family_male : tuple of (written, Latin) pairs
        Given and family names; Latin is ASCII in lower case, for e-mail addresses.
    streets, cities : tuple of str
    areas : tuple of (postcode area, rest pattern, region or None)
        ``#`` stands for a digit and ``@`` for a letter of the rest.
    """

    name: str
    country: str
    language: str
    female: tuple[tuple[str, str], ...]
    male: tuple[tuple[str, str], ...]
    family_female: tuple[tuple[str, str], ...]
    family_male: tuple[tuple[str, str], ...]
    streets: tuple[str, ...]
    cities: tuple[str, ...]
    areas: tuple[tuple[str, str, str | None], ...]

    @property
    def number_first(self) -> bool:
        """Whether the house number stands before the street."""
        return self.name in ("en_GB", "en_US", "fr_FR")


@cache
def locale(name: str) -> Locale:
    """Return the lists of a locale, one of ``LOCALES``."""
    person = import_module(f"faker.providers.person.{name}").Provider
    place = import_module(f"faker.providers.address.{name}").Provider
    country, language, _ = _PLANS[name]
    family_female, family_male = _families(name, person)
    return Locale(
        name=name,
        country=country,
        language=language,
        female=_given(name, person, "female"),
        male=_given(name, person, "male"),
        family_female=family_female,
        family_male=family_male,
        streets=_streets(name, place, [written for written, _ in family_male]),
        cities=_cities(name, place, [written for written, _ in family_male]),
        areas=_areas(name, place),
    )


def latin(text: str) -> str:
    """Return a name in ASCII and lower case, as it stands in an e-mail address."""
    plain = (
        unicodedata.normalize("NFKD", text.translate(_FOLDED)).encode("ascii", "ignore").decode()
    )
    return "".join(letter for letter in plain.lower() if letter.isalnum())


def _pairs(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((each, latin(each)) for each in dict.fromkeys(names) if latin(each))


def _ranked(names: Any) -> list[str]:
    """Return names, the most frequent first where the list says how frequent each is."""
    if isinstance(names, Mapping):
        return sorted(names, key=lambda each: (-names[each], each))
    return list(names)


def _given(name: str, person: Any, gender: str) -> tuple[tuple[str, str], ...]:
    if name == "ja_JP":
        pairs = getattr(person, f"first_name_{gender}_pairs")
        return tuple((written, latin(roman)) for written, _, roman in pairs)
    return _pairs(_ranked(getattr(person, f"first_names_{gender}")))


def _families(name: str, person: Any) -> tuple[tuple[tuple[str, str], ...], ...]:
    if name == "ja_JP":
        both = tuple((written, latin(roman)) for written, _, roman in person.last_name_pairs)
        return both, both
    if name == "pl_PL":
        male = [*person.male_last_names, *person.unisex_last_names]
        return _pairs(_feminine(each) for each in male), _pairs(male)
    both = _pairs(_ranked(person.last_names))
    return both, both


def _feminine(surname: str) -> str:
    return surname[:-1] + "a" if surname.endswith(("ski", "cki", "dzki")) else surname


def _streets(name: str, place: Any, families: list[str]) -> tuple[str, ...]:
    known = families[:_STREETS_MOST]
    if name in ("en_GB", "en_US"):
        endings = ("Street", "Road", "Avenue", "Lane", "Close", "Drive")
        return tuple(f"{each} {endings[i % len(endings)]}" for i, each in enumerate(known))
    if name == "ja_JP":
        return tuple(f"{town}{block}丁目" for town in place.towns for block in range(1, 5))
    if name == "pl_PL":
        return tuple(f"ul. {each}" for each in place.streets)
    pattern = {
        "de_DE": "{}straße",
        "es_ES": "Calle {}",
        "fr_FR": "rue {}",
        "nl_NL": "{}straat",
    }[name]
    return tuple(pattern.format(each) for each in known)


def _cities(name: str, place: Any, families: list[str]) -> tuple[str, ...]:
    if name in ("de_DE", "nl_NL", "ja_JP"):
        return tuple(place.cities)
    if name == "pl_PL":
        return tuple(place.cities)
    if name == "es_ES":
        return tuple(place.states)
    if name == "fr_FR":
        endings = ("-sur-Mer", "-les-Bains", "ville", "-la-Forêt", "bourg")
    else:
        endings = ("ton", "ville", "ford", "bury", "field")
    return tuple(f"{each}{endings[i % len(endings)]}" for i, each in enumerate(families[:400]))


def _areas(name: str, place: Any) -> tuple[tuple[str, str, str | None], ...]:
    if name == "en_GB":
        return tuple(
            (f"{area}{district}", " #@@", None) for area in _GB_AREAS for district in range(1, 13)
        )
    if name == "en_US":
        return tuple(
            (f"{area:03d}", "##", f"US-{state}")
            for state, zone in _US_AREAS.items()
            for area in zone
        )
    if name == "fr_FR":
        codes = [code for code, _ in place.departments if code.isdecimal() and len(code) == 2]
        return tuple((code, "###", f"FR-{code}") for code in codes)
    if name == "es_ES":
        return tuple((f"{area:02d}", "###", None) for area in range(1, 53))
    if name == "de_DE":
        return tuple((f"{area:02d}", "###", None) for area in range(10, 100))
    if name == "nl_NL":
        return tuple((f"{area}", "## @@", None) for area in range(10, 100))
    if name == "pl_PL":
        return tuple((f"{area:02d}", "-###", None) for area in range(100))
    return tuple((f"{area:03d}", "-####", None) for area in range(10, 990, 7))
