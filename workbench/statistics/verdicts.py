"""Verdicts: answers in words, each with one of three outcomes."""

from dataclasses import dataclass, field
from enum import StrEnum

from workbench.statistics.estimates import Estimate


class Outcome(StrEnum):
    """The outcome of a question: an effect, shown absence of it, or too little data."""

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
        The question: "Do customers fall into groups that come back in new samples?"
    outcome : Outcome
        Outcome of the question.
    answer : str
        One sentence with the figures and their intervals. It names groups, never persons.
    concern : bool
        Whether a reviewer should act on the answer; the page then marks it in words and form.
    estimates : tuple of Estimate
        Figures that support the answer.
    """

    name: str
    question: str
    outcome: Outcome
    answer: str
    concern: bool = False
    estimates: tuple[Estimate, ...] = field(default=())
