"""What is sent and said: e-mails, tickets, reviews, surveys and the campaigns behind them.

Newsletters go only to who allows marketing by e-mail at the time. The ``retention-offer`` goes to
whomever the company chose (``offers``), under the exemption for existing customers.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS, Clock, month_start
from workbench.synthetic.contact.offers import CAMPAIGN, Offers, decision_day
from workbench.synthetic.draws import Flags, Integers, choice, normal
from workbench.synthetic.frames import instant, table, where, words
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.permissions import Decision
from workbench.synthetic.recipes import Recipe
from workbench.synthetic.shop.ordering import CODE, Sales
from workbench.synthetic.shop.purchasing import Purchases
from workbench.synthetic.stock import phrases
from workbench.synthetic.stock.catalogue import catalogue
from workbench.synthetic.stock.names import locale

SURVEY = "survey-nps"
_QUESTIONS = {
    "nps": "How likely are you to recommend us to a friend?",
    "reason": "Why do you say so?",
    "delivery": "How satisfied were you with the delivery (1 to 5)?",
}
_TICKETS, _REVIEWS, _SURVEYS = 0.06, 0.05, 0.05  # per sale
_STARS = (0.10, 0.05, 0.07, 0.18, 0.60)
_TOPIC_SHARES = (0.36, 0.22, 0.18, 0.14, 0.10)
_NEWSLETTER_AT = 9 * DAY_SECONDS + 32_400  # the tenth day of a month of the world, 9 o'clock
_OPENED, _OPENED_IDLE, _MACHINE, _CLICKED, _BOUNCED = 0.32, 0.06, 0.18, 0.12, 0.006


@dataclass(frozen=True)
class Contact:
    """Tables of one block."""

    interactions: pl.DataFrame
    answers: pl.DataFrame


def contact(
    block: Block, bought: Purchases, sold: Sales, decided: Offers, marketing: Decision
) -> Contact:
    """Make everything that is sent to and said by the customers of a block."""
    survey, answers = _survey(block, bought)
    parts = [
        *_newsletters(block, bought, marketing),
        *_offer(block, bought, decided),
        _unsubscribed(block, marketing),
        *_tickets(block, bought, sold),
        _reviews(block, bought, sold),
        survey,
    ]
    return Contact(
        interactions=table("interactions", [{"is_machine": False} | part for part in parts]),
        answers=answers,
    )


def campaigns(recipe: Recipe, clock: Clock) -> pl.DataFrame:
    """Return the table ``campaigns`` of a world."""
    start = recipe.start_on
    months = [month_start(start, i) for i in range(recipe.months)]
    offered = np.datetime64(start) + decision_day(recipe.offer, clock.days)
    first = np.datetime64(start)
    rows: list[tuple[str, str, str, np.datetime64, int | None]] = [
        (_newsletter(i, recipe), f"Newsletter {day:%B %Y}", "email", np.datetime64(day) + 9, 40_000)
        for i, day in enumerate(months)
    ]
    rows += [
        (CAMPAIGN, "Come back: an offer for you", "email", offered, 250_000),
        (SURVEY, "How did we do?", "email", first, None),
        (CODE, "10 % off with a code", "web", first, None),
    ]
    launched = pl.Series(np.array([row[3] for row in rows], dtype="datetime64[D]"))
    return table(
        "campaigns",
        [
            {
                "_owner": np.arange(len(rows)),
                "campaign_id": pl.Series([row[0] for row in rows]),
                "name": pl.Series([row[1] for row in rows]),
                "channel": pl.Series([row[2] for row in rows]),
                "launched_on": launched,
                "cost_minor": pl.Series([row[4] for row in rows]),
                "currency": recipe.currency,
            }
        ],
    )


def _newsletter(month: int, recipe: Recipe) -> str:
    return f"newsletter-{month_start(recipe.start_on, month):%Y-%m}"


def _newsletters(block: Block, bought: Purchases, marketing: Decision) -> list[dict[str, object]]:
    recipe = block.recipe
    days = [(month_start(recipe.start_on, i) - recipe.start_on).days for i in range(recipe.months)]
    sent = block.clock.start_at + np.array(days) * DAY_SECONDS + _NEWSLETTER_AT
    owner = np.repeat(np.arange(block.size), recipe.months)
    month = np.tile(np.arange(recipe.months), block.size)
    at = sent[month] + (3_600 * block.u("newsletter", owner, month)).astype(np.int64)
    goes = marketing.holds(at, owner) & (at > block.joined_at[owner]) & (at < block.clock.end_at)
    names = words([_newsletter(i, recipe) for i in range(recipe.months)], month[goes])
    return _mailing(block, bought, "newsletter", owner[goes], month[goes], at[goes], names)


def _offer(block: Block, bought: Purchases, decided: Offers) -> list[dict[str, object]]:
    owner = np.flatnonzero(decided.is_sent)
    at = decided.sent_at + (7_200 * block.u("offer sent", owner)).astype(np.int64)
    names = words([CAMPAIGN], owner * 0)
    return _mailing(block, bought, "offer", owner, owner * 0, at, names)


def _mailing(
    block: Block,
    bought: Purchases,
    stream: str,
    owner: Integers,
    number: Integers,
    at: Integers,
    campaign: pl.Series,
) -> list[dict[str, object]]:
    """Return mails sent, and what became of each; a proxy of the recipient may open them too."""
    left_at = block.clock.start_at + bought.left_day * DAY_SECONDS
    eager = np.exp(0.5 * normal(block.u("opens mail")))[owner]
    p_open = np.where(at < left_at[owner], np.minimum(_OPENED * eager, 0.9), _OPENED_IDLE)
    bounced = block.u(f"{stream} bounced", owner, number) < _BOUNCED
    machine = ~bounced & (block.u(f"{stream} machine", owner, number) < _MACHINE)
    opened = ~bounced & (block.u(f"{stream} opened", owner, number) < p_open)
    clicked = opened & (block.u(f"{stream} clicked", owner, number) < _CLICKED)
    wait = (60 + 30 * 3_600 * block.u(f"{stream} wait", owner, number) ** 3).astype(np.int64)
    fates: list[tuple[str, Flags, Integers, bool]] = [
        ("sent", np.ones(len(owner), dtype=bool), at, False),
        ("bounced", bounced, at + 20, False),
        ("opened", machine, at + 4, True),
        ("opened", opened, at + wait, False),
        ("clicked", clicked, at + wait + 30, False),
    ]
    thread = block.bits(f"{stream} thread", owner, number)
    parts = []
    for code, (action, happens, when, is_machine) in enumerate(fates):
        rows = np.flatnonzero(happens & (when < block.clock.end_at))
        parts.append(
            _said(
                block,
                owner[rows],
                when[rows],
                f"{stream} mail",
                number[rows] * 8 + code,
                "email",
                action,
            )
            | {
                "thread_id": thread[rows],
                "direction": "inbound" if action in ("opened", "clicked") else "outbound",
                "campaign_id": campaign.gather(rows),
                "is_machine": is_machine,
            }
        )
    return parts


def _said(
    block: Block,
    owner: Integers,
    at: Integers,
    stream: str,
    number: Integers,
    channel: str,
    action: str,
) -> dict[str, object]:
    return {
        "_owner": owner,
        "_at": at,
        "interaction_id": block.bits(stream, owner, number),
        "record_id": block.record_id[owner],
        "channel": channel,
        "direction": "inbound",
        "action": action,
        "occurred_at": instant(at),
    }


def _unsubscribed(block: Block, marketing: Decision) -> dict[str, object]:
    owner = np.flatnonzero(marketing.withdrawn_at < block.clock.end_at)
    at = marketing.withdrawn_at[owner]
    return _said(block, owner, at, "unsubscribed", owner * 0, "email", "unsubscribed")


def _tickets(block: Block, bought: Purchases, sold: Sales) -> list[dict[str, object]]:
    """Return tickets after sales: question, reply, end, and what the customer thought of it."""
    owner, rank = bought.owner, bought.rank
    asked_at = bought.placed_at + (
        (0.5 + 9 * block.u("ticket after", owner, rank)) * DAY_SECONDS
    ).astype(np.int64)
    sale = np.flatnonzero(
        (block.u("ticket", owner, rank) < _TICKETS) & (asked_at < block.clock.end_at)
    )
    owner, rank, asked_at = owner[sale], rank[sale], asked_at[sale]
    topic = choice(block.u("ticket topic", owner, rank), _TOPIC_SHARES)
    bits = block.bits("ticket words", owner, rank)
    thread = block.bits("ticket thread", owner, rank)
    languages = [locale(name).language for name in block.recipe.locales]
    question = phrases.asked(
        languages, block.locale[owner], topic, bits, sold.order_id.gather(sale)
    )
    # log-normal, as public reply times are: median three hours, a tenth above a day and a half
    wait = np.exp(np.log(10_800) + 1.6 * normal(block.u("ticket wait", owner, rank)))
    replied_at = asked_at + np.clip(wait, 60, 20 * DAY_SECONDS).astype(np.int64)
    slow = (replied_at - asked_at) / DAY_SECONDS
    pleased = block.u("ticket pleased", owner, rank) < 0.9 - np.minimum(slow, 4) * 0.15
    rates = block.u("ticket rated", owner, rank) < 0.35
    stars = pl.Series(np.where(pleased, 5, 1))
    everyone = np.ones(len(owner), dtype=bool)
    steps: list[tuple[str, Flags, Integers, str, pl.Series | None, pl.Series | None]] = [
        ("message", everyone, asked_at, "inbound", question, None),
        ("message", everyone, replied_at, "outbound", words([phrases.REPLY], owner * 0), None),
        ("solved", everyone, replied_at + 5, "outbound", None, None),
        ("rated", rates, replied_at + 7_200, "inbound", None, stars),
    ]
    parts = []
    for code, (action, happens, when, direction, body, rating) in enumerate(steps):
        rows = np.flatnonzero(happens & (when < block.clock.end_at))
        part = _said(
            block, owner[rows], when[rows], "ticket step", rank[rows] * 8 + code, "ticket", action
        )
        part |= {
            "thread_id": thread[rows],
            "direction": direction,
            "topic": words(phrases.TOPICS, topic[rows]),
        }
        part |= {} if body is None else {"body": body.gather(rows)}
        parts.append(part | ({} if rating is None else {"rating": rating.gather(rows)}))
    return parts


def _reviews(block: Block, bought: Purchases, sold: Sales) -> dict[str, object]:
    owner, rank = bought.owner, bought.rank
    at = bought.placed_at + ((3 + 20 * block.u("review after", owner, rank)) * DAY_SECONDS).astype(
        np.int64
    )
    sale = np.flatnonzero((block.u("review", owner, rank) < _REVIEWS) & (at < block.clock.end_at))
    owner, rank = owner[sale], rank[sale]
    rating = 1 + choice(block.u("stars", owner, rank), _STARS)
    starts = np.cumsum(sold.lines) - sold.lines
    goods = catalogue(block.recipe.system)
    body = phrases.review(rating, block.bits("review words", owner, rank))
    return _said(block, owner, at[sale], "review id", rank, "review", "message") | {
        "product_id": goods.product_id.gather(sold.product[starts[sale]]),
        "body": where(block.u("review text", owner, rank) < 0.8, body),
        "rating": rating,
    }


def _survey(block: Block, bought: Purchases) -> tuple[dict[str, object], pl.DataFrame]:
    owner, rank = bought.owner, bought.rank
    at = bought.placed_at + ((7 + 7 * block.u("survey after", owner, rank)) * DAY_SECONDS).astype(
        np.int64
    )
    sale = np.flatnonzero((block.u("survey", owner, rank) < _SURVEYS) & (at < block.clock.end_at))
    owner, rank, at = owner[sale], rank[sale], at[sale]
    response = _said(block, owner, at, "survey id", rank, "survey", "responded") | {
        "campaign_id": words([SURVEY], rank * 0)
    }
    score = np.clip(np.rint(8 + 2 * normal(block.u("score", owner, rank))), 0, 10).astype(np.int64)
    stars = 1 + choice(block.u("delivery stars", owner, rank), (0.04, 0.06, 0.15, 0.35, 0.40))
    why = phrases.reason(score, block.bits("reason words", owner, rank))
    why = where(block.u("reason given", owner, rank) < 0.6, why)
    given = {
        "nps": (pl.Series(score).cast(pl.String), pl.Series(score).cast(pl.Float64)),
        "reason": (why, words([None], score * 0).cast(pl.Float64)),
        "delivery": (pl.Series(stars).cast(pl.String), pl.Series(stars).cast(pl.Float64)),
    }
    interaction_id = response["interaction_id"]
    parts = [
        {
            "_owner": owner,
            "_at": at,
            "interaction_id": interaction_id,
            "question_id": name,
            "record_id": block.record_id[owner],
            "question": _QUESTIONS[name],
            "answer": answer,
            "answer_number": number,
        }
        for name, (answer, number) in given.items()
    ]
    return response, table("answers", parts)
