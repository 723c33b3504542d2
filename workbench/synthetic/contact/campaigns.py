"""The table ``campaigns``: mailings, newsletters, surveys and codes of the company, with costs."""

import numpy as np
import polars as pl

from workbench.synthetic.clock import Clock
from workbench.synthetic.contact.decision import CAMPAIGN, decision_day
from workbench.synthetic.contact.mail import newsletter_days
from workbench.synthetic.contact.surveys import SURVEY
from workbench.synthetic.frames import make_table
from workbench.synthetic.recipes import Recipe
from workbench.synthetic.shop.ordering import CODE

_NEWSLETTER_COST, _OFFER_COST = 40_000, 250_000  # minor units


def campaigns(recipe: Recipe) -> pl.DataFrame:
    """Return the table ``campaigns`` of a world."""
    clock = Clock.of(recipe)
    first, last = np.datetime64(recipe.start_on), np.datetime64(clock.end_on)
    rows: list[tuple[str, str, str, np.datetime64, np.datetime64 | None, int | None]] = []
    for name, day in newsletter_days(recipe):
        on = first + day
        rows.append((name, f"Newsletter {on.item():%B %Y}", "email", on, on, _NEWSLETTER_COST))
    for name, campaign in recipe.campaigns.items():
        on = first + int(campaign.at * clock.days)
        end = min(on + campaign.days, last - 1)
        rows.append((name, f"Mailing {name}", "email", on, end, campaign.cost_minor))
    offered = first + decision_day(recipe.offer, clock.days)
    rows += [
        (CAMPAIGN, "Come back: an offer for you", "email", offered, offered, _OFFER_COST),
        (SURVEY, "How did we do?", "email", first, None, None),
        (CODE, "10 % off with a code", "web", first, None, None),
    ]
    launched, closed = (
        pl.Series(np.array([row[place] for row in rows], dtype="datetime64[D]")) for place in (3, 4)
    )
    return make_table(
        "campaigns",
        {
            "_owner": np.arange(len(rows)),
            "campaign_id": pl.Series([row[0] for row in rows]),
            "name": pl.Series([row[1] for row in rows]),
            "channel": pl.Series([row[2] for row in rows]),
            "launched_on": launched,
            "closed_on": closed,
            "cost_minor": pl.Series([row[5] for row in rows]),
            "currency": recipe.currency,
        },
    )
