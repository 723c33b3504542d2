"""Mail of the company, the reactions to it, and the clicks that cause visits.

Newsletters go to customers who allow marketing by e-mail at the time. Randomised mailings go to the
treated arm of their experiment. The ``retention-offer`` goes to the customers whom the company
chose (``decision``), under the exemption for existing customers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS, month_start
from workbench.synthetic.contact.decision import CAMPAIGN, OfferDecisions
from workbench.synthetic.contact.interaction_rows import Part, interaction_rows
from workbench.synthetic.draws import Floats, Integers, NamedDraws, normal
from workbench.synthetic.frames import gather, labels
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.experiments import Experiment
from workbench.synthetic.people.permissions import Decision
from workbench.synthetic.recipes import Recipe
from workbench.synthetic.shop.purchasing import Purchases
from workbench.synthetic.shop.visits import Clicks

SENT_SECOND = 32_400  # 9 o'clock
_FIRST_DAY = 9  # Day of a month's first newsletter; the others follow evenly.
OPENED_IDLE = 0.06  # Share of mails that customers open after they have left.
_SOONEST, _LONGEST_WAIT = 60, 30 * 3_600  # Seconds until a mail is opened.
_PROXY_OPENS = 0.92  # Share of mails that the proxy of a mailbox opens.
#: Actions on a mail; the third is an opening by a machine. From it on, actions are inbound.
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

    ``number`` identifies the mail among the customer's mails of this kind, ``campaign`` is the
    campaign's id, ``variant`` is the arm of an experiment.
    """

    stream: str
    owner: Integers
    number: Integers
    at: Integers
    campaign: pl.Series
    variant: str | None = None


def send_mails(
    block: Block,
    purchases: Purchases,
    *,
    marketing: Decision,
    mailings: Sequence[Experiment],
    offers: OfferDecisions,
) -> Mails:
    """Send all mails of a block, and draw the openings and clicks."""
    sendings = [_newsletters(block, marketing), _offers(block, offers)]
    sendings += [_mailing(block, each) for each in mailings]
    fates = [_send(block, purchases, each) for each in sendings]
    parts = [part for part, _ in fates]
    parts += [part for each in mailings for part in _arms(block, each)]
    parts.append(_unsubscribed(block, marketing))
    return Mails(parts, [clicks for _, clicks in fates])


def open_probability(block: Block, eager: Floats) -> Floats:
    """Return the probability that active customers open a mail, by a factor of their own."""
    found: Floats = np.minimum(block.recipe.mail.opened * eager, 0.9)
    return found


def share_opened_within(seconds: Floats) -> Floats:
    """Return the share of openings within so many seconds of the mail."""
    found: Floats = np.clip((seconds - _SOONEST) / _LONGEST_WAIT, 0.0, 1.0) ** (1 / 3)
    return found


def newsletter_days(recipe: Recipe) -> list[tuple[str, int]]:
    """Return the name and the day of every newsletter."""
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
    """Return the newsletters to customers who allow them at the time."""
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
        campaign=labels([name for name, _ in letters], number[goes]),
    )


def _offers(block: Block, offers: OfferDecisions) -> _Sending:
    """Return the mails of the ``retention-offer``."""
    owner = np.flatnonzero(offers.is_sent)
    at = offers.sent_at + (7_200 * block.u("offer sent", owner)).astype(np.int64)
    return _Sending(
        stream="offer",
        owner=owner,
        number=0 * owner,
        at=at,
        campaign=labels([CAMPAIGN], 0 * owner),
    )


def _mailing(block: Block, mailing: Experiment) -> _Sending:
    """Return the mails of one randomised mailing."""
    owner = np.flatnonzero(mailing.is_treated)
    at = mailing.at + (3_600 * block.u(f"{mailing.name} sent", owner)).astype(np.int64)
    return _Sending(
        stream=f"mailing {mailing.name}",
        owner=owner,
        number=0 * owner,
        at=at,
        campaign=labels([mailing.name], 0 * owner),
        variant="mail",
    )


def _arms(block: Block, mailing: Experiment) -> list[Part]:
    """Return rows with the arm of every customer who takes part: ``mail`` or ``control``."""
    parts = []
    for variant, is_in in (("mail", mailing.is_treated), ("control", ~mailing.is_treated)):
        owner = np.flatnonzero(mailing.takes_part & is_in)
        part = interaction_rows(
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


def _send(block: Block, purchases: Purchases, sent: _Sending) -> tuple[Part, Clicks]:
    """Return rows with the mails and the actions on them, and the clicks."""
    rule, owner, number, at = block.recipe.mail, sent.owner, sent.number, sent.at
    left_at = block.clock.start_at + purchases.left_day * DAY_SECONDS
    eager = np.exp(0.5 * normal(block.u("opens mail")))[owner]
    p_open = np.where(at < left_at[owner], open_probability(block, eager), OPENED_IDLE)
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
    part = interaction_rows(
        block,
        owner[rows],
        np.concatenate([when[each] for (_, when), each in zip(fates, kept, strict=True)]),
        stream=f"{sent.stream} mail",
        number=number[rows] * 8 + fate,
        channel="email",
        action=labels(_FATES, fate),
        direction=labels(["outbound", "inbound"], fate >= _BY_MACHINE),
    ) | {
        "thread_id": block.bits(f"{sent.stream} thread", owner, number)[rows],
        "campaign_id": gather(sent.campaign, rows),
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
        campaign=gather(sent.campaign, rows),
    )
    return part, clicks


def _unsubscribed(block: Block, marketing: Decision) -> Part:
    """Return rows with the withdrawals of marketing by e-mail."""
    owner = np.flatnonzero(marketing.withdrawn_at < block.clock.end_at)
    return interaction_rows(
        block,
        owner,
        marketing.withdrawn_at[owner],
        stream="unsubscribed",
        number=0 * owner,
        channel="email",
        action="unsubscribed",
    )
