"""Measure the risk of a release of everybody, with attacks on a rehearsal of it."""

from collections.abc import Callable

import polars as pl

from workbench.foundation.errors import PrivacyError
from workbench.privacy.risk.risk_assessment import Rehearsal, assess_risk
from workbench.privacy.risk.risk_question import RiskQuestion
from workbench.privacy.risk.risk_report import RiskReport

#: Most persons of a rehearsal and its control group together.
_MOST = 40_000


def assess_by_rehearsal(
    original: pl.DataFrame,
    released: pl.DataFrame,
    question: RiskQuestion,
    *,
    make: Callable[[pl.DataFrame], pl.DataFrame],
) -> RiskReport:
    """Measure the risk of a release of everybody, with attacks on a rehearsal of it.

    Parameters
    ----------
    original : DataFrame
        Rows of which the release was made.
    released : DataFrame
        Rows of the release.
    question : RiskQuestion
        Quasi-identifiers, sensitive columns, thresholds and the column of persons.
    make : callable
        Makes a release of some of the original rows by the same method; raises
        PrivacyError if they are too few.
    """
    inside, outside = _split(original, str(question.persons))
    try:
        rehearsal = Rehearsal(original=inside, released=make(inside), control=outside)
    except PrivacyError:  # Half of the persons are too few for the policy.
        rehearsal = None
    return assess_risk(original, released, question, rehearsal=rehearsal)


def _split(rows: pl.DataFrame, persons: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of two random halves of the persons, of at most ``_MOST`` together.

    A hash draws, so the same table is split alike in every run. A row without a person is a person
    of its own, as a guest is.
    """
    guest = pl.int_range(pl.len()).hash(seed=8)
    hashed = pl.when(pl.col(persons).is_null()).then(guest).otherwise(pl.col(persons).hash(seed=7))
    owner = rows.select(hashed).to_series()
    order = owner.unique().sort().head(_MOST)
    half = len(order) // 2
    return (
        rows.filter(owner.is_in(order.head(half).implode())),
        rows.filter(owner.is_in(order.slice(half).implode())),
    )
