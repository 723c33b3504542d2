"""The report on the risk that is left in a release: figures, verdicts and what was not tested."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from workbench.privacy.known_facts import KnownFactsRisk
from workbench.privacy.risk.attack_rates import CRITERIA, AttackRate, RiskCriterion
from workbench.privacy.risk.class_risks import ClassRisks
from workbench.privacy.risk.copied_records import CopiedRecords
from workbench.privacy.risk.population_uniques import ASSUMPTIONS, PopulationUniques
from workbench.privacy.risk.rejoining import RejoinRisk
from workbench.privacy.risk.risk_question import RiskQuestion
from workbench.privacy.risk.risk_verdicts import (
    Failure,
    class_failures,
    copy_failures,
    judge_criterion,
    value_failures,
)
from workbench.statistics.estimates import Estimate
from workbench.statistics.figure_texts import value_text
from workbench.statistics.verdicts import Outcome, Verdict

#: What k-anonymity alone leaves open by the table of WP216.
CAUTION = (
    "Classes of k persons prevent singling out, but neither linking nor inference (Article 29 "
    "Working Party, opinion 05/2014): by k alone a release is never anonymous."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskReport:
    """Risk that is left in a release.

    Attributes
    ----------
    question : RiskQuestion
        Columns, knowledge of the intruder and thresholds.
    original_persons, released_persons, control_persons : int
        Numbers of persons in the three tables.
    classes : ClassRisks
        Chances by the classes of the release (prosecutor; the average is the marketer's share).
    journalist : ClassRisks or None
        Chances by the classes of the population, if one was given.
    uniques : PopulationUniques or None
        Estimated population uniques, if only the size of the population was given.
    original_highest : float
        Highest chance by the classes of the original.
    copied : CopiedRecords
        Copies of unique persons' records.
    attacks : tuple of AttackRate
        Attacks that were run, with the control group and with the planted copy.
    information_loss : float
        Mean loss of the quasi-identifiers, 0 to 1 (``group_losses``); persons without a row lose
        all.
    losses : DataFrame or None
        Suppression and loss by group, the group that loses most first, with the columns of
        ``GROUP_LOSSES``; None if the release does not have the column of persons.
    untested : tuple of str
        What was not tested, in sentences.
    known_facts : KnownFactsRisk or None
        What known facts single out, where the release has events; it counts for singling out.
    known_values : tuple of Estimate
        Shares of persons whom single values of other columns find (``known_values``), without
        intervals, as all are counted; they count for singling out.
    found_together : Estimate or None
        Share of rows that are found by all shown columns together, where some are kept or
        perturbed. Classes do not protect these, so above a threshold nothing can be said of a risk.
    rejoined : RejoinRisk or None
        How many persons are found again in another release. What facts join beyond the
        quasi-identifiers counts for linkability.
    joined_by_values : Estimate or None
        Share of persons who are found again in another release that shows the same values of
        sensitive and other columns. It has no threshold: such values are shown to be compared.
    """

    question: RiskQuestion
    original_persons: int
    released_persons: int
    control_persons: int
    classes: ClassRisks
    journalist: ClassRisks | None
    uniques: PopulationUniques | None
    original_highest: float
    copied: CopiedRecords
    attacks: tuple[AttackRate, ...]
    information_loss: float
    losses: pl.DataFrame | None = field(repr=False)
    untested: tuple[str, ...]
    known_facts: KnownFactsRisk | None = None
    known_values: tuple[Estimate, ...] = ()
    found_together: Estimate | None = None
    rejoined: RejoinRisk | None = None
    joined_by_values: Estimate | None = None

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """One verdict each on singling out, linkability and inference."""
        limits = self.question.thresholds
        doubt = ""
        if self.copied.is_plant_found is False:
            doubt = "the self-test failed, as a planted copy was not found"
        elif not self.released_persons:
            doubt = "the release has no rows"
        elif any(
            _is_reversed(attack, getattr(limits, attack.criterion)) for attack in self.attacks
        ):
            doubt = (
                "attacks succeed clearly more often on the control group than on the originals, as "
                "if the control group were in the release"
            )
        others: dict[RiskCriterion, tuple[Estimate, ...]] = {
            "singling_out": self.known_facts.shares if self.known_facts else (),
            "linkability": (self.rejoined.gain,) if self.rejoined else (),
        }
        failures: dict[RiskCriterion, list[Failure]] = {
            "singling_out": [
                *(class_failures(self.classes, limits) if self.question.rows_are_persons else []),
                *copy_failures(self.copied),
                *value_failures(self.known_values, limits),
            ]
        }
        # Where so many persons are alike in the originals, no attack finds or links one of them.
        bounds: dict[RiskCriterion, float] = {
            "singling_out": limits.highest,
            "linkability": limits.linkability,
            "inference": 0.0,
        }
        return tuple(
            judge_criterion(
                criterion,
                self.attacks,
                limit=getattr(limits, criterion),
                others=others.get(criterion, ()),
                failures=failures.get(criterion, ()),
                doubt=doubt or self._untried(criterion) or self._unprotected(criterion),
                is_bounded=self.original_highest <= bounds[criterion],
            )
            for criterion in CRITERIA
        )

    def _untried(self, criterion: RiskCriterion) -> str:
        """Return why no attack of a criterion could be tried, as a clause; empty if one was."""
        if criterion == "inference" and not self.question.sensitive:
            return "no sensitive column is named"
        return ""

    def _unprotected(self, criterion: RiskCriterion) -> str:
        """Return why columns outside of the classes leave a criterion open, as a clause."""
        found = self.found_together
        limit = getattr(self.question.thresholds, criterion)
        if found is None or found.value is None or found.value <= limit:
            return ""
        return (
            f"whoever knows the kept and perturbed columns too finds {value_text(found)} of the "
            "rows, and the attacks know only the quasi-identifiers"
        )

    @property
    def residual_risk(self) -> str:
        """What is left, in sentences for the person who decides about the release."""
        words = {Outcome.SHOWN: "within", Outcome.NOT_SHOWN: "above"}
        parts = []
        for criterion, verdict in zip(CRITERIA, self.verdicts, strict=True):
            name = criterion.replace("_", " ")
            state = words.get(verdict.outcome)
            parts.append(f"{name} is {state} its threshold" if state else f"{name} cannot be said")
        found = f"Of the three risks, {parts[0]}, {parts[1]} and {parts[2]}."
        left = f" Not tested: {len(self.untested)} points." if self.untested else ""
        return f"{found} {CAUTION}{left}"

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values for a JSON file; it contains no cell value."""
        thresholds = self.question.thresholds
        return {
            "columns": {
                "quasi_identifiers": list(self.question.quasi_identifiers),
                "sensitive": list(self.question.sensitive),
            },
            "thresholds": {name: getattr(thresholds, name) for name in thresholds.__slots__},
            "persons": {
                "original": self.original_persons,
                "released": self.released_persons,
                "control": self.control_persons,
            },
            "prosecutor": self._class_figures(self.classes),
            "journalist": self.journalist and self._class_figures(self.journalist),
            "population_uniques": self.uniques and _uniques(self.uniques),
            "copied_records": {
                "unique": self.copied.unique,
                "copies": self.copied.copies,
                "control_unique": self.copied.control_unique,
                "control_copies": self.copied.control_copies,
                "plant_found": self.copied.is_plant_found,
                "alarm": self.copied.is_alarm,
            },
            "information_loss": self.information_loss,
            "worst_losses": self._worst_losses(),
            "known_facts": self.known_facts and [_figures(e) for e in self.known_facts.shares],
            "known_values": [_figures(e) for e in self.known_values],
            "found_together": self.found_together and _figures(self.found_together),
            "rejoined": self.rejoined and [_figures(e) for e in self.rejoined.figures],
            "joined_by_values": self.joined_by_values and _figures(self.joined_by_values),
            "attacks": [self._attack(attack) for attack in self.attacks],
            "verdicts": [
                {
                    "name": verdict.name,
                    "outcome": _OUTCOMES[verdict.outcome],
                    "answer": verdict.answer,
                    "rule": verdict.rule,
                }
                for verdict in self.verdicts
            ],
            "untested": list(self.untested),
            "residual_risk": self.residual_risk,
        }

    def _class_figures(self, risks: ClassRisks) -> dict[str, Any]:
        return {
            "persons": risks.persons,
            "suppressed": risks.suppressed,
            "classes": risks.classes,
            "smallest": risks.smallest,
            "highest": risks.highest,
            "average": risks.average,
            "share_above": risks.share_above(self.question.thresholds.highest),
            "unique": risks.unique,
        }

    def _worst_losses(self) -> list[dict[str, Any]]:
        """Return the largest loss of a group by characteristic, without the group's name."""
        if self.losses is None:
            return []
        worst = self.losses.unique("characteristic", keep="first", maintain_order=True)
        return worst.drop("group").to_dicts()

    def _attack(self, attack: AttackRate) -> dict[str, Any]:
        limit = getattr(self.question.thresholds, attack.criterion)
        return {
            "name": attack.name,
            "criterion": attack.criterion,
            "label": attack.label,
            "tried": attack.tried,
            "successes": attack.successes,
            "control_tried": attack.control_tried,
            "control_successes": attack.control_successes,
            "risk": _figures(attack.risk),
            "planted_copy": attack.planted and _figures(attack.planted.risk),
            "notices_copy": attack.has_power(limit),
        }


_OUTCOMES = {
    Outcome.SHOWN: "within the threshold",
    Outcome.NOT_SHOWN: "above it",
    Outcome.UNDECIDED: "cannot be said",
    Outcome.CANNOT_BE_SAID: "cannot be said",
}


def _is_reversed(attack: AttackRate, limit: float) -> bool:
    """Whether an attack succeeds more often on the control group by more than the threshold."""
    high = attack.risk.high
    return high is not None and high < -limit


def _uniques(found: PopulationUniques) -> Mapping[str, Any]:
    return {
        "population": found.population,
        "models": {
            name: {"share": found.share[name], "assumption": ASSUMPTIONS[name]}
            for name in ASSUMPTIONS
        },
        "range": found.range and list(found.range),
    }


def _figures(found: Estimate) -> dict[str, Any]:
    return {
        "name": found.name,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "persons": found.n,
        "note": found.note,
    }
