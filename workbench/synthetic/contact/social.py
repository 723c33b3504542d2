"""Public comments under the company's posts, after a few orders and in a tone that fits them."""

import numpy as np

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.contact.interaction_rows import Messages, interaction_rows
from workbench.synthetic.contact.writers import (
    identifiers_of_writers,
    languages,
    span_truth,
    text_truth,
    tones,
)
from workbench.synthetic.draws import Floats
from workbench.synthetic.frames import gather
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.personal_details import PersonalDetails
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.purchasing import Purchases
from workbench.synthetic.stock import texts

_COMMENTS = 0.02  # Share of sales with a comment.
_POSTS_A_WEEK = 2
ANGRY_BELOW, PLEASED_ABOVE = -1, 0  # Bounds of satisfaction for the tone of comments.


def comments(
    block: Block, purchases: Purchases, sales: Sales, details: PersonalDetails, satisfaction: Floats
) -> Messages:
    """Draw the comments of a block; comments under the same post have one thread."""
    owner, place = purchases.owner, purchases.place
    days = 1 + 20 * block.u("comment after", owner, place)
    at = purchases.placed_at + (days * DAY_SECONDS).astype(np.int64)
    writes = block.u("comment", owner, place) < _COMMENTS
    sale = np.flatnonzero(writes & (at < block.clock.end_at))
    owner, place, at = owner[sale], place[sale], at[sale]
    felt = satisfaction[sale]
    tone = tones(felt < ANGRY_BELOW, felt > PLEASED_ABOVE)
    written = texts.write_comments(
        languages(block, owner),
        tone=tone,
        bits=block.bits("comment words", owner, place),
        people=identifiers_of_writers(details, owner, gather(sales.order_id, sale)),
    )
    part = interaction_rows(
        block, owner, at, stream="comment id", number=place, channel="social", action="message"
    )
    post = (at - block.clock.start_at) * _POSTS_A_WEEK // (7 * DAY_SECONDS)
    posts = block.stream("post").bits(post.astype(np.uint64))
    ids = np.asarray(part["interaction_id"])
    return Messages(
        parts=[part | {"thread_id": posts, "body": written.body}],
        texts=text_truth(owner, ids, written.family, tone=tone),
        spans=span_truth(written, ids, np.arange(len(sale)), owner),
    )
