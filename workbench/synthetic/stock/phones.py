"""Phone numbers that nobody has: the ranges set aside for fiction, by country.

Looked up:

- United States: 555-0100 to 555-0199 in every area code (North American Numbering Plan
  Administrator; the encyclopaedia's "Fictitious telephone number"). Which area codes there are is
  from memory.
- United Kingdom: Ofcom, "Telephone numbers for use in TV and radio drama programmes": a thousand
  numbers in each of fifteen cities and regions, in the fictional area 01632, and of mobiles.
- France: Arcep, decision 2018-0881 of 24 July 2018, 2.5.12 "Numéros pour œuvres audiovisuelles":
  six blocks of ten thousand.
- Germany: Bundesnetzagentur, Mitteilung 148/2021 in Amtsblatt 7/2021, "Rufnummern für
  Medienproduktionen": a thousand numbers in each of five cities. Those of mobiles are too few to be
  drawn from.
- Poland: 49 is no area and no mobile code in the national plan.
- Netherlands: 069 is none of the codes given out there (mobiles are 061 to 065 and 068).

From memory: the Spanish mobiles from 79 and the Japanese from 090-0 are not given out.

A customer's number is a permutation of the customer's place in the world, so it repeats only where
the world has more customers than the country has numbers: from the 5,001st on in Germany, the
17,001st in the United Kingdom, the 27,301st in the United States, the 60,001st in France, and the
10,000,001st elsewhere. Strangers then share numbers, as the few that are fictional leave no choice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

_US_AREAS = """
    201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239
    240 248 251 252 253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 310 312
    313 314 315 316 317 318 319 320 321 323 325 330 331 334 336 337 339 347 351 352 360 361 386 401
    402 404 405 406 407 408 409 410 412 413 414 415 417 419 423 424 425 430 432 434 435 440 443 469
    478 479 480 484 501 502 503 504 505 507 508 509 510 512 513 515 516 517 518 520 530 540 541 551
    559 561 562 563 567 570 571 573 574 575 580 585 586 601 602 603 605 606 607 608 609 610 612 614
    615 616 617 618 619 620 623 626 630 631 636 641 646 650 651 660 661 662 678 682 701 702 703 704
    706 707 708 712 713 714 715 716 717 718 719 720 724 727 731 732 734 740 754 757 760 763 765 770
    772 773 774 775 781 785 786 801 802 803 804 805 806 808 810 812 813 814 815 816 817 818 828 830
    831 832 843 845 847 848 850 856 857 858 859 860 862 863 864 865 870 878 901 903 904 906 907 908
    909 910 912 913 914 915 916 917 918 919 920 925 928 931 936 937 940 941 947 949 951 952 954 956
    970 971 972 973 978 979 980 985 989
"""
_GB_CITIES = ("121", "117", "131", "141", "113", "116", "151", "161", "115", "118", "114")
_LAST = 4  # digits


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers of one country: every prefix, followed by this many digits."""

    prefixes: tuple[str, ...]
    digits: int

    @property
    def heads(self) -> tuple[str, ...]:
        """Everything a number may begin with, up to the last digits."""
        middles = _numbers(max(self.digits - _LAST, 0))
        return tuple(prefix + middle for prefix in self.prefixes for middle in middles)

    @property
    def tails(self) -> tuple[str, ...]:
        """Everything the last four digits may be, or how many the prefix leaves."""
        return _numbers(min(self.digits, _LAST))


@cache
def _numbers(width: int) -> tuple[str, ...]:
    return tuple(f"{n:0{width}d}" for n in range(10**width)) if width else ("",)


RANGES: Mapping[str, Range] = {
    "DE": Range(("+493023125", "+496990009", "+494066969", "+492214710", "+498999998"), 3),
    "ES": Range(("+3479",), 7),
    "FR": Range(("+3319900", "+3326191", "+3335301", "+3346571", "+3353649", "+3363998"), 4),
    "GB": Range(
        (
            *(f"+44{city}4960" for city in _GB_CITIES),
            *("+441914980", "+442079460", "+442920180", "+442896496"),
            *("+441632960", "+447700900"),
        ),
        3,
    ),
    "JP": Range(("+81900",), 7),
    "NL": Range(("+3169",), 7),
    "PL": Range(("+4849",), 7),
    "US": Range(tuple(f"+1{area}55501" for area in _US_AREAS.split()), 2),
}

#: What the numbers of a country may begin with.
PREFIXES: Mapping[str, tuple[str, ...]] = {
    country: numbers.prefixes for country, numbers in RANGES.items()
}
