"""What people and the company write, in seven languages, with every span of personal data known.

Sentences come in families of their own wording; family ``d`` is held out, so that whatever learns
to find topics or personal data on the others can be tried on wording it never saw.

>>> import numpy as np
>>> import polars as pl
>>> from workbench.synthetic.stock.texts import TOPICS, ticket
>>> one = np.zeros(1, dtype=np.int64)
>>> written = ticket(one, topic=one, tone=one, bits=np.array([5], dtype=np.uint64), people={})
>>> TOPICS[0], written.spans.height
('delivery', 0)
"""

from workbench.synthetic.stock.texts.adversarial import adversarial
from workbench.synthetic.stock.texts.banks import (
    FAMILIES,
    HELD_OUT,
    LANGUAGES,
    TONES,
    TOPICS,
    fingerprint,
)
from workbench.synthetic.stock.texts.composing import Written
from workbench.synthetic.stock.texts.writing import (
    comment,
    question,
    reason,
    reply,
    review,
    ticket,
)

__all__ = [
    "FAMILIES", "HELD_OUT", "LANGUAGES", "TONES", "TOPICS", "Written", "adversarial", "comment",
    "fingerprint", "question", "reason", "reply", "review", "ticket",
]  # fmt: skip
