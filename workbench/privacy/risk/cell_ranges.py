"""Read the range of numbers or times that a generalised cell covers.

>>> parse_range("[20, 25)"), parse_range("20-24"), parse_range("65+")
((20.0, 24.999999999999996), (20.0, 24.0), (65.0, inf))
>>> parse_range("2024-02", is_time=True)  # in days since 1970, as dates are compared
(19754.0, 19782.999999999996)
"""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from math import inf, nextafter
from typing import NamedTuple

#: A number of a cell: a minus sign is directly before it.
_NUMBER = r"[-+−]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|inf|∞)"
#: A year, quarter, month, day or instant.
_CLOCK = r"[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?"
_TIME = rf"(?:\d{{4}}(?:-(?:Q[1-4]|\d{{2}}(?:-\d{{2}}(?:{_CLOCK})?)?))?|[-+−]?(?:inf|∞))"


class _Grammar(NamedTuple):
    """Patterns of cells of numbers, or of times."""

    whole: re.Pattern[str]
    brackets: re.Pattern[str]
    bound: re.Pattern[str]
    and_more: re.Pattern[str]
    from_to: re.Pattern[str]

    @classmethod
    def of(cls, one: str) -> "_Grammar":
        return cls(
            whole=re.compile(rf"\s*({one})\s*"),
            brackets=re.compile(rf"\s*([\[\](])\s*({one})\s*[,;]\s*({one})\s*([\])\[])\s*"),
            bound=re.compile(rf"\s*(<=|≤|<|>=|≥|>)\s*({one})\s*"),
            and_more=re.compile(rf"\s*({one})\s*(?:\+|and more|or more|and over)\s*"),
            from_to=re.compile(rf"\s*({one})\s*(?:-|–|—|\.\.\.?|…|\bto\b)\s*({one})\s*"),
        )


_NUMBERS, _TIMES = _Grammar.of(_NUMBER), _Grammar.of(_TIME)
_MONTHS_OF_QUARTER = 3
_MONTHS = 12

Range = tuple[float, float]


def parse_range(text: str, *, is_time: bool = False) -> Range | None:
    """Return the lowest and the highest number of a cell; None if the cell is no range.

    Times are numbers of days since 1970. An open end is the number next to it.
    """
    cells, read = (_TIMES, _read_time) if is_time else (_NUMBERS, _read_number)
    try:
        return _parse(text, cells, read)
    except ValueError:  # month 13: a cell that looks like a time but is none
        return None


def _parse(text: str, cells: _Grammar, read: Callable[[str], Range]) -> Range | None:
    if found := cells.whole.fullmatch(text):
        return read(found[1])
    if found := cells.brackets.fullmatch(text):
        first, last = read(found[2]), read(found[3])
        start = first[0] if found[1] == "[" else nextafter(first[1], inf)
        return start, last[1] if found[4] == "]" else nextafter(last[0], -inf)
    if found := cells.bound.fullmatch(text):
        low, high = read(found[2])
        return {
            "<": (-inf, nextafter(low, -inf)),
            ">": (nextafter(high, inf), inf),
        }.get(found[1], (-inf, high) if found[1] in "<=≤" else (low, inf))
    if found := cells.and_more.fullmatch(text):
        return read(found[1])[0], inf
    if found := cells.from_to.fullmatch(text):
        return read(found[1])[0], read(found[2])[1]
    return None


def _read_number(text: str) -> Range:
    number = float(text.replace("−", "-").replace("∞", "inf"))
    return number, number


def _read_time(text: str) -> Range:
    """Return the range of days of a time: a month has all its days."""
    if text.endswith(("inf", "∞")):
        return _read_number(text)
    year, rest = int(text[:4]), text[5:]
    if not rest:
        return _days(year, 1, _MONTHS)
    if rest.startswith("Q"):
        return _days(year, _MONTHS_OF_QUARTER * (int(rest[1]) - 1) + 1, _MONTHS_OF_QUARTER)
    if len(rest) == len("02"):
        return _days(year, int(rest), 1)
    exact = (datetime.fromisoformat(text) - _EPOCH) / timedelta(days=1)
    return exact, exact if len(rest) > len("02-01") else nextafter(exact + 1, -inf)


_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  cells have no zone


def _days(year: int, month: int, months: int) -> Range:
    after = month + months
    end = date(year + (after - 1) // _MONTHS, (after - 1) % _MONTHS + 1, 1)
    first = (date(year, month, 1) - _EPOCH.date()).days
    return float(first), nextafter(float((end - _EPOCH.date()).days), -inf)
