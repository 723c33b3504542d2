"""Tickets and chats: what customers write in about, and how they are answered.

What went wrong with an order makes a customer write more often, about just that, and in another
tone where it annoyed; a slow reply and a trouble lower the rating of the thread.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.contact.said import Part, said
from workbench.synthetic.draws import Flags, Floats, Integers, choice, normal
from workbench.synthetic.frames import words
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.purchasing import Purchases
from workbench.synthetic.stock import phrases
from workbench.synthetic.stock.names import locale

#: Shares of topics among those whose order went well, in the order of ``phrases.TOPICS``.
_TOPIC_SHARES = (0.24, 0.28, 0.12, 0.19, 0.17)
_BY_CHAT = 0.25
_RATED = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class _Threads:
    """Threads of a block; arrays of shape (threads,)."""

    owner: Integers
    place: Integers
    sale: Integers
    topic: Integers
    is_chat: Flags
    asked_at: Integers
    replied_at: Integers
    is_pleased: Flags


def service(block: Block, bought: Purchases, sold: Sales, satisfied: Floats) -> list[Part]:
    """Return question, reply, end and rating of every thread."""
    threads = _threads(block, bought, satisfied)
    owner, place = threads.owner, threads.place
    languages = [locale(name).language for name in block.recipe.locales]
    question = phrases.asked(
        languages,
        block.locale[owner],
        threads.topic,
        block.bits("ticket words", owner, place),
        sold.order_id.gather(threads.sale),
    )
    rated = block.u("ticket rated", owner, place) < _RATED
    rating = pl.Series(np.where(threads.is_pleased, 5, 1))
    everyone = np.ones(len(owner), dtype=bool)
    replied_at = threads.replied_at
    steps: list[tuple[str, Flags, Integers, str, pl.Series | None, pl.Series | None]] = [
        ("message", everyone, threads.asked_at, "inbound", question, None),
        ("message", everyone, replied_at, "outbound", words([phrases.REPLY], owner * 0), None),
        ("solved", everyone, replied_at + 5, "outbound", None, None),
        ("rated", rated, replied_at + 7_200, "inbound", None, rating),
    ]
    thread = block.bits("ticket thread", owner, place)
    parts = []
    for is_chat, channel in ((False, "ticket"), (True, "chat")):
        for code, (action, happens, when, direction, body, stars) in enumerate(steps):
            is_in = happens & (threads.is_chat == is_chat) & (when < block.clock.end_at)
            rows = np.flatnonzero(is_in)
            part = said(
                block,
                owner[rows],
                when[rows],
                stream="ticket step",
                number=place[rows] * 8 + code,
                channel=channel,
                action=action,
                direction=direction,
            )
            part |= {
                "thread_id": thread[rows],
                "topic": words(phrases.TOPICS, threads.topic[rows]),
            }
            part |= {} if body is None else {"body": body.gather(rows)}
            parts.append(part | ({} if stars is None else {"rating": stars.gather(rows)}))
    return parts


def _threads(block: Block, bought: Purchases, satisfied: Floats) -> _Threads:
    rule, owner, place = block.recipe.troubles, bought.owner, bought.place
    troubled = bought.is_late | bought.is_damaged
    days = 0.5 + 9 * block.u("ticket after", owner, place)
    asked_at = bought.placed_at + (days * DAY_SECONDS).astype(np.int64)
    writes = np.where(troubled, rule.writes, rule.writes_anyway)
    sale = np.flatnonzero(
        (block.u("ticket", owner, place) < writes) & (asked_at < block.clock.end_at)
    )
    owner, place, asked_at = owner[sale], place[sale], asked_at[sale]
    topic = choice(block.u("ticket topic", owner, place), _TOPIC_SHARES)
    topic = np.where(bought.is_damaged[sale], phrases.TOPICS.index("product"), topic)
    topic = np.where(bought.is_late[sale], phrases.TOPICS.index("delivery"), topic)
    is_chat = block.u("by chat", owner, place) < _BY_CHAT
    # log-normal, as public reply times are: a median of three hours, of 90 seconds in the chat
    median = np.where(is_chat, 90.0, 10_800.0)
    wait = median * np.exp(1.6 * normal(block.u("ticket wait", owner, place)))
    wait = np.clip(wait, 10, np.where(is_chat, 3_600, 20 * DAY_SECONDS))
    slow = np.minimum(wait / DAY_SECONDS, 4) * 0.15
    pleased = block.u("ticket pleased", owner, place) < 0.93 - slow - 0.3 * bought.annoys[sale]
    return _Threads(
        owner=owner,
        place=place,
        sale=sale,
        topic=topic,
        is_chat=is_chat,
        asked_at=asked_at,
        replied_at=asked_at + wait.astype(np.int64),
        is_pleased=pleased,
    )
