"""Lists of names and places by locale, with the frequency of each entry.

The lists are Faker's (``faker_lists``), with additions where they are short (``additions``,
``japanese``); common names come first. Where Faker has the frequency of a name, it is used;
otherwise the name with rank r has the weight r to the power of -0.6 (family names) or -0.7 (given
names). Double given names are entries of their own. No list contains full names of persons;
combinations are drawn at random.

There are no titles, no middle names, and no names by origin or by year of birth.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache

from workbench.synthetic.draws import cell_counts
from workbench.synthetic.stock import additions, faker_lists, japanese, phones, towns
from workbench.synthetic.stock.towns import Area, House

LOCALES = ("de_DE", "en_GB", "en_US", "es_ES", "fr_FR", "ja_JP", "nl_NL", "pl_PL")
#: Country (ISO 3166-1 alpha-2) by locale.
COUNTRIES: Mapping[str, str] = {name: name[3:] for name in LOCALES}
#: Value of ``fingerprint()`` with the locked version of Faker.
FINGERPRINT = "b2cdefc97fdfbffd645cc4b8bff8eb5d968c783e121398c39b3198d0fd2a11e9"

_FOLDED = str.maketrans({"ß": "ss", "ł": "l", "Ł": "l", "ø": "o", "æ": "ae", "'": ""})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_GIVEN_POWER, _FAMILY_POWER = 0.7, 0.6
_COMPOSED_FAMILY = 0.12  # Share of customers with a family name composed of parts.
_COMPOSED_JAPANESE = {"given": 0.35, "family": 0.25}
_FEMININE = ("ski", "cki", "dzki", "ny", "ły", "wy", "aty")

Pairs = tuple[tuple[str, str], ...]
_Weighted = list[tuple[tuple[str, str], float]]


@dataclass(frozen=True, kw_only=True)
class Locale:
    """Lists of one locale, from which entries are drawn by position.

    Attributes
    ----------
    country, language : str
        Codes in ISO 3166-1 alpha-2 and BCP 47.
    female, male, family_female, family_male : tuple of (written, Latin) pairs
        Given and family names; the Latin form is ASCII in lower case, for e-mail addresses. Both
        lists of family names contain the same names in the same order.
    cells : mapping of str to tuple of int
        Frequency of each entry of ``female``, ``male`` and ``family``, in units of 1 / 65,536.
    streets, cities : tuple of str
        Names of streets and towns.
    houses : tuple of (text before the street, text behind it)
        House numbers and flats.
    areas : tuple of (postcode area, pattern of the rest, region or None)
        In a pattern, ``#`` means a digit and ``@`` a letter.
    """

    name: str
    country: str
    language: str
    female: Pairs
    male: Pairs
    family_female: Pairs
    family_male: Pairs
    cells: Mapping[str, tuple[int, ...]]
    streets: tuple[str, ...]
    houses: tuple[House, ...]
    cities: tuple[str, ...]
    areas: tuple[Area, ...]


@cache
def locale(name: str) -> Locale:
    """Return the lists of a locale, one of ``LOCALES``."""
    female, male, family = _given(name, "female"), _given(name, "male"), _families(name)
    families = tuple(pair for pair, _ in family)
    surnames = [written for written, _ in families]
    return Locale(
        name=name,
        country=COUNTRIES[name],
        language=name[:2],
        female=tuple(pair for pair, _ in female),
        male=tuple(pair for pair, _ in male),
        family_female=_feminine(families) if name == "pl_PL" else families,
        family_male=families,
        cells={"female": _cells_of(female), "male": _cells_of(male), "family": _cells_of(family)},
        streets=towns.streets(name, surnames),
        houses=towns.houses(name),
        cities=towns.cities(name, surnames),
        areas=towns.areas(name),
    )


def fingerprint() -> str:
    """Return the SHA-256 over all lists of all locales and the phone ranges, in hex.

    Only the tests compare it with ``FINGERPRINT``, because it needs the lists of all locales.
    """
    found = hashlib.sha256()
    for name in LOCALES:
        lists_of = locale(name)
        for field in fields(lists_of):
            found.update(f"{field.name}\x1f{getattr(lists_of, field.name)!r}\x1e".encode())
    found.update(repr(sorted(phones.ranges().items())).encode())
    return found.hexdigest()


def latin(text: str, name: str = "") -> str:
    """Return a name in ASCII and lower case, for an e-mail address.

    Examples
    --------
    >>> latin("Größe-Müller", "de_DE"), latin("Wałęsa"), latin("O'Brien")
    ('groessemueller', 'walesa', 'obrien')
    """
    text = text.translate(_UMLAUTS) if name == "de_DE" else text
    folded = unicodedata.normalize("NFKD", text.translate(_FOLDED))
    plain = folded.encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain.lower() if letter.isalnum())


def _given(name: str, gender: str) -> _Weighted:
    """Return the given names of a locale and gender with their weights."""
    if name == "ja_JP":
        frequent, rare = japanese.given_names(gender)
        share = _COMPOSED_JAPANESE["given"]
        return [
            *_weights_by_rank(frequent, _GIVEN_POWER, 1 - share),
            *_weights_by_rank(rare, 0.3, share),
        ]
    listed = faker_lists.given_names(name, gender)
    double = additions.double_given(name, gender)
    share = additions.double_share(name)
    common = additions.common_given(name, gender)
    pairs = _pairs(_common_first(listed, common, is_ranked=name in ("en_GB", "pl_PL")), name)
    known = {written for written, _ in pairs}
    doubles = [each for each in _pairs(double, name) if each[0] not in known]
    if listed.weights:
        weighted = _scale_weights(list(zip(pairs, listed.weights, strict=True)), 1 - share)
    else:
        weighted = _weights_by_rank(pairs, _GIVEN_POWER, 1 - share)
    return [*weighted, *_weights_by_rank(doubles, _GIVEN_POWER, share)]


def _families(name: str) -> _Weighted:
    """Return the family names of a locale with their weights."""
    if name == "ja_JP":
        counted, rare = japanese.family_names()
        share = _COMPOSED_JAPANESE["family"]
        return [*_scale_weights(list(counted), 1 - share), *_weights_by_rank(rare, 0.3, share)]
    listed = faker_lists.family_names(name)
    common = additions.common_family(name)
    pairs = _pairs(_common_first(listed, common, is_ranked=name in ("fr_FR", "pl_PL")), name)
    if listed.weights:
        return _scale_weights(list(zip(pairs, listed.weights, strict=True)), 1.0)
    known = {written for written, _ in pairs}
    composed = _pairs(additions.composed_family(name), name)
    further = [each for each in composed if each[0] not in known]
    share = _COMPOSED_FAMILY if further else 0.0
    return [
        *_weights_by_rank(pairs, _FAMILY_POWER, 1 - share),
        *_weights_by_rank(further, 0.3, share),
    ]


def _common_first(
    listed: faker_lists.NameList, common: tuple[str, ...], *, is_ranked: bool
) -> tuple[str, ...]:
    """Return the common names, followed by the listed names without repetitions.

    A list in alphabetical order is put into a pseudo-random order: since weights fall with the
    rank, half of the customers would otherwise have a name that begins with A.
    """
    is_ranked = is_ranked or bool(listed.weights)
    rest = listed.entries if is_ranked else sorted(listed.entries, key=_digest)
    return tuple(dict.fromkeys((*common, *rest)))


def _digest(entry: str) -> bytes:
    return hashlib.sha256(entry.encode()).digest()


def _pairs(names: Iterable[str], name: str) -> list[tuple[str, str]]:
    return [(each, latin(each, name)) for each in names]


def _weights_by_rank(pairs: Iterable[tuple[str, str]], power: float, share: float) -> _Weighted:
    """Return names with weights ``rank ** -power``, scaled so that they add up to the share."""
    return _scale_weights([(pair, rank**-power) for rank, pair in enumerate(pairs, start=1)], share)


def _scale_weights(weighted: _Weighted, share: float) -> _Weighted:
    """Scale weights so that they add up to the share."""
    total = sum(weight for _, weight in weighted)
    return [(pair, share * weight / total) for pair, weight in weighted]


def _cells_of(weighted: _Weighted) -> tuple[int, ...]:
    return tuple(cell_counts([weight for _, weight in weighted]).tolist())


def _feminine(families: Pairs) -> Pairs:
    """Return the feminine forms of Polish family names: those of adjectives end in a."""
    women = (each[:-1] + "a" if each.endswith(_FEMININE) else each for each, _ in families)
    return tuple((each, latin(each)) for each in women)
