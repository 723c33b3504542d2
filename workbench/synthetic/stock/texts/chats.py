"""Write chats of customers and agents, turn by turn."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from workbench.synthetic.draws import Integers, Keys
from workbench.synthetic.stock.texts.banks import TONES, TOPICS, banks
from workbench.synthetic.stock.texts.composing import ComposedTexts, Piece, compose
from workbench.synthetic.stock.texts.mentions import RATES, Authors
from workbench.synthetic.stock.texts.tickets import compose_letters, make_authors

#: Writer of each turn of a chat.
TURNS = ("customer", "agent", "customer", "agent", "customer")
#: Identifiers that customers give when an agent asks: the first of these that they have.
_GIVEN = ("order_number", "email", "full_name")


def write_chats(
    language: Integers,
    *,
    topic: Integers,
    tone: Integers,
    bits: Keys,
    people: Mapping[str, pl.Series],
    shares: Mapping[str, float] | None = None,
    rates: Mapping[str, float] = RATES,
) -> tuple[ComposedTexts, ...]:
    """Write chats of five turns, see ``TURNS``; parameters are those of ``write_tickets``.

    The customer asks, the agent asks for an identifier, the customer gives one (see ``_GIVEN``),
    the agent answers, and the customer says good-bye. All turns of a chat have the same family.

    Returns
    -------
    tuple of ComposedTexts
        One per turn, each with a text per chat.

    Raises
    ------
    ValueError
        A share has the name of no family.
    """
    every, by = banks(), make_authors(language, bits, people, shares)
    asked = every.asks.places(by.group, by.draws["ask"])
    answer = every.answers.places(by.group * len(TOPICS) + topic, by.draws["sentence"])
    thanked = every.thanks.places(by.group * len(TONES) + tone, by.draws["thanks"])
    return (
        compose_letters(every.questions, by, topic, tone, rates),
        compose([Piece.option(every.asks, asked)], by.family),
        _identify_customers(by),
        compose([Piece.option(every.answers, answer)], by.family),
        compose([Piece.option(every.thanks, thanked)], by.family),
    )


def _identify_customers(by: Authors) -> ComposedTexts:
    """Return the turn in which customers give an identifier, or say that they have none."""
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
    return compose([*pieces, Piece.option(unknown, other)], by.family)
