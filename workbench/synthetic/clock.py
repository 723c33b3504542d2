"""The seasonal clock: operational time of days, and hours at which people act.

*Operational time* passes quickly in a high season and slowly in a low one. A customer who buys at a
constant rate in operational time therefore buys seasonally in calendar time. Purchases are drawn
as uniforms in operational time and converted to calendar time, which makes an inhomogeneous Poisson
process. The conversion uses a table with even steps; near a change of pace it moves an instant by
less than a minute (``tests/synthetic/test_clock.py``).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property

import numpy as np

from workbench.synthetic.draws import Floats, Integers
from workbench.synthetic.recipes import Recipe

DAY_SECONDS = 86_400
MONTH_DAYS = 365.25 / 12

_KNOTS = 65_536  # Steps of the tables that convert operational time to calendar time.

#: Relative activity in each hour of the day (UTC), for shops in Europe.
_HOURS = (1, 1, 1, 1, 1, 2, 4, 9, 14, 17, 18, 18, 18, 16, 16, 17, 18, 20, 22, 24, 22, 16, 9, 4)


@dataclass(frozen=True)
class Clock:
    """Calendar of one world; its days are counted from 0 and continue after the world's end.

    Attributes
    ----------
    start_on : date
        First day of the world, day 0.
    months : int
        Length of the world in months.
    by_month, by_weekday : tuple of float
        Factors from January and from Monday: factors of mean 1, raised to the power of the
        season's strength.
    changes : tuple of (float, float, float)
        Begin, end and factor of each change of pace. Begin and end are shares of the world's time;
        a change with the end 1 continues after the world's end.
    beyond_days : int
        Number of days after the end, for which the truth also needs the clock.
    """

    start_on: date
    months: int
    by_month: tuple[float, ...]
    by_weekday: tuple[float, ...]
    changes: tuple[tuple[float, float, float], ...] = ()
    beyond_days: int = 400

    @classmethod
    def of(cls, recipe: Recipe, cause: str = "") -> "Clock":
        """Return the clock of a recipe, with the recipe's changes of one cause."""
        season, every = recipe.season, recipe.changes.values()
        by_month, by_weekday = (
            tuple((np.array(each) / np.mean(each)) ** season.strength)
            for each in (season.months, season.weekdays)
        )
        changes = [(each.at, each.until, each.factor) for each in every if each.cause == cause]
        return _shared_clock(
            cls(recipe.start_on, recipe.months, by_month, by_weekday, tuple(changes))
        )

    @cached_property
    def end_on(self) -> date:
        """First day after the world."""
        return month_start(self.start_on, self.months)

    @cached_property
    def days(self) -> int:
        """Number of days of the world."""
        return (self.end_on - self.start_on).days

    @cached_property
    def start_at(self) -> int:
        """First second of day 0, in seconds since 1970 (UTC)."""
        return int(datetime.combine(self.start_on, datetime.min.time(), UTC).timestamp())

    @cached_property
    def end_at(self) -> int:
        """First second after the world, in seconds since 1970."""
        return self.start_at + self.days * DAY_SECONDS

    @cached_property
    def passed(self) -> Floats:
        """Operational time at the start of each day, shape (days + beyond + 1,)."""
        every = [self.start_on + timedelta(days=d) for d in range(self.days + self.beyond_days)]
        pace = np.array(
            [self.by_month[day.month - 1] * self.by_weekday[day.weekday()] for day in every]
        )
        for begin, end, factor in self.changes:
            last = int(end * self.days) if end < 1 else len(pace)
            pace[int(begin * self.days) : last] *= factor
        return np.concatenate([[0.0], np.cumsum(pace)])

    def day_of(self, seconds: Integers) -> Floats:
        """Convert seconds since 1970 to fractional days, with equally long seconds.

        It is not the inverse of ``instants``, which makes more instants in busy hours.
        """
        days: Floats = (seconds - self.start_at) / DAY_SECONDS
        return days

    def operational(self, day: Floats) -> Floats:
        """Convert fractional days to operational time."""
        return _interpolate(day, self.passed)

    def calendar(self, operational: Floats) -> Floats:
        """Convert operational time to fractional days."""
        return _interpolate(operational * (_KNOTS / self.passed[-1]), self._days_at)

    @cached_property
    def _days_at(self) -> Floats:
        """Fractional days at even steps of operational time, a few minutes apart."""
        even = np.linspace(0.0, self.passed[-1], _KNOTS + 1)
        days: Floats = np.interp(even, self.passed, np.arange(len(self.passed)))
        return days

    def instants(self, day: Floats) -> Integers:
        """Convert fractional days to seconds since 1970.

        The fraction of a day is a share of the day's activity, so busy hours get more instants.
        A later fraction gives a later instant, so the order of purchases is kept.
        """
        whole = day.astype(np.int64)
        within = _interpolate((day - whole) * _KNOTS, _seconds_of_day()).astype(np.int64)
        return self.start_at + whole * DAY_SECONDS + np.minimum(within, DAY_SECONDS - 1)


@cache
def _shared_clock(clock: Clock) -> Clock:
    """Return one object for all equal clocks, so that its tables are made once."""
    return clock


def _interpolate(places: Floats, values: Floats) -> Floats:
    """Interpolate linearly between values at 0, 1, 2, ...; faster than ``numpy.interp``."""
    places = np.clip(places, 0, len(values) - 1)
    whole = np.minimum(places.astype(np.int64), len(values) - 2)
    found: Floats = values[whole] + (places - whole) * np.diff(values)[whole]
    return found


@cache
def _seconds_of_day() -> Floats:
    """Return the second of the day at even steps of the share of activity so far."""
    knots = np.concatenate([[0.0], np.cumsum(_HOURS) / sum(_HOURS)])
    seconds: Floats = np.interp(np.linspace(0, 1, _KNOTS + 1), knots, np.arange(25) * 3_600.0)
    return seconds


def month_start(day: date, months: int) -> date:
    """Return the same day of a later month; the day is at most the 28th."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, day.day)
