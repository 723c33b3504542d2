"""Measure the risk that is left in an extract, with attacks on a rehearsal of it.

An attack counts beyond its success against persons who are not in the extract, so it needs a
control group. Where the extract contains everybody there is none. So the attacks are run on a
rehearsal: the same policy makes an extract of a random half of the persons, and the other half is
the control. Figures of classes are those of the extract itself.
"""

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from workbench.foundation.errors import PrivacyError
from workbench.privacy.risk.class_risks import prosecutor_risks
from workbench.privacy.risk.risk_assessment import assess_risk
from workbench.privacy.risk.risk_question import RiskQuestion
from workbench.privacy.risk.risk_report import RiskReport

_REHEARSED = (
    "Attacks were run on a rehearsal, which is an extract that the same policy made of a random "
    "half of the persons; the others are the control group."
)
_NOT_REHEARSED = (
    "A random half of the persons is too few for the policy, so attacks were run without a "
    "control group, and their success by chance is counted as a leak."
)
#: Most persons of a rehearsal and its control group together.
_MOST = 40_000


def measure_risk(
    original: pl.DataFrame,
    released: pl.DataFrame,
    question: RiskQuestion,
    *,
    make: Callable[[pl.DataFrame], pl.DataFrame],
) -> RiskReport:
    """Measure the risk of an extract.

    Parameters
    ----------
    original : DataFrame
        Rows of which the extract was made.
    released : DataFrame
        Rows of the extract.
    question : RiskQuestion
        Quasi-identifiers, sensitive columns and thresholds.
    make : callable
        Makes the rows of an extract of some of the original rows by the same policy; raises
        PrivacyError if they are too few.
    """
    inside, outside = _split(original, question.persons)
    try:
        rehearsal = make(inside)
    except PrivacyError:
        report = assess_risk(original, released, question)
        return replace(report, untested=(_NOT_REHEARSED, *report.untested))
    report = assess_risk(inside, rehearsal, question, control=outside)
    columns = question.quasi_identifiers
    owner = question.persons if question.persons in released.columns else None
    classes = prosecutor_risks(released, columns, persons=owner)
    before = prosecutor_risks(original, columns, persons=question.persons)
    return replace(
        report,
        original_persons=before.persons + before.suppressed,
        released_persons=classes.persons + classes.suppressed,
        classes=classes,
        original_highest=before.highest,
        untested=(_REHEARSED, *report.untested),
    )


def _split(rows: pl.DataFrame, persons: str | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of two random halves of the persons, of at most ``_MOST`` together.

    A hash draws, so the same table is split alike in every run.
    """
    owner = rows[persons] if persons else pl.int_range(rows.height, eager=True)
    owner = owner.hash(seed=7)
    order = owner.unique().sort().head(_MOST)
    half = len(order) // 2
    return (
        rows.filter(owner.is_in(order.head(half).implode())),
        rows.filter(owner.is_in(order.slice(half).implode())),
    )
