"""Lists of values that a mapping may name instead of stating them: ``values = "@countries"``."""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

#: Languages in which exports name countries.
_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl", "pt", "sv", "da")
#: Codes of the CLDR that are no country.
_NO_COUNTRY = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
#: Names that exports have and the Unicode CLDR has not.
_FURTHER = {
    "Great Britain": "GB", "England": "GB", "Scotland": "GB", "Wales": "GB", "UK": "GB",
    "USA": "US", "United States of America": "US", "The Netherlands": "NL", "Holland": "NL",
    "Czech Republic": "CZ", "Turkey": "TR", "Russian Federation": "RU", "Korea": "KR",
    "Republic of Korea": "KR", "Viet Nam": "VN", "Hong Kong": "HK", "Macao": "MO",
}  # fmt: skip


@cache
def _countries() -> Mapping[str, str]:
    """Return ISO 3166-1 codes by name in ten languages, and by code of two or three letters.

    Names are those of the Unicode CLDR, as Babel has them.
    """
    from babel import Locale  # late: it is slow to import, and few mappings need it
    from babel.core import get_global

    codes = [
        code
        for code in map(str, Locale("en").territories)
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRY
    ]
    found: dict[str, str] = {}
    for language in _LANGUAGES:
        names = Locale(language).territories
        for code in codes:
            found.setdefault(str(names.get(code, code)), code)
    for alias, current in get_global("territory_aliases").items():
        if len(alias) == 3 and alias.isalpha() and current[0] in codes:
            found.setdefault(alias, current[0])
    return MappingProxyType({**found, **_FURTHER, **{code: code for code in codes}})


#: Lists by the name that a mapping gives.
VALUE_LISTS: Mapping[str, Callable[[], Mapping[str, str]]] = MappingProxyType(
    {"@countries": _countries}
)
