"""One row of the table ``interactions``: something said, sent or done in a channel."""

from dataclasses import dataclass

import polars as pl

from workbench.synthetic.draws import Integers
from workbench.synthetic.frames import instant
from workbench.synthetic.people.block import Block

Part = dict[str, object]


@dataclass(frozen=True, slots=True)
class Messages:
    """Rows of ``interactions`` with texts, and what is true of the texts.

    ``texts`` has a row per text, see ``writers.told``; ``spans`` one where personal data stand in
    it, see ``writers.spans_of``.
    """

    parts: list[Part]
    texts: pl.DataFrame
    spans: pl.DataFrame


def said(
    block: Block,
    owner: Integers,
    at: Integers,
    *,
    stream: str,
    number: Integers,
    channel: str,
    action: str | pl.Series,
    direction: str | pl.Series = "inbound",
) -> Part:
    """Return rows of ``interactions``, to which more columns may be added.

    Parameters
    ----------
    block : Block
    owner, at : arrays of int, shape (rows,)
        Row of the customer; second since 1970.
    stream : str
        Names the rows' ids.
    number : array of int, shape (rows,)
        Different for all rows of a customer in this stream.
    channel, action, direction : str, or Series of String
        As the schema has them; of all rows or of each.
    """
    return {
        "_owner": owner,
        "_at": at,
        "interaction_id": block.bits(stream, owner, number),
        "record_id": block.record_id[owner],
        "channel": channel,
        "direction": direction,
        "action": action,
        "occurred_at": instant(at),
    }
