"""Write tickets to the company, and its replies."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from workbench.synthetic.draws import Integers, Keys
from workbench.synthetic.stock.texts.banks import LANGUAGES, TONES, TOPICS, banks, choose_families
from workbench.synthetic.stock.texts.composing import ComposedTexts, Piece, compose
from workbench.synthetic.stock.texts.mentions import RATES, Authors, mentions, signatures
from workbench.synthetic.stock.texts.text_options import OptionalGapTexts, text_draws

_NOBODY: Mapping[str, pl.Series] = {}
_CALLED_BY_NAME = 0.6  # Share of replies that greet the customer by name.


def write_tickets(
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
        Random bits of each text, which should not be used for anything else.
    people : mapping of str to Series of String
        Identifiers of the writers, by kind (``order_number``, ``full_name``, ``given_name``,
        ``email``, ``phone``, ``street_address`` with ``city``, ``birth_date``); kinds that are left
        out and null values are not written.
    shares : mapping of str to float, optional
        Weights of the families, see ``choose_families``.
    rates : mapping of str to float
        Share of texts with each kind of identifier, see ``RATES``.

    Raises
    ------
    ValueError
        A share has the name of no family.
    """
    return compose_letters(
        banks().letters, make_authors(language, bits, people, shares), topic, tone, rates
    )


def write_replies(
    language: Integers,
    *,
    topic: Integers,
    bits: Keys,
    people: Mapping[str, pl.Series] = _NOBODY,
    shares: Mapping[str, float] | None = None,
) -> ComposedTexts:
    """Write replies of the company: a greeting, mostly with ``full_name``, an answer, a signature.

    The company's own contact data in a reply are no personal data and have no spans.
    """
    bank, company = banks(), make_authors(language, bits, people, shares)
    draws, group = company.draws, company.group
    greeting = bank.greetings.named.before.places(group, draws["opening"])
    answer = bank.answers.places(group * len(TOPICS) + topic, draws["sentence"])
    signed = bank.signed.places(group, draws["ending"])
    line = Piece.same("\n", np.ones(len(language), dtype=bool))
    pieces = fill_gaps(bank.greetings, greeting, company, "full_name", _CALLED_BY_NAME)
    pieces += [line, Piece.option(bank.answers, answer), line, Piece.option(bank.signed, signed)]
    return compose(pieces, company.family)


def language_code(language: str) -> int:
    """Return the code of a language; the code of English for languages without a bank."""
    return LANGUAGES.index(language) if language in LANGUAGES else 0


def make_authors(
    language: Integers,
    bits: Keys,
    people: Mapping[str, pl.Series],
    shares: Mapping[str, float] | None,
) -> Authors:
    """Make the authors of texts; parameters are those of ``write_tickets``."""
    return Authors(
        language=language,
        family=choose_families(bits, shares),
        draws=text_draws(bits),
        people=people,
    )


def compose_letters(
    opening: OptionalGapTexts,
    authors: Authors,
    topic: Integers,
    tone: Integers,
    rates: Mapping[str, float],
) -> ComposedTexts:
    """Write letters with these openings; the other parameters are those of ``write_tickets``."""
    bank, by_topic = banks(), authors.group * len(TOPICS) + topic
    place = opening.plain.places(by_topic, authors.draws["opening"])
    ending = bank.endings.places(by_topic * len(TONES) + tone, authors.draws["ending"])
    # The order number is part of the problem's sentence and has no sentence of its own.
    others = {kind: rate for kind, rate in rates.items() if kind != "order_number"}
    return compose(
        [
            *fill_gaps(opening, place, authors, "order_number", rates.get("order_number", 0.0)),
            *mentions(authors, others),
            Piece.option(bank.endings, ending),
            *signatures(authors, rates),
        ],
        authors.family,
    )


def fill_gaps(
    texts: OptionalGapTexts, place: Integers, authors: Authors, kind: str, rate: float
) -> list[Piece]:
    """Return texts with an identifier in the gap; texts without the identifier have no gap."""
    if kind not in authors.people:
        return [Piece.option(texts.plain, place)]
    is_named = authors.has(kind, rate)
    named, plain = texts.named, texts.plain
    before = Piece.option(named.before, place)
    without = Piece.option(plain, place)
    return [
        Piece(
            before.text.zip_with(pl.Series(is_named), without.text),
            np.where(is_named, before.length, without.length),
        ),
        Piece.identifier(authors.people[kind], is_named, kind),
        Piece.option(named.behind, np.where(is_named, place, named.behind.nothing)),
    ]
