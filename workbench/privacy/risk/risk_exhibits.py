"""Tables and figures of a risk report, for a page that a data steward reads."""

from collections.abc import Mapping

import polars as pl

from workbench.charts import row_charts, xy_charts
from workbench.charts.exhibits import Figure, Table
from workbench.privacy.risk.attack_rates import AttackRate
from workbench.privacy.risk.class_risks import ClassRisks
from workbench.privacy.risk.group_losses import EVERYBODY, GROUP_LOSSES
from workbench.privacy.risk.population_uniques import ASSUMPTIONS
from workbench.privacy.risk.risk_report import RiskReport
from workbench.statistics.estimates import Estimate

#: Number of groups in the figure and in the table of losses.
_WORST, _LISTED = 12, 25
_SHARES = dict.fromkeys(("rate", "control_rate", "risk", "risk_low", "risk_high", "copy"), ".1%")


#: Columns of the table of attacks.
ATTACK_COLUMNS: Mapping[str, pl.DataType] = {
    "criterion": pl.String(), "attack": pl.String(), "persons": pl.Int64(), "rate": pl.Float64(),
    "control_rate": pl.Float64(), "risk": pl.Float64(), "risk_low": pl.Float64(),
    "risk_high": pl.Float64(), "copy": pl.Float64(),
}  # fmt: skip


def class_table(report: RiskReport) -> Table:
    """Return the risks by classes, of the release and of the population."""
    limits = report.question.thresholds

    def rows(risks: ClassRisks | None) -> list[str]:
        if risks is None:
            return ["–"] * 6
        return [
            f"{risks.highest:.3g}", f"{risks.average:.3g}",
            f"{risks.share_above(limits.highest):.1%}", f"{risks.smallest:,}",
            f"{risks.unique:,}", f"{risks.suppressed:,}",
        ]  # fmt: skip

    made = pl.DataFrame(
        {
            "measure": [
                "Highest chance of picking a person", "Average chance",
                f"Persons whose chance is above {limits.highest:.3g}",
                "Persons in the smallest class", "Unique persons", "Suppressed persons",
            ],
            "release": rows(report.classes),
            "population": rows(report.journalist),
            "threshold": [
                f"{limits.highest:.3g}", f"{limits.average:.3g}", f"{limits.share_above:.1%}",
                "–", "–", "–",
            ],
        }
    )  # fmt: skip
    return Table(
        name="class_risks", title="Chance of picking a person by the quasi-identifiers", rows=made,
        persons=None,
        note="The average is the share of persons that a marketer finds.",
    )  # fmt: skip


def attack_table(report: RiskReport) -> Table:
    """Return the attacks with their success on the originals, on the control group and on a copy.

    The attack that is measured by copied records is the first row.
    """
    attacks = [report.copied.attack, *report.attacks]
    rows = pl.DataFrame(
        [_attack_row(attack) for attack in attacks],
        schema=ATTACK_COLUMNS,
    )
    return Table(
        name="attack_risks",
        title="Attacks that were run",
        rows=rows,
        persons="persons",
        labels={
            "persons": "Persons attacked", "rate": "Success", "control_rate": "Success on control",
            "risk": "Risk", "copy": "Risk of a verbatim copy",
        },
        formats=_SHARES,
        note="The risk is the success beyond that on the control group. An attack counts towards "
        "an all-clear only if the risk that it finds in a verbatim copy is above the threshold.",
    )  # fmt: skip


def attack_figure(report: RiskReport) -> Figure:
    """Return the control-adjusted risks with their intervals, and the threshold if it is one."""
    table = attack_table(report)
    thresholds = report.question.thresholds
    limits = {thresholds.singling_out, thresholds.linkability, thresholds.inference}
    shown = Table(
        name="attack_intervals",
        title="Risk by attack, adjusted by the control group",
        rows=table.rows.filter(pl.col("risk").is_not_null()).select(
            "attack", "persons", "risk", "risk_low", "risk_high"
        ),
        persons="persons",
        formats=_SHARES,
    )
    return row_charts.intervals(
        shown,
        group="attack",
        value="risk",
        low="risk_low",
        high="risk_high",
        axis="Risk",
        form=".1%",
        reference=limits.pop() if len(limits) == 1 else None,
        reference_name="threshold",
    )


def uniques_table(report: RiskReport) -> Table | None:
    """Return the estimates of population uniques by model; None if there are none."""
    if report.uniques is None:
        return None
    share = report.uniques.share
    rows = pl.DataFrame(
        {
            "model": list(ASSUMPTIONS),
            "share": [share[name] for name in ASSUMPTIONS],
            "assumption": list(ASSUMPTIONS.values()),
        },
        schema_overrides={"share": pl.Float64},
    )
    return Table(
        name="population_uniques",
        title=f"Estimated share of unique persons among {report.uniques.population:,}",
        rows=rows,
        persons=None,
        labels={"share": "Unique in the population"},
        formats={"share": ".1%"},
        note="The models disagree: none of them is the truth. An empty cell has no solution.",
    )


def knowledge_table(report: RiskReport) -> Table | None:
    """Return whom known values and facts single out and join; None if nothing was measured."""
    figures: list[Estimate] = list(report.known_values)
    if report.found_together is not None:
        figures.append(report.found_together)
    if report.known_facts is not None:
        figures += report.known_facts.shares
    if report.rejoined is not None:
        figures += report.rejoined.figures
    if report.joined_by_values is not None:
        figures.append(report.joined_by_values)
    if not figures:
        return None
    rows = pl.DataFrame(
        [(each.label, each.n, each.value, each.low, each.high) for each in figures],
        schema={
            "figure": pl.String, "persons": pl.Int64, "share": pl.Float64,
            "share_low": pl.Float64, "share_high": pl.Float64,
        },
        orient="row",
    )  # fmt: skip
    return Table(
        name="knowledge_risks", title="Whom known values and facts single out and join", rows=rows,
        persons="persons", formats={"share": ".1%", "share_low": ".1%", "share_high": ".1%"},
    )  # fmt: skip


def loss_table(report: RiskReport) -> Table | None:
    """Return suppression and loss by group, worst first; None if they were not measured."""
    if report.losses is None:
        return None
    return Table(
        name="group_losses",
        title="Who loses most",
        rows=report.losses.head(_LISTED + 1),
        persons="persons",
        formats={name: ".1%" for name, kind in GROUP_LOSSES.items() if kind == pl.Float64()},
        note="Loss is the share of a column's other values that a cell could also be, mean over "
        "the quasi-identifiers; a suppressed person loses all. Groups of fewer than 10 "
        f"persons are left out, and so are groups after the {_LISTED} that lose most.",
    )


def loss_figure(report: RiskReport) -> Figure | None:
    """Return the groups that lose most, beside the loss of everybody."""
    if report.losses is None:
        return None
    everybody = report.losses.filter(pl.col("characteristic") == EVERYBODY)
    worst = report.losses.filter(pl.col("characteristic") != EVERYBODY).head(_WORST)
    rows = worst.select(
        pl.format("{}: {}", "characteristic", "group").alias("group"),
        "persons", "loss", "loss_low", "loss_high",
    )  # fmt: skip
    table = Table(
        name="worst_losses", title="Groups that lose most information", rows=rows,
        persons="persons", formats=dict.fromkeys(("loss", "loss_low", "loss_high"), ".1%"),
    )  # fmt: skip
    return row_charts.intervals(
        table, group="group", value="loss", low="loss_low", high="loss_high", axis="Loss",
        form=".1%", reference=everybody["loss"].item(), reference_name="everybody",
    )  # fmt: skip


def utility_figure(reports: Mapping[str, RiskReport]) -> Figure:
    """Return the risk against the loss of several releases of one table.

    The risk of a release is the largest control-adjusted risk of an attack, at least 0.
    """
    rows = pl.DataFrame(
        {
            "release": list(reports),
            "persons": [report.released_persons for report in reports.values()],
            "loss": [report.information_loss for report in reports.values()],
            "risk": [_largest_risk(report) for report in reports.values()],
        },
        schema_overrides={"risk": pl.Float64},
    )
    table = Table(
        name="risk_against_loss", title="Risk against loss of information", rows=rows,
        persons="persons", formats={"loss": ".1%", "risk": ".1%"},
    )  # fmt: skip
    axes = ("Loss of information", "Largest risk of an attack")
    return xy_charts.scatter(table, x="loss", y="risk", group="release", size="persons", axes=axes)


def _largest_risk(report: RiskReport) -> float | None:
    risks = [attack.risk.value for attack in report.attacks]
    known = [risk for risk in risks if risk is not None]
    return max(0.0, *known) if known else None


def _attack_row(attack: AttackRate) -> dict[str, str | int | float | None]:
    risk, planted = attack.risk, attack.planted
    return {
        "criterion": attack.criterion.replace("_", " ").capitalize(),
        "attack": attack.label,
        "persons": attack.tried,
        "rate": attack.rate.value,
        "control_rate": attack.control_rate.value,
        "risk": risk.value,
        "risk_low": risk.low,
        "risk_high": risk.high,
        "copy": planted.risk.value if planted else None,
    }
