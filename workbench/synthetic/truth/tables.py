"""What is true of a block of customers, as the tables that lie in ``truth/``."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from workbench.synthetic.clock import MONTH_DAYS
from workbench.synthetic.contact.decision import Decided
from workbench.synthetic.contact.decision import truth as decisions
from workbench.synthetic.frames import gathered
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.experiments import Experiment
from workbench.synthetic.recipes import GENDERS
from workbench.synthetic.shop.leaving import annoyed_in, frailty, month_days
from workbench.synthetic.shop.purchasing import Purchases, experiences
from workbench.synthetic.truth.dropout import dropout_oracle
from workbench.synthetic.truth.horizon import Horizon
from workbench.synthetic.truth.outlook import Outlook, oracle
from workbench.synthetic.truth.uplift import uplift

#: How far the tables on disk look ahead from the data end; ``outlooks`` looks as far as is asked.
HORIZON_MONTHS, HORIZON_DAYS = 3, 90


def truths(
    block: Block, bought: Purchases, decided: Decided, mailings: Sequence[Experiment]
) -> dict[str, pl.DataFrame]:
    """Return the tables of truth of a block, by name."""
    known = {
        "customers": _customers(block, bought),
        "months": _months(block, bought),
        "disparity": decisions(block, decided),
    }
    return known | ({"uplift": uplift(block, bought, mailings)} if mailings else {})


def oracle_of(block: Block, bought: Purchases, horizon: Horizon) -> Outlook:
    """Return the oracle's outlook of a block by the process of its recipe."""
    by_hazard = block.recipe.leaving.process == "hazard"
    return (oracle if by_hazard else dropout_oracle)(block, bought, horizon)


def _customers(block: Block, bought: Purchases) -> pl.DataFrame:
    """Return what is true of each customer as of the data end.

    Returns
    -------
    DataFrame, shape (customers, 11)
        ``record_id``; ``segment``; ``gender`` (null as in the data); ``purchase_rate_per_day``
        (while active, before season); ``frailty`` (of the log hazard) and ``dropout`` (probability
        of leaving after a purchase), 0 where the other process rules; ``left_on`` (Date, null:
        active at the end); ``is_active``; ``p_leaves_3_months`` and ``p_buys_90_days`` (the
        oracle's; 0 for customers who left); ``buys_90_days`` (drawn). What the best observer of the
        tables concludes is worked out when it is asked for, by ``Truth.outlooks``.
    """
    clock = block.clock
    end = Horizon(month=block.recipe.months, months=HORIZON_MONTHS, days=HORIZON_DAYS)
    seen = oracle_of(block, bought, end)
    left = np.floor(np.minimum(bought.left_day, 1e6)).astype("timedelta64[D]")
    left_on = (np.datetime64(clock.start_on) + left).astype("datetime64[D]")
    return pl.DataFrame(
        {
            "record_id": block.record_id,
            "segment": gathered(pl.Series(list(block.recipe.segments)), block.segment),
            "gender": gathered(pl.Series([*GENDERS[:4], None]), block.gender),
            "purchase_rate_per_day": bought.rate.round(6),
            "frailty": frailty(block).round(6),
            "dropout": bought.dropout.round(6),
            "left_on": pl.Series(left_on),
            "is_active": seen.is_active,
            "p_leaves_3_months": seen.p_leaves.round(6),
            "p_buys_90_days": seen.p_buys.round(6),
            "buys_90_days": seen.is_active & (block.u("purchase beyond") < seen.p_buys),
        }
    ).with_columns(left_on=pl.when(~pl.col("is_active")).then("left_on"))


def _months(block: Block, bought: Purchases) -> pl.DataFrame:
    """Return the months that customers lived through.

    Returns
    -------
    DataFrame, shape (customer-months, 5)
        ``record_id``; ``month_on`` (Date, its first day); ``hazard`` (of leaving in it, by own
        will); ``is_annoyed``; ``leaves`` (in it). Only months that began with the customer there,
        or in which the customer joined.
    """
    months = block.recipe.months
    starts = month_days(block, months)
    is_there = (starts[1:] > block.joined_day[:, None]) & (starts[:-1] <= bought.left_day[:, None])
    owner, month = np.nonzero(is_there)
    day = (bought.placed_at - block.clock.start_at) / 86_400
    annoyed = annoyed_in(block, experiences(block, bought.owner[bought.annoys], day[bought.annoys]))
    first = np.datetime64(block.recipe.start_on)
    hazard = bought.lives.hazard[owner, month]
    if block.recipe.leaving.process == "after_purchase":
        hazard = (bought.rate * bought.dropout * MONTH_DAYS)[owner]
    ends = starts[month + 1]
    return pl.DataFrame(
        {
            "record_id": block.record_id[owner],
            "month_on": pl.Series((first + starts[month]).astype("datetime64[D]")),
            "hazard": hazard.round(6),
            "is_annoyed": annoyed[owner, month],
            "leaves": bought.left_day[owner] < ends,
        }
    )
