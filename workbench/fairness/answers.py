"""Answers of an audit in words: shown, shown not, or not enough data and how much would be."""

from collections.abc import Mapping

import polars as pl

from workbench.fairness.disparity import EMPTY, ESTIMATED, TOO_SMALL
from workbench.fairness.question import ODDS, Question, judged_rates
from workbench.statistics.comparisons import needed_group_size, round_up_two_digits
from workbench.statistics.estimates import Estimate
from workbench.statistics.verdicts import Outcome, Verdict

#: Level of the tests for which the needed persons are told.
_LEVEL = 0.05
#: Differences named in one answer; the table of contrasts has the others.
_MOST_NAMED = 3


def findings(compared: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Add to each contrast what it shows about the tolerance, and the persons that would tell.

    "Shown" is an interval, 95 % for all contrasts together, beyond the tolerance; "shown not" an
    interval within it. A difference that is there but may be smaller than the tolerance is neither.
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
    """Return a line of ``Audit.ranges`` as an estimate of a release's origin."""
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


def verdict(
    attribute: str,
    judged: str,
    table: pl.DataFrame,
    compared: pl.DataFrame,
    ranges: pl.DataFrame,
    question: Question,
    origin: str,
) -> Verdict:
    """Answer whether groups by an attribute differ in a judged metric.

    A difference is shown where its interval, 95 % for all contrasts together, lies beyond the
    tolerance. It is shown not to matter where every judged group's interval lies within the
    tolerance and every group's rate can be estimated; as all intervals have to lie within, that
    needs no adjustment (Berger 1982, "Multiparameter hypothesis testing and acceptance sampling",
    Technometrics 24). Groups too small to judge are named.
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
        answer = f"Yes: {_named(shown)}."
    elif pairs.height and unsure.is_empty() and unjudged.filter(_matters()).is_empty():
        outcome = Outcome.NOT_SHOWN
        widest = pairs.select(pl.max_horizontal(pl.col("low").abs(), pl.col("high").abs()).max())
        answer = (
            f"No: {_all(pairs['group'].n_unique() + 1)} that can be judged lie within "
            f"{tolerance:.0%} of {pairs['reference'][0]}, at most {widest.item():.1%} off with "
            "95 % confidence."
        )
    else:
        outcome = Outcome.UNDECIDED
        answer = f"It cannot be said: {_lacking(pairs, unsure, unjudged, question)}."
    left = _unjudged(unjudged)
    value = ranges.filter((pl.col("attribute") == attribute) & (pl.col("metric") == judged))
    several = table["attribute"].n_unique()
    suffix = f"_by_{'_'.join(attribute.split())}" if several > 1 else ""
    return Verdict(
        name=f"{judged}_differs{suffix}",
        question=(
            f"Do groups by {attribute.replace('_', ' ')} differ in {words} by more than "
            f"{tolerance:.0%}?"
        ),
        outcome=outcome,
        answer=f"{answer}{left}",
        concern=outcome is Outcome.SHOWN,
        estimates=tuple(
            range_estimate(row, several, origin) for row in value.iter_rows(named=True)
        ),
    )


def _all(groups: int) -> str:
    return "both groups" if groups == 2 else f"all {groups} groups"  # two


def _matters() -> pl.Expr:
    """Return what keeps a question open: a rate with nobody to count. Small groups are named."""
    return pl.col("note") != TOO_SMALL


def _named(shown: pl.DataFrame) -> str:
    parts = [
        f"{_compared(row)} in {row['metric'].replace('_', ' ')} "
        f"({_difference(row)}, {row['persons']:,} persons)"
        for row in shown.head(_MOST_NAMED).iter_rows(named=True)
    ]
    more = shown.height - _MOST_NAMED
    return "; ".join([*parts, *([f"and {more} more"] if more > 0 else [])])


def _compared(row: Mapping[str, object]) -> str:
    """Name both rates; where one is a bound, only the groups and the bound."""
    if row["bound"]:
        return f"{row['group']} against {row['reference']} ({row['bound']} in one of them)"
    return (
        f"{row['group']} {row['value']:.1%} against {row['reference']} {row['reference_value']:.1%}"
    )


def _difference(row: Mapping[str, object]) -> str:
    limits = f"95 % interval {row['low']:+.1%} to {row['high']:+.1%}"
    return limits if row["bound"] else f"difference {row['difference']:+.1%}, {limits}"


def _lacking(
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
            f"the difference of {names} may lie on either side of {question.tolerance:.0%} "
            f"({worst['group']}: {_difference(worst)}, {worst['persons']:,} persons); about "
            f"{needed:,} persons per group would be needed"
        )
    if not unjudged.filter(_matters()).is_empty():
        parts.append("not every group's rate can be estimated")
    return "; ".join(parts)


def _unjudged(unjudged: pl.DataFrame) -> str:
    """Name the groups without a judged rate, and the rate where the answer rests on several."""
    notes: dict[tuple[str, str], list[str]] = {}
    told = unjudged.select("metric", "note", "group").unique().sort("metric", "note", "group")
    for metric, note, group in told.iter_rows():
        notes.setdefault((metric, note), []).append(group)
    several = len({metric for metric, _ in notes}) > 1 or any(m in ODDS for m, _ in notes)
    return "".join(
        f" {', '.join(names)}: {note}{f' in {metric}' if several else ''}.".replace("_", " ")
        for (metric, note), names in sorted(notes.items())
    )
