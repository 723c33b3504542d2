"""What people and the company write, in seven languages, with every span of personal data known.

Sentences come in four families of their own wording and form. Family ``d`` is meant to be held
out, so that whatever learns to find topics or personal data on the others can be tried on wording
it never saw. What only looks like an identifier (a product code like a phone, a town that is a
surname, the company's own address) stands in some texts and in no span.

What is absent: typos (``faults`` makes them, which shifts spans), quoted mails, more than one topic
in a text.

>>> import numpy as np
>>> import polars as pl
>>> from workbench.synthetic.stock.texts import TOPICS, ticket
>>> one = np.zeros(1, dtype=np.int64)
>>> bits = np.array([5], dtype=np.uint64)
>>> written = ticket(one, topic=one, tone=one, bits=bits, people={})
>>> TOPICS[0], written.spans.height
('delivery', 0)
"""

from workbench.synthetic.stock.texts.adversarial import adversarial
from workbench.synthetic.stock.texts.banks import (
    CATEGORIES,
    FAMILIES,
    HELD_OUT,
    LANGUAGES,
    TONES,
    TOPICS,
    families,
    fingerprint,
)
from workbench.synthetic.stock.texts.chats import TURNS, chat
from workbench.synthetic.stock.texts.composing import ComposedTexts
from workbench.synthetic.stock.texts.opinions import (
    comment,
    reason,
    review,
    tone_of_score,
    tone_of_stars,
)
from workbench.synthetic.stock.texts.tickets import reply, ticket

__all__ = [
    "CATEGORIES", "FAMILIES", "HELD_OUT", "LANGUAGES", "TONES", "TOPICS", "TURNS", "ComposedTexts",
    "adversarial", "chat", "comment", "families", "fingerprint", "reason", "reply", "review",
    "ticket", "tone_of_score", "tone_of_stars",
]  # fmt: skip
