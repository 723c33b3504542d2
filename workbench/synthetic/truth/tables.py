"""The tables of a block's truth, which are stored in ``truth/``."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from workbench.synthetic.clock import MONTH_DAYS
from workbench.synthetic.contact.decision import OfferDecisions
from workbench.synthetic.contact.decision import decision_truth as decisions
from workbench.synthetic.frames import gather
from workbench.synthetic.people.block import Block
from workbench.synthetic.people.experiments import Experiment
from workbench.synthetic.recipes import GENDERS
from workbench.synthetic.shop.leaving import annoyed_months, frailty, month_days
from workbench.synthetic.shop.purchasing import Purchases, bad_experience_months
from workbench.synthetic.truth.dropout import dropout_outlook
from workbench.synthetic.truth.horizon import Horizon
from workbench.synthetic.truth.outlook import Outlook, hazard_outlook
from workbench.synthetic.truth.uplift import uplift_truth

#: Horizon of the tables on disk from the data end; ``Truth.outlooks`` has any horizon.
HORIZON_MONTHS, HORIZON_DAYS = 3, 90


def truth_tables(
    block: Block, purchases: Purchases, offers: OfferDecisions, mailings: Sequence[Experiment]
) -> dict[str, pl.DataFrame]:
    """Return the tables of a block's truth, by name."""
    tables = {
        "customers": _customers(block, purchases),
        "months": _months(block, purchases),
        "disparity": decisions(block, offers),
    }
    return tables | ({"uplift": uplift_truth(block, purchases, mailings)} if mailings else {})


def oracle_outlook(block: Block, purchases: Purchases, horizon: Horizon) -> Outlook:
    """Return the oracle's outlook of a block, for the recipe's process of leaving."""
    by_hazard = block.recipe.leaving.process == "hazard"
    return (hazard_outlook if by_hazard else dropout_outlook)(block, purchases, horizon)


def _customers(block: Block, purchases: Purchases) -> pl.DataFrame:
    """Return the truth about each customer as of the data end.

    Returns
    -------
    DataFrame, shape (customers, 11)
        ``record_id``; ``segment``; ``gender`` (null as in the data); ``purchase_rate_per_day``
        (while active, per operational day); ``frailty`` (on the scale of the log hazard) and
        ``dropout`` (probability of leaving after a purchase), of which the recipe's process of
        leaving uses one; ``left_on`` (Date, null for active customers); ``is_active``;
        ``p_leaves_3_months`` and ``p_buys_90_days`` by the oracle, 0 for customers who left;
        ``buys_90_days`` (drawn). ``Truth.outlooks`` computes the best observer's probabilities.
    """
    clock = block.clock
    end = Horizon(month=block.recipe.months, months=HORIZON_MONTHS, days=HORIZON_DAYS)
    outlook = oracle_outlook(block, purchases, end)
    left = np.floor(np.minimum(purchases.left_day, 1e6)).astype("timedelta64[D]")
    left_on = (np.datetime64(clock.start_on) + left).astype("datetime64[D]")
    return pl.DataFrame(
        {
            "record_id": block.record_id,
            "segment": gather(pl.Series(list(block.recipe.segments)), block.segment),
            "gender": gather(pl.Series([*GENDERS[:4], None]), block.gender),
            "purchase_rate_per_day": purchases.rate.round(6),
            "frailty": frailty(block).round(6),
            "dropout": purchases.dropout.round(6),
            "left_on": pl.Series(left_on),
            "is_active": outlook.is_active,
            "p_leaves_3_months": outlook.p_leaves.round(6),
            "p_buys_90_days": outlook.p_buys.round(6),
            "buys_90_days": outlook.is_active & (block.u("purchase beyond") < outlook.p_buys),
        }
    ).with_columns(left_on=pl.when(~pl.col("is_active")).then("left_on"))


def _months(block: Block, purchases: Purchases) -> pl.DataFrame:
    """Return the months in which customers were active.

    Returns
    -------
    DataFrame, shape (customer-months, 5)
        ``record_id``; ``month_on`` (Date, first day of the month); ``hazard`` of leaving in it
        by decision of the customer; ``is_annoyed``; ``leaves``, whether the customer left in it.
        A customer has rows from the month of joining to the month of leaving.
    """
    months = block.recipe.months
    starts = month_days(block, months)
    is_there = (starts[1:] > block.joined_day[:, None]) & (
        starts[:-1] <= purchases.left_day[:, None]
    )
    owner, month = np.nonzero(is_there)
    day = block.clock.day_of(purchases.placed_at)
    annoyed = annoyed_months(
        block,
        bad_experience_months(block, purchases.owner[purchases.annoys], day[purchases.annoys]),
    )
    first = np.datetime64(block.recipe.start_on)
    hazard = purchases.lifetimes.hazard[owner, month]
    if block.recipe.leaving.process == "after_purchase":
        hazard = (purchases.rate * purchases.dropout * MONTH_DAYS)[owner]
    ends = starts[month + 1]
    return pl.DataFrame(
        {
            "record_id": block.record_id[owner],
            "month_on": pl.Series((first + starts[month]).astype("datetime64[D]")),
            "hazard": hazard.round(6),
            "is_annoyed": annoyed[owner, month],
            "leaves": purchases.left_day[owner] < ends,
        }
    )
