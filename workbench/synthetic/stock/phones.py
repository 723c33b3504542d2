"""Phone numbers that nobody has, by country: ``phones.csv`` lists ranges reserved for fiction.

The sources are:

- United States: 555-0100 to 555-0199 in every area code (North American Numbering Plan
  Administrator; the encyclopaedia's "Fictitious telephone number"). The list of area codes is from
  memory.
- United Kingdom: Ofcom, "Telephone numbers for use in TV and radio drama programmes": a thousand
  numbers in each of fifteen cities and regions, in the fictional area 01632, and of mobiles.
- France: Arcep, decision 2018-0881 of 24 July 2018, 2.5.12 "Numéros pour œuvres audiovisuelles":
  six blocks of ten thousand.
- Germany: Bundesnetzagentur, Mitteilung 148/2021 in Amtsblatt 7/2021, "Rufnummern für
  Medienproduktionen": a thousand numbers in each of five cities. There are too few numbers of
  mobiles to be used.
- Poland: 49 is no area code and no mobile code in the national plan.
- Netherlands: 069 is not assigned (mobiles are 061 to 065 and 068).
- From memory: Spanish mobiles from 79 and Japanese numbers from 090-0 are not assigned.

A customer's phone number is a permutation of the customer's number, so it repeats only where the
world has more customers than the country has phone numbers: from the 5,001st customer on in
Germany, the 17,001st in the United Kingdom, the 27,301st in the United States, the 60,001st in
France, and the 10,000,001st elsewhere. From then on, strangers share phone numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from workbench.foundation.package_data import packaged_csv

_LAST = 4  # Number of digits in ``Range.tails``.


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers of one country: every prefix, followed by this many digits."""

    prefixes: tuple[str, ...]
    digits: int

    @property
    def heads(self) -> tuple[str, ...]:
        """All beginnings of numbers, up to the last four digits."""
        middles = _numbers(max(self.digits - _LAST, 0))
        return tuple(prefix + middle for prefix in self.prefixes for middle in middles)

    @property
    def tails(self) -> tuple[str, ...]:
        """All last digits of numbers: four, or fewer where the prefix is long."""
        return _numbers(min(self.digits, _LAST))


@cache
def _numbers(width: int) -> tuple[str, ...]:
    return tuple(f"{n:0{width}d}" for n in range(10**width)) if width else ("",)


@cache
def ranges() -> Mapping[str, Range]:
    """Return the numbers of each country."""
    prefixes: dict[tuple[str, int], list[str]] = {}
    for row in packaged_csv("workbench.synthetic.stock", "phones.csv"):
        prefixes.setdefault((row["country"], int(row["digits"])), []).append(row["prefix"])
    return {country: Range(tuple(each), digits) for (country, digits), each in prefixes.items()}
