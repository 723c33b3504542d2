"""The risk that is left in the customer table of a view, judged against the study's limits.

It is measured when the view is made, because only then the customers' own values are at hand, and
only for a study that states limits. It has no value of a customer, and of exact numbers only how
many persons of a sample were attacked: pages of a study show numbers of persons with noise.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.charts import row_charts, xy_charts
from workbench.charts.exhibits import Figure, Table
from workbench.foundation.errors import ParameterError
from workbench.privacy.anonymity import AnonymisedTable
from workbench.privacy.generalisation import levels, quasi_identifiers
from workbench.privacy.level_labels import hierarchies_of_levels, label_values, labels_at
from workbench.privacy.policy_criteria import anonymise_by_policy, sensitive_of_customers
from workbench.privacy.recoding import SUPPRESSED, Hierarchy
from workbench.privacy.risk.class_risks import prosecutor_risks
from workbench.privacy.risk.rehearsing import assess_by_rehearsal
from workbench.privacy.risk.risk_exhibits import ATTACK_COLUMNS, attack_table
from workbench.privacy.risk.risk_question import RiskQuestion, RiskThresholds
from workbench.statistics.estimates import Estimate
from workbench.statistics.verdicts import Outcome, Verdict
from workbench.studies import StudyTerms

if TYPE_CHECKING:
    from workbench.privacy.view import View

#: Numbers of persons for which the price of k is computed, beside the study's own.
_TRIED_K = (2, 5, 11, 20, 50)
_ATTACKS = 500
_ID = "customer_id"
_PRICES: Mapping[str, pl.DataType] = {
    "k": pl.Int64(),
    "risk": pl.Float64(),
    "loss": pl.Float64(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRisk:
    """Risk that is left in the customer table of a view.

    Attributes
    ----------
    verdicts : tuple of Verdict
        One each on singling out, linkability and inference.
    attacks : DataFrame
        Attacks that were run, see ``risk_exhibits.attack_table``.
    prices : DataFrame
        For some ``k`` the average chance of picking a person (``risk``) and the share of
        information that the quasi-identifiers lose (``loss``), both 0 to 1.
    k : int
        The k of the study.
    untested : tuple of str
        What was not tested, in sentences.
    """

    verdicts: tuple[Verdict, ...]
    attacks: pl.DataFrame
    prices: pl.DataFrame
    k: int
    untested: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the risk as content for JSON."""
        return {
            "verdicts": [asdict(each) for each in self.verdicts],
            "attacks": self.attacks.to_dicts(),
            "prices": self.prices.to_dicts(),
            "k": self.k,
            "untested": list(self.untested),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "ViewRisk":
        """Return the risk from the result of ``to_json``."""
        return cls(
            verdicts=tuple(_verdict(each) for each in content["verdicts"]),
            attacks=pl.DataFrame(content["attacks"], schema=ATTACK_COLUMNS),
            prices=pl.DataFrame(content["prices"], schema=_PRICES),
            k=content["k"],
            untested=tuple(content["untested"]),
        )

    def exhibits(self, *, origin: str, persons: int) -> tuple[Table | Figure, ...]:
        """Return the attacks and the price of k as tables and figures that may be shown.

        Parameters
        ----------
        origin : str
            Mark of the view's release.
        persons : int
            Number of customers in the view, as the view's report shows it.
        """
        attacks = Table(
            name="attacks",
            title="Attacks that were tried on the customer table",
            rows=self.attacks.select("attack", "persons", "rate", "control_rate", "risk"),
            persons="persons",
            labels={
                "persons": "Persons attacked",
                "rate": "Success",
                "control_rate": "Success on others",
                "risk": "Risk",
            },
            formats=dict.fromkeys(("rate", "control_rate", "risk"), ".1%"),
            note="The risk is the success beyond that on persons who are not in the table.",
            origin=origin,
        )
        intervals = Table(
            name="attack_risks",
            title="Risk by attack, beyond the success on persons who are not in the table",
            rows=self.attacks.drop_nulls("risk").select(
                "attack", "persons", "risk", "risk_low", "risk_high"
            ),
            persons="persons",
            formats=dict.fromkeys(("risk", "risk_low", "risk_high"), ".1%"),
            origin=origin,
        )
        prices = Table(
            name="price_of_k",
            title=f"What k costs: the study has k = {self.k}",
            rows=self.prices.select("k", pl.lit(persons).alias("persons"), "risk", "loss"),
            persons="persons",
            labels={"risk": "Average chance of picking a person", "loss": "Information lost"},
            formats={"risk": ".2%", "loss": ".1%"},
            origin=origin,
        )
        return (
            row_charts.intervals(
                intervals, group="attack", value="risk", low="risk_low", high="risk_high",
                axis="Risk", form=".1%",
            ),
            attacks,
            xy_charts.lines(
                prices, x="k", y="loss", series=None, axes=("k", "Information lost"), form=".0%"
            ),
        )  # fmt: skip


def require_risk(view: "View") -> ViewRisk:
    """Return the risk of a view.

    Raises
    ------
    ParameterError
        The study states no limits, or its view has no quasi-identifier.
    """
    if view.report.risk is None:
        raise ParameterError(
            f"study {view.study.name} has no risk to judge: state [policy.limits] in its file, and "
            "columns of customers by which a person could be recognised"
        )
    return view.report.risk


def measure_view_risk(
    allowed: pl.DataFrame, made: pl.DataFrame, reached: Mapping[str, int], study: StudyTerms,
    as_of: date, *, origin: str,
) -> ViewRisk | None:  # fmt: skip
    """Measure the risk that is left in the customer table of a view.

    Parameters
    ----------
    allowed, made : DataFrame
        Customers of the view before and after their columns are treated.
    reached : mapping of str to int
        Level of each quasi-identifier, see ``GeneralisedCustomers``.
    study : StudyTerms
        Terms of the study, whose policy states limits.
    as_of : date
        Date of the view.
    origin : str
        Mark of the view's release.

    Returns
    -------
    ViewRisk or None
        None where the study states no limits or shows no quasi-identifier.
    """
    limits = study.policy.limits
    if limits is None or not reached:
        return None
    available = levels(as_of)
    asked = {name: available[name] for name in quasi_identifiers() if name in reached}
    hierarchies = hierarchies_of_levels(allowed, asked)
    sensitive = list(sensitive_of_customers(study.columns["customers"]))
    finest = labels_at(asked, dict.fromkeys(asked, 0))
    original = allowed.select(_ID, *finest, *sensitive)
    before = allowed.drop(sensitive).join(made.select(_ID, *sensitive), on=_ID, how="left")

    def anonymised(customers: pl.DataFrame, k: int) -> AnonymisedTable:
        policy = study.policy.model_copy(update={"k": k})
        return anonymise_by_policy(customers, policy, as_of, columns=study.columns["customers"])

    def release(some: pl.DataFrame) -> pl.DataFrame:
        customers = before.join(some.select(_ID), on=_ID, how="semi")
        table = anonymised(customers, study.policy.k)
        shown = label_values(table.rows, table.level)
        return shown.join(made.select(_ID, *sensitive), on=_ID, how="left")

    shown = label_values(made.select(_ID, *asked), {name: reached[name] for name in asked})
    report = assess_by_rehearsal(
        original,
        shown.join(made.select(_ID, *sensitive), on=_ID, how="left"),
        RiskQuestion(
            quasi_identifiers=tuple(asked),
            sensitive=tuple(sensitive),
            persons=_ID,
            hierarchies={name: each.frame() for name, each in hierarchies.items()},
            thresholds=RiskThresholds(**limits.model_dump()),
            attacks=_ATTACKS,
        ),
        make=release,
    )
    tried = sorted({*_TRIED_K, study.policy.k})
    return ViewRisk(
        verdicts=tuple(_with_origin(each, origin) for each in report.verdicts),
        attacks=attack_table(report).rows,
        prices=_prices(before, tried, asked, hierarchies, anonymised),
        k=study.policy.k,
        untested=report.untested,
    )


def _prices(
    allowed: pl.DataFrame,
    tried: Iterable[int],
    asked: Collection[str],
    hierarchies: Mapping[str, Hierarchy],
    anonymised: Callable[[pl.DataFrame, int], AnonymisedTable],
) -> pl.DataFrame:
    """Return risk and loss for each k for which there are enough customers."""
    rows = []
    for k in tried:
        if allowed.height < k:
            continue
        table = anonymised(allowed, k)
        shown = label_values(table.rows, table.level)
        losses = [_loss(shown[name], hierarchies[name]) for name in asked]
        risk = prosecutor_risks(shown, list(asked), persons=_ID).average
        rows.append((k, risk, sum(losses) / len(losses)))
    return pl.DataFrame(rows, schema=_PRICES, orient="row")


def _loss(labels: pl.Series, hierarchy: Hierarchy) -> float:
    """Return the mean share of the other values that a cell could also be; see ``recoding``."""
    if hierarchy.leaves < 2:  # One value cannot be another.
        return 0.0
    covered = {SUPPRESSED: hierarchy.leaves}
    for label in hierarchy.frame().iter_columns():
        covered |= dict(label.value_counts().iter_rows())
    counted = labels.value_counts()
    covers = counted[labels.name].replace_strict(covered, default=1, return_dtype=pl.Float64)
    lost = ((covers - 1) * counted["count"]).sum()
    return float(lost) / ((hierarchy.leaves - 1) * len(labels))


def _with_origin(verdict: Verdict, origin: str) -> Verdict:
    return replace(
        verdict, estimates=tuple(replace(each, origin=origin) for each in verdict.estimates)
    )


def _verdict(content: Mapping[str, Any]) -> Verdict:
    estimates = tuple(
        Estimate(**{**each, "original_figures": tuple(each["original_figures"])})
        for each in content["estimates"]
    )
    return Verdict(**{**content, "outcome": Outcome(content["outcome"]), "estimates": estimates})
