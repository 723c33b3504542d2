"""Audits of decisions: rates by group, contrasts, ranges and verdicts with three outcomes.

For each attribute and judged metric all pairs of groups are compared. A difference is shown, or the
groups with enough persons are shown to be within the tolerance, or the data are not enough (with
the number of persons that would do), or it cannot be said, with the reason. The largest difference
is always above 0, and the four-fifths rule on point estimates reports nearly all fair audits of a
thousand persons. So a finding needs an interval and an adjustment for the number of groups.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from workbench.fairness.answers import disparity_verdict, range_estimate
from workbench.fairness.contrasts import contrasts, ranges
from workbench.fairness.disparity import WITHOUT_OUTCOME, count_decisions, rates
from workbench.fairness.groups import assign_groups
from workbench.fairness.question import Question, judged_rates
from workbench.fairness.representation import representation
from workbench.foundation.errors import ParameterError, unknown_name
from workbench.privacy.release import EXACT, Release, shares
from workbench.statistics.estimates import Estimate
from workbench.statistics.verdicts import Verdict

_WITH_OUTCOME = (
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "false_negative_rate",
    "precision",
    "accuracy",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The results of an audit.

    Attributes
    ----------
    rates : DataFrame
        One row per attribute, metric and group; see ``disparity.rates``.
    contrasts : DataFrame
        One row per pair of groups and metric; see ``contrasts.contrasts``.
    ranges : DataFrame
        The largest difference by attribute and metric; see ``contrasts.ranges``.
    representation : DataFrame
        Shares of each group, see ``representation``.
    overall : DataFrame
        Each metric of all persons together; see ``disparity.rates``.
    estimates : tuple of Estimate
        ``selected``, the share of all persons, then ``METRIC_difference`` for each metric, or
        ``METRIC_difference_by_ATTRIBUTE`` if there are several attributes.
    verdicts : tuple of Verdict
        One verdict per attribute and judged metric.
    origin : str
        Mark of the release that made the counts.
    """

    rates: pl.DataFrame
    contrasts: pl.DataFrame
    ranges: pl.DataFrame
    representation: pl.DataFrame
    overall: pl.DataFrame
    estimates: tuple[Estimate, ...]
    verdicts: tuple[Verdict, ...]
    origin: str

    def _repr_html_(self) -> str:
        lines = "".join(
            f"<li>{verdict.question} <strong>{verdict.outcome}</strong>. {verdict.answer}</li>"
            for verdict in self.verdicts
        )
        return f"<ul>{lines}</ul>"


def audit(
    rows: pl.DataFrame,
    question: Question,
    *,
    decision: str,
    outcome: str | None = None,
    seed: int,
    release: Release = EXACT,
) -> Audit:
    """Compare the results of a decision between groups.

    Parameters
    ----------
    rows : DataFrame, shape (persons, columns)
        One row per person: attributes, decision and outcome, and ``customer_id`` if the release
        has noise.
    question : Question
        Attributes, metrics and tolerance of the audit.
    decision : str
        Column that is true for selected persons (Boolean, or 0 and 1).
    outcome : str, optional
        Column that is true for persons with the outcome; without it only selection is compared.
    seed : int
        Seed of the critical value of the ranges.
    release : Release
        Release that makes every count before it is judged; for figures to be shown, the view's
        (``view.release``).

    Raises
    ------
    ParameterError
        A column is missing or has too many values (the message proposes bands), or a reference is
        not a group.
    InputError
        There is no row, or a decision or outcome is missing.
    """
    for name in (decision, *([outcome] if outcome else [])):
        if name not in rows.columns:
            raise ParameterError(unknown_name("column", name, rows.columns))
    groups = assign_groups(
        rows, question.attributes, bands=question.bands, most_values=question.most_values
    )
    sets: list[Sequence[str]] = [[name] for name in question.attributes]
    if question.are_crossed and len(sets) > 1:
        sets.append(question.attributes)
    outcomes = rows[outcome] if outcome else None
    persons = rows["customer_id"] if "customer_id" in rows.columns else None
    counted = [
        count_decisions(
            groups.select(names), rows[decision], outcomes, persons=persons, release=release
        )
        for names in sets
    ]
    metrics = _choose_metrics(question, outcomes is not None)
    table = pl.concat(
        [rates(part, metrics, least=question.least, release=release) for part in counted]
    )
    attributes = [_attribute_of(part) for part in counted]
    _require_references(counted, question)
    compared = contrasts(table, question, seed=seed, release=release)
    largest = ranges(table, compared, release=release)
    whole = count_decisions(
        pl.select(everybody=pl.repeat("everybody", rows.height)),
        rows[decision],
        outcomes,
        persons=persons,
        release=release,
    )
    return Audit(
        rates=table,
        contrasts=compared,
        ranges=largest,
        representation=pl.concat(
            [representation(part, whole, release=release) for part in counted]
        ),
        overall=rates(whole, metrics, least=question.least, release=release),
        origin=release.origin,
        estimates=(
            _share_selected(whole, release),
            *(
                range_estimate(row, len(attributes), release.origin)
                for row in largest.iter_rows(named=True)
            ),
        ),
        verdicts=tuple(
            disparity_verdict(attribute, judged, table, compared, largest, question, release.origin)
            for attribute in attributes
            for judged in question.judged
            if outcomes is not None or judged in WITHOUT_OUTCOME
        ),
    )


def _share_selected(whole: pl.DataFrame, release: Release) -> Estimate:
    """Return the share of all persons that was selected."""
    n = int(whole["persons"][0])
    found = shares(whole["selected"], whole["persons"], release=release)
    bound = found.bound[0]
    return Estimate(
        name="selected",
        value=None if bound or n == 0 else float(found.value[0]),
        low=float(found.low[0]),
        high=float(found.high[0]),
        n=n,
        unit="share",
        label="Share selected of everybody",
        note=bound or "Wilson interval, exact for few",
        origin=release.origin,
    )


def _choose_metrics(question: Question, has_outcomes: bool) -> tuple[str, ...]:
    if not has_outcomes:
        refused = [name for name in question.metrics if name not in WITHOUT_OUTCOME]
        if refused:
            raise ParameterError(f"{', '.join(refused)} need an outcome: name its column")
        return WITHOUT_OUTCOME
    needed = [name for judged in question.judged for name in judged_rates(judged)]
    return tuple(dict.fromkeys([*(question.metrics or _WITH_OUTCOME), *needed]))


def _attribute_of(counted: pl.DataFrame) -> str:
    return str(counted["attribute"][0])


def _require_references(counted: Sequence[pl.DataFrame], question: Question) -> None:
    for part in counted:
        attribute = _attribute_of(part)
        wanted = question.references.get(attribute)
        if wanted is not None and wanted not in part["group"]:
            raise ParameterError(
                unknown_name(f"group of {attribute}", wanted, part["group"].to_list())
            )
