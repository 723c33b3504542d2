"""How far is looked ahead, and by which months."""

from dataclasses import dataclass

import numpy as np

from workbench.synthetic.draws import Floats, Integers
from workbench.synthetic.people.block import Block
from workbench.synthetic.shop.leaving import month_days


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """How far is looked ahead from the start of a month: months for leaving, days for buying."""

    month: int
    months: int
    days: int

    def starts(self, block: Block) -> Integers:
        """Return the days on which the coming months begin, enough of them for either."""
        ahead = max(self.months, self.days // 28 + 1)
        return month_days(block, self.month + ahead)[self.month :]


def parts_of(starts: Integers, days: int) -> Floats:
    """Return the part of each coming month that lies within so many days of its first."""
    left = starts[0] + days - starts[:-1]
    parts: Floats = np.clip(left / np.diff(starts), 0.0, 1.0)
    return parts
