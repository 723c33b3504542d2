"""The clock runs fast and slow as its season has it, and can be turned around."""

from pathlib import Path

import numpy as np
import pytest

from workbench.synthetic.clock import _HOURS, DAY_SECONDS, Clock
from workbench.synthetic.recipes import read_recipe


@pytest.fixture
def clock(retail: Path) -> Clock:
    return Clock.of(read_recipe(retail), "purchases")


def test_equal_clocks_are_one(retail: Path, clock: Clock) -> None:
    assert Clock.of(read_recipe(retail), "purchases") is clock


def test_calendar_turns_operational_time_around_to_a_minute(clock: Clock) -> None:
    day = np.linspace(0, clock.days, 10_007)
    passed = clock.operational(day)
    assert passed == pytest.approx(np.interp(day, np.arange(len(clock.passed)), clock.passed))
    assert abs(clock.calendar(passed) - day).max() < 1 / (24 * 60)


def test_the_hours_of_a_day_are_as_busy_as_they_are_said_to_be(clock: Clock) -> None:
    day = 7 + (np.arange(200_000) + 0.5) / 200_000
    second = clock.instants(day) - clock.start_at - 7 * DAY_SECONDS
    assert (np.diff(second) >= 0).all()
    shares = np.bincount(second // 3_600, minlength=24) / len(second)
    assert shares == pytest.approx(np.array(_HOURS) / sum(_HOURS), abs=1e-4)
