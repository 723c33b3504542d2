"""The lists of a world's locales one behind the other, drawn from by 16 bits of a hash.

Pools are made once for a world's locales and kept: to make them takes longer than a block of
customers. Which list a row draws from is a number, the place within it follows from 16 bits, and
the entries themselves are gathered at the end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import product

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.synthetic.draws import Integers
from workbench.synthetic.stock.names import CELLS, Locale, Pairs, locale
from workbench.synthetic.stock.phones import ranges
from workbench.synthetic.stock.places import rests

FIRST_YEAR, LAST_YEAR = 1800, 2200
#: What joins a second family name to the first, and the share of those who bear one.
_SECOND = {
    "de_DE": ("-", 0.05), "en_GB": ("-", 0.05), "en_US": ("-", 0.03), "es_ES": (" ", 1.0),
    "fr_FR": ("-", 0.05), "ja_JP": ("", 0.0), "nl_NL": ("-", 0.07), "pl_PL": ("-", 0.05),
}  # fmt: skip
#: Domains of e-mail that nobody has (RFC 2606), and what stands between the names, with weights.
_DOMAINS = {
    "mail.example": 30, "example.com": 25, "post.example": 15, "example.org": 10,
    "example.net": 8, "inbox.example": 7, "webmail.example": 5,
}  # fmt: skip
_BETWEEN = {".": 60, "": 20, "_": 12, "-": 8}
_SIGNS = "0123456789abcdefghijklmnopqrstuvwxyz"

_Entries = Sequence[tuple[str | None, ...]]


@dataclass(frozen=True, slots=True)
class Pool:
    """Lists one behind the other.

    Attributes
    ----------
    forms : tuple of Series
        The entries, in each form they have.
    starts, sizes : array of int, shape (lists,)
    cells : array of int32, shape (lists x 65536,), or None
        Entry by list and 16 bits; None where all entries of a list are as likely.
    """

    forms: tuple[pl.Series, ...]
    starts: Integers
    sizes: Integers
    cells: NDArray[np.int32] | None = None

    def rows(self, which: Integers | int, bits: Integers) -> Integers:
        """Return the entries drawn by 16 bits from the list of each row."""
        if self.cells is not None:
            drawn: Integers = self.cells[which * CELLS + bits].astype(np.int64)
            return drawn
        return self.starts[which] + (bits * self.sizes[which] >> 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """Everything that profiles of a world's locales are made of.

    Attributes
    ----------
    given, family, second : Pool
        By twice the locale, plus one for women; the first two as written and in Latin. Entries of
        ``second`` begin with what joins them to the first family name; the first of a list is
        empty.
    streets, houses, cities, areas, rests : Pool
        By locale. Houses have what stands before and behind the street, areas the postcode area
        and the region; rests follow the area in a postcode.
    heads, tails : Pool
        First and last digits of phone numbers, by locale.
    between, domains, codes, days, years : Pool
        One list each. Domains have every two signs before them, codes are a dot and three signs.
    is_family_first, has_two_families : array of bool, shape (locales,)
        Whether the family name comes first; whether everybody has two.
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
        second=_pool(*_seconds(every)),
        streets=_pool([_single(each.streets) for each in every]),
        houses=_pool([each.houses for each in every]),
        cities=_pool([_single(each.cities) for each in every]),
        areas=_pool([[(area, region) for area, _, region in each.areas] for each in every]),
        rests=_pool([_single(rests(each.areas[0][1])) for each in every]),
        heads=_pool([_single(each.heads) for each in numbers]),
        tails=_pool([_single(each.tails) for each in numbers]),
        between=_pool([_single(_BETWEEN)], [tuple(_BETWEEN.values())]),
        domains=_pool(
            [_single(f"{two}@{domain}" for two in signs) for domain in _DOMAINS],
        ),
        codes=_pool([_single(f".{one}{two}" for one in _SIGNS for two in signs)]),
        days=_pool([_single(f"-{day:%m-%d}" for day in year)]),
        years=_pool([_single(str(year) for year in range(FIRST_YEAR, LAST_YEAR))]),
        is_family_first=np.array([each.language == "ja" for each in every]),
        has_two_families=np.array([_SECOND[name][1] == 1 for name in names]),
    )


@cache
def domain_cells() -> NDArray[np.int32]:
    """Return the list of ``Pools.domains`` by 16 bits."""
    return _table([tuple(_DOMAINS.values())])


def _families(every: list[Locale]) -> list[Pairs]:
    return [pairs for each in every for pairs in (each.family_male, each.family_female)]


def _seconds(every: list[Locale]) -> tuple[list[_Entries], list[tuple[float, ...]]]:
    """Return second family names, the first of each list empty, and their weights."""
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
    return Pool(forms, np.cumsum(sizes) - sizes, sizes, _table(weights) if weights else None)


def _table(weights: Sequence[tuple[float, ...]]) -> NDArray[np.int32]:
    """Return the entry by list and 16 bits, entries being counted through all lists."""
    first, parts = 0, []
    for each in weights:
        edges = np.rint(np.cumsum(each) / np.sum(each) * CELLS).astype(np.int64)
        counts = np.diff(edges, prepend=0)
        parts.append(np.repeat(np.arange(first, first + len(each), dtype=np.int32), counts))
        first += len(each)
    return np.concatenate(parts)


def _single(entries: Iterable[str]) -> _Entries:
    return [(entry,) for entry in entries]
