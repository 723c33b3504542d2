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
    bank, authors = banks(), make_authors(language, bits, people, shares)
    asked = bank.asks.places(authors.group, authors.draws["ask"])
    answer = bank.answers.places(authors.group * len(TOPICS) + topic, authors.draws["sentence"])
    thanked = bank.thanks.places(authors.group * len(TONES) + tone, authors.draws["thanks"])
    return (
        compose_letters(bank.questions, authors, topic, tone, rates),
        compose([Piece.option(bank.asks, asked)], authors.family),
        _identify_customers(authors),
        compose([Piece.option(bank.answers, answer)], authors.family),
        compose([Piece.option(bank.thanks, thanked)], authors.family),
    )


def _identify_customers(authors: Authors) -> ComposedTexts:
    """Return the turn in which customers give an identifier, or say that they have none."""
    left = np.ones(len(authors.language), dtype=bool)
    told = []
    for kind in _GIVEN:
        if kind in authors.people:
            is_known = left & authors.people[kind].is_not_null().to_numpy()
            told.append(Piece.identifier(authors.people[kind], is_known, kind))
            left &= ~is_known
    gives, unknown = banks().gives, banks().unknown
    place = np.where(
        left, gives.before.nothing, gives.before.places(authors.group, authors.draws["which"])
    )
    other = np.where(left, unknown.places(authors.group, authors.draws["which"]), unknown.nothing)
    pieces = [Piece.option(gives.before, place), *told, Piece.option(gives.behind, place)]
    return compose([*pieces, Piece.option(unknown, other)], authors.family)
