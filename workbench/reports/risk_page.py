"""The page of a risk report: what is left in a release, for the data steward who decides on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from workbench.charts.drawing import draw_svg
from workbench.charts.exhibits import Figure, Table
from workbench.charts.markup import figure_markup, table_markup
from workbench.privacy.risk import RiskReport
from workbench.privacy.risk.risk_exhibits import (
    attack_figure,
    attack_table,
    class_table,
    knowledge_table,
    loss_figure,
    loss_table,
    uniques_table,
    utility_figure,
)
from workbench.privacy.risk.risk_report import CAUTION
from workbench.privacy.risk.risk_verdicts import RULE
from workbench.reports.templates import render
from workbench.statistics.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseContext:
    """What the measurement cannot know about a release.

    Attributes
    ----------
    name : str
        Name of the release.
    recipient, purpose : str
        Who gets it, and for which purpose.
    is_synthetic : bool
        Whether the original is a synthetic world, which the page then says in a banner.
    facts : mapping of str to str
        Further facts by their names, such as the lawful basis.
    columns, price : Table or None
        What was done to each column, and what was lost.
    """

    name: str
    recipient: str = ""
    purpose: str = ""
    is_synthetic: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)
    columns: Table | None = None
    price: Table | None = None


def render_risk_page(
    report: RiskReport,
    context: ReleaseContext,
    *,
    alternatives: Mapping[str, RiskReport] | None = None,
) -> str:
    """Return the page of a risk report as one HTML document that needs no other file.

    Parameters
    ----------
    report : RiskReport
        What was measured.
    context : ReleaseContext
        Name, recipient and purpose of the release.
    alternatives : mapping of str to RiskReport, optional
        Reports on other releases of the same table by their names, to which risk and loss of this
        one are compared. Its own name is that of the context.
    """
    compared = {context.name: report, **(alternatives or {})}
    return render(
        "risk_page.html",
        context=context,
        report=report,
        caution=CAUTION,
        verdicts=[_verdict(verdict) for verdict in report.verdicts],
        rule=RULE,
        thresholds=report.to_dict()["thresholds"],
        classes=[_table(class_table(report)), _table(uniques_table(report))],
        attacks=[_figure(attack_figure(report)), _table(attack_table(report))],
        histories=_table(knowledge_table(report)),
        losses=[_figure(loss_figure(report)), _table(loss_table(report))],
        utility=_figure(utility_figure(compared)) if len(compared) > 1 else None,
        columns=_table(context.columns),
        price=_table(context.price),
    )


def _verdict(verdict: Verdict) -> Mapping[str, Any]:
    """Return a verdict with its outcome in words and what was found."""
    outcome, _, findings = verdict.answer.partition(": ")
    return {"verdict": verdict, "outcome": outcome, "findings": findings}


def _table(table: Table | None) -> Markup | None:
    return None if table is None else Markup(table_markup(table))


def _figure(figure: Figure | None) -> Markup | None:
    if figure is None:
        return None
    narrow = draw_svg(figure, is_narrow=True) if figure.narrow is not None else ""
    return Markup(figure_markup(figure, draw_svg(figure), narrow))
