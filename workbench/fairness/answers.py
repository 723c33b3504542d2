"""Answers of an audit in words: a disparity is shown, shown to be absent, or undecided."""

from collections.abc import Mapping

import polars as pl

from workbench.fairness.disparity import EMPTY, ESTIMATED, TOO_SMALL
from workbench.fairness.question import ODDS, Question, judged_rates
from workbench.statistics.comparisons import needed_group_size
from workbench.statistics.estimates import Estimate
from workbench.statistics.sample_sizes import round_up_two_digits
from workbench.statistics.verdicts import Outcome, Verdict

#: Level of the tests for which needed numbers of persons are computed.
_LEVEL = 0.05
#: Largest number of differences in one answer; the table of contrasts contains all.
_MOST_NAMED = 3


def add_findings(compared: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Add to each contrast its finding and the number of persons that would decide it.

    A difference is "shown" if its interval, 95 % for all contrasts together, is beyond the
    tolerance, and "shown not" if its interval is within the tolerance. A difference whose interval
    contains the tolerance is undecided.
    """
    tolerance = question.tolerance
    is_shown = (pl.col("sure_low") > tolerance) | (pl.col("sure_high") < -tolerance)
    is_within = (pl.col("low") >= -tolerance) & (pl.col("high") <= tolerance)
    rated = [name for judged in question.judged for name in judged_rates(judged)]
    alpha = _LEVEL / max(int(compared["metric"].is_in(rated).sum()), 1)
    needed = [
        round_up_two_digits(needed_group_size(float(share), tolerance, alpha=alpha))
        for share in compared["reference_value"]
    ]
    found = compared.with_columns(
        finding=pl.when(is_shown)
        .then(pl.lit(Outcome.SHOWN.value))
        .when(is_within)
        .then(pl.lit(Outcome.NOT_SHOWN.value))
        .otherwise(pl.lit(Outcome.UNDECIDED.value)),
        needed=pl.Series(needed, dtype=pl.Int64),
    )
    is_open = pl.col("finding") == Outcome.UNDECIDED.value
    return found.with_columns(needed=pl.when(is_open).then("needed"))


def range_estimate(row: Mapping[str, object], attributes: int, origin: str) -> Estimate:
    """Return a row of ``Audit.ranges`` as an estimate."""
    metric, attribute = str(row["metric"]), str(row["attribute"])
    by = f"_by_{'_'.join(attribute.split())}" if attributes > 1 else ""
    value = row["difference"]
    return Estimate(
        name=f"{metric}_difference{by}",
        value=value if isinstance(value, float) else None,
        low=row["low"] if isinstance(row["low"], float) else None,
        high=row["high"] if isinstance(row["high"], float) else None,
        n=int(str(row["persons"])),
        unit="share",
        label=f"Largest difference in {metric} by {attribute}".replace("_", " "),
        note="max-t interval for the range"
        if isinstance(value, float)
        else "max-t interval for the range; a numerator of 1 to 4 is only a bound"
        if isinstance(row["low"], float)
        else "cannot be estimated: fewer than two groups can be judged",
        origin=origin,
    )


def disparity_verdict(
    attribute: str,
    judged: str,
    table: pl.DataFrame,
    compared: pl.DataFrame,
    ranges: pl.DataFrame,
    question: Question,
    origin: str,
) -> Verdict:
    """Answer whether groups by an attribute differ in a judged metric.

    A difference is shown if its interval, 95 % for all contrasts together, is beyond the tolerance.
    The absence of a relevant difference is shown if the interval of every judged group is within
    the tolerance and every group's rate can be estimated. Because all intervals have to be within,
    this needs no adjustment (Berger 1982, "Multiparameter hypothesis testing and acceptance
    sampling", Technometrics 24). The answer names groups that are too small to judge.
    """
    mine = (pl.col("attribute") == attribute) & pl.col("metric").is_in(judged_rates(judged))
    pairs, groups = compared.filter(mine), table.filter(mine)
    tolerance = question.tolerance
    shown = pairs.filter(pl.col("finding") == Outcome.SHOWN.value).sort(
        pl.col("difference").abs(), "group", descending=[True, False]
    )
    unsure = pairs.filter(pl.col("finding") == Outcome.UNDECIDED.value)
    unjudged = groups.filter(~pl.col("note").is_in([ESTIMATED, EMPTY]))
    words = judged.replace("_", " ")
    if shown.height:
        outcome = Outcome.SHOWN
        answer = f"Yes: {_describe_contrasts(shown)}."
    elif pairs.height and unsure.is_empty() and unjudged.filter(_keeps_question_open()).is_empty():
        outcome = Outcome.NOT_SHOWN
        widest = pairs.select(pl.max_horizontal(pl.col("low").abs(), pl.col("high").abs()).max())
        groups_judged = _describe_group_count(pairs["group"].n_unique() + 1)
        answer = (
            f"No: {groups_judged} that can be judged are within {tolerance:.0%} of "
            f"{pairs['reference'][0]}; the largest difference is at most {widest.item():.1%} with "
            "95 % confidence."
        )
    else:
        outcome = Outcome.UNDECIDED
        answer = f"Undecided: {_describe_open_points(pairs, unsure, unjudged, question)}."
    left = _describe_unjudged(unjudged)
    value = ranges.filter((pl.col("attribute") == attribute) & (pl.col("metric") == judged))
    several = table["attribute"].n_unique()
    suffix = f"_by_{'_'.join(attribute.split())}" if several > 1 else ""
    return Verdict.by_rule(
        outcome,
        rule="",
        name=f"{judged}_differs{suffix}",
        question=(
            f"Do groups by {attribute.replace('_', ' ')} differ in {words} by more than "
            f"{tolerance:.0%}?"
        ),
        answer=f"{answer}{left}",
        concern=outcome is Outcome.SHOWN,
        estimates=tuple(
            range_estimate(row, several, origin) for row in value.iter_rows(named=True)
        ),
    )


def _describe_group_count(groups: int) -> str:
    return "both groups" if groups == 2 else f"all {groups} groups"


def _keeps_question_open() -> pl.Expr:
    """Return the condition of rates that leave a question undecided: they have no denominator.

    Groups that are too small to judge leave no question undecided; the answer names them.
    """
    return pl.col("note") != TOO_SMALL


def _describe_contrasts(shown: pl.DataFrame) -> str:
    parts = [
        f"{_describe_rates(row)} in {row['metric'].replace('_', ' ')} "
        f"({_describe_difference(row)}, {row['persons']:,} persons)"
        for row in shown.head(_MOST_NAMED).iter_rows(named=True)
    ]
    more = shown.height - _MOST_NAMED
    return "; ".join([*parts, *([f"and {more} more"] if more > 0 else [])])


def _describe_rates(row: Mapping[str, object]) -> str:
    """Return the two groups with their rates, or with the bound if one of the rates is a bound."""
    if row["bound"]:
        return f"{row['group']} against {row['reference']} ({row['bound']} in one of them)"
    return (
        f"{row['group']} {row['value']:.1%} against {row['reference']} {row['reference_value']:.1%}"
    )


def _describe_difference(row: Mapping[str, object]) -> str:
    limits = f"95 % interval {row['low']:+.1%} to {row['high']:+.1%}"
    return limits if row["bound"] else f"difference {row['difference']:+.1%}, {limits}"


def _describe_open_points(
    pairs: pl.DataFrame, unsure: pl.DataFrame, unjudged: pl.DataFrame, question: Question
) -> str:
    if pairs.is_empty():
        return "no two groups have enough persons to be compared"
    parts = []
    if unsure.height:
        worst = unsure.sort(pl.col("high") - pl.col("low"), descending=True).row(0, named=True)
        needed = max(unsure["needed"].to_list())
        names = ", ".join(sorted(unsure["group"].unique()))
        parts.append(
            f"the difference of {names} may be on either side of {question.tolerance:.0%} "
            f"({worst['group']}: {_describe_difference(worst)}, {worst['persons']:,} persons); "
            f"about {needed:,} persons per group would be needed"
        )
    if not unjudged.filter(_keeps_question_open()).is_empty():
        parts.append("not every group's rate can be estimated")
    return "; ".join(parts)


def _describe_unjudged(unjudged: pl.DataFrame) -> str:
    """Return sentences about groups without a judged rate, with the rate if there are several."""
    notes: dict[tuple[str, str], list[str]] = {}
    lines = unjudged.select("metric", "note", "group").unique().sort("metric", "note", "group")
    for metric, note, group in lines.iter_rows():
        notes.setdefault((metric, note), []).append(group)
    several = len({metric for metric, _ in notes}) > 1 or any(m in ODDS for m, _ in notes)
    return "".join(
        f" {', '.join(names)}: {note}{f' in {metric}' if several else ''}.".replace("_", " ")
        for (metric, note), names in sorted(notes.items())
    )
