"""Pools: the concatenated lists of a world's locales, from which entries are drawn by 16 bits.

A row has the number of its list and 16 bits of a hash, which give the position of an entry; the
entries are gathered for all rows at once. Pools are made once for a world's locales, because making
them takes longer than making a block of customers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import product

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.synthetic.draws import CELLS, Integers, cell_counts
from workbench.synthetic.stock.names import Locale, Pairs, locale
from workbench.synthetic.stock.phones import ranges
from workbench.synthetic.stock.towns import postcode_rests

FIRST_YEAR, LAST_YEAR = 1800, 2200
#: Sign between two family names, and share of customers with two.
_SECOND = {
    "de_DE": ("-", 0.05), "en_GB": ("-", 0.05), "en_US": ("-", 0.03), "es_ES": (" ", 1.0),
    "fr_FR": ("-", 0.05), "ja_JP": ("", 0.0), "nl_NL": ("-", 0.07), "pl_PL": ("-", 0.05),
}  # fmt: skip
#: E-mail domains that nobody can own (RFC 2606), and signs between the names, with weights.
_DOMAINS = {
    "mail.example": 30, "example.com": 25, "post.example": 15, "example.org": 10,
    "example.net": 8, "inbox.example": 7, "webmail.example": 5,
}  # fmt: skip
_BETWEEN = {".": 60, "": 20, "_": 12, "-": 8}
_SIGNS = "0123456789abcdefghijklmnopqrstuvwxyz"

_Entries = Sequence[tuple[str | None, ...]]


@dataclass(frozen=True, slots=True)
class Pool:
    """Concatenated lists.

    Attributes
    ----------
    forms : tuple of Series
        Entries of all lists in each of their forms, for example written and Latin.
    starts, sizes : array of int, shape (lists,)
        Position of the first entry, and number of entries, of each list.
    cells : array of int32, shape (lists x 65536,), or None
        Position of the entry by list and 16 bits; None where all entries of a list have the same
        probability.
    """

    forms: tuple[pl.Series, ...]
    starts: Integers
    sizes: Integers
    cells: NDArray[np.int32] | None = None

    def rows(self, which: Integers | int, bits: Integers) -> Integers:
        """Return the position of the entry that each row draws from its list by 16 bits."""
        if self.cells is not None:
            drawn: Integers = self.cells[which * CELLS + bits].astype(np.int64)
            return drawn
        return self.starts[which] + (bits * self.sizes[which] >> 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """Parts of the personal details in a world's locales.

    Attributes
    ----------
    given, family, second : Pool
        Names; the list of a customer has the number 2 x locale, plus 1 for women. The first two
        have a written and a Latin form. Entries of ``second`` begin with the sign after the first
        family name; the first entry of each list is empty.
    streets, houses, cities, areas, rests : Pool
        Parts of addresses, with one list per locale. Houses have the texts before and behind the
        street. Areas have the postcode area and the region. Rests follow the area in a postcode.
    heads, tails : Pool
        First and last digits of phone numbers, with one list per locale.
    between, domains, codes, days, years : Pool
        Parts of e-mail addresses and birth dates. A code has a dot and five signs: three are in
        ``codes``, and the last two before each of the ``domains``.
    is_family_first, has_two_families : array of bool, shape (locales,)
        Whether the family name comes first; whether everybody has two family names.
    """

    given: Pool
    family: Pool
    second: Pool
    streets: Pool
    houses: Pool
    cities: Pool
    areas: Pool
    rests: Pool
    heads: Pool
    tails: Pool
    between: Pool
    domains: Pool
    codes: Pool
    days: Pool
    years: Pool
    is_family_first: NDArray[np.bool_]
    has_two_families: NDArray[np.bool_]


@cache
def pools(names: tuple[str, ...]) -> Pools:
    """Return the pools of these locales, in their order."""
    every = [locale(name) for name in names]
    numbers = [ranges()[each.country] for each in every]
    signs = ["".join(each) for each in product(_SIGNS, repeat=2)]
    year = [date(2023, 1, 1) + timedelta(days) for days in range(365)]
    return Pools(
        given=_pool(
            [pairs for each in every for pairs in (each.male, each.female)],
            [each.cells[gender] for each in every for gender in ("male", "female")],
        ),
        family=_pool(_families(every), [each.cells["family"] for each in every for _ in "mf"]),
        second=_pool(*_second_families(every)),
        streets=_pool([_one_form(each.streets) for each in every]),
        houses=_pool([each.houses for each in every]),
        cities=_pool([_one_form(each.cities) for each in every]),
        areas=_pool([[(area, region) for area, _, region in each.areas] for each in every]),
        rests=_pool([_one_form(postcode_rests(each.areas[0][1])) for each in every]),
        heads=_pool([_one_form(each.heads) for each in numbers]),
        tails=_pool([_one_form(each.tails) for each in numbers]),
        between=_pool([_one_form(_BETWEEN)], [tuple(_BETWEEN.values())]),
        domains=_pool(
            [_one_form(f"{two}@{domain}" for two in signs) for domain in _DOMAINS],
        ),
        codes=_pool([_one_form(f".{one}{two}" for one in _SIGNS for two in signs)]),
        days=_pool([_one_form(f"-{day:%m-%d}" for day in year)]),
        years=_pool([_one_form(str(year) for year in range(FIRST_YEAR, LAST_YEAR))]),
        is_family_first=np.array([each.language == "ja" for each in every]),
        has_two_families=np.array([_SECOND[name][1] == 1 for name in names]),
    )


@cache
def domain_cells() -> NDArray[np.int32]:
    """Return the number of the list in ``Pools.domains`` for each value of 16 bits."""
    return _entry_cells([tuple(_DOMAINS.values())])


def _families(every: list[Locale]) -> list[Pairs]:
    return [pairs for each in every for pairs in (each.family_male, each.family_female)]


def _second_families(every: list[Locale]) -> tuple[list[_Entries], list[tuple[float, ...]]]:
    """Return second family names and their weights; the first name of each list is empty."""
    entries: list[_Entries] = []
    weights = []
    for each, families in zip([e for e in every for _ in "mf"], _families(every), strict=True):
        joins, share = _SECOND[each.name]
        entries.append([("",), *((joins + written,) for written, _ in families)])
        cells = each.cells["family"]
        weights.append((sum(cells) * (1 - share), *(share * cell for cell in cells)))
    return entries, weights


def _pool(every: Sequence[_Entries], weights: Sequence[tuple[float, ...]] = ()) -> Pool:
    sizes = np.array([len(each) for each in every])
    joined = [entry for each in every for entry in each]
    forms = tuple(pl.Series(list(form), dtype=pl.String) for form in zip(*joined, strict=True))
    return Pool(forms, np.cumsum(sizes) - sizes, sizes, _entry_cells(weights) if weights else None)


def _entry_cells(weights: Sequence[tuple[float, ...]]) -> NDArray[np.int32]:
    """Return the position of the entry by list and 16 bits; positions count through all lists."""
    first, parts = 0, []
    for each in weights:
        places = np.arange(first, first + len(each), dtype=np.int32)
        parts.append(np.repeat(places, cell_counts(each)))
        first += len(each)
    return np.concatenate(parts)


def _one_form(entries: Iterable[str]) -> _Entries:
    return [(entry,) for entry in entries]
