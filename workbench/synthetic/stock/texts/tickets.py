"""What is written to the company and by it: tickets, replies."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from workbench.synthetic.draws import Integers, Keys
from workbench.synthetic.stock.texts.banks import LANGUAGES, TONES, TOPICS, banks, families
from workbench.synthetic.stock.texts.composing import ComposedTexts, Piece, composed
from workbench.synthetic.stock.texts.mentions import RATES, Author, mentions, signatures
from workbench.synthetic.stock.texts.text_options import Fillable, draws

_NOBODY: Mapping[str, pl.Series] = {}
_CALLED_BY_NAME = 0.6  # of replies


def ticket(
    language: Integers,
    *,
    topic: Integers,
    tone: Integers,
    bits: Keys,
    people: Mapping[str, pl.Series],
    shares: Mapping[str, float] | None = None,
    rates: Mapping[str, float] = RATES,
) -> ComposedTexts:
    """Write tickets: subject, a blank line, the message.

    Parameters
    ----------
    language, topic, tone : arrays of int, shape (texts,)
        Codes in ``LANGUAGES``, ``TOPICS``, ``TONES``.
    bits : array of uint64, shape (texts,)
        Random bits of each text; they should not be used for anything else.
    people : mapping of str to Series of String
        What the writers are called and have, by kind of identifier (``order_number``,
        ``full_name``, ``given_name``, ``email``, ``phone``, ``street_address`` with ``city``,
        ``birth_date``); kinds that are left out and values that are null are not written.
    shares : mapping of str to float, optional
        Weights of the families, see ``families``.
    rates : mapping of str to float
        Share of texts that name each kind, see ``RATES``.

    Raises
    ------
    ValueError
        If a share is of no family.
    """
    return letter(banks().letters, author(language, bits, people, shares), topic, tone, rates)


def reply(
    language: Integers,
    *,
    topic: Integers,
    bits: Keys,
    people: Mapping[str, pl.Series] = _NOBODY,
    shares: Mapping[str, float] | None = None,
) -> ComposedTexts:
    """Write what the company answers: a greeting, mostly by ``full_name``, and who answers.

    The company's own contact data in them are no personal data, and no spans.
    """
    every, company = banks(), author(language, bits, people, shares)
    draws, group = company.draws, company.group
    greeting = every.greetings.named.before.places(group, draws["opening"])
    answer = every.answers.places(group * len(TOPICS) + topic, draws["sentence"])
    signed = every.signed.places(group, draws["ending"])
    line = Piece.same("\n", np.ones(len(language), dtype=bool))
    pieces = filled(every.greetings, greeting, company, "full_name", _CALLED_BY_NAME)
    pieces += [line, Piece.option(every.answers, answer), line, Piece.option(every.signed, signed)]
    return composed(pieces, company.family)


def spoken(language: str) -> int:
    """Return the code of a language; who has no bank of their own writes English."""
    return LANGUAGES.index(language) if language in LANGUAGES else 0


def author(
    language: Integers,
    bits: Keys,
    people: Mapping[str, pl.Series],
    shares: Mapping[str, float] | None,
) -> Author:
    """Return who writes these texts, see ``ticket``."""
    return Author(
        language=language, family=families(bits, shares), draws=draws(bits), people=people
    )


def letter(
    opening: Fillable, by: Author, topic: Integers, tone: Integers, rates: Mapping[str, float]
) -> ComposedTexts:
    """Write letters that begin in these ways, see ``ticket``."""
    every, by_topic = banks(), by.group * len(TOPICS) + topic
    place = opening.plain.places(by_topic, by.draws["opening"])
    ending = every.endings.places(by_topic * len(TONES) + tone, by.draws["ending"])
    # the order's number has its place in the problem: no sentence of its own
    others = {kind: rate for kind, rate in rates.items() if kind != "order_number"}
    return composed(
        [
            *filled(opening, place, by, "order_number", rates.get("order_number", 0.0)),
            *mentions(by, others),
            Piece.option(every.endings, ending),
            *signatures(by, rates),
        ],
        by.family,
    )


def filled(texts: Fillable, place: Integers, by: Author, kind: str, rate: float) -> list[Piece]:
    """Return texts with the gap filled for those who name this kind, without the gap for others."""
    if kind not in by.people:
        return [Piece.option(texts.plain, place)]
    is_named = by.has(kind, rate)
    named, plain = texts.named, texts.plain
    before = Piece.option(named.before, place)
    without = Piece.option(plain, place)
    return [
        Piece(
            before.text.zip_with(pl.Series(is_named), without.text),
            np.where(is_named, before.length, without.length),
        ),
        Piece.identifier(by.people[kind], is_named, kind),
        Piece.option(named.behind, np.where(is_named, place, named.behind.nothing)),
    ]
