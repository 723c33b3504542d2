"""Texts of customers and of the company in seven languages, with the positions of identifiers.

Sentences come in four families with wordings of their own. Family ``d`` is meant as a hold-out: a
model that learns topics or personal data from the other families can be tested on its wordings.
Some texts contain words that only look like an identifier (a product code like a phone number, a
town with the name of a family, the company's own address); they have no span.

Texts have no typing errors (``faults`` makes them, which moves spans), no quoted mails, and only
one topic each.

>>> import numpy as np
>>> import polars as pl
>>> from workbench.synthetic.stock.texts import TOPICS, write_tickets
>>> one = np.zeros(1, dtype=np.int64)
>>> bits = np.array([5], dtype=np.uint64)
>>> written = write_tickets(one, topic=one, tone=one, bits=bits, people={})
>>> TOPICS[0], written.spans.height
('delivery', 0)
"""

from workbench.synthetic.stock.texts.adversarial import draw_hostile_strings
from workbench.synthetic.stock.texts.banks import (
    CATEGORIES,
    FAMILIES,
    HELD_OUT,
    LANGUAGES,
    TONES,
    TOPICS,
    choose_families,
    fingerprint,
)
from workbench.synthetic.stock.texts.chats import TURNS, write_chats
from workbench.synthetic.stock.texts.composing import ComposedTexts
from workbench.synthetic.stock.texts.opinions import (
    tone_of_score,
    tone_of_stars,
    write_comments,
    write_reasons,
    write_reviews,
)
from workbench.synthetic.stock.texts.tickets import write_replies, write_tickets

__all__ = [
    "CATEGORIES",
    "FAMILIES",
    "HELD_OUT",
    "LANGUAGES",
    "TONES",
    "TOPICS",
    "TURNS",
    "ComposedTexts",
    "choose_families",
    "draw_hostile_strings",
    "fingerprint",
    "tone_of_score",
    "tone_of_stars",
    "write_chats",
    "write_comments",
    "write_reasons",
    "write_replies",
    "write_reviews",
    "write_tickets",
]  # fmt: skip
