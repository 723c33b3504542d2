"""Japanese names, written and romanised: Faker's, further common names, and composed names.

Faker lists 50 family and 51 given names. Most Japanese family names consist of two characters for
parts of a landscape (山 mountain, 田 field). Many given names consist of a first character and one
of a few endings (子, 美; 夫, 之). Both kinds are composed here, with the reading of each part.
``japanese.csv`` lists further common names (``family``, ``given_female``, ``given_male``), the most
frequent first, and the first and second parts of composed names, each with its reading. All are
from memory, and a name may have other readings.
"""

from collections.abc import Iterable
from functools import cache
from itertools import product

from workbench.foundation.package_data import packaged_csv
from workbench.synthetic.stock.faker_lists import japanese_family, japanese_given

Pair = tuple[str, str]


def given_names(gender: str) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """Return the common and the composed given names, each written and romanised."""
    listed = [(written, roman.lower()) for written, roman in japanese_given(gender)]
    common = dict([*_pairs()[f"given_{gender}"], *listed])
    composed = _composed(f"given_first_{gender}", f"given_second_{gender}")
    return tuple(common.items()), tuple(p for p in composed if p[0] not in common)


def family_names() -> tuple[tuple[tuple[Pair, float], ...], tuple[Pair, ...]]:
    """Return the common family names with their weights, and the composed family names.

    The weight of Faker's names is the number of bearers. Each of the other common names has 99 % of
    the weight of the name before it.
    """
    listed = {(written, roman.lower()): count for written, roman, count in japanese_family()}
    least = min(listed.values())
    known = {written for written, _ in listed}
    further = [pair for pair in _pairs()["family"] if pair[0] not in known]
    common = listed | {pair: least * 0.99**place for place, pair in enumerate(further, start=1)}
    known |= {written for written, _ in further}
    composed = _composed("family_first", "family_second")
    return tuple(common.items()), tuple(p for p in composed if p[0] not in known)


def _composed(first: str, second: str) -> Iterable[Pair]:
    for (one, read), (two, ending) in product(_pairs()[first], _pairs()[second]):
        if one != two and read != ending:
            yield one + two, read + ending


@cache
def _pairs() -> dict[str, list[Pair]]:
    """Return the names and the parts of each list, written and romanised."""
    found: dict[str, list[Pair]] = {}
    for row in packaged_csv("workbench.synthetic.stock", "japanese.csv"):
        found.setdefault(row["list"], []).append((row["written"], row["reading"]))
    return found
