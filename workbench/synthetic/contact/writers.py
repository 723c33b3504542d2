"""Who writes: language, tone and what a writer may let slip, row by row."""

import numpy as np
import polars as pl

from workbench.synthetic.draws import Flags, Integers, Keys
from workbench.synthetic.frames import gathered, nothing, words
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.personal_details import PersonalDetails
from workbench.synthetic.stock.names import locale
from workbench.synthetic.stock.texts import FAMILIES, TONES, TOPICS, ComposedTexts
from workbench.synthetic.stock.texts.tickets import spoken

_NEUTRAL, _PLEASED, _ANGRY = (TONES.index(name) for name in ("neutral", "pleased", "angry"))


def languages(block: Block, owner: Integers) -> Integers:
    """Return the language of each row's customer, a code of the texts."""
    codes = np.array([spoken(locale(name).language) for name in block.recipe.locales])
    found: Integers = codes[block.locale[owner]]
    return found


def tones(is_angry: Flags, is_pleased: Flags) -> Integers:
    """Return the tone of each text."""
    found: Integers = np.where(is_angry, _ANGRY, np.where(is_pleased, _PLEASED, _NEUTRAL))
    return found


def identifiers(
    home: PersonalDetails, owner: Integers, order_id: pl.Series
) -> dict[str, pl.Series]:
    """Return what each writer is called and has, by kind of identifier.

    An order is quoted by its number alone, without the system that issued it.
    """
    return {
        "order_number": order_id.str.split_exact(":", 1).struct.field("field_1"),
        "full_name": gathered(home.full, owner),
        "email": gathered(home.email, owner),
        "phone": gathered(home.phone, owner),
        "street_address": gathered(home.street, owner),
        "city": gathered(home.city, owner),
        "birth_date": gathered(home.birth_date, owner),
    }


def told(
    owner: Integers,
    interaction_id: Keys,
    family: Integers,
    *,
    topic: Integers | None = None,
    tone: Integers | None = None,
) -> pl.DataFrame:
    """Return what is true of texts, one row each.

    Returns
    -------
    DataFrame, shape (texts, 5)
        ``_owner`` (row of the customer); ``interaction_id`` (of the row of ``interactions`` it is
        in, or of the response whose reason it is); ``topic`` (null outside tickets and chats);
        ``tone`` (null of what the company writes); ``family`` (of wording).
    """
    none = nothing(len(owner))
    return pl.DataFrame(
        {
            "_owner": owner,
            "interaction_id": interaction_id,
            "topic": none if topic is None else words(TOPICS, topic),
            "tone": none if tone is None else words(TONES, tone),
            "family": words(FAMILIES, family),
        }
    )


def spans_of(
    written: ComposedTexts, interaction_id: Keys, kept: Integers, owner: Integers
) -> pl.DataFrame:
    """Return the spans of the texts that were kept, by the row of ``interactions`` they are in.

    Parameters
    ----------
    written : ComposedTexts
    interaction_id : array of uint64, shape (kept,)
        Of each kept text.
    kept : array of int, shape (kept,)
        Which texts were kept, ascending.
    owner : array of int, shape (kept,)
        Row of each one's customer.

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
