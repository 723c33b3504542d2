"""Audits of decisions: rates by group, contrasts, ranges and verdicts with three outcomes.

For each attribute and metric the answer is one of three: a difference is shown, all groups are
shown to be within the tolerance, or the data are not enough; then the answer contains the number of
persons that would be needed. The largest difference is always above 0, and the four-fifths rule on
point estimates reports nearly all fair audits of a thousand persons. So a finding needs an interval
and an adjustment for the number of groups.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from workbench.fairness.answers import add_findings, disparity_verdict, range_estimate
from workbench.fairness.disparity import (
    ESTIMATED,
    WITHOUT_OUTCOME,
    contrasts,
    count_decisions,
    rates,
)
from workbench.fairness.groups import assign_groups
from workbench.fairness.question import ODDS, Question, judged_rates
from workbench.fairness.representation import representation
from workbench.foundation.errors import ParameterError, unknown_name
from workbench.privacy.release import EXACT, Release, shares
from workbench.statistics.estimates import Estimate
from workbench.statistics.intervals import LEVEL
from workbench.statistics.ranges import ShareRange, range_interval
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
        One row per judged group against its reference; see ``disparity.contrasts``. Two columns
        are added: ``finding`` (whether the difference is larger than the tolerance: "shown",
        "shown not", "not enough data") and ``needed`` (persons per group that would decide; null
        if it is decided).
    ranges : DataFrame, shape (attributes x metrics, 10)
        ``attribute``, ``metric``, ``difference`` (highest less lowest judged rate), ``low``,
        ``high`` (max-t), ``ratio`` (lowest by highest), ``highest``, ``lowest`` (groups),
        ``groups`` (judged), ``persons`` (in their denominators). Metric ``equalized_odds`` is the
        larger of the true and false positive rate's difference, and the smaller ratio.
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
    references = {_attribute_of(part): _choose_reference(part, question) for part in counted}
    family = tuple(name for judged in question.judged for name in judged_rates(judged))
    compared = add_findings(contrasts(table, references, judged=family, release=release), question)
    ranges = _ranges_of_rates(table, seed, release)
    whole = count_decisions(
        pl.select(everybody=pl.repeat("everybody", rows.height)),
        rows[decision],
        outcomes,
        persons=persons,
        release=release,
    )
    attributes = list(references)
    return Audit(
        rates=table,
        contrasts=compared,
        ranges=ranges,
        representation=pl.concat(
            [representation(part, whole, release=release) for part in counted]
        ),
        overall=rates(whole, metrics, least=question.least, release=release),
        origin=release.origin,
        estimates=(
            _share_selected(whole, release),
            *(
                range_estimate(row, len(attributes), release.origin)
                for row in ranges.iter_rows(named=True)
            ),
        ),
        verdicts=tuple(
            disparity_verdict(attribute, judged, table, compared, ranges, question, release.origin)
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


def _choose_reference(counted: pl.DataFrame, question: Question) -> str:
    attribute = _attribute_of(counted)
    wanted = question.references.get(attribute)
    if wanted is None:
        ordered = counted.sort("persons", "group", descending=[True, False])
        return str(ordered["group"][0])
    if wanted not in counted["group"]:
        raise ParameterError(
            unknown_name(f"group of {attribute}", wanted, counted["group"].to_list())
        )
    return wanted


#: Variance of a numerator that is only known to be between 1 and 4.
_BOUND_VARIANCE = 1.25


def _judged_range(
    judged: pl.DataFrame, release: Release, seed: int, level: float = LEVEL
) -> ShareRange:
    of = judged["of"].to_numpy()
    is_bound = (judged["bound"] != "").to_numpy()
    return range_interval(
        judged["value"].to_numpy() * of,
        of,
        seed=seed,
        level=level,
        noise=release.variance + _BOUND_VARIANCE * is_bound,
    )


def _ranges_of_rates(table: pl.DataFrame, seed: int, release: Release) -> pl.DataFrame:
    lines: list[tuple[object, ...]] = []
    parts = table.partition_by("attribute", "metric", as_dict=True, maintain_order=True)
    for (attribute, metric), part in parts.items():
        judged = part.filter(pl.col("note") == ESTIMATED)
        persons = int(judged["of"].sum())
        if judged.height < 2:
            lines.append((attribute, metric, *(None,) * 6, judged.height, persons))
            continue
        found = _judged_range(judged, release, seed)
        highest = float(judged["value"][found.highest])
        ratio = float(judged["value"][found.lowest]) / highest if highest > 0 else None
        names = (judged["group"][found.highest], judged["group"][found.lowest])
        ends = judged[[found.highest, found.lowest]]
        is_bound = bool((ends["bound"] != "").any())  # Then only the limits can be shown.
        difference = None if is_bound else found.difference
        figures = (difference, found.low, found.high, None if is_bound else ratio)
        lines.append((attribute, metric, *figures, *names, judged.height, persons))
    schema = {
        "attribute": pl.String,
        "metric": pl.String,
        "difference": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "ratio": pl.Float64,
        "highest": pl.String,
        "lowest": pl.String,
        "groups": pl.Int64,
        "persons": pl.Int64,
    }
    found_ranges = pl.DataFrame(lines, schema=schema, orient="row")
    attributes = found_ranges["attribute"].unique(maintain_order=True)
    odds = [
        _equalized_odds(found_ranges.filter(pl.col("attribute") == each), table, seed, release)
        for each in attributes
    ]
    return pl.concat([found_ranges, *odds])


def _equalized_odds(
    ranges: pl.DataFrame, table: pl.DataFrame, seed: int, release: Release
) -> pl.DataFrame:
    """Return equalized odds of one attribute: the larger of two differences, if both are known.

    Each of the two intervals has level .975, so that the larger difference is within their larger
    limits with probability .95.
    """
    both = ranges.filter(pl.col("metric").is_in(ODDS))
    if both.is_empty():
        return both
    line = {**both.sort("difference", descending=True, nulls_last=True).row(0, named=True)}
    line |= {"metric": "equalized_odds", "groups": both["groups"].min()}
    if both["low"].null_count():
        line |= dict.fromkeys(("difference", "low", "high", "ratio", "highest", "lowest"))
    else:
        mine = table.filter(pl.col("attribute") == line["attribute"], pl.col("note") == ESTIMATED)
        limits = [
            _judged_range(part, release, seed, 0.975)
            for part in (mine.filter(pl.col("metric") == metric) for metric in ODDS)
        ]
        line |= {
            "low": max(found.low for found in limits),
            "high": max(found.high for found in limits),
            "ratio": both["ratio"].min(),
        }
    line["persons"] = both["persons"].sum()
    return pl.DataFrame([line], schema=ranges.schema)
