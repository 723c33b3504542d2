"""The banks of sentences: one TOML file a language, flattened to lists that are gathered from.

A file has the families at its top; under each, every text is a line. Where a sentence may name
somebody or something there is ``{}``, and what is left out without it stands in brackets. What
belongs together and holds no identifier (a subject and a greeting, a detail and a closing) is
joined here once, so that few pieces are left to be joined row by row.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from workbench.foundation.package_data import packaged_text, packaged_toml
from workbench.synthetic.draws import Integers, Keys, choice
from workbench.synthetic.stock.texts.text_options import Fillable, Options, Slotted

LANGUAGES = ("en", "de", "fr", "es", "nl", "pl", "ja")
TOPICS = (
    "delivery", "return", "product", "payment", "account", "cancel", "service", "privacy",
)  # fmt: skip
TONES = ("neutral", "pleased", "angry")
CATEGORIES = ("beauty", "electronics", "fashion", "gifts", "home")
FAMILIES = ("a", "b", "c", "d")
#: Family that nothing should be learned from.
HELD_OUT = "d"
#: Sentences that name somebody or something, by what they name.
NAMED = (
    "order_number", "full_name", "email", "phone", "street_address", "birth_date", "relative",
)  # fmt: skip
_PACKAGE = "workbench.synthetic.stock.texts"
_RANKS = ("detractor", "passive", "promoter")
_STARS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Banks:
    """All banks; groups are languages, by families of the language, by what is named here.

    Attributes
    ----------
    letters, questions : Fillable
        By topic: subject, greeting and problem; the problem alone.
    endings : Options
        By topic, by tone: a detail or none, and a closing.
    named : mapping of str to Slotted
        By kind of what is named.
    friends : Options
        Sentences with what only looks like an identifier.
    reviews : Options
        By stars from 1, by category behind one place for none.
    reasons : Options
        By detractor, passive, promoter.
    comments, thanks : Options
        By tone.
    asks, unknown, signed : Options
        What is asked in a chat; what is said where nothing is known; how the company ends a reply.
    gives : Slotted
        What is answered in a chat.
    greetings : Fillable
        With and without a full name.
    answers : Options
        By topic.
    relatives : Options
        Given names, by language alone.
    """

    letters: Fillable
    questions: Fillable
    endings: Options
    named: Mapping[str, Slotted]
    friends: Options
    reviews: Options
    reasons: Options
    comments: Options
    asks: Options
    gives: Slotted
    unknown: Options
    thanks: Options
    greetings: Fillable
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
        letters=Fillable.of([_letters(each, topic) for each, topic in topics]),
        questions=Fillable.of([_lines(each["problems"][topic]) for each, topic in topics]),
        endings=Options.of([_endings(each, t, tone) for each, t in topics for tone in TONES]),
        named={
            kind: Slotted.of([_behind(each, each["named"][kind]) for each in every])
            for kind in NAMED
        },
        friends=Options.of([_behind(each, each["friends"]) for each in every]),
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
        gives=Slotted.of([_lines(each["chat"]["gives"]) for each in every]),
        unknown=Options.of([_lines(each["chat"]["unknown"]) for each in every]),
        thanks=Options.of([_lines(each["chat"][tone]) for each in every for tone in TONES]),
        greetings=Fillable.of([_lines(each["company"]["greetings"]) for each in every]),
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


def families(bits: Keys, shares: Mapping[str, float] | None = None) -> Integers:
    """Return the family of texts, a code in ``FAMILIES``, by the lowest eight of their bits.

    Parameters
    ----------
    bits : array of uint64, shape (texts,)
        Random bits of each text, as they are given to what writes it.
    shares : mapping of str to float, optional
        Weight of each family, 0 for those that are left out; without it all are as frequent.

    Raises
    ------
    ValueError
        If a share is of no family.
    """
    shares = dict.fromkeys(FAMILIES, 1.0) if shares is None else shares
    unknown = sorted(set(shares) - set(FAMILIES))
    if unknown:
        raise ValueError(f"no families of texts: {unknown}; known are {list(FAMILIES)}")
    middles = (np.arange(256) + 0.5) / 256
    cells = choice(middles, [shares.get(name, 0.0) for name in FAMILIES])
    found: Integers = cells[(bits & np.uint64(0xFF)).astype(np.int64)]
    return found


def _lines(text: str) -> list[str]:
    return text.strip("\n").split("\n")


def _behind(family: Mapping[str, Any], text: str) -> list[str]:
    """Return sentences as they go on after another one in this family."""
    return [family["parting"] + line for line in _lines(text)]


def _letters(family: Mapping[str, Any], topic: str) -> list[str]:
    subjects, greetings = _lines(family["subjects"][topic]), _lines(family["greetings"])
    return [
        f"{subject}\n\n{greeting}\n{problem}"
        for subject, greeting, problem in product(
            subjects, greetings, _lines(family["problems"][topic])
        )
    ]


def _endings(family: Mapping[str, Any], topic: str, tone: str) -> list[str]:
    """Return closings behind a detail, and as many without one."""
    details = _behind(family, family["details"][topic])
    details += [""] * len(details)
    closings = _behind(family, family["closings"][tone])
    return [detail + closing for detail, closing in product(details, closings)]


def _reviews(family: Mapping[str, Any], stars: int, category: str | None) -> list[str]:
    """Return what fits the stars, alone and with what fits the category too.

    Three stars go with both praise and blame.
    """
    plain = _lines(family["reviews"][f"stars{stars}"])
    if category is None:
        return plain
    moods = ("bad",) * (stars <= 3) + ("good",) * (stars >= 3)
    goods = [line for mood in moods for line in _behind(family, family[mood][category])]
    # each sentence as often alone as with one of the category
    return plain * len(goods) + [text + about for text in plain for about in goods]
