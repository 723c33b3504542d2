"""Chats of customers and agents, turn by turn."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from workbench.synthetic.draws import Integers, Keys
from workbench.synthetic.stock.texts.banks import TONES, TOPICS, banks
from workbench.synthetic.stock.texts.composing import ComposedTexts, Piece, composed
from workbench.synthetic.stock.texts.mentions import RATES, Author
from workbench.synthetic.stock.texts.tickets import author, letter

#: Who writes each turn of a chat.
TURNS = ("customer", "agent", "customer", "agent", "customer")
#: What customers give when asked who they are: the first of these that is known.
_GIVEN = ("order_number", "email", "full_name")


def chat(
    language: Integers,
    *,
    topic: Integers,
    tone: Integers,
    bits: Keys,
    people: Mapping[str, pl.Series],
    shares: Mapping[str, float] | None = None,
    rates: Mapping[str, float] = RATES,
) -> tuple[ComposedTexts, ...]:
    """Write chats of five turns, see ``TURNS``; parameters are those of ``ticket``.

    The customer asks, the agent asks back, the customer gives the order's
    number (where none is known, e-mail or name), the agent answers, the customer says good-bye.
    All turns of a chat are of one family.

    Returns
    -------
    tuple of ComposedTexts
        One per turn, each with a text per chat.

    Raises
    ------
    ValueError
        If a share is of no family.
    """
    every, by = banks(), author(language, bits, people, shares)
    asked = every.asks.places(by.group, by.draws["ask"])
    answer = every.answers.places(by.group * len(TOPICS) + topic, by.draws["sentence"])
    thanked = every.thanks.places(by.group * len(TONES) + tone, by.draws["thanks"])
    return (
        letter(every.questions, by, topic, tone, rates),
        composed([Piece.option(every.asks, asked)], by.family),
        _given(by),
        composed([Piece.option(every.answers, answer)], by.family),
        composed([Piece.option(every.thanks, thanked)], by.family),
    )


def _given(by: Author) -> ComposedTexts:
    """Return what customers say when asked who they are."""
    left = np.ones(len(by.language), dtype=bool)
    told = []
    for kind in _GIVEN:
        if kind in by.people:
            is_known = left & by.people[kind].is_not_null().to_numpy()
            told.append(Piece.identifier(by.people[kind], is_known, kind))
            left &= ~is_known
    gives, unknown = banks().gives, banks().unknown
    place = np.where(left, gives.before.nothing, gives.before.places(by.group, by.draws["which"]))
    other = np.where(left, unknown.places(by.group, by.draws["which"]), unknown.nothing)
    pieces = [Piece.option(gives.before, place), *told, Piece.option(gives.behind, place)]
    return composed([*pieces, Piece.option(unknown, other)], by.family)
