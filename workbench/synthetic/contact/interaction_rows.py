"""Rows of the table ``interactions``: messages and actions in a channel."""

from dataclasses import dataclass

import polars as pl

from workbench.synthetic.draws import Integers
from workbench.synthetic.frames import instants
from workbench.synthetic.people.block import Block

Part = dict[str, object]


@dataclass(frozen=True, slots=True)
class Messages:
    """Rows of ``interactions`` with texts, and the truth about the texts.

    ``texts`` has one row per text, see ``writers.text_truth``; ``spans`` has one row per identifier
    in a text, see ``writers.span_truth``.
    """

    parts: list[Part]
    texts: pl.DataFrame
    spans: pl.DataFrame


def interaction_rows(
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
        Row of the customer; seconds since 1970.
    stream : str
        Random stream of the rows' ids.
    number : array of int, shape (rows,)
        Number of the row, different for all rows of a customer in this stream.
    channel, action, direction : str, or Series of String
        Values of these columns, one for all rows or one per row.
    """
    return block.rows_of(owner, at) | {
        "interaction_id": block.bits(stream, owner, number),
        "channel": channel,
        "direction": direction,
        "action": action,
        "occurred_at": instants(at),
    }
