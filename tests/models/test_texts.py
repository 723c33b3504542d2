"""Verdicts say in their words only what their figures show, so that a report passes its check."""

from dataclasses import asdict

import numpy as np
import polars as pl
import pytest

from workbench.fairness import Question, audit
from workbench.fairness.audit_exhibits import contrasts
from workbench.models.assessment import assess
from workbench.models.score_verdicts import calibration_verdict, gain_verdict, ranks_verdict
from workbench.privacy.quoted_numbers import Shown
from workbench.privacy.release import Release
from workbench.privacy.vocabulary import Vocabulary
from workbench.privacy.wording import Wording
from workbench.schema import CustomerData
from workbench.statistics.verdicts import Verdict

WORDING = Wording(source="", vocabulary=Vocabulary(data=CustomerData.of({}), k=5))


def check(verdict: Verdict, tables: list[pl.DataFrame], *, stated: str = "") -> None:
    exhibits = [{"rows": table.rows()} for table in tables]
    shown = Shown.of(exhibits, [asdict(each) for each in verdict.estimates], stated=stated)
    texts = [(f"the answer of {verdict.name}", verdict.answer), ("q", verdict.question)]
    WORDING.require(texts, shown)


@pytest.mark.parametrize("seed", range(12))
def test_verdicts_on_scores(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = int(random.integers(60, 6000))
    scores = random.beta(2, 2 + seed % 5, n)
    persons = pl.DataFrame(
        {
            "customer_id": random.choice(2**62, n, replace=False).astype(np.uint64),
            "score": scores,
            "churned": random.random(n) < scores ** (1 + 0.2 * (seed % 3)),
        }
    )
    rules = Release(view=f"v{seed}", secret=b"s" * 32)
    found = assess(persons, how="out-of-time", seed=seed, release=rules)
    check(ranks_verdict(found.auc), [])
    check(calibration_verdict(found), [])
    rule = scores + random.normal(0, 0.2, n)
    check(gain_verdict(persons, rule, n=found.auc.n, rule_name="days", release=rules), [])


@pytest.mark.parametrize("seed", range(12))
def test_verdicts_of_an_audit(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = int(random.integers(200, 20_000))
    rows = pl.DataFrame(
        {
            "customer_id": random.choice(2**62, n, replace=False).astype(np.uint64),
            "gender": random.choice(["female", "male", "nonbinary"], n, p=[0.5, 0.45, 0.05]),
            "selected": random.random(n) < 0.1 + 0.02 * (seed % 4),
            "outcome": random.random(n) < 0.3,
        }
    )
    question = Question(attributes=("gender",), least=50)
    found = audit(
        rows, question, decision="selected", outcome="outcome", seed=seed,
        release=Release(view=f"v{seed}", secret=b"s" * 32),
    )  # fmt: skip
    for verdict in found.verdicts:
        check(verdict, [found.rates, contrasts(found).rows, found.overall], stated="50")
