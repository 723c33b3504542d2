"""The banks of sentences: one TOML file a language, flattened to lists that are gathered from."""

import hashlib
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import polars as pl

from workbench.synthetic.draws import Integers, Keys

LANGUAGES = ("en", "de", "fr", "es", "nl", "pl", "ja")
TOPICS = ("delivery", "return", "product", "payment", "account", "cancel")
TONES = ("neutral", "pleased", "angry")
FAMILIES = ("a", "b", "c", "d")
#: Family that nothing should be learned from.
HELD_OUT = "d"
_HELD_OUT_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Options:
    """Texts in groups, one text after another; the last is empty, for what is left out.

    Attributes
    ----------
    texts : Series of String
    lengths : array of int
        In characters.
    starts, sizes : arrays of int, shape (groups,)
    """

    texts: pl.Series
    lengths: Integers
    starts: Integers
    sizes: Integers

    @classmethod
    def of(cls, groups: Sequence[Sequence[str]]) -> "Options":
        """Return the options of groups of texts."""
        sizes = np.array([len(group) for group in groups])
        texts = pl.Series([text for group in groups for text in group] + [""], dtype=pl.String)
        lengths = texts.str.len_chars().to_numpy().astype(np.int64)
        return cls(texts, lengths, np.cumsum(sizes) - sizes, sizes)

    def places(self, group: Integers, bits: Keys, shift: int) -> Integers:
        """Return which text of its group each row has, by eight of its bits."""
        some = (bits >> np.uint64(shift) & np.uint64(0xFF)).astype(np.int64)
        found: Integers = self.starts[group] + some % self.sizes[group]
        return found

    @property
    def nothing(self) -> int:
        """Place of the empty text."""
        return len(self.lengths) - 1


@dataclass(frozen=True, slots=True)
class Slotted:
    """Texts with one gap, as what stands before and behind it, place by place."""

    before: Options
    behind: Options

    @classmethod
    def of(cls, groups: Sequence[Sequence[str]]) -> "Slotted":
        """Return texts that have ``{}`` where the gap is, or at their end."""
        parted = [[text.partition("{}") for text in group] for group in groups]
        return cls(
            Options.of([[before for before, _, _ in group] for group in parted]),
            Options.of([[behind for _, _, behind in group] for group in parted]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Banks:
    """All banks; groups are languages, by families of the language, by topics or tones.

    ``persons`` is by kind of what it names. ``with_order`` and ``without`` are the same problems
    with and without the order's number, place by place.
    """

    family: np.ndarray
    openings: Options
    subjects: Options
    with_order: Slotted
    without: Options
    persons: dict[str, Slotted]
    friends: Options
    closings: Options
    relatives: Options
    replies: Options
    reviews: Options
    reasons: Options
    comments: Options


@cache
def banks() -> Banks:
    """Return the banks, read once."""
    read = [_read(language) for language in LANGUAGES]

    def of_families(pick: Callable[[dict[str, Any]], list[list[str]]]) -> list[list[str]]:
        # a language without a family has that of its first in the place, which is never drawn
        return [
            group
            for bank in read
            for family in FAMILIES
            for group in pick(bank["families"].get(family, bank["families"]["a"]))
        ]

    def of_languages(key: str) -> Options:
        return Options.of([group for bank in read for group in bank[key]])

    kinds = [*read[0]["families"]["a"]["persons"]]
    problems = of_families(lambda f: [f["problems"][topic] for topic in TOPICS])
    return Banks(
        family=np.stack([_family_cells([*bank["families"]]) for bank in read]),
        openings=Options.of(of_families(lambda f: [f["openings"]])),
        subjects=Options.of(of_families(lambda f: [[f["subjects"][topic]] for topic in TOPICS])),
        with_order=Slotted.of([pair[:1] for pair in problems]),
        without=Options.of([pair[1:] for pair in problems]),
        persons={
            kind: Slotted.of(of_families(lambda f, kind=kind: [[f["persons"][kind]]]))  # type: ignore[misc]
            for kind in kinds
        },
        friends=Options.of(of_families(lambda f: [f["friends"]])),
        closings=Options.of(of_families(lambda f: [[f["closings"][tone]] for tone in TONES])),
        relatives=Options.of([bank["relatives"] for bank in read]),
        replies=Options.of([bank["replies"][topic] for bank in read for topic in TOPICS]),
        reviews=of_languages("reviews"),
        reasons=of_languages("reasons"),
        comments=of_languages("comments"),
    )


@cache
def fingerprint() -> str:
    """Return the SHA-256 over all banks."""
    digest = hashlib.sha256()
    for name in (*LANGUAGES, "adversarial"):
        digest.update(_source(name).encode())
    return digest.hexdigest()


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(_source(name))


def _source(name: str) -> str:
    return files("workbench.synthetic.stock.texts").joinpath(f"{name}.toml").read_text("utf-8")


def _family_cells(known: list[str]) -> np.ndarray:
    """Return the family of each of 256 draws: the held-out one seldom, the others alike."""
    learned = [FAMILIES.index(name) for name in known if name != HELD_OUT]
    held = round(256 * _HELD_OUT_SHARE)
    cells = np.resize(np.array(learned), 256)
    cells[:held] = FAMILIES.index(HELD_OUT)
    return cells
