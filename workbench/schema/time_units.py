"""The units to which a view rounds down its times, by column."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal, Self

Unit = Literal["day", "week", "month", "quarter", "year"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeUnits:
    """The units of the times of a view, and the date as of which the view was made.

    Attributes
    ----------
    units : mapping of str to Unit
        Unit by ``table.column``; a column that is absent is exact.
    as_of : date or None
        Date of the view, which contains only rows whose exact time shows that they were known then.
    """

    units: Mapping[str, Unit] = field(default_factory=dict)
    as_of: date | None = None

    def start(self, column: str, day: date) -> date:
        """Return the first day of the unit of ``table.column`` that contains a day."""
        unit = self.units.get(column)
        return day if unit is None else unit_start(day, unit)

    def to_json(self) -> dict[str, Any]:
        """Return the units as a dictionary that can be written as JSON."""
        return {
            "units": dict(self.units), "as_of": self.as_of.isoformat() if self.as_of else None
        }  # fmt: skip

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return the units that ``to_json`` described."""
        as_of = content["as_of"]
        return cls(units=content["units"], as_of=date.fromisoformat(as_of) if as_of else None)


#: Units of exact times, which are not rounded.
EXACT_TIMES = TimeUnits()


def unit_start(day: date, unit: Unit) -> date:
    """Return the first day of the unit that contains a day; weeks begin on Monday.

    Examples
    --------
    >>> [unit_start(date(2024, 5, 16), unit).isoformat() for unit in ("week", "month", "quarter")]
    ['2024-05-13', '2024-05-01', '2024-04-01']
    """
    if unit == "day":
        return day
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    return day.replace(day=1, month=1 if unit == "year" else (day.month - 1) // 3 * 3 + 1)
