"""Mail that the company sends, what becomes of it, and the visits that clicks bring.

Newsletters go only to who allows marketing by e-mail at the time; randomised mailings to the
treated arm of their experiment; the ``retention-offer`` to whomever the company chose
(``decision``), under the exemption for existing customers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS, month_start
from workbench.synthetic.contact.decision import CAMPAIGN, Decided
from workbench.synthetic.contact.said import Part, said
from workbench.synthetic.draws import Floats, Integers, NamedDraws, normal
from workbench.synthetic.frames import gathered, words
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.experiments import Experiment
from workbench.synthetic.people.permissions import Decision
from workbench.synthetic.recipes import Recipe
from workbench.synthetic.shop.purchasing import Purchases
from workbench.synthetic.shop.visits import Clicks

SENT_SECOND = 32_400  # 9 o'clock
_FIRST_DAY = 9  # of the newsletters of a month, the others follow evenly
OPENED_IDLE = 0.06  # of mails, by people who have left
_SOONEST, _LONGEST_WAIT = 60, 30 * 3_600  # seconds until a mail is opened
_PROXY_OPENS = 0.92  # of the mails of a proxied mailbox
#: What may become of a mail; from the opening by a machine on it is the mailbox's doing.
_FATES = ("sent", "bounced", "opened", "opened", "clicked")
_BY_MACHINE = 2
_DRAWS = ("bounced", "proxy", "opened", "clicked")


@dataclass(frozen=True, slots=True)
class Mails:
    """Mail of a block: rows of ``interactions``, and the clicks in it."""

    parts: list[Part]
    clicks: list[Clicks]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sending:
    """Mails of one kind; arrays of shape (mails,).

    ``number`` tells a customer's mails of the kind apart, ``campaign`` names each, ``variant`` is
    the arm of an experiment.
    """

    stream: str
    owner: Integers
    number: Integers
    at: Integers
    campaign: pl.Series
    variant: str | None = None


def mails(
    block: Block,
    bought: Purchases,
    *,
    marketing: Decision,
    mailings: Sequence[Experiment],
    decided: Decided,
) -> Mails:
    """Send everything, and let people open and click."""
    sendings = [_newsletters(block, marketing), _offers(block, decided)]
    sendings += [_mailing(block, each) for each in mailings]
    fates = [_fates(block, bought, each) for each in sendings]
    parts = [part for part, _ in fates]
    parts += [part for each in mailings for part in _arms(block, each)]
    parts.append(_unsubscribed(block, marketing))
    return Mails(parts, [clicks for _, clicks in fates])


def p_opens(block: Block, eager: Floats) -> Floats:
    """Return the probability that customers who are there open a mail, by how eager they are."""
    found: Floats = np.minimum(block.recipe.mail.opened * eager, 0.9)
    return found


def opened_within(seconds: Floats) -> Floats:
    """Return the share of openings that come within so many seconds of the sending."""
    found: Floats = np.clip((seconds - _SOONEST) / _LONGEST_WAIT, 0.0, 1.0) ** (1 / 3)
    return found


def newsletter_days(recipe: Recipe) -> list[tuple[str, int]]:
    """Return name and day of the world of every newsletter."""
    found = []
    for month in range(recipe.months):
        first = month_start(recipe.start_on, month)
        for number in range(recipe.mail.per_month):
            day = (first - recipe.start_on).days + (
                _FIRST_DAY + number * 28 // recipe.mail.per_month
            )
            letter = "" if number == 0 else f"-{number + 1}"
            found.append((f"newsletter-{first:%Y-%m}{letter}", day))
    return found


def _newsletters(block: Block, marketing: Decision) -> _Sending:
    letters = newsletter_days(block.recipe)
    days = np.array([day for _, day in letters], dtype=np.int64)
    sent = block.clock.start_at + days * DAY_SECONDS + SENT_SECOND
    owner = np.flatnonzero(marketing.asked & marketing.given)
    number = np.tile(np.arange(len(letters)), len(owner))
    owner = np.repeat(owner, len(letters))
    at = sent[number] + (3_600 * block.u("newsletter", owner, number)).astype(np.int64)
    goes = marketing.holds(at, owner) & (at > block.joined_at[owner]) & (at < block.clock.end_at)
    return _Sending(
        stream="newsletter",
        owner=owner[goes],
        number=number[goes],
        at=at[goes],
        campaign=words([name for name, _ in letters], number[goes]),
    )


def _offers(block: Block, decided: Decided) -> _Sending:
    owner = np.flatnonzero(decided.is_sent)
    at = decided.sent_at + (7_200 * block.u("offer sent", owner)).astype(np.int64)
    return _Sending(
        stream="offer", owner=owner, number=0 * owner, at=at, campaign=words([CAMPAIGN], 0 * owner)
    )


def _mailing(block: Block, mailing: Experiment) -> _Sending:
    owner = np.flatnonzero(mailing.is_treated)
    at = mailing.at + (3_600 * block.u(f"{mailing.name} sent", owner)).astype(np.int64)
    return _Sending(
        stream=f"mailing {mailing.name}",
        owner=owner,
        number=0 * owner,
        at=at,
        campaign=words([mailing.name], 0 * owner),
        variant="mail",
    )


def _arms(block: Block, mailing: Experiment) -> list[Part]:
    """Return the assignment of everybody who takes part, the held-out as ``control``."""
    parts = []
    for variant, is_in in (("mail", mailing.is_treated), ("control", ~mailing.is_treated)):
        owner = np.flatnonzero(mailing.takes_part & is_in)
        part = said(
            block,
            owner,
            np.full(owner.size, mailing.at - 60),
            stream=f"arm of {mailing.name}",
            number=0 * owner,
            channel="email",
            action="assigned",
            direction="outbound",
        )
        parts.append(part | {"campaign_id": mailing.name, "variant": variant})
    return parts


def _fates(block: Block, bought: Purchases, sent: _Sending) -> tuple[Part, Clicks]:
    """Return mails sent and what became of each; a proxy of the mailbox may open them too."""
    rule, owner, number, at = block.recipe.mail, sent.owner, sent.number, sent.at
    left_at = block.clock.start_at + bought.left_day * DAY_SECONDS
    eager = np.exp(0.5 * normal(block.u("opens mail")))[owner]
    p_open = np.where(at < left_at[owner], p_opens(block, eager), OPENED_IDLE)
    draws = NamedDraws(block.bits(f"{sent.stream} fate", owner, number), _DRAWS)
    bounced = draws.happens("bounced", rule.bounced)
    proxied = (block.u("mail proxy") < rule.proxied)[owner]
    machine = ~bounced & proxied & draws.happens("proxy", _PROXY_OPENS)
    opened = ~bounced & draws.happens("opened", p_open)
    clicked = opened & draws.happens("clicked", rule.clicked)
    u = block.u(f"{sent.stream} wait", owner, number)
    wait = (_SOONEST + _LONGEST_WAIT * u**3).astype(np.int64)
    fates = [
        (np.ones(len(owner), dtype=bool), at),
        (bounced, at + 20),
        (machine, at + 4),
        (opened, at + wait),
        (clicked, at + wait + 30),
    ]
    kept = [np.flatnonzero(happens & (when < block.clock.end_at)) for happens, when in fates]
    rows = np.concatenate(kept)
    fate = np.repeat(np.arange(len(kept)), [len(each) for each in kept])
    part = said(
        block,
        owner[rows],
        np.concatenate([when[each] for (_, when), each in zip(fates, kept, strict=True)]),
        stream=f"{sent.stream} mail",
        number=number[rows] * 8 + fate,
        channel="email",
        action=words(_FATES, fate),
        direction=words(["outbound", "inbound"], fate >= _BY_MACHINE),
    ) | {
        "thread_id": block.bits(f"{sent.stream} thread", owner, number)[rows],
        "campaign_id": gathered(sent.campaign, rows),
        "is_machine": fate == _BY_MACHINE,
    }
    if sent.variant is not None:
        part["variant"] = sent.variant
    rows = np.flatnonzero(clicked & (at + wait + 60 < block.clock.end_at))
    clicks = Clicks(
        stream=sent.stream,
        owner=owner[rows],
        number=number[rows],
        at=(at + wait)[rows] + 40,
        campaign=gathered(sent.campaign, rows),
    )
    return part, clicks


def _unsubscribed(block: Block, marketing: Decision) -> Part:
    owner = np.flatnonzero(marketing.withdrawn_at < block.clock.end_at)
    return said(
        block,
        owner,
        marketing.withdrawn_at[owner],
        stream="unsubscribed",
        number=0 * owner,
        channel="email",
        action="unsubscribed",
    )
