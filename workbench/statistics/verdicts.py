"""Verdicts: answers in words, each with its outcome and the rule that decided it.

An outcome is *shown*, *shown not*, *not enough data* or *cannot be said*. "Not enough data" is for
questions that more data would settle: the answer then has the number of persons that would do.
Everything else that keeps a question open is "cannot be said", with the reason in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from typing import Self

from workbench.foundation.errors import ParameterError
from workbench.statistics.estimates import Estimate
from workbench.statistics.figure_texts import interval_text, value_text
from workbench.statistics.sample_sizes import (
    MOST_GROWTH,
    growth_needed,
    growth_needed_within,
    more_data_needed,
)

#: Stands on a page in the place of the rule where none decided.
OPINION = "The author's opinion: no rule decided it."


class Outcome(StrEnum):
    """The outcome of a question, see the module."""

    SHOWN = "shown"
    NOT_SHOWN = "shown not"
    UNDECIDED = "not enough data"
    CANNOT_BE_SAID = "cannot be said"

    @property
    def is_open(self) -> bool:
        """Whether the question has no answer."""
        return self in (Outcome.UNDECIDED, Outcome.CANNOT_BE_SAID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to one question of a notebook.

    The package makes verdicts from estimates by a rule (``by_rule``), and ``judge`` does so for
    notebooks. A verdict that was typed by hand is shown as the author's opinion.

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
    rule : str
        Rule that decided the outcome, with its tolerance, in words: "Yes where the interval of the
        slope lies within 0.9 to 1.1". Empty where a person decided.
    concern : bool
        Whether a reviewer should act on the answer; the page then marks it in words and form.
    estimates : tuple of Estimate
        Figures that support the answer.
    is_opinion : bool
        Whether a person decided, and no rule.
    """

    name: str
    question: str
    outcome: Outcome
    answer: str
    rule: str = ""
    concern: bool = False
    estimates: tuple[Estimate, ...] = field(default=())
    is_opinion: bool = True

    @classmethod
    def by_rule(
        cls,
        outcome: Outcome,
        *,
        rule: str,
        name: str,
        question: str,
        answer: str,
        estimates: Sequence[Estimate],
        concern: bool = False,
    ) -> Self:
        """Return a verdict that a rule decided on estimates; see the attributes."""
        return cls(
            name=name,
            question=question,
            outcome=outcome,
            answer=answer,
            rule=rule,
            concern=concern,
            estimates=tuple(estimates),
            is_opinion=False,
        )

    @property
    def basis(self) -> str:
        """The rule that decided, or that the verdict is the author's opinion."""
        return OPINION if self.is_opinion else self.rule


def judge(
    estimate: Estimate,
    *,
    name: str,
    question: str,
    low: float = -inf,
    high: float = inf,
    concern: Outcome | None = None,
) -> Verdict:
    """Answer whether a figure lies within limits, by its interval.

    Parameters
    ----------
    estimate : Estimate
        The figure, with its interval.
    name, question : str
        Name of the verdict in the record, and the question in words.
    low, high : float
        Limits that the figure should lie within, in the unit of the estimate; at least one of them.
    concern : Outcome, optional
        Outcome on which a reviewer should act.

    Raises
    ------
    ParameterError
        No limit is given, or ``low`` is not below ``high``.

    Examples
    --------
    >>> share = Estimate(name="app", value=.3, low=.28, high=.32, n=2000, unit="share",
    ...                  label="Share of orders by app")
    >>> found = judge(share, name="app_is_large", question="Is the app a large channel?", low=0.25)
    >>> print(found.outcome, "|", found.rule)
    shown | Yes where the whole interval lies above 25%, no where all of it lies below.
    """
    if low == -inf and high == inf:
        raise ParameterError("judge needs a limit: low, high or both")
    if not low < high:
        raise ParameterError(f"low is {low} and high is {high}: low must be below high")
    outcome, why = _outcome(estimate, low, high)
    begin = {Outcome.SHOWN: "Yes: ", Outcome.NOT_SHOWN: "No: "}.get(outcome, "")
    return Verdict.by_rule(
        outcome,
        name=name,
        question=question,
        answer=f"{begin}{_figure(estimate)}{why}.",
        rule=_rule(low, high, estimate.unit),
        concern=outcome is concern,
        estimates=(estimate,),
    )


def _outcome(estimate: Estimate, low: float, high: float) -> tuple[Outcome, str]:
    value = estimate.value
    if value is None and estimate.low is not None and estimate.high is not None:
        value = (estimate.low + estimate.high) / 2  # a bound hides the value, not the interval
    if value is None:
        return Outcome.CANNOT_BE_SAID, f" ({estimate.note})" if estimate.note else ""
    least = value if estimate.low is None else estimate.low
    most = value if estimate.high is None else estimate.high
    if low <= least and most <= high:
        return Outcome.SHOWN, ""
    if most < low or least > high:
        return Outcome.NOT_SHOWN, ""
    crossed = [limit for limit in (low, high) if least <= limit <= most]
    growth = (
        growth_needed(value, least, most, limit=crossed[0])
        if len(crossed) == 1
        else growth_needed_within([(value, least, most, low, high)])
    )
    more = more_data_needed(growth, estimate.n)
    if more is None:
        return Outcome.CANNOT_BE_SAID, (
            f"; {MOST_GROWTH:.0f} times as many persons would not settle it if the figure is as "
            "found"
        )
    return Outcome.UNDECIDED, f"; {more}"


def _figure(estimate: Estimate) -> str:
    value, limits = value_text(estimate), interval_text(estimate)
    if not limits:
        return f"{estimate.label} {f'is {value}' if value else 'has no value'}"
    if not value:
        return f"{estimate.label} lies within {limits} ({estimate.n:,} persons)"
    return f"{estimate.label} is {value} (95 % interval {limits}, {estimate.n:,} persons)"


def _rule(low: float, high: float, unit: str) -> str:
    if low == -inf:
        most = _number(high, unit)
        return f"Yes where the whole interval lies below {most}, no where all of it lies above."
    if high == inf:
        least = _number(low, unit)
        return f"Yes where the whole interval lies above {least}, no where all of it lies below."
    limits = f"{_number(low, unit)} to {_number(high, unit)}"
    return f"Yes where the whole interval lies within {limits}, no where all of it lies outside."


def _number(value: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * value:.3g}%"
    if unit == "points":
        return f"{100 * value:.3g} points"
    return f"{value:,.4g}"
