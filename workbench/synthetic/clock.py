"""The seasonal clock: how much buying time passes on a day, and at what hour people act.

*Operational time* runs fast where the season is high and slow where it is low; a customer who buys
at a constant rate in operational time buys seasonally in calendar time. Purchases are drawn as
uniforms in operational time and mapped back, which is exactly the inhomogeneous Poisson process.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Self

import numpy as np

from workbench.synthetic.draws import Floats, Integers
from workbench.synthetic.recipes import Recipe, Season

DAY_SECONDS = 86_400
MONTH_DAYS = 365.25 / 12

#: Share of the day's activity that falls into each hour (UTC), shop hours in Europe.
_HOURS = (1, 1, 1, 1, 1, 2, 4, 9, 14, 17, 18, 18, 18, 16, 16, 17, 18, 20, 22, 24, 22, 16, 9, 4)


@dataclass(frozen=True)
class Clock:
    """Calendar of one world: days count from its first, and go on beyond its end.

    Attributes
    ----------
    start_on : date
        First day of the world, day 0.
    months : int
        Length of the world.
    season : Season
        Factors of months and weekdays, brought to a mean of 1.
    changes : tuple of (float, float, float)
        From when until when (shares of the world's time, 1 is without end) by which factor faster.
    beyond_days : int
        Days after the end for which truth asks.
    """

    start_on: date
    months: int
    season: Season
    changes: tuple[tuple[float, float, float], ...] = ()
    beyond_days: int = 400

    @classmethod
    def of(cls, recipe: Recipe, cause: str = "") -> Self:
        """Return the clock of a recipe by which one cause runs, with its changes."""
        every = recipe.changes.values()
        changes = [(each.at, each.until, each.factor) for each in every if each.cause == cause]
        return cls(recipe.start_on, recipe.months, recipe.season, tuple(changes))

    @cached_property
    def end_on(self) -> date:
        """First day that the world does not cover."""
        return month_start(self.start_on, self.months)

    @cached_property
    def days(self) -> int:
        """Number of days covered."""
        return (self.end_on - self.start_on).days

    @cached_property
    def start_at(self) -> int:
        """First second of day 0, since 1970 (UTC)."""
        return int(datetime.combine(self.start_on, datetime.min.time(), UTC).timestamp())

    @cached_property
    def end_at(self) -> int:
        """First second that is not covered."""
        return self.start_at + self.days * DAY_SECONDS

    @cached_property
    def passed(self) -> Floats:
        """Operational days passed at the start of each day, shape (days + beyond + 1,)."""
        months, week = (
            (np.array(each) / np.mean(each)) ** self.season.strength
            for each in (self.season.months, self.season.weekdays)
        )
        every = [self.start_on + timedelta(days=d) for d in range(self.days + self.beyond_days)]
        pace = np.array([months[day.month - 1] * week[day.weekday()] for day in every])
        for begin, end, factor in self.changes:
            last = int(end * self.days) if end < 1 else len(pace)
            pace[int(begin * self.days) : last] *= factor
        return np.concatenate([[0.0], np.cumsum(pace)])

    def operational(self, day: Floats) -> Floats:
        """Return operational time of fractional days."""
        return np.interp(day, np.arange(len(self.passed)), self.passed)

    def calendar(self, operational: Floats) -> Floats:
        """Return fractional days of operational time."""
        return np.interp(operational, self.passed, np.arange(len(self.passed)))

    def instants(self, day: Floats) -> Integers:
        """Return seconds since 1970 for fractional days; the fraction picks the busy hours.

        Later days give later instants, also within a day, so the order of purchases is kept.
        """
        whole = np.floor(day)
        knots = np.concatenate([[0.0], np.cumsum(_HOURS) / sum(_HOURS)])
        hour = np.interp(day - whole, knots, np.arange(25))
        within = np.minimum((hour * 3600).astype(np.int64), DAY_SECONDS - 1)
        return self.start_at + whole.astype(np.int64) * DAY_SECONDS + within


def month_start(day: date, months: int) -> date:
    """Return the same day of the month, ``months`` later, where the day is at most the 28th."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, day.day)
