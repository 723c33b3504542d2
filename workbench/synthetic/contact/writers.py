"""Writers of texts: their languages and identifiers, tones, and the truth about their texts."""

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, Integers, Keys
from workbench.synthetic.frames import gather, labels, null_texts
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.personal_details import PersonalDetails
from workbench.synthetic.stock.names import locale
from workbench.synthetic.stock.texts import FAMILIES, TONES, TOPICS, ComposedTexts
from workbench.synthetic.stock.texts.tickets import language_code

_NEUTRAL, _PLEASED, _ANGRY = (TONES.index(name) for name in ("neutral", "pleased", "angry"))


def languages(block: Block, owner: Integers) -> Integers:
    """Return the language of each row's customer, a code in ``texts.LANGUAGES``."""
    codes = np.array([language_code(locale(name).language) for name in block.recipe.locales])
    found: Integers = codes[block.locale[owner]]
    return found


def tones(is_angry: Flags, is_pleased: Flags) -> Integers:
    """Return the tone of each text, a code in ``TONES``."""
    found: Integers = np.where(is_angry, _ANGRY, np.where(is_pleased, _PLEASED, _NEUTRAL))
    return found


def identifiers_of_writers(
    details: PersonalDetails, owner: Integers, order_id: pl.Series
) -> dict[str, pl.Series]:
    """Return the identifiers of each writer, by kind.

    Writers quote the number of an order without the system that issued it.
    """
    return {
        "order_number": order_id.str.split_exact(":", 1).struct.field("field_1"),
        "full_name": gather(details.full, owner),
        "email": gather(details.email, owner),
        "phone": gather(details.phone, owner),
        "street_address": gather(details.street, owner),
        "city": gather(details.city, owner),
        "birth_date": gather(details.birth_date, owner),
    }


def text_truth(
    owner: Integers,
    interaction_id: Keys,
    family: Integers,
    *,
    topic: Integers | None = None,
    tone: Integers | None = None,
) -> pl.DataFrame:
    """Return the truth about texts, one row each.

    Returns
    -------
    DataFrame, shape (texts, 5)
        ``_owner`` (row of the customer); ``interaction_id`` of the message, or of the survey's
        response with this reason; ``topic`` (null outside tickets and chats); ``tone`` (null for
        texts of the company); ``family`` of the wording.
    """
    none = null_texts(len(owner))
    return pl.DataFrame(
        {
            "_owner": owner,
            "interaction_id": interaction_id,
            "topic": none if topic is None else labels(TOPICS, topic),
            "tone": none if tone is None else labels(TONES, tone),
            "family": labels(FAMILIES, family),
        }
    )


def span_truth(
    written: ComposedTexts, interaction_id: Keys, kept: Integers, owner: Integers
) -> pl.DataFrame:
    """Return the identifiers in the kept texts, with the id of their row of ``interactions``.

    Parameters
    ----------
    written : ComposedTexts
    interaction_id : array of uint64, shape (kept,)
        Id of each kept text.
    kept : array of int, shape (kept,)
        Positions of the kept texts, ascending.
    owner : array of int, shape (kept,)
        Row of each kept text's customer.

    Returns
    -------
    DataFrame, shape (spans, 5)
        ``_owner``; ``interaction_id``, ``start``, ``length`` (in characters of the body), ``kind``.
    """
    spans = written.spans
    rows = spans["row"].to_numpy()
    if len(kept) < len(written.body):
        spans = spans.filter(pl.Series(np.isin(rows, kept)))
        rows = np.searchsorted(kept, spans["row"].to_numpy())
    return spans.select(
        pl.Series("_owner", owner[rows]),
        pl.Series("interaction_id", interaction_id[rows]),
        "start",
        "length",
        "kind",
    )
