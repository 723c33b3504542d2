"""Tickets and chats: what customers write in about, and how they are answered.

What went wrong with an order makes a customer write more often, about just that, and in another
tone where it annoyed; a slow reply and a trouble lower the rating of the thread.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.contact.said import Messages, said
from workbench.synthetic.contact.writers import identifiers, languages, spans_of, told, tones
from workbench.synthetic.draws import Flags, Floats, Integers, choice, normal
from workbench.synthetic.frames import gathered, nothing, where, words
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.personal_details import PersonalDetails
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.purchasing import Purchases
from workbench.synthetic.stock import texts

#: Shares of topics among those whose order went well, in the order of ``texts.TOPICS``.
TOPIC_SHARES = (0.20, 0.24, 0.11, 0.15, 0.13, 0.07, 0.06, 0.04)
_BY_CHAT = 0.25
SOONEST_DAYS, LONGEST_DAYS = 0.5, 9  # a ticket comes after the first, within as many more
PLEASED_ABOVE = 1  # satisfaction from which on customers write in a pleased tone
_RATED = 0.35
_CHAT_WAITS = (0, 40, 95, 130)  # seconds after the first reply, of the turns from it on
_TAGGED, _TAGGED_RIGHT = 0.85, 0.94
_SOLVED, _RATING = 6, 7  # numbers of these steps of a thread; those before are its turns


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
    """One message of every thread: its direction, when it is written, and what."""

    direction: str
    at: Integers
    written: texts.ComposedTexts


def service(
    block: Block, bought: Purchases, sold: Sales, home: PersonalDetails, satisfied: Floats
) -> Messages:
    """Let customers write in, and answer them."""
    done = [_channel(block, sold, home, each) for each in _threads(block, bought, satisfied)]
    return Messages(
        parts=[part for each in done for part in each.parts],
        texts=pl.concat([each.texts for each in done]),
        spans=pl.concat([each.spans for each in done]),
    )


def _channel(block: Block, sold: Sales, home: PersonalDetails, threads: _Threads) -> Messages:
    """Return the turns, the end and the rating of every thread of one channel."""
    owner, place, end_at = threads.owner, threads.place, block.clock.end_at
    turns = _turns(block, sold, home, threads)
    last = turns[-1].at
    is_rated = block.u("ticket rated", owner, place) < _RATED
    times = [*(turn.at for turn in turns), last + 5, last + 7_200]
    kept = [np.flatnonzero(at < end_at) for at in times[:-1]]
    kept.append(np.flatnonzero(is_rated & (times[-1] < end_at)))
    rows, step = np.concatenate(kept), np.repeat(np.arange(len(kept)), [*map(len, kept)])
    codes = np.array([*range(len(turns)), _SOLVED, _RATING])
    part = said(
        block,
        owner[rows],
        np.concatenate([at[each] for at, each in zip(times, kept, strict=True)]),
        stream="ticket step",
        number=place[rows] * 8 + codes[step],
        channel=threads.channel,
        action=words([*["message"] * len(turns), "solved", "rated"], step),
        direction=words([*(turn.direction for turn in turns), "outbound", "inbound"], step),
    )
    ids = np.split(np.asarray(part["interaction_id"]), np.cumsum([*map(len, kept)]))
    # the end and the rating have no words
    written = list(zip((turn.written for turn in turns), kept, ids, strict=False))
    bodies = [gathered(each.body, some) for each, some, _ in written]
    stars = np.where(threads.is_pleased, 5, 1)
    part |= {
        "thread_id": block.bits("ticket thread", owner, place)[rows],
        "topic": gathered(_tags(block, threads), rows),
        "body": pl.concat([*bodies, nothing(len(kept[-2]) + len(kept[-1]))]),
        "rating": where(step == len(turns) + 1, pl.Series(stars[rows])),
    }
    known = [
        told(
            owner[some],
            own,
            each.family[some],
            topic=threads.topic[some],
            tone=threads.tone[some] if turn.direction == "inbound" else None,
        )
        for turn, (each, some, own) in zip(turns, written, strict=True)
    ]
    spans = [spans_of(each, own, some, owner[some]) for each, some, own in written]
    return Messages(parts=[part], texts=pl.concat(known), spans=pl.concat(spans))


def _turns(block: Block, sold: Sales, home: PersonalDetails, threads: _Threads) -> list[_Turn]:
    """Return who writes what and when: question and reply, or the five turns of a chat."""
    owner, place = threads.owner, threads.place
    spoken = languages(block, owner)
    people = identifiers(home, owner, gathered(sold.order_id, threads.sale))
    bits = block.bits("ticket words", owner, place)
    asked_at, replied_at = threads.asked_at, threads.replied_at
    if threads.channel == "chat":
        said_in_turn = texts.chat(
            spoken, topic=threads.topic, tone=threads.tone, bits=bits, people=people
        )
        times = [asked_at, *(replied_at + wait for wait in _CHAT_WAITS)]
        sides = ["inbound" if who == "customer" else "outbound" for who in texts.TURNS]
        return [_Turn(*each) for each in zip(sides, times, said_in_turn, strict=True)]
    asked = texts.ticket(spoken, topic=threads.topic, tone=threads.tone, bits=bits, people=people)
    answer = texts.reply(
        spoken, topic=threads.topic, bits=block.bits("reply words", owner, place), people=people
    )
    return [_Turn("inbound", asked_at, asked), _Turn("outbound", replied_at, answer)]


def _tags(block: Block, threads: _Threads) -> pl.Series:
    """Return the topics that agents tag: most threads, one in twenty of them wrongly."""
    owner, place = threads.owner, threads.place
    guess = choice(block.u("tag", owner, place), TOPIC_SHARES)
    is_right = block.u("tagged right", owner, place) < _TAGGED_RIGHT
    seen = np.where(is_right, threads.topic, guess)
    return where(block.u("tagged", owner, place) < _TAGGED, words(texts.TOPICS, seen))


def _threads(block: Block, bought: Purchases, satisfied: Floats) -> list[_Threads]:
    rule, owner, place = block.recipe.troubles, bought.owner, bought.place
    troubled = bought.is_late | bought.is_damaged
    days = SOONEST_DAYS + LONGEST_DAYS * block.u("ticket after", owner, place)
    asked_at = bought.placed_at + (days * DAY_SECONDS).astype(np.int64)
    writes = block.u("ticket", owner, place) < np.where(troubled, rule.writes, rule.writes_anyway)
    sale = np.flatnonzero(writes & (asked_at < block.clock.end_at))
    owner, place = owner[sale], place[sale]
    topic = choice(block.u("ticket topic", owner, place), TOPIC_SHARES)
    topic = np.where(bought.is_damaged[sale], texts.TOPICS.index("product"), topic)
    topic = np.where(bought.is_late[sale], texts.TOPICS.index("delivery"), topic)
    by_chat = block.u("by chat", owner, place) < _BY_CHAT
    return [
        _of_channel(block, bought, satisfied, channel, sale[rows], topic[rows], asked_at)
        for channel, rows in (("ticket", ~by_chat), ("chat", by_chat))
    ]


def _of_channel(
    block: Block,
    bought: Purchases,
    satisfied: Floats,
    channel: str,
    sale: Integers,
    topic: Integers,
    asked_at: Integers,
) -> _Threads:
    owner, place = bought.owner[sale], bought.place[sale]
    # log-normal, as public reply times are: a median of three hours, of 90 seconds in the chat
    median, most = (90.0, 3_600.0) if channel == "chat" else (10_800.0, 20.0 * DAY_SECONDS)
    wait = median * np.exp(1.6 * normal(block.u("ticket wait", owner, place)))
    wait = np.clip(wait, 10, most)
    slow = np.minimum(wait / DAY_SECONDS, 4) * 0.15
    pleased = block.u("ticket pleased", owner, place) < 0.93 - slow - 0.3 * bought.annoys[sale]
    return _Threads(
        channel=channel,
        owner=owner,
        place=place,
        sale=sale,
        topic=topic,
        tone=tones(bought.annoys[sale], satisfied[sale] > PLEASED_ABOVE),
        asked_at=asked_at[sale],
        replied_at=asked_at[sale] + wait.astype(np.int64),
        is_pleased=pleased,
    )
