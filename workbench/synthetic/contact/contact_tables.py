"""Everything that is sent to and said by the customers of a block."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from workbench.synthetic.contact.decision import Decided
from workbench.synthetic.contact.mail import mails
from workbench.synthetic.contact.reviews import reviews
from workbench.synthetic.contact.satisfaction import satisfaction
from workbench.synthetic.contact.service import service
from workbench.synthetic.contact.social import comments
from workbench.synthetic.contact.surveys import survey
from workbench.synthetic.frames import table
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.experiments import Experiment
from workbench.synthetic.people.permissions import Decision
from workbench.synthetic.people.personal_details import PersonalDetails
from workbench.synthetic.shop.ordering import Sales
from workbench.synthetic.shop.purchasing import Purchases
from workbench.synthetic.shop.visits import Clicks


@dataclass(frozen=True, slots=True)
class Contact:
    """Tables of one block, the clicks that bring visits, and what is true of it by name."""

    interactions: pl.DataFrame
    answers: pl.DataFrame
    clicks: list[Clicks]
    truth: dict[str, pl.DataFrame]


def contact(
    block: Block,
    bought: Purchases,
    sold: Sales,
    home: PersonalDetails,
    *,
    decided: Decided,
    marketing: Decision,
    mailings: Sequence[Experiment],
) -> Contact:
    """Make everything that is sent to and said by the customers of a block."""
    satisfied = satisfaction(block, bought)
    sent = mails(block, bought, marketing=marketing, mailings=mailings, decided=decided)
    asked = survey(block, bought, satisfied)
    helped = service(block, bought, sold, home, satisfied)
    opinions = [each(block, bought, sold, home, satisfied) for each in (reviews, comments)]
    messages = [helped, *opinions]
    parts = [*sent.parts, *(part for each in messages for part in each.parts), *asked.parts]
    return Contact(
        interactions=table("interactions", [{"is_machine": False} | part for part in parts]),
        answers=asked.answers,
        clicks=sent.clicks,
        truth={
            "survey": asked.truth,
            "texts": _by_customer([*(each.texts for each in messages), asked.texts]),
            "spans": _by_customer([each.spans for each in messages]),
        },
    )


def _by_customer(rows: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the rows of all channels, customer by customer."""
    return pl.concat(rows).sort("_owner", maintain_order=True).drop("_owner")
