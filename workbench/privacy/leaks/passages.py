"""Turn a plain text into words with keys: runs of words, initials, dates, and nearby words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.privacy.leaks.spelling import (
    BREAK,
    DATE,
    INITIAL,
    WORDS,
    Hashes,
    fold_text,
    hash_initials,
    hash_street_words,
    hash_words,
    pair,
)

#: Largest number of words between two signs of a person that are near each other.
NEAR = 25
_LONGEST_NAME, _LONGEST_ADDRESS, _LONGEST_SIGN, _LONGEST_PART = 7, 9, 6, 3
_MONTHS = (
    "january januar janvier enero januari stycznia styczen jan ene janv sty",
    "february februar fevrier febrero februari lutego luty feb fev fevr lut",
    "march marz mars marzo maart marca marzec mar mrt mrz",
    "april avril abril kwietnia kwiecien apr avr abr kwi",
    "may mai mayo mei maja maj",
    "june juni juin junio czerwca czerwiec jun cze",
    "july juli juillet julio lipca lipiec jul juil lip",
    "august aout agosto augustus sierpnia sierpien aug ago sie",
    "september septembre septiembre wrzesnia wrzesien sep sept wrz",
    "october oktober octobre octubre pazdziernika pazdziernik oct okt paz",
    "november novembre noviembre listopada listopad nov lis",
    "december dezember decembre diciembre grudnia grudzien dec dez dic gru",
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names.split()}
_MONTH_NAMES = "|".join(sorted(_MONTH, key=len, reverse=True))
_DATE = re.compile(
    r"(?<!\d)(?:(?P<y1>(?:19|20)\d\d)[-/. ]{1,2}(?P<m1>\d\d?)[-/. ]{1,2}(?P<d1>\d\d?)"
    r"|(?P<a>\d\d?)[-/.] ?(?P<b>\d\d?)[-/.] ?(?P<y2>(?:19|20)?\d\d)"
    r"|(?P<y3>(?:19|20)\d\d)(?P<m3>\d\d)(?P<d3>\d\d)"
    r"|(?P<y4>(?:19|20)\d\d)年(?P<m4>\d\d?)月(?P<d4>\d\d?)日"
    rf"|(?P<d5>\d\d?)(?:st|nd|rd|th|er|o|\.)?[\s+-]+(?:de[\s+]+|of[\s+]+)?(?P<w5>{_MONTH_NAMES})\.?,?"
    r"[\s+-]+(?:del?[\s+]+)?(?P<y5>(?:19|20)\d\d))(?!\d)"
    rf"|\b(?P<w6>{_MONTH_NAMES})\.?[\s+]+(?P<d6>\d\d?)(?:st|nd|rd|th)?,?[\s+]+(?P<y6>(?:19|20)\d\d)(?!\d)"
)
_JOINT = re.compile(r"(?<=[^\W\d_])['-](?=[^\W\d_])")
_BRACKETS = re.compile(r"[\[\]{}]")


@dataclass(frozen=True, slots=True)
class Passage:
    """Words of a text with their hashes.

    Attributes
    ----------
    hashes, letters : array of uint64, shape (words,)
        Hash of each word, and hash of its initial.
    sums : array of uint64, shape (words + 1,)
        Running sum of ``hashes``.
    is_initial, is_date, is_number : array of bool, shape (words,)
    streets : array of uint64
        Hashes of the words as parts of an address, without words that addresses ignore.
    """

    hashes: Hashes
    letters: Hashes
    sums: Hashes
    is_initial: NDArray[np.bool_]
    is_date: NDArray[np.bool_]
    is_number: NDArray[np.bool_]
    streets: Hashes


def passages(text: str) -> Iterator[Passage]:
    """Yield the passage of a text, and one without hyphens and apostrophes if it has any."""
    parted = _BRACKETS.sub(BREAK, text)
    yield _passage(parted)
    joined = _JOINT.sub("", parted)
    if joined != parted:
        yield _passage(joined)


def name_runs(passage: Passage) -> Iterator[tuple[Hashes, NDArray[np.intp], int]]:
    """Yield the keys of runs of words that could be a name, their first words and their length."""
    sums, count = passage.sums, passage.hashes.size
    places = np.arange(count)
    for size in range(2, min(_LONGEST_NAME, count) + 1):
        yield sums[size:] - sums[:-size], places[: count - size + 1], size
    first = np.flatnonzero(passage.is_initial)
    for size in range(1, _LONGEST_NAME):
        after = first[first + size < count]
        yield passage.letters[after] + sums[after + size + 1] - sums[after + 1], after, size + 1
        before = first[first >= size]
        yield passage.letters[before] + sums[before] - sums[before - size], before - size, size + 1
    two = first[:-1][np.diff(first) == 1]
    both = passage.letters[two] + passage.letters[two + 1] if two.size else two.astype(np.uint64)
    for size in range(1, _LONGEST_NAME - 1):
        is_after = two + 1 + size < count
        after = two[is_after]
        yield both[is_after] + sums[after + size + 2] - sums[after + 2], after, size + 2
        is_before = two >= size
        before = two[is_before]
        yield both[is_before] + sums[before] - sums[before - size], before - size, size + 2
    # Names with a middle initial, or with a number between two columns.
    gap = np.flatnonzero(passage.is_initial | passage.is_number)
    for given in (1, 2):
        for size in range(1, _LONGEST_PART + 1):
            middle = gap[(gap >= given) & (gap + size < count)]
            first_names = sums[middle] - sums[middle - given]
            last_names = sums[middle + size + 1] - sums[middle + 1]
            yield first_names + last_names, middle - given, given + 1 + size


def address_runs(passage: Passage) -> Iterator[Hashes]:
    """Yield the keys of all runs of words that could be a street with its house number."""
    sums = _running_sums(passage.streets)
    for size in range(2, min(_LONGEST_ADDRESS, passage.streets.size) + 1):
        yield sums[size:] - sums[:-size]


def pairs_with_signs(
    passage: Passage, keys: Hashes, starts: NDArray[np.intp], sizes: NDArray[np.intp]
) -> Iterator[Hashes]:
    """Yield the keys of names, each with every nearby run of words that could be a sign."""
    count = passage.hashes.size
    for size in range(1, _LONGEST_SIGN + 1):
        for distance in range(1, NEAR + 1):
            ahead = starts + sizes + distance - 1
            is_ahead = ahead + size <= count
            yield pair(keys[is_ahead], _run(passage, ahead[is_ahead], size))
            behind = starts - distance - size + 1
            is_behind = behind >= 0
            yield pair(keys[is_behind], _run(passage, behind[is_behind], size))


def pairs_with_dates(passage: Passage, dates: NDArray[np.intp]) -> Iterator[Hashes]:
    """Yield the keys of all short runs of words near some dates, each with the date."""
    count = passage.hashes.size
    for size in range(1, _LONGEST_PART + 1):
        for distance in range(-NEAR - size, NEAR + 1):
            start = dates + distance
            is_there = (start >= 0) & (start + size <= count)
            yield pair(_run(passage, start[is_there], size), passage.hashes[dates[is_there]])


def _run(passage: Passage, starts: NDArray[np.intp], size: int) -> Hashes:
    return passage.sums[starts + size] - passage.sums[starts]


def _passage(text: str) -> Passage:
    # An initial is a letter before a full stop, or a single capital.
    marked = (
        pl.lit(text)
        .str.replace_all(r"\b(\p{L})\.", "${1}" + INITIAL + " ")
        .str.replace_all(r"\b(\p{Lu})\b", "${1}" + INITIAL)
    )
    # fold_text reads its text several times, so it gets the text that is already marked.
    spelled: str = pl.select(fold_text(pl.lit(pl.select(marked).item()))).item()
    dated = _DATE.sub(_append_days, spelled)
    listed = pl.select(pl.lit(dated).str.extract_all(WORDS)).to_series().explode().drop_nulls()
    is_initial = listed.str.ends_with(INITIAL).to_numpy()
    words = listed.str.strip_chars_end(INITIAL)
    hashes = hash_words(words)
    streets, counts = hash_street_words(words)
    return Passage(
        hashes=hashes,
        letters=hash_initials(words),
        sums=_running_sums(hashes),
        is_initial=is_initial,
        is_date=words.str.starts_with(DATE).to_numpy(),
        is_number=words.str.contains(r"^\p{Nd}").to_numpy(),
        streets=streets[counts],
    )


def _running_sums(hashes: Hashes) -> Hashes:
    return np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(hashes, dtype=np.uint64)])


def _append_days(found: re.Match[str]) -> str:
    """Return a date, followed by the days that it may mean: 4/3/1990 may mean two."""
    part = found.groupdict()
    days = set()
    for number in "13456":
        year = part[f"y{number}"]
        if year is not None:
            month = part.get(f"m{number}") or _MONTH[part[f"w{number}"]]
            days.add((int(year), int(month), int(part[f"d{number}"])))
    if part["y2"] is not None:
        one, other = int(part["a"]), int(part["b"])
        short = len(part["y2"]) == 2  # 4.3.90 may be of either century
        for year in (f"19{part['y2']}", f"20{part['y2']}") if short else (part["y2"],):
            days |= {(int(year), one, other), (int(year), other, one)}
    meant = [f"{y}{m:02}{d:02}" for y, m, d in sorted(days) if 0 < m <= 12 and 0 < d <= 31]
    return found[0] + "".join(f" {DATE}{day} " for day in meant)
