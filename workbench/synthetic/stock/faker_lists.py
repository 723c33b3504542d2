"""Faker's lists of names and places; this is the only module that imports Faker.

Faker itself draws one profile at a time, which is slow, so worlds use its lists. The lists may
change with any release; ``names.fingerprint`` shows whether they did.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class NameList:
    """A list of names and the frequency of each; without frequencies, weights are empty."""

    entries: tuple[str, ...]
    weights: tuple[float, ...] = ()


def given_names(name: str, gender: str) -> NameList:
    """Return the given names of a locale, for ``female`` or ``male``."""
    return _name_list(getattr(_person(name), f"first_names_{gender}"))


def family_names(name: str) -> NameList:
    """Return the family names of a locale; for Poland, the masculine ones."""
    person = _person(name)
    if name == "pl_PL":
        return NameList((*person.male_last_names, *person.unisex_last_names))
    return _name_list(person.last_names)


def japanese_given(gender: str) -> tuple[tuple[str, str], ...]:
    """Return Japanese given names, written and romanised."""
    pairs = getattr(_person("ja_JP"), f"first_name_{gender}_pairs")
    return tuple((written, roman) for written, _, roman in pairs)


def japanese_family() -> tuple[tuple[str, str, float], ...]:
    """Return Japanese family names, written and romanised, with their numbers of bearers."""
    pairs = _person("ja_JP").last_name_pairs
    return tuple((written, roman, float(count)) for (written, _, roman), count in pairs.items())


def places(name: str, what: str) -> tuple[str, ...]:
    """Return a list of the address provider of a locale, for instance ``cities``."""
    return tuple(getattr(_place(name), what))


def departments() -> tuple[str, ...]:
    """Return the two-digit codes of the departments of France."""
    codes = [code for code, _ in _place("fr_FR").departments]
    return tuple(code for code in codes if code.isdecimal() and len(code) == 2)


def us_postcodes() -> dict[str, tuple[int, int]]:
    """Return the lowest and the highest ZIP code of each state."""
    place = _place("en_US")
    return {state: place.states_postcode[state] for state in place.states_abbr}


def _name_list(names: Any) -> NameList:
    if not isinstance(names, Mapping):
        return NameList(tuple(dict.fromkeys(names)))
    ordered = sorted(names, key=lambda each: (-names[each], each))
    return NameList(tuple(ordered), tuple(float(names[each]) for each in ordered))


@cache
def _person(name: str) -> Any:
    return import_module(f"faker.providers.person.{name}").Provider


@cache
def _place(name: str) -> Any:
    return import_module(f"faker.providers.address.{name}").Provider
