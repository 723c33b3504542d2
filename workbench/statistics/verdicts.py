"""An answer in words, and which of three kinds of answer it is."""

from dataclasses import dataclass, field
from enum import StrEnum

from workbench.statistics.estimates import Estimate


class Outcome(StrEnum):
    """What the evidence allows to say."""

    SHOWN = "shown"
    NOT_SHOWN = "shown not"
    UNDECIDED = "not enough data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to one question of a notebook, computed and never typed by hand.

    Attributes
    ----------
    name : str
        Identifier in the record, snake_case: ``segments_are_real``.
    question : str
        What was asked: "Do customers fall into groups that come back in new samples?"
    outcome : Outcome
        Which kind of answer it is.
    answer : str
        One sentence with the figures and their intervals. It names groups, never persons.
    concern : bool
        True where a reviewer should act on it; the page marks it, in words and form.
    estimates : tuple of Estimate
        The figures it rests on.
    """

    name: str
    question: str
    outcome: Outcome
    answer: str
    concern: bool = False
    estimates: tuple[Estimate, ...] = field(default=())
