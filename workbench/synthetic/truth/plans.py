"""Likelihood of a customer's plan, if the customer left in a given month.

In a world without contracts, a plan begins some months after joining and ends after a number of
months, at the latest at the end of the month in which its holder leaves. A plan that has not ended
therefore shows an active customer, the end of a plan may be due to leaving, and customers who left
early are more probable among those without a plan.
"""

import numpy as np

from workbench.synthetic.draws import Floats, Integers
from workbench.synthetic.shop.contracts import (
    LONGEST_STAY_MONTHS,
    LONGEST_UNTIL_PLAN_MONTHS,
    UNTIL_PLAN_MONTHS,
    month_number,
)
from workbench.synthetic.truth.history import History


def log_plans(history: History) -> Floats:
    """Return the log likelihood of the plan by the month of leaving.

    Returns
    -------
    array of float, shape (customers, months + 1)
        One column for each month of the history; the last column is for active customers.
    """
    block, plan = history.block, history.block.recipe.plan
    if plan.is_contractual or plan.share == 0:
        return np.zeros((block.size, history.month + 1))
    first = int(month_number(np.array([block.clock.start_at]))[0])
    now = first + history.month
    months = first + np.arange(history.month + 1)  # Possible months of leaving.
    joined = month_number(block.joined_at)
    latest = np.minimum(months[None, :], now - 1) - joined[:, None]
    begun = _geometric_below(latest, UNTIL_PLAN_MONTHS, LONGEST_UNTIL_PLAN_MONTHS)
    found = 1 - plan.share * begun
    contracts = history.population.contracts
    shown = np.flatnonzero(contracts.begins < now)
    owner, begins, ends = contracts.owner[shown], contracts.begins[shown], contracts.ends[shown]
    kept = np.minimum(ends, now + 1) - begins
    by_now = _geometric_below(kept - 1, plan.stays_months, LONGEST_STAY_MONTHS)
    to_date = _geometric_below(kept, plan.stays_months, LONGEST_STAY_MONTHS)
    of_own, longer = (to_date - by_now)[:, None], (1 - by_now)[:, None]
    left = months[None, :-1] + 1 - ends[:, None]  # Months from the plan's end to leaving.
    has_ended = (ends <= now)[:, None]
    likely = np.where(left > 0, of_own, np.where(left == 0, longer, 0.0))
    likely = np.where(has_ended, likely, 0.0)
    there = np.where(has_ended, of_own, longer)
    found[owner] = np.concatenate([likely, there], axis=1)
    with np.errstate(divide="ignore"):
        return np.log(found)


def _geometric_below(number: Integers, mean: float, most: int) -> Floats:
    """Return P(count <= number) of a geometric count from 1 that is capped at ``most``."""
    stop = 1 / max(mean, 1 + 1e-9)
    number = np.maximum(number, 0)
    found: Floats = np.where(number >= most, 1.0, 1 - (1 - stop) ** number)
    return found
