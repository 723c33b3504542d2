"""Streets, houses, towns and postcode areas by locale, from Faker's lists and ``towns.toml``.

Faker composes the towns of most locales from parts; here large real towns come first and composed
names follow. Streets have the names of trees or family names, for example. The town and the
postcode of a customer are at similar positions in their lists, but do not belong together on a map.
"""

from functools import cache
from itertools import product
from typing import Any

from workbench.foundation.package_data import packaged_toml
from workbench.synthetic.stock import faker_lists

#: Postcode area, pattern of the rest (``#`` a digit, ``@`` a letter), and region or None.
Area = tuple[str, str, str | None]
#: Text before and text behind the street.
House = tuple[str, str]

_LETTERS = "ABDEFGHJLN"


def streets(name: str, families: list[str]) -> tuple[str, ...]:
    """Return names of streets, without house numbers."""
    if name == "ja_JP":
        return faker_lists.places(name, "towns")
    if name == "pl_PL":
        return tuple(f"ul. {each}" for each in faker_lists.places(name, "streets"))
    if name == "nl_NL":
        ends = faker_lists.places(name, "street_suffixes")
        given = faker_lists.given_names(name, "female").entries[:120]
        return tuple(f"{head}{end}" for head, end in product(given, ends))
    rule = _locale(name)["streets"]
    heads = [*rule.get("named", "").split(), *families[:500]][: rule["heads"]]
    return tuple(
        rule["form"].format(head=head, end=end) for head, end in product(heads, rule["endings"])
    )


def houses(name: str) -> tuple[House, ...]:
    """Return house numbers and flats, with the signs between them and the street."""
    return tuple(
        (rule.get("before", "").format(*parts), rule.get("behind", "").format(*parts))
        for rule in _locale(name)["houses"]
        for parts in product(*(p if isinstance(p, str) else range(*p) for p in rule["parts"]))
    )


def cities(name: str, families: list[str]) -> tuple[str, ...]:
    """Return names of towns."""
    if name in ("de_DE", "nl_NL", "ja_JP", "pl_PL"):
        return faker_lists.places(name, "cities")
    own = _locale(name)
    known = [each.replace("_", " ") for each in own["cities"].split()]
    if name == "fr_FR":
        saints, rivers = own["saints"].split(), own["rivers"].split()
        return (*known, *(f"Saint-{s}-sur-{r}" for s, r in product(saints, rivers)))
    if name == "es_ES":
        return tuple(known)
    ends = own["town_endings"]
    return (*known, *(each + ends[i % len(ends)] for i, each in enumerate(families[:200])))


def areas(name: str) -> tuple[Area, ...]:
    """Return postcode areas."""
    if name == "en_GB":
        zones = faker_lists.places(name, "POSTAL_ZONES")
        return tuple((f"{zone}{n}", " #@@", None) for zone in zones for n in range(1, 13))
    if name == "en_US":
        return _us_areas()
    if name == "fr_FR":
        return tuple((code, "###", f"FR-{code}") for code in faker_lists.departments())
    rule = _locale(name)["postcodes"]
    numbers = range(rule["first"], rule["last"] + 1, rule.get("step", 1))
    return tuple(
        (f"{number:0{rule['digits']}d}", rule["rest"], None)
        for number in numbers
        if number not in rule.get("unused", ())
    )


def postcode_rests(pattern: str) -> tuple[str, ...]:
    """Return every text that matches the pattern of a postcode's rest.

    Examples
    --------
    >>> postcode_rests("-#")[:3], len(postcode_rests(" #@@"))
    (('-0', '-1', '-2'), 1000)
    """
    choices = [{"#": "0123456789", "@": _LETTERS}.get(sign, sign) for sign in pattern]
    return tuple("".join(each) for each in product(*choices))


def _us_areas() -> tuple[Area, ...]:
    spans = faker_lists.us_postcodes()
    return tuple(
        (f"{area:03d}", "##", f"US-{state}")
        for state, (low, high) in spans.items()
        for area in range(low // 100, high // 100 + 1)
    )


def _locale(name: str) -> dict[str, Any]:
    listed: dict[str, Any] = _places()[name]
    return listed


@cache
def _places() -> dict[str, Any]:
    return packaged_toml("workbench.synthetic.stock", "towns.toml")
