"""Verdicts on singling out, linkability and inference, each by all that was measured.

No verdict rests on one number. Tried on the Adult table, a verbatim copy scored .006 on one attack
and .101 on another, and a harmless shuffle .106 on a third. So an attack counts towards an
all-clear only if it notices a verbatim copy of the originals, a copied record of a unique person is
an alarm whatever the attacks find, and where the self-test fails there is no verdict at all.
"""

from collections.abc import Sequence
from typing import NamedTuple

from workbench.privacy.risk.attack_rates import AttackRate, RiskCriterion
from workbench.privacy.risk.class_risks import ClassRisks
from workbench.privacy.risk.copied_records import CopiedRecords
from workbench.privacy.risk.risk_question import RiskThresholds
from workbench.statistics.estimates import Estimate
from workbench.statistics.figure_texts import interval_text, value_text
from workbench.statistics.verdicts import Outcome, Verdict

_QUESTIONS: dict[RiskCriterion, str] = {
    "singling_out": "Is the risk of singling a person out within its threshold?",
    "linkability": "Is the risk of linking two records of a person within its threshold?",
    "inference": "Is the risk of inferring a sensitive value within its threshold?",
}
#: Rule of the three verdicts.
RULE = "Within if all intervals of attacks that notice a copy lie below it, and no count above."
_BEGIN = {
    Outcome.SHOWN: "Within the threshold of {limit}",
    Outcome.NOT_SHOWN: "Above a threshold",  # of which there are several: clauses name theirs
    Outcome.CANNOT_BE_SAID: "It cannot be said whether the risk is within the threshold of {limit}",
}


class Failure(NamedTuple):
    """A finding other than an attack by which a risk is above its threshold, with its figures."""

    clause: str
    figures: tuple[Estimate, ...]


def judge_criterion(
    criterion: RiskCriterion,
    attacks: Sequence[AttackRate],
    *,
    limit: float,
    others: Sequence[Estimate] = (),
    failures: Sequence[Failure] = (),
    doubt: str = "",
    is_bounded: bool = False,
) -> Verdict:
    """Return the verdict on one criterion.

    Parameters
    ----------
    criterion : str
        Criterion to judge.
    attacks : sequence of AttackRate
        Attacks of all criteria; those of this one count.
    limit : float
        Threshold of the criterion, 0 to 1.
    others : sequence of Estimate
        Other risks that are held against the threshold, such as that of known facts.
    failures : sequence of Failure
        Findings other than risks with an interval by which the threshold is exceeded.
    doubt : str
        Reason why nothing can be said, as a clause; empty if there is none.
    is_bounded : bool
        Whether counts alone show that not even a copy of the originals would exceed the threshold,
        so that no attack is needed.
    """
    own = [attack for attack in attacks if attack.criterion == criterion]
    risks = [*(attack.bound for attack in own), *others]
    above = [*(attack.risk for attack in own), *others]
    above = [risk for risk in above if risk.low is not None and risk.low > limit]
    able = [attack.bound for attack in own if attack.has_power(limit)]
    judged = [*([] if is_bounded else able), *others]
    unsure = [risk for risk in judged if risk.high is None or risk.high > limit]
    if failures or above:
        outcome = Outcome.NOT_SHOWN
        attacked = [f"{_figure(risk)}, above {limit:.3g}" for risk in above]
        found = [*(each.clause for each in failures), *attacked]
    elif doubt:
        outcome, found = Outcome.CANNOT_BE_SAID, [doubt]
    elif unsure:
        outcome = Outcome.CANNOT_BE_SAID
        found = [f"{_figure(risk)}, which may be above it" for risk in unsure]
    elif is_bounded:
        outcome = Outcome.SHOWN
        found = ["even the originals themselves would be within it by their classes"]
        found += [_figure(risk) for risk in others]
    elif able:
        outcome, found = Outcome.SHOWN, [_figure(risk) for risk in judged]
    else:
        outcome = Outcome.CANNOT_BE_SAID
        found = ["no attack was tried that notices a verbatim copy of the originals"]
    return Verdict.by_rule(
        outcome,
        name=f"{criterion}_risk",
        question=_QUESTIONS[criterion],
        answer=f"{_BEGIN[outcome].format(limit=f'{limit:.3g}')}: {'; '.join(found)}.",
        rule=RULE,
        estimates=[*risks, *(figure for each in failures for figure in each.figures)],
        concern=outcome is Outcome.NOT_SHOWN,
    )


def class_failures(classes: ClassRisks, thresholds: RiskThresholds) -> list[Failure]:
    """Return the thresholds that the classes of the release exceed."""
    found = []
    share = classes.share_above(thresholds.highest)

    def figure(name: str, label: str, value: float, unit: str) -> Estimate:
        return Estimate(name=name, label=label, value=value, unit=unit, n=classes.persons)

    if share > thresholds.share_above:
        clause = (
            f"{share:.1%} of the persons can be picked with a chance above "
            f"{thresholds.highest:.3g} (smallest class {classes.smallest:,} persons)"
        )
        at_risk = figure("share_at_risk", "Persons above the highest chance", share, "share")
        smallest = figure("smallest_class", "Smallest class", classes.smallest, "persons")
        found.append(Failure(clause, (at_risk, smallest)))
    if classes.average > thresholds.average:
        average = figure("average_chance", "Average chance", classes.average, "chance")
        found.append(
            Failure(
                f"the average chance is {classes.average:.3g}, above {thresholds.average:.3g}",
                (average,),
            )
        )
    return found


def copy_failures(copied: CopiedRecords) -> list[Failure]:
    """Return the finding that records of unique persons are copied."""
    if not copied.is_alarm:
        return []
    number = f"{copied.copies:,} record{'s are' if copied.copies != 1 else ' is'}"
    figure = Estimate(
        name="copied_records", label="Copied records of unique persons", value=copied.copies,
        unit="records", n=copied.unique,
    )  # fmt: skip
    return [Failure(f"{number} copied word for word from unique persons", (figure,))]


def value_failures(known_values: Sequence[Estimate], thresholds: RiskThresholds) -> list[Failure]:
    """Return the columns whose values find more persons than may be singled out."""
    return [
        Failure(
            f"{each.label}: {value_text(each)} of the persons, above {thresholds.singling_out:.3g}",
            (each,),
        )
        for each in known_values
        if each.value is not None and each.value > thresholds.singling_out
    ]


def _figure(risk: Estimate) -> str:
    if risk.value is None:
        return f"{risk.label}: no value, as {risk.note}"
    return f"{risk.label}: {value_text(risk)} (95 % interval {interval_text(risk)})"
