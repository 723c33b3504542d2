"""The page of a risk report: one document that needs no other, without anything that runs."""

import re

import polars as pl
import pytest

from workbench.privacy.risk import RiskQuestion, RiskReport, assess_risk
from workbench.reports.risk_page import ReleaseContext, render_risk_page


@pytest.fixture(scope="module")
def report() -> RiskReport:
    original = pl.DataFrame(
        {
            "who": range(60),
            "area": [f"<b>{number % 6}</b>" for number in range(60)],
            "age": range(60),
            "plan": ["a", "b", "c"] * 20,
        }
    )
    question = RiskQuestion(
        quasi_identifiers=("area", "age"), sensitive=("plan",), persons="who", population=1000
    )
    return assess_risk(original[:40], original[:40], question, control=original[40:])


def test_the_page_answers_first_and_names_what_was_not_tested(report: RiskReport) -> None:
    context = ReleaseContext(name="April extract", recipient="A university", purpose="research")
    page = render_risk_page(report, context)
    parts = [
        "Which risk is left in April extract?", "Verdicts",
        "Above a threshold, to act on",
        "by k alone a release is never anonymous", "Classes of the quasi-identifiers", "Attacks",
        "What the release costs", "What was not tested", "Residual risk",
    ]  # fmt: skip
    places = [page.index(part) for part in parts]
    assert places == sorted(places)
    assert "40 of 40 unique persons have their record in the release word for word" in page
    assert "A university" in page and "Synthetic data" not in page
    assert "Risk against loss" not in page


def test_the_page_needs_nothing_and_runs_nothing(report: RiskReport) -> None:
    page = render_risk_page(report, ReleaseContext(name="<i>x</i>", is_synthetic=True))
    assert "Synthetic data: nobody in this release ever lived." in page
    assert "<script" not in page and "<i>" not in page and "<b>" not in page
    assert not re.findall(r'(?:src|href)="(?!#)[^"]+"', page)
    assert page.count("<h1>") == 1


def test_other_releases_are_compared(report: RiskReport) -> None:
    page = render_risk_page(report, ReleaseContext(name="one"), alternatives={"other": report})
    assert "Risk against loss of information" in page


def test_the_page_is_the_same_every_time(report: RiskReport) -> None:
    context = ReleaseContext(name="one")
    assert render_risk_page(report, context) == render_risk_page(report, context)
