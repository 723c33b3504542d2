"""Whom privacy cost most: what a view lost of each group, and what of it may be told."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from workbench.privacy.disclosure import hidden_rows
from workbench.privacy.generalisation import age_band

#: Columns of the customer table by which losses are told.
_GROUPS = ("gender", "age_band", "country")

LOSSES: Mapping[str, pl.DataType] = {
    "characteristic": pl.String(),
    "group": pl.String(),
    "persons": pl.Int64(),
    "in_view": pl.Int64(),
    "lost_share": pl.Float64(),
    "emptied_share": pl.Float64(),
}


def groups_lost(
    everyone: pl.DataFrame, allowed: pl.DataFrame, shown: pl.DataFrame, as_of: date
) -> pl.DataFrame:
    """Tell by group how many customers a view lost, and of how many it no longer tells the group.

    Parameters
    ----------
    everyone, allowed : DataFrame
        The customer table before and after consent.
    shown : DataFrame
        The customer table of the view.
    as_of : date
        Date at which ages are counted.
    """
    parts = []
    for name in _GROUPS:
        value = age_band(as_of) if name == "age_band" else pl.col(name).cast(pl.String)
        before = everyone.select("customer_id", group=value.fill_null("missing"))
        emptied = (
            shown.select("customer_id", _empty=pl.col(name).is_null())
            if name in shown.columns
            else shown.select("customer_id", _empty=pl.lit(True))
        )
        counted = (
            before.join(
                allowed.select("customer_id", _in=pl.lit(True)), on="customer_id", how="left"
            )
            .join(emptied, on="customer_id", how="left")
            .group_by("group")
            .agg(
                persons=pl.len().cast(pl.Int64),
                in_view=pl.col("_in").fill_null(False).sum().cast(pl.Int64),
                emptied=(pl.col("_empty").fill_null(False) & (pl.col("group") != "missing"))
                .sum()
                .cast(pl.Int64),
            )
        )
        parts.append(
            counted.select(
                characteristic=pl.lit(name),
                group="group",
                persons="persons",
                in_view="in_view",
                lost_share=(1 - pl.col("in_view") / pl.col("persons")).round(6),
                emptied_share=pl.when(pl.col("in_view") > 0)
                .then(pl.col("emptied") / pl.col("in_view"))
                .otherwise(0.0)
                .round(6),
            )
        )
    return (
        pl.concat(parts)
        .sort(
            ["lost_share", "persons", "characteristic", "group"],
            descending=[True, True, False, False],
        )
        .cast(pl.Schema(LOSSES))
    )


def groups_told(groups: pl.DataFrame, min_group: int) -> pl.DataFrame:
    """Keep the groups that may be told: enough in the view and enough, or none, outside it."""
    counted = groups.with_columns(
        lost=pl.col("persons") - pl.col("in_view"),
        emptied=(pl.col("emptied_share") * pl.col("in_view")).round().cast(pl.Int64),
    ).with_row_index("row")
    hidden: set[int] = set()
    for column in ("persons", "in_view", "lost"):  # the groups of a characteristic are everybody
        sums = [part["row"].to_list() for part in counted.partition_by("characteristic")]
        hidden |= hidden_rows(counted[column], min_group=min_group, sums=sums)
    few = (pl.col("emptied") > 0) & (pl.col("emptied") < min_group)
    return counted.filter(~pl.col("row").is_in(hidden), pl.col("in_view") > 0).select(
        *(name for name in LOSSES if name != "emptied_share"),
        pl.when(~few).then("emptied_share"),
    )
