"""How likely a customer's plan is, if the customer left in a month: plans end with leaving.

A plan that is no contract begins some months after joining and is kept for a number of months, at
most to the end of the month in which its holder leaves. So a plan that runs shows that the customer
is there, one that has ended may have ended for that, and none at all is likelier of customers who
left early.
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


def log_plans(known: History) -> Floats:
    """Return the log likelihood of the plan by the month of leaving.

    Returns
    -------
    array of float, shape (customers, months + 1)
        One column for each month of the history; the last is that of customers who are there.
    """
    block, plan = known.block, known.block.recipe.plan
    if plan.is_contractual or plan.share == 0:
        return np.zeros((block.size, known.month + 1))
    first = int(month_number(np.array([block.clock.start_at]))[0])
    now = first + known.month
    months = first + np.arange(known.month + 1)  # of leaving
    joined = month_number(block.joined_at)
    latest = np.minimum(months[None, :], now - 1) - joined[:, None]
    begun = _geometric_below(latest, UNTIL_PLAN_MONTHS, LONGEST_UNTIL_PLAN_MONTHS)
    found = 1 - plan.share * begun
    held = known.lived.held
    shown = np.flatnonzero(held.begins < now)
    owner, begins, ends = held.owner[shown], held.begins[shown], held.ends[shown]
    kept = np.minimum(ends, now + 1) - begins
    by_now = _geometric_below(kept - 1, plan.stays_months, LONGEST_STAY_MONTHS)
    to_date = _geometric_below(kept, plan.stays_months, LONGEST_STAY_MONTHS)
    of_own, longer = (to_date - by_now)[:, None], (1 - by_now)[:, None]
    left = months[None, :-1] + 1 - ends[:, None]  # months from the end to that of leaving
    has_ended = (ends <= now)[:, None]
    likely = np.where(left > 0, of_own, np.where(left == 0, longer, 0.0))
    likely = np.where(has_ended, likely, 0.0)
    there = np.where(has_ended, of_own, longer)
    found[owner] = np.concatenate([likely, there], axis=1)
    with np.errstate(divide="ignore"):
        return np.log(found)


def _geometric_below(number: Integers, mean: float, most: int) -> Floats:
    """Return P(a geometric count from 1 on, cut at ``most``, is at most so large)."""
    stop = 1 / max(mean, 1 + 1e-9)
    number = np.maximum(number, 0)
    found: Floats = np.where(number >= most, 1.0, 1 - (1 - stop) ** number)
    return found
