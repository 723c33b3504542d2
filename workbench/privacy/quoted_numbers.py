"""Check the numbers in the texts of a report: each must be shown, or written in the source.

A number in a title or an answer that no table shows could belong to a person: an amount, or a small
count that the release would have given as a bound.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.privacy.source_templates import package_sources

_NUMBER = re.compile(r"(?:\d[\d,]*)?\.?\d+(?:e[+-]?\d+)?")
_PERSONS = (
    "customers?|persons?|people|buyers?|users?|members?|women|woman|men|man|clients?|accounts?|"
    "subscribers?|visitors?|shoppers?|households?|individuals?"
)
#: Words after a count of persons: "4 customers", "4 loyal buyers", "4 of the 25 persons".
_OF_PERSONS = re.compile(
    r"(?: of(?: the| our| all)?(?: [\d,]+)?)?"
    r"(?: (?!(?:of|with|by|in|for|groups?|among)\b)[a-z-]+){0,2}"
    rf" (?:{_PERSONS})\b",
    re.IGNORECASE,
)
#: Words before a number that is a limit: "fewer than 10 customers".
_LIMIT = re.compile(r"(?:than|least|most|under|over|below|above|about) $", re.IGNORECASE)
#: Small counts as words, which count persons as digits do.
_IN_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_COUNTED_IN_WORDS = re.compile(
    rf"\b({'|'.join(_IN_WORDS)}|single)\b(?=(?: of(?: the| our| all)?)? (?:{_PERSONS})\b)",
    re.IGNORECASE,
)
#: Words after a number of persons that is planned and not counted.
_PLANNED = re.compile(r" (?:persons|customers)(?: per group)? would be needed| times as many\b")
_PERCENT = re.compile(r"[ \u00a0]?(?:%|percent\b|(?:percentage )?points?\b)")
_POINTS = ("point", "points")
#: Years, months and days: "2024-01", "Q1 2024", "2024".
_DATE = re.compile(r"\b(?:19|20)\d\d(?:-\d\d){0,2}\b|\bQ[1-4]\b")
_WORD = re.compile(r" ([A-Za-z]{2,})\b")
_LONGEST_WORD = 40
#: Numbers of methods: the level of intervals and the whole, in percent, and the rate of chance.
_OF_METHODS = (95.0, 100.0, 0.5)


@dataclass(frozen=True, slots=True)
class Shown:
    """Numbers that the texts of a report may quote.

    Attributes
    ----------
    figures : ndarray
        Absolute values of all figures of tables, pictures and estimates, persons included.
    labels : frozenset of float
        Numbers in the texts of tables, for instance in the names of bands.
    stated : frozenset of float
        Numbers in the notebook, its parameters and the rules of the study.
    rows : int
        Number of rows of the longest table, which a text may count ("in 7 of 10 groups").
    """

    figures: NDArray[np.float64]
    labels: frozenset[float] = field(default=frozenset())
    stated: frozenset[float] = field(default=frozenset())
    rows: int = 0

    @classmethod
    def of(
        cls,
        exhibits: Iterable[Mapping[str, Any]],
        estimates: Iterable[Mapping[str, Any]],
        stated: str,
    ) -> "Shown":
        """Gather the numbers of exhibits and estimates, given as JSON, and of a source text."""
        held = [exhibit["rows"] for exhibit in exhibits]
        cells = [cell for rows in held for row in rows for cell in row]
        cells += [each[part] for each in estimates for part in ("value", "low", "high", "n")]
        figures = {abs(float(cell)) for cell in cells if isinstance(cell, int | float)}
        texts = [cell for cell in cells if isinstance(cell, str)]
        return cls(
            figures=np.array(sorted(figures), dtype=np.float64),
            labels=frozenset().union(*(numbers_of(text) for text in texts)),
            stated=numbers_of(stated),
            rows=max((len(rows) for rows in held), default=0),
        )

    def missing(self, text: str) -> int:
        """Return how many numbers of a text may not be quoted."""
        return sum(not self._may_quote(number) for number in _quoted_numbers(text))

    def _may_quote(self, number: "_QuotedNumber") -> bool:
        is_stated = not self.stated.isdisjoint(number.values)
        if number.counts_persons:
            # A count must be shown itself: a mean that rounds to it is not enough.
            return bool((self.figures == number.value).any()) or (is_stated and number.is_limit)
        return (
            number.is_among(self.figures)
            or is_stated
            or not self.labels.isdisjoint({number.value})
            or number.value in _OF_METHODS
            or (number.value <= self.rows and number.value.is_integer())
            or (number.value, number.next_word) in _numbers_of_templates()
        )


def unstated_numbers(text: str, stated: frozenset[float]) -> int:
    """Return how many numbers of a label are neither stated nor round nor part of a date.

    The end of a band may be the value of a person: "2,000 to 10,016". Numbers of one digit are
    round, and numbers of two digits of which the second is 5, and also the numbers just below them
    (199 ends a band before 200).
    """
    bare = _DATE.sub(" ", text)
    return sum(
        value not in stated and not (is_round(value) or is_round(value + 1))
        for value in numbers_of(bare)
    )


def is_round(value: float) -> bool:
    """Return whether a number is round: it has one digit, or two of which the second is 5."""
    digits = f"{value:.12g}".partition("e")[0].replace(".", "").strip("0")
    return len(digits) < 2 or (len(digits) == 2 and digits[1] == "5")


@cache
def numbers_of(text: str) -> frozenset[float]:
    """Return the absolute values of all numbers in a text.

    Examples
    --------
    >>> sorted(numbers_of("of 1,250 by 2025-06-30"))
    [6.0, 30.0, 1250.0, 2025.0]
    """
    return frozenset(float(found.replace(",", "")) for found in _NUMBER.findall(text))


@dataclass(frozen=True, slots=True)
class _QuotedNumber:
    """A number of a text.

    Attributes
    ----------
    value : float
        Value of the number; ``decimals`` is its number of written decimals.
    is_percent, counts_persons : bool
        Whether a percent sign or "points", or a word for persons, follows.
    is_limit : bool
        Whether words such as "fewer than" precede it.
    next_word : str
        Word that follows the number; empty if none follows.
    """

    value: float
    decimals: int
    is_percent: bool
    counts_persons: bool
    is_limit: bool
    next_word: str

    @property
    def values(self) -> set[float]:
        """Values by which the source may state the number: 15 % is also .15."""
        return {self.value, round(self.value / 100, 12)} if self.is_percent else {self.value}

    def is_among(self, figures: NDArray[np.float64]) -> bool:
        """Return whether a figure equals this number if it is rounded to the decimals of the text.

        A difference in points may be shown in points or as a share.
        """
        margin = 0.5 * 10.0**-self.decimals * (1 + 1e-9)
        scales = (1, 100) if self.next_word in _POINTS else (100,) if self.is_percent else (1,)
        return any(bool((np.abs(s * figures - self.value) <= margin).any()) for s in scales)


def _quoted_numbers(text: str) -> Iterator[_QuotedNumber]:
    for match in _NUMBER.finditer(text):
        plain = match[0].replace(",", "")
        if float(plain) == 0:
            continue
        rest = text[match.end() :]
        if _PLANNED.match(rest):
            continue
        yield _QuotedNumber(
            value=float(plain),
            decimals=len(plain.partition("e")[0].partition(".")[2]),
            is_percent=_PERCENT.match(rest) is not None,
            counts_persons=_OF_PERSONS.match(rest) is not None,
            is_limit=_LIMIT.search(text[: match.start()]) is not None,
            next_word=_word_after(rest),
        )
    for match in _COUNTED_IN_WORDS.finditer(text):
        word = match[1].lower()
        yield _QuotedNumber(
            value=float(_IN_WORDS.index(word) + 1 if word in _IN_WORDS else 1),
            decimals=0,
            is_percent=False,
            counts_persons=True,
            is_limit=_LIMIT.search(text[: match.start()]) is not None,
            next_word="",
        )


def _word_after(rest: str) -> str:
    found = _WORD.match(rest)
    return found[1].lower() if found else ""


@cache
def _numbers_of_templates() -> frozenset[tuple[float, str]]:
    """Return the numbers in the package's texts, each with the word after it: 20 bootstrap."""
    found = set()
    for source in package_sources():
        for match in _NUMBER.finditer(source):
            if word := _word_after(source[match.end() : match.end() + _LONGEST_WORD]):
                found.add((float(match[0].replace(",", "")), word))
    return frozenset(found)
