"""Likelihood of the opened and unopened mails, if the customer left at a given moment.

Active customers open a mail with probability min(opened exp(o / 2), .9), where o is standard normal
and belongs to the customer. Customers who have left open mails seldom, all with the same
probability. Some recent mails will be opened later. A click adds no information to the opening, and
openings by machines have no information.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from workbench.synthetic.clock import DAY_SECONDS
from workbench.synthetic.contact.decision import CAMPAIGN
from workbench.synthetic.contact.mail import (
    OPENED_IDLE,
    SENT_SECOND,
    newsletter_days,
    open_probability,
    share_opened_within,
)
from workbench.synthetic.draws import Floats
from workbench.synthetic.truth.history import History, block_rows

_NODES = np.linspace(-4.2, 4.2, 15)  # Nodes of o, for the trapezoidal rule.
_WEIGHTS = np.exp(-(_NODES**2) / 2) / np.exp(-(_NODES**2) / 2).sum()


@dataclass(frozen=True, slots=True)
class Openings:
    """Mails of a block by the days on which they are sent.

    Attributes
    ----------
    days : array of float, shape (sendings,)
        Days of the world, ascending.
    p_alive, p_gone : array of float, shape (customers, sendings, nodes)
        Likelihood of the opening or not opening of each mail, by o, if the customer was active
        and if not; 1 where no mail was sent.
    """

    days: Floats
    p_alive: Floats
    p_gone: Floats

    def of_leaving(self, edges: Floats) -> Floats:
        """Return the likelihood of all mails if the customer leaves between two edges.

        Parameters
        ----------
        edges : array of float, shape (edges,)
            Days, ascending, with all days of mails.

        Returns
        -------
        array of float, shape (customers, edges)
            The last column is for customers who are active at the last edge.
        """
        alive = np.cumprod(self.p_alive, axis=1)
        gone = np.cumprod(self.p_gone[:, ::-1], axis=1)[:, ::-1]
        one = np.ones((len(alive), 1, len(_NODES)))
        by_sent = np.concatenate([one, alive], axis=1) * np.concatenate([gone, one], axis=1)
        sent = np.searchsorted(self.days, edges, "right")
        sent[-1] = len(self.days)
        found: Floats = (by_sent @ _WEIGHTS)[:, sent]
        return found


def weigh_openings(history: History) -> Openings:
    """Return the likelihoods of the mails of a block."""
    block = history.block
    start_at, end_at = block.clock.start_at, block.clock.start_at + history.as_of * DAY_SECONDS
    # Mails of one kind are sent within one or two hours; the middle of this time is used.
    sendings = {
        name: day + (SENT_SECOND + 1_800) / DAY_SECONDS
        for name, day in newsletter_days(block.recipe)
    }
    sendings[CAMPAIGN] = (history.population.offers.sent_at + 3_600 - start_at) / DAY_SECONDS
    for mailing in history.population.mailings:
        sendings[mailing.name] = (mailing.at + 1_800 - start_at) / DAY_SECONDS
    known_by = {name: at for name, at in sendings.items() if at < history.as_of}
    names = sorted(known_by, key=lambda name: known_by[name])
    action = pl.col("action").cast(pl.String)
    mails = history.population.tables["interactions"].filter(
        (pl.col("channel").cast(pl.String) == "email")
        & pl.col("thread_id").is_not_null()
        & pl.col("campaign_id").is_in(names)
        & (pl.col("occurred_at").dt.epoch("s") < end_at)
    )
    by_mail = mails.group_by("thread_id", maintain_order=True).agg(
        pl.col("record_id", "campaign_id").first(),
        sent=pl.col("occurred_at").dt.epoch("s").min(),
        bounced=(action == "bounced").any(),
        opened=((action == "opened") & ~pl.col("is_machine")).any(),
    ).filter(~pl.col("bounced"))  # fmt: skip
    row = block_rows(block, by_mail)
    place = {name: at for at, name in enumerate(names)}
    column = np.array([place[name] for name in by_mail["campaign_id"]], dtype=np.int64)
    opened = by_mail["opened"].to_numpy()
    in_time = share_opened_within(end_at - by_mail["sent"].to_numpy())
    shape = (block.size, len(names), len(_NODES))
    p_alive, p_gone = np.ones(shape), np.ones(shape)
    here, gone = open_probability(block, np.exp(0.5 * _NODES))[None, :], OPENED_IDLE
    late = in_time[:, None]
    p_alive[row, column] = np.where(opened[:, None], here, 1 - here * late)
    p_gone[row, column] = np.where(opened[:, None], gone, 1 - gone * late)
    days = np.array([sendings[name] for name in names])
    return Openings(days, p_alive, p_gone)
