"""Draw the moment at which each customer leaves.

The hazard of leaving in a month is constant within the month; on the complementary log-log scale,

    log(hazard) = log(-log(1 - leaving_per_month)) + frailty + tenure_power log(1 + months)
                  + log(annoyed) while annoyed + log factors of the customer's groups.

The frailty is normal with mean 0, and no table records it. After a bad experience a customer is
annoyed for some months, from the next month on. Bad experiences come from orders, so the hazard
depends on the customer's purchases. Each customer has one exponential threshold and leaves when the
sum of the hazards exceeds it (Cox and Oakes 1984, "Analysis of survival data", section 2.3).

In a contractual world there is a second cause of leaving: a charge that fails and is never paid.
"""

from dataclasses import dataclass

import numpy as np

from workbench.synthetic.clock import month_start
from workbench.synthetic.draws import Flags, Floats, Integers, exponential, normal
from workbench.synthetic.people.block import Block
from workbench.synthetic.recipes import Recipe

#: Day of leaving of customers who stay until the data end.
NEVER = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """Hazards and moments of leaving of a block's customers.

    Attributes
    ----------
    hazard : array of float, shape (customers, months)
        Hazard of leaving by decision of the customer, in each month of the world.
    left_day : array of float, shape (customers,)
        Fractional day of leaving; ``NEVER`` for customers who stay until the data end.
    by_failure : array of bool, shape (customers,)
        Whether a failed charge was the cause.
    """

    hazard: Floats
    left_day: Floats
    by_failure: Flags


def month_days(block: Block, months: int) -> Integers:
    """Return the day on which each month of the world begins, shape (months + 1,)."""
    start = block.recipe.start_on
    return np.array([(month_start(start, i) - start).days for i in range(months + 1)])


def month_of(block: Block, day: Floats) -> Integers:
    """Return the month of the world that contains each day, from 0."""
    starts = month_days(block, block.recipe.months)
    return np.clip(np.searchsorted(starts, day, "right") - 1, 0, block.recipe.months - 1)


def hazard_without_annoyance(block: Block, frailty: Floats, months: range) -> Floats:
    """Return the hazard of each month without annoyance, shape (customers, months).

    Parameters
    ----------
    block : Block
    frailty : array of float, shape (customers,)
        Frailty of each customer, on the log scale.
    months : range
        Months of the world, also after its end.
    """
    monthly = -np.log1p(-block.segment_values("leaving_per_month"))
    monthly = monthly * block.group_factor("leaving") * np.exp(frailty)
    return monthly_hazards(block.recipe, monthly, month_of(block, block.joined_day), months)


def monthly_hazards(recipe: Recipe, monthly: Floats, joined: Integers, months: range) -> Floats:
    """Return the hazard of each month, shape (customers, months).

    Parameters
    ----------
    recipe : Recipe
    monthly : array of float, shape (customers,)
        Hazard in the month of joining, without the scale of the recipe and its changes.
    joined : array of int, shape (customers,)
        Month of joining.
    months : range
        Months of the world, also after its end.
    """
    number = np.arange(months.start, months.stop)
    tenure = np.maximum(number - joined[:, None], 0)
    power = (1.0 + np.arange(number[-1] + 1 if len(number) else 1)) ** recipe.leaving.tenure_power
    changed = [recipe.change("leaving", n / recipe.months) for n in number]
    found: Floats = (monthly * recipe.leaving.scale)[:, None] * power[tenure] * np.array(changed)
    return found


def frailty(block: Block) -> Floats:
    """Return each customer's frailty on the log scale."""
    return block.recipe.leaving.frailty_sd * normal(block.u("frailty"))


def payment_failure_hazard(block: Block) -> float:
    """Return the monthly hazard of leaving because a charge fails; 0 without contracts."""
    plan = block.recipe.plan
    if not plan.is_contractual:
        return 0.0
    return float(-np.log1p(-plan.failed_payment * (1 - plan.recovers)))


def annoyed_months(block: Block, experienced: Flags) -> Flags:
    """Return whether each customer is annoyed in each month.

    Customers are annoyed in the months after a month with a bad experience.

    Parameters
    ----------
    block : Block
    experienced : array of bool, shape (customers, months)
        Whether the customer had a bad experience in the month.
    """
    annoyed = np.zeros_like(experienced)
    longest = min(block.recipe.leaving.annoyed_months, experienced.shape[1] - 1)
    for later in range(1, longest + 1):
        annoyed[:, later:] |= experienced[:, :-later]
    return annoyed


def draw_lifetimes(block: Block, experienced: Flags) -> Lifetimes:
    """Draw the moments of leaving; for ``experienced`` see ``annoyed_months``."""
    annoyed = annoyed_months(block, experienced)
    months = block.recipe.months
    starts = month_days(block, months).astype(np.float64)
    hazard = hazard_without_annoyance(block, frailty(block), range(months))
    hazard = np.where(annoyed, hazard * block.recipe.leaving.annoyed, hazard)
    failing = payment_failure_hazard(block)
    # In the month of joining, only the time after joining counts.
    begins = np.maximum(starts[:-1], block.joined_day[:, None])
    part = np.clip((starts[1:] - begins) / np.diff(starts), 0.0, 1.0)
    summed = np.cumsum((hazard + failing) * part, axis=1)
    threshold = exponential(block.u("leaving"))
    month = (summed < threshold[:, None]).sum(axis=1)
    leaves = month < months
    row, column = np.arange(block.size), np.minimum(month, months - 1)
    before = np.where(month > 0, summed[row, np.maximum(column - 1, 0)], 0.0)
    within = (threshold - before) / np.maximum(summed[row, column] - before, 1e-300)
    begin = begins[row, column]
    day = begin + np.clip(within, 0.0, 1.0) * (starts[column + 1] - begin)
    share_failing = failing / np.maximum(hazard[row, column] + failing, 1e-300)
    return Lifetimes(
        hazard=hazard,
        left_day=np.where(leaves, day, NEVER),
        by_failure=leaves & (block.u("cause of leaving") < share_failing),
    )
