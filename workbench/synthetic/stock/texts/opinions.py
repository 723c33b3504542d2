"""Write opinions: reviews, public comments, and reasons of a survey's score."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from workbench.synthetic.draws import Integers, Keys
from workbench.synthetic.stock.texts.banks import CATEGORIES, TONES, banks
from workbench.synthetic.stock.texts.composing import ComposedTexts, Piece, compose
from workbench.synthetic.stock.texts.mentions import (
    COMMENT_RATES,
    REVIEW_RATES,
    Authors,
    mentions,
    signatures,
)
from workbench.synthetic.stock.texts.text_options import Options
from workbench.synthetic.stock.texts.tickets import make_authors

_NOBODY: Mapping[str, pl.Series] = {}
_STARS = 5
_NEUTRAL, _PLEASED, _ANGRY = (TONES.index(name) for name in ("neutral", "pleased", "angry"))
#: Share of reviews and comments that end in an emoji.
EMOJI_RATE = 0.03
#: Emoji by tone; some have several code points.
EMOJI = {
    "neutral": ("🤔", "🙂", "🤷‍♀️", "👀"),
    "pleased": ("😊", "❤️", "🎉", "👍🏽"),
    "angry": ("😡", "👎", "🙄", "🤦‍♂️"),
}


def write_reviews(
    language: Integers,
    *,
    stars: Integers,
    bits: Keys,
    category: Integers | None = None,
    people: Mapping[str, pl.Series] = _NOBODY,
    shares: Mapping[str, float] | None = None,
    rates: Mapping[str, float] = REVIEW_RATES,
) -> ComposedTexts:
    """Write reviews that fit their stars and the category of the product.

    Parameters
    ----------
    language : array of int, shape (texts,)
        Codes in ``LANGUAGES``.
    stars : array of int, shape (texts,)
        1 to 5.
    bits : array of uint64, shape (texts,)
        Random bits of each text, which should not be used for anything else.
    category : array of int, shape (texts,), optional
        Codes in ``CATEGORIES``; without it no sentence is about the category.
    people, shares, rates
        See ``write_tickets``.

    Raises
    ------
    ValueError
        A share has the name of no family.
    """
    authors = make_authors(language, bits, people, shares)
    about = np.zeros_like(stars) if category is None else category + 1
    group = (authors.group * _STARS + stars - 1) * (len(CATEGORIES) + 1) + about
    return _compose_opinions(authors, banks().reviews, group, tone_of_stars(stars), rates)


def tone_of_stars(stars: Integers) -> Integers:
    """Return the tone of reviews with 1 to 5 stars, a code in ``TONES``."""
    found: Integers = np.array([_ANGRY, _ANGRY, _NEUTRAL, _PLEASED, _PLEASED])[stars - 1]
    return found


def write_comments(
    language: Integers,
    *,
    tone: Integers,
    bits: Keys,
    people: Mapping[str, pl.Series] = _NOBODY,
    shares: Mapping[str, float] | None = None,
    rates: Mapping[str, float] = COMMENT_RATES,
) -> ComposedTexts:
    """Write public comments under a post of the company; tones are codes in ``TONES``.

    The other parameters are those of ``write_reviews``.
    """
    authors = make_authors(language, bits, people, shares)
    return _compose_opinions(
        authors, banks().comments, authors.group * len(TONES) + tone, tone, rates
    )


def write_reasons(
    language: Integers,
    *,
    score: Integers,
    bits: Keys,
    shares: Mapping[str, float] | None = None,
) -> pl.Series:
    """Write reasons of scores of 0 to 10; they contain no identifier.

    Their families are those of ``choose_families`` with the same bits and shares.
    """
    authors = make_authors(language, bits, _NOBODY, shares)
    return banks().reasons.draw(authors.group * 3 + _rank(score), authors.draws["sentence"])


def tone_of_score(score: Integers) -> Integers:
    """Return the tone of the reason of a score of 0 to 10, a code in ``TONES``."""
    found: Integers = np.array([_ANGRY, _NEUTRAL, _PLEASED])[_rank(score)]
    return found


def _rank(score: Integers) -> Integers:
    return np.searchsorted([7, 9], score, "right")


def _compose_opinions(
    authors: Authors, options: Options, group: Integers, tone: Integers, rates: Mapping[str, float]
) -> ComposedTexts:
    """Join one text of each group with identifiers, an emoji and a signature."""
    signs = _emoji()
    place = np.where(
        authors.draws.happens("emoji", EMOJI_RATE),
        signs.places(tone, authors.draws["ending"]),
        signs.nothing,
    )
    return compose(
        [
            Piece.option(options, options.places(group, authors.draws["sentence"])),
            *mentions(authors, rates),
            Piece.option(signs, place),
            *signatures(authors, rates),
        ],
        authors.family,
    )


def _emoji() -> Options:
    return Options.of([[f" {each}" for each in EMOJI[tone]] for tone in TONES])
