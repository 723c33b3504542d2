"""What is published about real customers: the declared facts of ``facts.csv``.

Each has a definition with its window, a range, the source and how sure it is. Ranges are as wide as
sources disagree; where only one figure is known, as it and its definition can be trusted.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One published fact.

    Attributes
    ----------
    name : str
        That of the measure, see ``measured``.
    component : str
        What it is about.
    definition : str
        What is counted, over which window.
    world : str
        Recipe whose world is held against it.
    low, high : float
        Published range.
    source : str
    sure : str
        ``high``, ``medium`` or ``low``.
    """

    name: str
    component: str
    definition: str
    world: str
    low: float
    high: float
    source: str
    sure: str

    @classmethod
    def of(cls, row: dict[str, str]) -> Self:
        """Return the fact of a line of the file."""
        numbers = {"low": float(row["low"]), "high": float(row["high"])}
        rest = {key: row[key] for key in ("component", "definition", "world", "source", "sure")}
        return cls(name=row["fact"], **rest, **numbers)  # type: ignore[arg-type]  # two are floats

    def holds(self, value: float) -> bool:
        """Return whether a value lies in the published range."""
        return self.low <= value <= self.high


def _read() -> tuple[Fact, ...]:
    text = Path(__file__).with_name("facts.csv").read_text(encoding="utf-8")
    return tuple(Fact.of(row) for row in csv.DictReader(text.splitlines()))


FACTS = _read()
