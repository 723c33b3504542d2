"""The horizon of outlooks, and its months."""

from dataclasses import dataclass

import numpy as np

from workbench.synthetic.draws import Floats, Integers
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.leaving import month_days


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """Horizon from the start of a month: a number of months for leaving, and of days for buying."""

    month: int
    months: int
    days: int

    def starts(self, block: Block) -> Integers:
        """Return the first days of the coming months, as many as both horizons need."""
        ahead = max(self.months, self.days // 28 + 1)
        return month_days(block, self.month + ahead)[self.month :]


def month_parts(starts: Integers, days: int) -> Floats:
    """Return the part of each coming month within so many days from the first day of all."""
    left = starts[0] + days - starts[:-1]
    parts: Floats = np.clip(left / np.diff(starts), 0.0, 1.0)
    return parts
