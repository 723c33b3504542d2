"""Who writes what: tickets and chat questions, replies, reviews, reasons, comments."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, Integers, Keys
from workbench.synthetic.stock.texts.banks import FAMILIES, LANGUAGES, TONES, TOPICS, Options, banks
from workbench.synthetic.stock.texts.composing import Piece, Written, composed

#: Share of texts that name somebody or something, where it is known (order numbers in a third to
#: three fifths of tickets, names in a fifth, the others seldom).
RATES = {
    "order_number": 0.45,
    "full_name": 0.20,
    "email": 0.10,
    "phone": 0.05,
    "street_address": 0.03,
    "birth_date": 0.01,
    "given_name": 0.04,
}
_FRIENDS = 0.08  # texts with something that only looks like an identifier


def ticket(
    language: Integers,
    *,
    topic: Integers,
    tone: Integers,
    bits: Keys,
    people: Mapping[str, pl.Series],
) -> Written:
    """Write tickets: subject, a blank line, the message.

    Parameters
    ----------
    language, topic, tone : arrays of int, shape (texts,)
        Codes in ``LANGUAGES``, ``TOPICS``, ``TONES``.
    bits : array of uint64, shape (texts,)
        Random bits of each text.
    people : mapping of str to Series of String
        What the writers are called and have, by kind of identifier (``order_number``,
        ``full_name``, ``email``, ``phone``, ``street_address`` with ``city``, ``birth_date``);
        kinds that are left out and values that are null are not written.
    """
    return _letter(language, topic, tone, bits, people, has_head=True)


def question(
    language: Integers,
    *,
    topic: Integers,
    tone: Integers,
    bits: Keys,
    people: Mapping[str, pl.Series],
) -> Written:
    """Write what is asked in a chat: the message alone, see ``ticket``."""
    return _letter(language, topic, tone, bits, people, has_head=False)


def reply(language: Integers, *, topic: Integers, bits: Keys) -> pl.Series:
    """Return what the company answers on a topic."""
    return _some(banks().replies, language * len(TOPICS) + topic, bits)


def review(language: Integers, *, stars: Integers, bits: Keys) -> pl.Series:
    """Return the text of reviews with 1 to 5 stars."""
    return _some(banks().reviews, language * 5 + stars - 1, bits)


def reason(language: Integers, *, score: Integers, bits: Keys) -> pl.Series:
    """Return why somebody gives a score of 0 to 10."""
    return _some(banks().reasons, language * 3 + np.searchsorted([7, 9], score, "right"), bits)


def comment(language: Integers, *, tone: Integers, bits: Keys) -> pl.Series:
    """Return public comments; tones as in ``TONES``."""
    order = np.array([1, 2, 0])  # banks go from angry to pleased
    return _some(banks().comments, language * 3 + order[tone], bits)


def spoken(language: str) -> int:
    """Return the code of a language; who has no bank of their own writes English."""
    return LANGUAGES.index(language) if language in LANGUAGES else 0


def _some(options: Options, group: Integers, bits: Keys) -> pl.Series:
    return options.texts.gather(pl.Series(options.places(group, bits, 8).astype(np.uint32)))


def _letter(
    language: Integers,
    topic: Integers,
    tone: Integers,
    bits: Keys,
    people: Mapping[str, pl.Series],
    *,
    has_head: bool,
) -> Written:
    every = banks()
    family = every.family[language, (bits & np.uint64(0xFF)).astype(np.int64)]
    group = language * len(FAMILIES) + family
    by_topic, by_tone = group * len(TOPICS) + topic, group * len(TONES) + tone
    everywhere = np.ones(len(language), dtype=bool)
    pieces = []
    if has_head:
        opening = every.openings.places(group, bits, 8)
        pieces += [
            Piece.option(every.subjects, every.subjects.starts[by_topic]),
            Piece.same("\n\n", everywhere),
            Piece.option(every.openings, opening),
            Piece.same(" ", everywhere),
        ]
    pieces += _problem(by_topic, bits, people)
    for place, kind in enumerate(every.persons):
        pieces += _person(kind, place, group, language, bits, people)
    befriended = _happens(bits, 16, _FRIENDS)
    friend = np.where(befriended, every.friends.places(group, bits, 24), every.friends.nothing)
    closing = every.closings.starts[by_tone]
    pieces += [
        Piece.same(" ", befriended),
        Piece.option(every.friends, friend),
        Piece.same(" ", everywhere),
        Piece.option(every.closings, closing),
    ]
    return composed(pieces, family)


def _problem(by_topic: Integers, bits: Keys, people: Mapping[str, pl.Series]) -> list[Piece]:
    every = banks()
    numbers = people.get("order_number")
    named = np.zeros(len(by_topic), dtype=bool)
    if numbers is not None:
        named = _happens(bits, 32, RATES["order_number"]) & numbers.is_not_null().to_numpy()
    slot = every.with_order
    places = np.where(named, slot.before.starts[by_topic], slot.before.nothing)
    plain = np.where(named, every.without.nothing, every.without.starts[by_topic])
    found = [Piece.option(slot.before, places)]
    if numbers is not None:
        found.append(Piece.identifier(numbers, named, "order_number"))
    return [*found, Piece.option(slot.behind, places), Piece.option(every.without, plain)]


def _person(
    kind: str,
    place: int,
    group: Integers,
    language: Integers,
    bits: Keys,
    people: Mapping[str, pl.Series],
) -> list[Piece]:
    """Return a sentence that names somebody, as pieces: who writes, or a relative."""
    every, of = banks(), "street_address" if kind == "address" else kind
    if kind == "given_name":
        whom = every.relatives.places(language, bits, 48)
        values: pl.Series | None = every.relatives.texts.gather(pl.Series(whom.astype(np.uint32)))
    else:
        values = people.get(of)
    if values is None:
        return []
    # another sixteen bits for every kind, from a second use of the same hash
    mixed = bits * np.uint64(0x9E3779B97F4A7C15) + np.uint64(place * 0x1234567)
    named: Flags = _happens(mixed ^ mixed >> np.uint64(29), 32, RATES[of])
    named &= values.is_not_null().to_numpy()
    slot = every.persons[kind]
    places = np.where(named, slot.before.starts[group], slot.before.nothing)
    found = [
        Piece.same(" ", named),
        Piece.option(slot.before, places),
        Piece.identifier(values, named, of),
    ]
    if kind == "address" and "city" in people:
        towns = people["city"]
        has_town = named & towns.is_not_null().to_numpy()
        found += [Piece.same(", ", has_town), Piece.identifier(towns, has_town, "city")]
    return [*found, Piece.option(slot.behind, places)]


def _happens(bits: Keys, shift: int, rate: float) -> Flags:
    some = bits >> np.uint64(shift) & np.uint64(0xFFFF)
    found: Flags = some < np.uint64(round(rate * 0x10000))
    return found
