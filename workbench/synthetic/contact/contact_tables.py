"""Make all contact of a block: mails, surveys, tickets, chats, reviews and comments."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from workbench.synthetic.contact.decision import OfferDecisions
from workbench.synthetic.contact.mail import send_mails
from workbench.synthetic.contact.reviews import reviews
from workbench.synthetic.contact.satisfaction import draw_satisfaction
from workbench.synthetic.contact.service import run_service
from workbench.synthetic.contact.social import comments
from workbench.synthetic.contact.surveys import run_survey
from workbench.synthetic.frames import make_table
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.experiments import Experiment
from workbench.synthetic.people.permissions import Decision
from workbench.synthetic.people.personal_details import PersonalDetails
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.purchasing import Purchases
from workbench.synthetic.shop.visits import Clicks


@dataclass(frozen=True, slots=True)
class Contact:
    """Tables of a block's contact, the clicks that cause visits, and the truth by name."""

    interactions: pl.DataFrame
    answers: pl.DataFrame
    clicks: list[Clicks]
    truth: dict[str, pl.DataFrame]


def make_contact(
    block: Block,
    purchases: Purchases,
    sales: Sales,
    details: PersonalDetails,
    *,
    offers: OfferDecisions,
    marketing: Decision,
    mailings: Sequence[Experiment],
) -> Contact:
    """Draw all contact of a block."""
    satisfaction = draw_satisfaction(block, purchases)
    mail = send_mails(block, purchases, marketing=marketing, mailings=mailings, offers=offers)
    survey = run_survey(block, purchases, satisfaction)
    service = run_service(block, purchases, sales, details, satisfaction)
    opinions = [
        each(block, purchases, sales, details, satisfaction) for each in (reviews, comments)
    ]
    messages = [service, *opinions]
    parts = [*mail.parts, *(part for each in messages for part in each.parts), *survey.parts]
    return Contact(
        interactions=make_table("interactions", *({"is_machine": False} | part for part in parts)),
        answers=survey.answers,
        clicks=mail.clicks,
        truth={
            "survey": survey.truth,
            "texts": _by_customer([*(each.texts for each in messages), survey.texts]),
            "spans": _by_customer([each.spans for each in messages]),
        },
    )


def _by_customer(rows: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the rows of all channels, sorted by customer."""
    return pl.concat(rows).sort("_owner", maintain_order=True).drop("_owner")
