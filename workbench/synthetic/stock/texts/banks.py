"""The banks of sentences: one TOML file per language, read into lists.

The top level of a file has the families; within a family, every line is one sentence. ``{}`` is the
place of an identifier, and a part in brackets is left out in texts without the identifier. Pieces
that always follow each other and contain no identifier (a subject and a greeting, a detail and a
closing) are joined here once, so that few pieces are joined for every text.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from workbench.foundation.package_data import packaged_text, packaged_toml
from workbench.synthetic.draws import Integers, Keys, choose
from workbench.synthetic.stock.texts.text_options import GapTexts, OptionalGapTexts, Options

LANGUAGES = ("en", "de", "fr", "es", "nl", "pl", "ja")
TOPICS = (
    "delivery", "return", "product", "payment", "account", "cancel", "service", "privacy",
)  # fmt: skip
TONES = ("neutral", "pleased", "angry")
CATEGORIES = ("beauty", "electronics", "fashion", "gifts", "home")
FAMILIES = ("a", "b", "c", "d")
#: Family that no model should learn from.
HELD_OUT = "d"
#: Kinds of identifiers that have sentences of their own.
NAMED = (
    "order_number", "full_name", "email", "phone", "street_address", "birth_date", "relative",
)  # fmt: skip
_PACKAGE = "workbench.synthetic.stock.texts"
_RANKS = ("detractor", "passive", "promoter")
_STARS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Banks:
    """All banks. A bank has one group per language, family, and further attribute named below.

    Attributes
    ----------
    letters, questions : OptionalGapTexts
        Subject, greeting and problem of a ticket; problem of a chat; by topic.
    endings : Options
        Detail, or none, and closing of a ticket; by topic and tone.
    named : mapping of str to GapTexts
        Sentences with an identifier, by its kind.
    friends : Options
        Sentences with words that only look like an identifier.
    reviews : Options
        Reviews by stars from 1 and by category; the first category is none.
    reasons : Options
        Reasons of a score, by detractor, passive and promoter.
    comments, thanks : Options
        Public comments; last turn of a chat; by tone.
    asks, gives, unknown
        Turns of a chat: the agent asks for an identifier; the customer gives it, or has none.
    greetings : OptionalGapTexts
        Greetings of a reply, with and without a full name.
    answers, signed : Options
        Answers of the company by topic; last line of a reply.
    relatives : Options
        Given names of relatives, by language alone.
    """

    letters: OptionalGapTexts
    questions: OptionalGapTexts
    endings: Options
    named: Mapping[str, GapTexts]
    friends: Options
    reviews: Options
    reasons: Options
    comments: Options
    asks: Options
    gives: GapTexts
    unknown: Options
    thanks: Options
    greetings: OptionalGapTexts
    answers: Options
    signed: Options
    relatives: Options


@cache
def banks() -> Banks:
    """Return the banks, read once."""
    read = [packaged_toml(_PACKAGE, f"{language}.toml") for language in LANGUAGES]
    every = [bank[family] for bank in read for family in FAMILIES]
    topics = [(each, topic) for each in every for topic in TOPICS]
    return Banks(
        letters=OptionalGapTexts.of([_letters(each, topic) for each, topic in topics]),
        questions=OptionalGapTexts.of([_lines(each["problems"][topic]) for each, topic in topics]),
        endings=Options.of([_endings(each, t, tone) for each, t in topics for tone in TONES]),
        named={
            kind: GapTexts.of([_following_lines(each, each["named"][kind]) for each in every])
            for kind in NAMED
        },
        friends=Options.of([_following_lines(each, each["friends"]) for each in every]),
        reviews=Options.of(
            [
                _reviews(each, stars, category)
                for each in every
                for stars in range(1, _STARS + 1)
                for category in (None, *CATEGORIES)
            ]
        ),
        reasons=Options.of([_lines(each["reasons"][rank]) for each in every for rank in _RANKS]),
        comments=Options.of([_lines(each["comments"][tone]) for each in every for tone in TONES]),
        asks=Options.of([_lines(each["chat"]["asks"]) for each in every]),
        gives=GapTexts.of([_lines(each["chat"]["gives"]) for each in every]),
        unknown=Options.of([_lines(each["chat"]["unknown"]) for each in every]),
        thanks=Options.of([_lines(each["chat"][tone]) for each in every for tone in TONES]),
        greetings=OptionalGapTexts.of([_lines(each["company"]["greetings"]) for each in every]),
        answers=Options.of([_lines(each["answers"][topic]) for each, topic in topics]),
        signed=Options.of([_lines(each["company"]["signed"]) for each in every]),
        relatives=Options.of([_lines(bank["relatives"]) for bank in read]),
    )


@cache
def fingerprint() -> str:
    """Return the SHA-256 over all banks, in hexadecimal."""
    digest = hashlib.sha256()
    for name in (*LANGUAGES, "adversarial"):
        digest.update(packaged_text(_PACKAGE, f"{name}.toml").encode())
    return digest.hexdigest()


def choose_families(bits: Keys, shares: Mapping[str, float] | None = None) -> Integers:
    """Return the family of each text, a code in ``FAMILIES``, by the lowest eight of its bits.

    Parameters
    ----------
    bits : array of uint64, shape (texts,)
        Random bits of each text, as the function that writes the text gets them.
    shares : mapping of str to float, optional
        Weight of each family, 0 for families that are left out; without it all weights are equal.

    Raises
    ------
    ValueError
        A share has the name of no family.
    """
    shares = dict.fromkeys(FAMILIES, 1.0) if shares is None else shares
    unknown = sorted(set(shares) - set(FAMILIES))
    if unknown:
        raise ValueError(f"no families of texts: {unknown}; known are {list(FAMILIES)}")
    middles = (np.arange(256) + 0.5) / 256
    cells = choose(middles, [shares.get(name, 0.0) for name in FAMILIES])
    found: Integers = cells[(bits & np.uint64(0xFF)).astype(np.int64)]
    return found


def _lines(text: str) -> list[str]:
    return text.strip("\n").split("\n")


def _following_lines(family: Mapping[str, Any], text: str) -> list[str]:
    """Return sentences with the separator that this family puts before a further sentence."""
    return [family["parting"] + line for line in _lines(text)]


def _letters(family: Mapping[str, Any], topic: str) -> list[str]:
    """Return every combination of subject, greeting and problem of a topic."""
    subjects, greetings = _lines(family["subjects"][topic]), _lines(family["greetings"])
    return [
        f"{subject}\n\n{greeting}\n{problem}"
        for subject, greeting, problem in product(
            subjects, greetings, _lines(family["problems"][topic])
        )
    ]


def _endings(family: Mapping[str, Any], topic: str, tone: str) -> list[str]:
    """Return closings behind a detail, and equally many without a detail."""
    details = _following_lines(family, family["details"][topic])
    details += [""] * len(details)
    closings = _following_lines(family, family["closings"][tone])
    return [detail + closing for detail, closing in product(details, closings)]


def _reviews(family: Mapping[str, Any], stars: int, category: str | None) -> list[str]:
    """Return sentences for these stars, alone and with a sentence about the category.

    Reviews with three stars contain praise or criticism of the category.
    """
    plain = _lines(family["reviews"][f"stars{stars}"])
    if category is None:
        return plain
    moods = ("bad",) * (stars <= 3) + ("good",) * (stars >= 3)
    goods = [line for mood in moods for line in _following_lines(family, family[mood][category])]
    # Each sentence is alone as often as with a sentence about the category.
    return plain * len(goods) + [text + about for text in plain for about in goods]
