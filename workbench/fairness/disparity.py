"""Rates by group and how far they lie apart, from counts.

Everything a decision did to a group is in four counts: selected and not, among those with and
without the outcome. The persons are read once; rates, intervals and tests cost the same for a
million of them as for a thousand. Names and values are fairlearn's wherever its metric is defined.

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
from workbench.statistics.comparisons import holm, two_share_test
from workbench.statistics.intervals import LEVEL, newcombe, wilson

#: Cells of the confusion table: decision and outcome.
CELLS = ("true_positives", "false_positives", "false_negatives", "true_negatives")


class Metric(NamedTuple):
    """A rate as counts over counts, and what it is called when there is nobody to count."""

    above: tuple[str, ...]
    below: tuple[str, ...]
    lacking: str
    meaning: str


_TP, _FP, _FN, _TN = CELLS

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "selection_rate": Metric((_TP, _FP), CELLS, "nobody", "Share selected"),
        "true_positive_rate": Metric(
            (_TP,), (_TP, _FN), "no positives", "Share selected of those with the outcome"
        ),
        "false_positive_rate": Metric(
            (_FP,), (_FP, _TN), "no negatives", "Share selected of those without the outcome"
        ),
        "false_negative_rate": Metric(
            (_FN,), (_TP, _FN), "no positives", "Share passed over of those with the outcome"
        ),
        "true_negative_rate": Metric(
            (_TN,), (_FP, _TN), "no negatives", "Share passed over of those without the outcome"
        ),
        "precision": Metric(
            (_TP,), (_TP, _FP), "nobody selected", "Share with the outcome of those selected"
        ),
        "accuracy": Metric((_TP, _TN), CELLS, "nobody", "Share decided as the outcome was"),
    }
)
#: Metrics that need no outcome.
WITHOUT_OUTCOME = ("selection_rate",)

ESTIMATED = ""
EMPTY = "empty"
TOO_SMALL = "too small to judge"


def cells(groups: pl.DataFrame, decisions: pl.Series, outcomes: pl.Series | None) -> pl.DataFrame:
    """Count persons by group, decision and outcome.

    Parameters
    ----------
    groups : DataFrame, shape (persons, attributes)
        As ``grouped`` returns it; several attributes are crossed.
    decisions, outcomes : Series of bool, shape (persons,)
        Without outcomes everybody counts as without it, and only the selection rate is defined.

    Returns
    -------
    DataFrame, shape (groups, 7)
        ``attribute``, ``group``, ``persons`` and the four cells (Int64), sorted by group. Groups
        that nobody belongs to are there, with zeros.

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
    chosen, positive = pl.col("_d"), pl.col("_y")
    counted = rows.group_by(keys).agg(
        (chosen & positive).sum().cast(pl.Int64).alias(_TP),
        (chosen & ~positive).sum().cast(pl.Int64).alias(_FP),
        (~chosen & positive).sum().cast(pl.Int64).alias(_FN),
        (~chosen & ~positive).sum().cast(pl.Int64).alias(_TN),
    )
    table = intersections(groups).join(counted, on=keys, how="left", maintain_order="left")
    filled = table.with_columns(pl.col(CELLS).fill_null(0))
    return filled.select(
        pl.lit(CROSS.join(groups.columns)).alias("attribute"),
        "group",
        pl.sum_horizontal(CELLS).alias("persons"),
        *CELLS,
    )


def rates(counted: pl.DataFrame, metrics: tuple[str, ...], *, least: int) -> pl.DataFrame:
    """Return each metric of each group with its Wilson interval.

    Parameters
    ----------
    counted : DataFrame
        As ``cells`` returns it.
    metrics : tuple of str
        Names of ``METRICS``.
    least : int
        Persons below whom a rate is shown but not judged.

    Returns
    -------
    DataFrame, shape (groups x metrics, 10)
        ``attribute``, ``metric``, ``group``, ``persons`` (in the group), ``count``, ``of`` (the
        rate is count / of), ``value``, ``low``, ``high`` (null where it cannot be estimated),
        ``note``: "" where the rate can be judged, "cannot be estimated, no positives" and the
        like, "too small to judge", or "empty".
    """
    parts = []
    for name in metrics:
        metric = METRICS[name]
        part = counted.select(
            "attribute",
            pl.lit(name).alias("metric"),
            "group",
            "persons",
            pl.sum_horizontal(metric.above).alias("count"),
            pl.sum_horizontal(metric.below).alias("of"),
        )
        low, high = wilson(part["count"].to_numpy(), part["of"].to_numpy())
        of = pl.col("of")
        parts.append(
            part.with_columns(
                value=pl.when(of > 0).then(pl.col("count") / of),
                low=pl.Series(low, nan_to_null=True),
                high=pl.Series(high, nan_to_null=True),
                note=pl.when(pl.col("persons") == 0)
                .then(pl.lit(EMPTY))
                .when(of == 0)
                .then(pl.lit(f"cannot be estimated, {metric.lacking}"))
                .when(of < least)
                .then(pl.lit(TOO_SMALL))
                .otherwise(pl.lit(ESTIMATED)),
            )
        )
    return pl.concat(parts)


def contrasts(
    table: pl.DataFrame, references: Mapping[str, str], *, judged: tuple[str, ...] = ()
) -> pl.DataFrame:
    """Return the difference of each judged group to its attribute's reference group.

    Parameters
    ----------
    table : DataFrame
        As ``rates`` returns it, of one or more attributes.
    references : mapping of str to str
        Attribute to the group that the others are compared with.
    judged : tuple of str
        Metrics that verdicts rest on: p-values are adjusted over their contrasts, those of all
        other metrics apart. Empty for one family of all.

    Returns
    -------
    DataFrame, shape (contrasts, 13)
        ``attribute``, ``metric``, ``group``, ``reference``, ``persons`` (the rate's denominator in
        the group), ``value``, ``reference_value``, ``difference`` (group less reference), ``low``,
        ``high`` (Newcombe), ``sure_low``, ``sure_high`` (the same, 95 % for all contrasts of the
        family together, by Bonferroni), ``p_value`` (of no difference at all, Holm-adjusted).
        Groups that are empty, too small or cannot be estimated have no row.
    """
    known = table.filter(pl.col("note") == ESTIMATED)
    named = pl.DataFrame(
        {"attribute": list(references), "reference": list(references.values())},
        schema={"attribute": pl.String, "reference": pl.String},
    )
    held = known.join(named, on="attribute", how="inner", maintain_order="left")
    others = known.select(
        "attribute", "metric", reference="group", _count="count", _of="of", reference_value="value"
    )
    pairs = held.filter(pl.col("group") != pl.col("reference")).join(
        others, on=["attribute", "metric", "reference"], how="inner", maintain_order="left"
    )
    counts = [pairs[name].to_numpy() for name in ("count", "of", "_count", "_of")]
    low, high = newcombe(*counts)
    p_value = two_share_test(*counts)
    is_judged = pairs["metric"].is_in(judged or list(METRICS)).to_numpy()
    sure_low, sure_high = np.empty(pairs.height), np.empty(pairs.height)
    for family in (is_judged, ~is_judged):
        p_value[family] = holm(p_value[family])
        level = 1 - (1 - LEVEL) / max(int(family.sum()), 1)
        limits = newcombe(*(count[family] for count in counts), level=level)
        sure_low[family], sure_high[family] = limits
    return pairs.select(
        "attribute",
        "metric",
        "group",
        "reference",
        pl.col("of").alias("persons"),
        "value",
        "reference_value",
        difference=pl.col("value") - pl.col("reference_value"),
        low=pl.Series(low, dtype=pl.Float64),
        high=pl.Series(high, dtype=pl.Float64),
        sure_low=pl.Series(sure_low, dtype=pl.Float64),
        sure_high=pl.Series(sure_high, dtype=pl.Float64),
        p_value=pl.Series(p_value, dtype=pl.Float64),
    )


def _require_flags(name: str, column: pl.Series | None) -> None:
    if column is None:
        return
    if column.null_count():
        raise InputError(
            f"{column.null_count()} of {column.len()} persons have no {name}: leave them out, "
            "and say so, or fill it in"
        )
    if column.dtype != pl.Boolean and not (
        column.dtype.is_numeric() and bool(column.is_in([0, 1]).all())
    ):
        raise InputError(
            f"the {name} must be yes or no (Boolean, or 0 and 1): it is {column.dtype}"
        )
