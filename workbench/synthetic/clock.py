"""The seasonal clock: how much buying time passes on a day, and at what hour people act.

*Operational time* runs fast where the season is high and slow where it is low; a customer who buys
at a constant rate in operational time buys seasonally in calendar time. Purchases are drawn as
uniforms in operational time and mapped back, which is the inhomogeneous Poisson process; mapping
back reads a table of even steps, which moves an instant next to a change of pace by less than a
minute (``tests/synthetic/test_clock.py``).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property

import numpy as np

from workbench.synthetic.draws import Floats, Integers
from workbench.synthetic.recipes import Recipe

DAY_SECONDS = 86_400
MONTH_DAYS = 365.25 / 12

_KNOTS = 65_536  # of the tables that turn the clock around

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
    by_month, by_weekday : tuple of float
        Factors from January and from Monday, of mean 1 before they are raised to the power of the
        season's strength.
    changes : tuple of (float, float, float)
        From when until when (shares of the world's time, 1 is without end) by which factor faster.
    beyond_days : int
        Days after the end for which truth asks.
    """

    start_on: date
    months: int
    by_month: tuple[float, ...]
    by_weekday: tuple[float, ...]
    changes: tuple[tuple[float, float, float], ...] = ()
    beyond_days: int = 400

    @classmethod
    def of(cls, recipe: Recipe, cause: str = "") -> "Clock":
        """Return the clock of a recipe by which one cause runs, with its changes."""
        season, every = recipe.season, recipe.changes.values()
        by_month, by_weekday = (
            tuple((np.array(each) / np.mean(each)) ** season.strength)
            for each in (season.months, season.weekdays)
        )
        changes = [(each.at, each.until, each.factor) for each in every if each.cause == cause]
        return _one(cls(recipe.start_on, recipe.months, by_month, by_weekday, tuple(changes)))

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
        every = [self.start_on + timedelta(days=d) for d in range(self.days + self.beyond_days)]
        pace = np.array(
            [self.by_month[day.month - 1] * self.by_weekday[day.weekday()] for day in every]
        )
        for begin, end, factor in self.changes:
            last = int(end * self.days) if end < 1 else len(pace)
            pace[int(begin * self.days) : last] *= factor
        return np.concatenate([[0.0], np.cumsum(pace)])

    def operational(self, day: Floats) -> Floats:
        """Return operational time of fractional days."""
        return _between(day, self.passed)

    def calendar(self, operational: Floats) -> Floats:
        """Return fractional days of operational time."""
        return _between(operational * (_KNOTS / self.passed[-1]), self._days_at)

    @cached_property
    def _days_at(self) -> Floats:
        """Fractional days at even steps of operational time, some minutes each."""
        even = np.linspace(0.0, self.passed[-1], _KNOTS + 1)
        days: Floats = np.interp(even, self.passed, np.arange(len(self.passed)))
        return days

    def instants(self, day: Floats) -> Integers:
        """Return seconds since 1970 for fractional days; the fraction picks the busy hours.

        Later days give later instants, also within a day, so the order of purchases is kept.
        """
        whole = day.astype(np.int64)
        within = _between((day - whole) * _KNOTS, _seconds_at()).astype(np.int64)
        return self.start_at + whole * DAY_SECONDS + np.minimum(within, DAY_SECONDS - 1)


@cache
def _one(clock: Clock) -> Clock:
    """Return the first clock that is equal, whose tables are made already."""
    return clock


def _between(places: Floats, values: Floats) -> Floats:
    """Interpolate linearly between values at 0, 1, 2, ...: no search, unlike ``numpy.interp``."""
    places = np.clip(places, 0, len(values) - 1)
    whole = np.minimum(places.astype(np.int64), len(values) - 2)
    found: Floats = values[whole] + (places - whole) * np.diff(values)[whole]
    return found


@cache
def _seconds_at() -> Floats:
    """Return the second of the day at even steps of its share of activity."""
    knots = np.concatenate([[0.0], np.cumsum(_HOURS) / sum(_HOURS)])
    seconds: Floats = np.interp(np.linspace(0, 1, _KNOTS + 1), knots, np.arange(25) * 3_600.0)
    return seconds


def month_start(day: date, months: int) -> date:
    """Return the same day of the month, ``months`` later, where the day is at most the 28th."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, day.day)
