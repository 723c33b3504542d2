"""Tickets and chats: questions of customers, and replies of the company.

Customers write more often after a trouble with an order, about this trouble, and in an angry tone
where it annoyed them. A slow reply and annoyance lower the rating of the thread.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.contact.interaction_rows import Messages, interaction_rows
from workbench.synthetic.contact.writers import (
    identifiers_of_writers,
    languages,
    span_truth,
    text_truth,
    tones,
)
from workbench.synthetic.draws import Flags, Floats, Integers, choose, normal
from workbench.synthetic.frames import gather, keep_where, labels, null_texts
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.personal_details import PersonalDetails
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.purchasing import Purchases
from workbench.synthetic.stock import texts

#: Shares of topics after orders without a trouble, in the order of ``texts.TOPICS``.
TOPIC_SHARES = (0.20, 0.24, 0.11, 0.15, 0.13, 0.07, 0.06, 0.04)
_BY_CHAT = 0.25  # Share of threads that are chats.
SOONEST_DAYS, LONGEST_DAYS = 0.5, 9  # A ticket comes .5 to .5 + 9 days after the order.
PLEASED_ABOVE = 1  # Customers with a higher satisfaction write in a pleased tone.
_RATED = 0.35  # Share of threads with a rating.
_CHAT_WAITS = (0, 40, 95, 130)  # Seconds from the first reply to it and to the further turns.
_TAGGED, _TAGGED_RIGHT = 0.85, 0.94  # Share of threads with a tag; of these, with a right one.
_SOLVED, _RATING = 6, 7  # Numbers of these steps of a thread; lower numbers are its turns.


@dataclass(frozen=True, slots=True, kw_only=True)
class _Threads:
    """Threads of one channel; arrays of shape (threads,)."""

    channel: str
    owner: Integers
    place: Integers
    sale: Integers
    topic: Integers
    tone: Integers
    asked_at: Integers
    replied_at: Integers
    is_pleased: Flags


@dataclass(frozen=True, slots=True)
class _Turn:
    """One message of every thread: its direction, times and texts."""

    direction: str
    at: Integers
    written: texts.ComposedTexts


def run_service(
    block: Block, purchases: Purchases, sales: Sales, details: PersonalDetails, satisfaction: Floats
) -> Messages:
    """Draw the tickets and chats of a block."""
    done = [
        _messages_of_channel(block, sales, details, each)
        for each in _threads(block, purchases, satisfaction)
    ]
    return Messages(
        parts=[part for each in done for part in each.parts],
        texts=pl.concat([each.texts for each in done]),
        spans=pl.concat([each.spans for each in done]),
    )


def _messages_of_channel(
    block: Block, sales: Sales, details: PersonalDetails, threads: _Threads
) -> Messages:
    """Return the turns, the end and the rating of every thread of one channel."""
    owner, place, end_at = threads.owner, threads.place, block.clock.end_at
    turns = _turns(block, sales, details, threads)
    last = turns[-1].at
    is_rated = block.u("ticket rated", owner, place) < _RATED
    times = [*(turn.at for turn in turns), last + 5, last + 7_200]
    kept = [np.flatnonzero(at < end_at) for at in times[:-1]]
    kept.append(np.flatnonzero(is_rated & (times[-1] < end_at)))
    rows, step = np.concatenate(kept), np.repeat(np.arange(len(kept)), [*map(len, kept)])
    codes = np.array([*range(len(turns)), _SOLVED, _RATING])
    part = interaction_rows(
        block,
        owner[rows],
        np.concatenate([at[each] for at, each in zip(times, kept, strict=True)]),
        stream="ticket step",
        number=place[rows] * 8 + codes[step],
        channel=threads.channel,
        action=labels([*["message"] * len(turns), "solved", "rated"], step),
        direction=labels([*(turn.direction for turn in turns), "outbound", "inbound"], step),
    )
    ids = np.split(np.asarray(part["interaction_id"]), np.cumsum([*map(len, kept)]))
    # The last two steps, the end and the rating, have no text.
    written = list(zip((turn.written for turn in turns), kept, ids, strict=False))
    bodies = [gather(each.body, some) for each, some, _ in written]
    stars = np.where(threads.is_pleased, 5, 1)
    part |= {
        "thread_id": block.bits("ticket thread", owner, place)[rows],
        "topic": gather(_tags(block, threads), rows),
        "body": pl.concat([*bodies, null_texts(len(kept[-2]) + len(kept[-1]))]),
        "rating": keep_where(step == len(turns) + 1, pl.Series(stars[rows])),
    }
    known = [
        text_truth(
            owner[some],
            own,
            each.family[some],
            topic=threads.topic[some],
            tone=threads.tone[some] if turn.direction == "inbound" else None,
        )
        for turn, (each, some, own) in zip(turns, written, strict=True)
    ]
    spans = [span_truth(each, own, some, owner[some]) for each, some, own in written]
    return Messages(parts=[part], texts=pl.concat(known), spans=pl.concat(spans))


def _turns(block: Block, sales: Sales, details: PersonalDetails, threads: _Threads) -> list[_Turn]:
    """Return the messages of threads: question and reply, or the five turns of a chat."""
    owner, place = threads.owner, threads.place
    language = languages(block, owner)
    people = identifiers_of_writers(details, owner, gather(sales.order_id, threads.sale))
    bits = block.bits("ticket words", owner, place)
    asked_at, replied_at = threads.asked_at, threads.replied_at
    if threads.channel == "chat":
        turns = texts.write_chats(
            language, topic=threads.topic, tone=threads.tone, bits=bits, people=people
        )
        times = [asked_at, *(replied_at + wait for wait in _CHAT_WAITS)]
        sides = ["inbound" if who == "customer" else "outbound" for who in texts.TURNS]
        return [_Turn(*each) for each in zip(sides, times, turns, strict=True)]
    asked = texts.write_tickets(
        language, topic=threads.topic, tone=threads.tone, bits=bits, people=people
    )
    answer = texts.write_replies(
        language, topic=threads.topic, bits=block.bits("reply words", owner, place), people=people
    )
    return [_Turn("inbound", asked_at, asked), _Turn("outbound", replied_at, answer)]


def _tags(block: Block, threads: _Threads) -> pl.Series:
    """Return the topics that agents tag: 85 % of the threads have one, 6 % of these at random."""
    owner, place = threads.owner, threads.place
    guess = choose(block.u("tag", owner, place), TOPIC_SHARES)
    is_right = block.u("tagged right", owner, place) < _TAGGED_RIGHT
    tagged = np.where(is_right, threads.topic, guess)
    return keep_where(block.u("tagged", owner, place) < _TAGGED, labels(texts.TOPICS, tagged))


def _threads(block: Block, purchases: Purchases, satisfaction: Floats) -> list[_Threads]:
    """Draw the orders that cause a ticket or a chat, with topic and time, for each channel."""
    rule, owner, place = block.recipe.troubles, purchases.owner, purchases.place
    troubled = purchases.is_late | purchases.is_damaged
    days = SOONEST_DAYS + LONGEST_DAYS * block.u("ticket after", owner, place)
    asked_at = purchases.placed_at + (days * DAY_SECONDS).astype(np.int64)
    writes = block.u("ticket", owner, place) < np.where(troubled, rule.writes, rule.writes_anyway)
    sale = np.flatnonzero(writes & (asked_at < block.clock.end_at))
    owner, place = owner[sale], place[sale]
    topic = choose(block.u("ticket topic", owner, place), TOPIC_SHARES)
    topic = np.where(purchases.is_damaged[sale], texts.TOPICS.index("product"), topic)
    topic = np.where(purchases.is_late[sale], texts.TOPICS.index("delivery"), topic)
    by_chat = block.u("by chat", owner, place) < _BY_CHAT
    return [
        _threads_of_channel(
            block, purchases, satisfaction, channel, sale[rows], topic[rows], asked_at
        )
        for channel, rows in (("ticket", ~by_chat), ("chat", by_chat))
    ]


def _threads_of_channel(
    block: Block,
    purchases: Purchases,
    satisfaction: Floats,
    channel: str,
    sale: Integers,
    topic: Integers,
    asked_at: Integers,
) -> _Threads:
    """Draw the reply times, ratings and tones of the threads of one channel."""
    owner, place = purchases.owner[sale], purchases.place[sale]
    # Reply times are log-normal, like published ones, with a median of three hours for tickets and
    # of 90 seconds for chats.
    median, most = (90.0, 3_600.0) if channel == "chat" else (10_800.0, 20.0 * DAY_SECONDS)
    wait = median * np.exp(1.6 * normal(block.u("ticket wait", owner, place)))
    wait = np.clip(wait, 10, most)
    slow = np.minimum(wait / DAY_SECONDS, 4) * 0.15
    pleased = block.u("ticket pleased", owner, place) < 0.93 - slow - 0.3 * purchases.annoys[sale]
    return _Threads(
        channel=channel,
        owner=owner,
        place=place,
        sale=sale,
        topic=topic,
        tone=tones(purchases.annoys[sale], satisfaction[sale] > PLEASED_ABOVE),
        asked_at=asked_at[sale],
        replied_at=asked_at[sale] + wait.astype(np.int64),
        is_pleased=pleased,
    )
