"""Risk that is left in an anonymised table: counts of classes, and attacks that are run.

    original ─┐
    release  ─┼─> classes, copies, attacks ─> RiskReport: figures, verdicts, what was not tested
    control  ─┘

`assess_risk` measures a release against the table that it was made from and a *control group*:
persons of the same population who are not in it. An attack that succeeds on the control group as
often as on the persons of the release learns about the population, not about persons. Its risk is
*control-adjusted* (Giomi et al. 2023).

There is a verdict each on singling out, linkability and inference, the three criteria of the
Article 29 Working Party (opinion 05/2014). No verdict rests on one number, and none is given before
the attacks have noticed a planted copy of the originals.

>>> import polars as pl
>>> rows = pl.DataFrame({"plan": ["a", "a", "b", "b"], "area": ["N", "N", "S", "S"]})
>>> report = assess_risk(rows, rows, RiskQuestion(quasi_identifiers=("plan", "area")))
>>> report.verdicts[0].answer
'Above a threshold: 100.0% of the persons can be picked with a chance above ...
"""

from workbench.privacy.risk.class_risks import ClassRisks, journalist_risks, prosecutor_risks
from workbench.privacy.risk.population_uniques import PopulationUniques, population_uniques
from workbench.privacy.risk.risk_assessment import assess_risk
from workbench.privacy.risk.risk_question import RiskQuestion, RiskThresholds
from workbench.privacy.risk.risk_report import RiskReport

__all__ = [
    "ClassRisks",
    "PopulationUniques",
    "RiskQuestion",
    "RiskReport",
    "RiskThresholds",
    "assess_risk",
    "journalist_risks",
    "population_uniques",
    "prosecutor_risks",
]
