"""Names in addition to Faker's lists: common names and double given names.

The names are listed by locale in ``names.toml``. A locale has ``family`` (common family names, the
most frequent first), ``family_heads`` and ``family_tails`` (parts of rare family names), ``given``
(common given names by gender) and ``double``: the first and second parts of double given names by
gender, the sign between them, and the share of customers with a double name. No list contains full
names of persons; combinations are drawn at random.
"""

from functools import cache
from itertools import product
from typing import Any

from workbench.foundation.package_data import packaged_toml


def common_given(name: str, gender: str) -> tuple[str, ...]:
    """Return common given names of a locale, the most frequent first; often none are needed."""
    return tuple(_locale(name).get("given", {}).get(gender, "").split())


def common_family(name: str) -> tuple[str, ...]:
    """Return common family names of a locale, the most frequent first; often none are needed."""
    return tuple(each.replace("_", " ") for each in _locale(name).get("family", "").split())


def composed_family(name: str) -> tuple[str, ...]:
    """Return rare family names of a locale, composed of parts; none where Faker's list is long."""
    heads, tails = (_locale(name).get(f"family_{part}", "").split() for part in ("heads", "tails"))
    return tuple(head + tail for head, tail in product(heads, tails))


def double_given(name: str, gender: str) -> tuple[str, ...]:
    """Return double given names of a locale; none where they are not in daily use."""
    double = _locale(name).get("double", {})
    return tuple(
        f"{first}{double['between']}{second}"
        for firsts, seconds in double.get(gender, ())
        for first, second in product(firsts.split(), seconds.split())
    )


def double_share(name: str) -> float:
    """Return the share of a locale's customers with a double given name."""
    share: float = _locale(name).get("double", {}).get("share", 0.0)
    return share


def _locale(name: str) -> dict[str, Any]:
    listed: dict[str, Any] = _names().get(name, {})
    return listed


@cache
def _names() -> dict[str, Any]:
    return packaged_toml("workbench.synthetic.stock", "names.toml")
