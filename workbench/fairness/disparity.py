"""Rates by group and their differences, computed from counts.

A few counts contain all results of a decision for a group: persons selected and not selected, with
and without the outcome. The release of the view makes the counts, with its noise, and persons are
read only once; rates, intervals and tests take the same time for a million persons as for a
thousand. Names and values are those of fairlearn wherever fairlearn defines the metric.

References
----------
Hardt, Price and Srebro 2016, "Equality of opportunity in supervised learning", NeurIPS (equalized
odds). fairlearn 0.15, ``fairlearn.metrics``.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import polars as pl

from workbench.fairness.groups import CROSS, intersections, value_names
from workbench.foundation.errors import InputError
from workbench.privacy.release import (
    EXACT,
    Release,
    Shares,
    shares,
    shares_between,
)

#: Counts of persons by decision and outcome.
COUNTS = (
    "persons",
    "selected",
    "positives",
    "negatives",
    "true_positives",
    "false_positives",
    "false_negatives",
    "true_negatives",
    "correct",
)


class Metric(NamedTuple):
    """A rate as one count divided by another.

    Attributes
    ----------
    above, below : str
        Names of the numerator and the denominator, in ``COUNTS``.
    lacking : str
        Reason why the rate cannot be estimated if the denominator is 0.
    meaning : str
        Meaning of the rate.
    """

    above: str
    below: str
    lacking: str
    meaning: str


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "selection_rate": Metric("selected", "persons", "nobody", "Share selected"),
        "true_positive_rate": Metric(
            "true_positives",
            "positives",
            "no positives",
            "Share selected of those with the outcome",
        ),
        "false_positive_rate": Metric(
            "false_positives",
            "negatives",
            "no negatives",
            "Share selected of those without the outcome",
        ),
        "false_negative_rate": Metric(
            "false_negatives",
            "positives",
            "no positives",
            "Share passed over of those with the outcome",
        ),
        "true_negative_rate": Metric(
            "true_negatives",
            "negatives",
            "no negatives",
            "Share passed over of those without the outcome",
        ),
        "precision": Metric(
            "true_positives",
            "selected",
            "nobody selected",
            "Share with the outcome of those selected",
        ),
        "accuracy": Metric("correct", "persons", "nobody", "Share decided as the outcome was"),
    }
)
#: Metrics that need no outcome.
WITHOUT_OUTCOME = ("selection_rate",)

ESTIMATED = ""
EMPTY = "empty"
#: A difference of such a group can be shown, but not that it differs by less than the tolerance.
TOO_SMALL = "too small to be called alike"


def count_decisions(
    groups: pl.DataFrame,
    decisions: pl.Series,
    outcomes: pl.Series | None,
    *,
    persons: pl.Series | None = None,
    release: Release = EXACT,
) -> pl.DataFrame:
    """Count persons by group, decision and outcome.

    Parameters
    ----------
    groups : DataFrame, shape (persons, attributes)
        Result of ``assign_groups``; several attributes are crossed.
    decisions, outcomes : Series of bool, shape (persons,)
        Decision and outcome of each person. Without outcomes all persons count as negatives, and
        only the selection rate is defined.
    persons : Series of UInt64, shape (persons,), optional
        The ``customer_id`` of each person; a release with noise needs it.
    release : Release
        Release that makes the counts.

    Returns
    -------
    DataFrame, shape (groups, 11)
        ``attribute``, ``group`` and ``COUNTS`` (Int64), sorted by group. Combinations without a
        person have zeros. ``false_negatives`` are ``positives`` less ``true_positives``, and
        ``true_negatives`` are ``negatives`` less ``false_positives``, so that complementary rates
        add up to 1 in spite of the noise.

    Raises
    ------
    InputError
        A decision or an outcome is missing, or is not yes or no.
    """
    for name, column in (("decision", decisions), ("outcome", outcomes)):
        _require_flags(name, column)
    y = outcomes if outcomes is not None else pl.repeat(False, groups.height, eager=True)
    keys = value_names(groups)
    rows = groups.rename(dict(zip(groups.columns, keys, strict=True))).with_columns(
        _y=y.cast(pl.Boolean), _d=decisions.cast(pl.Boolean)
    )
    if persons is not None:
        rows = rows.with_columns(persons.alias("customer_id"))
    chosen, positive = pl.col("_d"), pl.col("_y")
    counted = release.counts(
        rows,
        keys,
        of={
            "selected": chosen,
            "positives": positive,
            "negatives": ~positive,
            "true_positives": chosen & positive,
            "false_positives": chosen & ~positive,
            "correct": chosen == positive,
        },
    )
    table = intersections(groups).join(counted, on=keys, how="left", maintain_order="left")
    filled = table.with_columns(pl.col(counted.columns).exclude(keys).fill_null(0)).with_columns(
        false_negatives=_remainder("positives", "true_positives"),
        true_negatives=_remainder("negatives", "false_positives"),
    )
    return filled.select(pl.lit(CROSS.join(groups.columns)).alias("attribute"), "group", *COUNTS)


def _remainder(whole: str, part: str) -> pl.Expr:
    return (pl.col(whole) - pl.col(part)).clip(0)


def rates(
    counted: pl.DataFrame, metrics: tuple[str, ...], *, least: int, release: Release = EXACT
) -> pl.DataFrame:
    """Return each metric of each group with its Wilson interval.

    Parameters
    ----------
    counted : DataFrame
        Result of ``count_decisions``.
    metrics : tuple of str
        Names of ``METRICS``.
    least : int
        Smallest denominator of a judged rate; a rate of fewer persons is shown but not judged.
    release : Release
        Release that made the counts; its noise widens the intervals, and small numerators are
        bounds.

    Returns
    -------
    DataFrame, shape (groups x metrics, 13)
        ``attribute``, ``metric``, ``group``, ``persons`` (in the group), ``count``, ``of`` (the
        rate is count / of), ``value``, ``low``, ``high`` (null if the rate cannot be estimated).
        ``note`` is "" if the rate can be judged, else "cannot be estimated, no positives" (or
        another reason), "too small to be called alike" or "empty". ``bound`` is "at most 4 of 25"
        if the numerator is so small that only a bound may be shown, else "". ``value`` is then the
        middle of the possible values, for sorting only; ``lowest`` and ``highest`` are the smallest
        and largest possible counts.
    """
    parts = []
    for name in metrics:
        metric = METRICS[name]
        part = counted.select(
            "attribute",
            pl.lit(name).alias("metric"),
            "group",
            "persons",
            pl.col(metric.above).alias("count"),
            pl.col(metric.below).alias("of"),
        ).with_columns(pl.min_horizontal("count", "of").alias("count"))
        found = _metric_shares(name, counted, release)
        of = pl.col("of")
        parts.append(
            part.with_columns(
                value=pl.Series(found.value, nan_to_null=True),
                low=pl.Series(found.low, nan_to_null=True),
                high=pl.Series(found.high, nan_to_null=True),
                note=pl.when(pl.col("persons") == 0)
                .then(pl.lit(EMPTY))
                .when(of == 0)
                .then(pl.lit(f"cannot be estimated, {metric.lacking}"))
                .when(of < least)
                .then(pl.lit(TOO_SMALL))
                .otherwise(pl.lit(ESTIMATED)),
                bound=pl.Series(found.bound, dtype=pl.String),
                lowest=pl.Series(found.lowest),
                highest=pl.Series(found.highest),
            )
        )
    return pl.concat(parts)


#: Rates that are 1 less another rate; their limits are computed from those of the other.
_COMPLEMENTS = {
    "false_negative_rate": "true_positive_rate",
    "true_negative_rate": "false_positive_rate",
}


def _metric_shares(name: str, counted: pl.DataFrame, release: Release) -> Shares:
    """Return the shares of one metric; a numerator that is a bound in another metric is one here.

    For example, if the true positive rate shows only "all but at most 4 of 30", precision must not
    show the exact number of true positives.
    """
    if name in _COMPLEMENTS:
        return _complement(_metric_shares(_COMPLEMENTS[name], counted, release), counted, name)
    metric = METRICS[name]
    n = counted[metric.below].to_numpy().astype(np.float64)
    found = shares(counted[metric.above], counted[metric.below], release=release)
    lowest, highest, bound = found.lowest.copy(), found.highest.copy(), list(found.bound)
    for other in METRICS.values():
        if other.above != metric.above or other.below == metric.below:
            continue
        theirs = shares(counted[other.above], counted[other.below], release=release)
        for place, text in enumerate(theirs.bound):
            if text and not bound[place]:
                bound[place] = f"{text} {other.below}".replace("_", " ")
                lowest[place] = min(theirs.lowest[place], n[place])
                highest[place] = min(theirs.highest[place], n[place])
    return shares_between(lowest, highest, n, bound, release=release)


def _complement(found: Shares, counted: pl.DataFrame, name: str) -> Shares:
    n = counted[METRICS[name].below].to_numpy().astype(np.float64)
    return Shares(
        value=1 - found.value,
        low=1 - found.high,
        high=1 - found.low,
        lowest=n - found.highest,
        highest=n - found.lowest,
        bound=[
            text.removeprefix("all but ")
            if text.startswith("all but")
            else text and f"all but {text}"
            for text in found.bound
        ],
    )


def _require_flags(name: str, column: pl.Series | None) -> None:
    if column is None:
        return
    if column.null_count():
        raise InputError(
            f"{column.null_count()} of {column.len()} persons have no {name}: leave them out and "
            "report their number, or fill it in"
        )
    if column.dtype != pl.Boolean and not (
        column.dtype.is_numeric() and bool(column.is_in([0, 1]).all())
    ):
        raise InputError(
            f"the {name} must be yes or no (Boolean, or 0 and 1): it is {column.dtype}"
        )
