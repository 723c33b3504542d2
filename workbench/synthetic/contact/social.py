"""Public comments under the company's posts: seldom, and in the tone of the last order."""

import numpy as np

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.contact.said import Messages, said
from workbench.synthetic.contact.writers import identifiers, languages, spans_of, told, tones
from workbench.synthetic.draws import Floats
from workbench.synthetic.frames import gathered
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.personal_details import PersonalDetails
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.purchasing import Purchases
from workbench.synthetic.stock import texts

_COMMENTS = 0.02  # of sales
_POSTS_A_WEEK = 2
ANGRY_BELOW, PLEASED_ABOVE = -1, 0  # satisfaction at which comments change their tone


def comments(
    block: Block, bought: Purchases, sold: Sales, home: PersonalDetails, satisfied: Floats
) -> Messages:
    """Return the comments of a block, by the post they are under."""
    owner, place = bought.owner, bought.place
    days = 1 + 20 * block.u("comment after", owner, place)
    at = bought.placed_at + (days * DAY_SECONDS).astype(np.int64)
    writes = block.u("comment", owner, place) < _COMMENTS
    sale = np.flatnonzero(writes & (at < block.clock.end_at))
    owner, place, at = owner[sale], place[sale], at[sale]
    felt = satisfied[sale]
    tone = tones(felt < ANGRY_BELOW, felt > PLEASED_ABOVE)
    written = texts.comment(
        languages(block, owner),
        tone=tone,
        bits=block.bits("comment words", owner, place),
        people=identifiers(home, owner, gathered(sold.order_id, sale)),
    )
    part = said(
        block, owner, at, stream="comment id", number=place, channel="social", action="message"
    )
    post = (at - block.clock.start_at) * _POSTS_A_WEEK // (7 * DAY_SECONDS)
    posts = block.stream("post").bits(post.astype(np.uint64))
    ids = np.asarray(part["interaction_id"])
    return Messages(
        parts=[part | {"thread_id": posts, "body": written.body}],
        texts=told(owner, ids, written.family, tone=tone),
        spans=spans_of(written, ids, np.arange(len(sale)), owner),
    )
