"""Differences between all pairs of groups, and the largest of them.

Every group whose rate can be estimated is compared with every other one, also where it is too small
to be judged on its own; only groups that may not be shown are left out (``comparable``). The
limits of all pairs of one metric hold together: they are those of ``share_difference`` at the level
that the largest of all standardised differences calls for (max-t). A difference that is *shown* has
such an interval beyond the tolerance, so all pairs together show a difference by chance in at most
1 of 20 audits of equal groups. A difference is *within* the tolerance where the interval of the
pair alone is: because all pairs have to be within, this needs no adjustment.

The largest difference has an interval of its own. Its upper limit is the largest of those of a pair
alone. Its lower limit is the largest lower limit at a critical value that is smaller than that of
all pairs (``range_critical_value``), but at most twice the lower limit of all pairs: where the true
difference is below a standard error, every pair may show one, in either direction. Of five groups
of 500 persons at 10 to 30 % the interval is at most 1.15 times as wide as the spread of simulated
ranges in 1,681 of 2,000 draws (`make claims`). Of eight groups, six of them at 20 %, it is wider:
it has to hold for four groups far above four others too, which so few persons do not exclude.

References
----------
Hothorn, Bretz and Westfall 2008, "Simultaneous inference in general parametric models", Biometrical
Journal 50 (max-t). Berger 1982, "Multiparameter hypothesis testing and acceptance sampling",
Technometrics 24 (intersection-union tests).
"""

from collections.abc import Iterable, Mapping
from statistics import NormalDist

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.fairness.disparity import ESTIMATED, TOO_SMALL
from workbench.fairness.groups import MISSING
from workbench.fairness.question import ODDS, Question, judged_rates
from workbench.privacy.release import EXACT, Release, share_difference
from workbench.statistics.comparisons import adjust_p_values, two_share_test
from workbench.statistics.intervals import LEVEL
from workbench.statistics.simultaneous import (
    max_t_critical_value,
    range_critical_value,
    share_standard_errors,
)
from workbench.statistics.verdicts import Outcome

#: Variance of a numerator that is only known to be between 1 and 4.
_BOUND_VARIANCE = 1.25

_RANGES = pl.Schema(
    {
        "attribute": pl.String(),
        "metric": pl.String(),
        "difference": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "ratio": pl.Float64(),
        "highest": pl.String(),
        "lowest": pl.String(),
        "groups": pl.Int64(),
        "persons": pl.Int64(),
    }
)


def contrasts(
    table: pl.DataFrame, question: Question, *, seed: int, release: Release = EXACT
) -> pl.DataFrame:
    """Return the difference of each pair of groups.

    Parameters
    ----------
    table : DataFrame
        Result of ``rates``, for one or more attributes.
    question : Question
        Tolerances, judged metrics and reference groups.
    seed : int
        Seed of the draws from which the level of the simultaneous limits is computed.
    release : Release
        Release that made the counts.

    Returns
    -------
    DataFrame, shape (pairs of groups x metrics, 20)
        ``attribute``, ``metric``, ``group``, ``reference``: of each pair the reference group, or
        else the larger group that is not "missing", is the reference. ``persons``,
        ``reference_persons`` (denominators), ``value``, ``reference_value``, ``difference`` (group
        less reference), ``low``, ``high`` (95 % for all pairs of all judged rates together),
        ``alone_low``, ``alone_high`` (95 % for all judged rates, of this pair alone),
        ``ratio_low``, ``ratio_high`` (alone and together: limits of the lower rate less
        ``least_ratio`` times the higher; null without that tolerance), ``range_low`` (lower limit
        of the largest of all differences, from this pair), ``p_value`` (of no
        difference, Holm-adjusted),
        ``bound`` (that of the group's rate or else of the reference's, or ""; the limits then hold
        for every count that it allows), ``is_named`` (whether both groups have ``least`` persons)
        and ``finding`` ("shown", "shown not" or "not enough data": that the tolerance is exceeded).
    """
    known = table.filter(comparable(release))
    judged = {name for each in question.judged for name in judged_rates(each)}
    parts = known.partition_by("attribute", "metric", as_dict=True, maintain_order=True)
    several = {key: part for key, part in parts.items() if part.height > 1}
    sizes = {
        is_judged: sum((metric in judged) == is_judged for _, metric in several)
        for is_judged in (True, False)
    }
    found = [
        _pairs(
            _in_order(part, question.references.get(str(attribute))),
            question,
            level=1 - (1 - LEVEL) / sizes[metric in judged],
            seed=seed,
            release=release,
        )
        for (attribute, metric), part in several.items()
    ]
    pairs = pl.concat([_EMPTY, *found])
    is_judged = pairs["metric"].is_in(list(judged)).to_numpy()
    p_value = pairs["p_value"].to_numpy().copy()
    for family in (is_judged, ~is_judged):
        p_value[family] = adjust_p_values(p_value[family])
    return pairs.with_columns(pl.Series("p_value", p_value), _finding(question))


def comparable(release: Release) -> pl.Expr:
    """Return the condition of rates that are compared: known, and of enough persons to be shown."""
    return pl.col("note").is_in([ESTIMATED, TOO_SMALL]) & (pl.col("of") >= release.min_group)


def ranges(table: pl.DataFrame, pairs: pl.DataFrame, *, release: Release = EXACT) -> pl.DataFrame:
    """Return the largest difference between any two groups, by attribute and metric.

    Parameters
    ----------
    table, pairs : DataFrame
        Results of ``rates`` and ``contrasts``.
    release : Release
        Release that made the counts.

    Returns
    -------
    DataFrame, shape (attributes x metrics, 10)
        ``attribute``, ``metric``, ``difference`` (highest less lowest rate), ``low``, ``high``,
        ``ratio`` (lowest divided by highest), ``highest``, ``lowest`` (groups), ``groups``
        (compared), ``persons`` (in their denominators). ``low`` is the largest ``range_low`` of
        the pairs, ``high`` the largest upper limit of a pair alone: the largest true difference is
        that of one pair, so its upper limit needs no adjustment. Metric
        ``equalized_odds`` has the larger difference of the true and false positive rates, and the
        smaller ratio.
        ``difference`` and ``ratio`` are null where a bound hides one of the two rates.
    """
    lines = [
        _range_line(attribute, metric, part.filter(comparable(release)), pairs)
        for (attribute, metric), part in table.partition_by(
            "attribute", "metric", as_dict=True, maintain_order=True
        ).items()
    ]
    found = pl.DataFrame(lines, schema=_RANGES, orient="row")
    odds = [
        line
        for attribute in found["attribute"].unique(maintain_order=True)
        if (line := _odds_line(found.filter(pl.col("attribute") == attribute))) is not None
    ]
    return pl.concat([found, pl.DataFrame(odds, schema=_RANGES, orient="row")])


_EMPTY = pl.DataFrame(
    schema={
        "attribute": pl.String,
        "metric": pl.String,
        "group": pl.String,
        "reference": pl.String,
        "persons": pl.Int64,
        "reference_persons": pl.Int64,
        "value": pl.Float64,
        "reference_value": pl.Float64,
        "difference": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "alone_low": pl.Float64,
        "alone_high": pl.Float64,
        "ratio_low": pl.Float64,
        "ratio_high": pl.Float64,
        "range_low": pl.Float64,
        "p_value": pl.Float64,
        "bound": pl.String,
        "is_named": pl.Boolean,
    }
)


def _in_order(part: pl.DataFrame, reference: str | None) -> pl.DataFrame:
    """Put the reference group first, "missing" last, and the others by their persons."""
    group = pl.col("group")
    return part.sort(
        group == pl.lit(reference, pl.String),
        group == MISSING,
        "of",
        group,
        descending=[True, False, True, False],
        nulls_last=True,
    )


def _pairs(
    part: pl.DataFrame, question: Question, *, level: float, seed: int, release: Release
) -> pl.DataFrame:
    """Return all pairs of the groups of one attribute and metric."""
    first, second = np.triu_indices(part.height, 1)
    n = part["of"].to_numpy().astype(np.float64)
    lowest, highest = part["lowest"].to_numpy(), part["highest"].to_numpy()
    is_bound = (part["bound"] != "").to_numpy()
    spread = share_standard_errors(
        part["value"].to_numpy() * n, n, noise=release.variance + _BOUND_VARIANCE * is_bound
    )
    together = _two_sided(max_t_critical_value(spread, seed=seed, level=level))
    largest = _two_sided(range_critical_value(spread, seed=seed, level=level))
    mine, theirs = (lowest[second], highest[second]), (lowest[first], highest[first])
    ours = (mine, n[second], theirs, n[first])
    low, high = share_difference(*ours, release=release, level=together)
    alone_low, alone_high = share_difference(*ours, release=release, level=level)
    range_low, range_high = share_difference(*ours, release=release, level=largest)
    ratio_low, ratio_high = _ratio_limits(*ours, question, level, together, release)
    tried = [
        two_share_test(x, n[second], y, n[first], noise=release.variance)
        for x in _distinct(mine)
        for y in _distinct(theirs)
    ]
    value, bound, group = part["value"], part["bound"], part["group"]
    is_named = (part["note"] == ESTIMATED).to_numpy()
    return pl.DataFrame(
        {
            "attribute": part["attribute"].gather(first),
            "metric": part["metric"].gather(first),
            "group": group.gather(second),
            "reference": group.gather(first),
            "persons": part["of"].gather(second),
            "reference_persons": part["of"].gather(first),
            "value": value.gather(second),
            "reference_value": value.gather(first),
            "difference": value.gather(second) - value.gather(first),
            "low": low,
            "high": high,
            "alone_low": alone_low,
            "alone_high": alone_high,
            "ratio_low": ratio_low,
            "ratio_high": ratio_high,
            "range_low": np.minimum(
                2 * np.maximum(np.maximum(low, -high), 0), np.maximum(range_low, -range_high)
            ),
            "p_value": np.max(tried, axis=0),
            "bound": [bound[int(i)] or bound[int(j)] for i, j in zip(second, first, strict=True)],
            "is_named": is_named[first] & is_named[second],
        },
        schema=_EMPTY.schema,
    )


def _two_sided(critical_value: float) -> float:
    """Return the level of two-sided limits that have a critical value."""
    return 2 * NormalDist().cdf(critical_value) - 1


def _ratio_limits(
    mine: tuple[NDArray[np.float64], NDArray[np.float64]],
    n: NDArray[np.float64],
    theirs: tuple[NDArray[np.float64], NDArray[np.float64]],
    other_n: NDArray[np.float64],
    question: Question,
    level: float,
    together: float,
    release: Release,
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Return the limits of the one rate less ``least_ratio`` times the other, the lower of both.

    Below 0, one rate is less than ``least_ratio`` times the other.
    """
    if question.least_ratio is None:
        return None, None
    ways = [(mine, n, theirs, other_n), (theirs, other_n, mine, n)]
    scale = question.least_ratio
    alone = [share_difference(*way, release=release, level=level, scale=scale) for way in ways]
    shown = [share_difference(*way, release=release, level=together, scale=scale) for way in ways]
    low = np.minimum(alone[0][0], alone[1][0])
    high = np.minimum(shown[0][1], shown[1][1])
    return low, high


def _distinct(
    ends: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> Iterable[NDArray[np.float64]]:
    return ends[:1] if np.array_equal(*ends) else ends


def _finding(question: Question) -> pl.Expr:
    """Return what each pair shows about the tolerances: all of them have to be kept."""
    is_shown, is_within = pl.lit(value=False), pl.lit(value=True)
    if question.tolerance is not None:
        tolerance = question.tolerance
        is_shown |= (pl.col("low") > tolerance) | (pl.col("high") < -tolerance)
        is_within &= (pl.col("alone_low") >= -tolerance) & (pl.col("alone_high") <= tolerance)
    if question.least_ratio is not None:
        is_shown |= pl.col("ratio_high") < 0
        is_within &= pl.col("ratio_low") >= 0
    return (
        pl.when(is_shown)
        .then(pl.lit(Outcome.SHOWN.value))
        .when(is_within)
        .then(pl.lit(Outcome.NOT_SHOWN.value))
        .otherwise(pl.lit(Outcome.UNDECIDED.value))
        .alias("finding")
    )


def _range_line(
    attribute: object, metric: object, known: pl.DataFrame, pairs: pl.DataFrame
) -> tuple[object, ...]:
    persons = int(known["of"].sum())
    mine = pairs.filter(pl.col("attribute") == attribute, pl.col("metric") == metric)
    if mine.is_empty():
        return (attribute, metric, *(None,) * 6, known.height, persons)
    ends = known.sort("value", "group")
    lowest, highest = (ends.row(at, named=True) for at in (0, -1))
    is_bound = bool(lowest["bound"] or highest["bound"])  # Then only the limits can be shown.
    difference = highest["value"] - lowest["value"]
    ratio = lowest["value"] / highest["value"] if highest["value"] > 0 else None
    low = mine.select(pl.col("range_low").max().clip(0)).item()
    high = mine.select(pl.max_horizontal("alone_high", -pl.col("alone_low")).max()).item()
    return (
        attribute,
        metric,
        None if is_bound else difference,
        low,
        min(1.0, high),
        None if is_bound else ratio,
        highest["group"],
        lowest["group"],
        known.height,
        persons,
    )


def _odds_line(mine: pl.DataFrame) -> Mapping[str, object] | None:
    """Return equalized odds of one attribute: the larger of two differences, if both are known."""
    both = mine.filter(pl.col("metric").is_in(ODDS))
    if both.is_empty():
        return None
    worse = both.sort("difference", descending=True, nulls_last=True).row(0, named=True)
    is_known = not both["low"].null_count()
    return {
        **worse,
        "metric": "equalized_odds",
        "difference": worse["difference"] if is_known else None,
        "low": both["low"].max() if is_known else None,
        "high": both["high"].max() if is_known else None,
        "ratio": both["ratio"].min() if is_known else None,
        "highest": worse["highest"] if is_known else None,
        "lowest": worse["lowest"] if is_known else None,
        "groups": both["groups"].min(),
        "persons": both["persons"].sum(),
    }
