"""What a report shows of a segmentation: sizes, worth, what sets segments apart, what was tried."""

import polars as pl

from workbench.charts.exhibits import Figure, Table
from workbench.charts.forms import intervals
from workbench.models.segmentation import Segmentation

_MOST_MARKS = 4  # features per segment in the profile


def sizes(result: Segmentation) -> Figure:
    """Draw each segment's share of the customers."""
    table = Table(
        name="segment_sizes",
        title="How many customers each segment has",
        rows=result.sizes.select("segment", "persons", "share", "low", "high"),
        persons="persons",
        formats={"share": ".1%", "low": ".1%", "high": ".1%"},
        margin="segment",
    )
    return intervals(
        table, group="segment", value="share", low="low", high="high", axis="Share of customers"
    )


def worth(result: Segmentation) -> Figure:
    """Draw each segment's share of the net amount that customers spent."""
    table = Table(
        name="segment_worth",
        title="How much of what customers spent comes from each segment",
        rows=result.sizes.select("segment", "persons", "value_share", "value_low", "value_high"),
        persons="persons",
        formats={"value_share": ".1%", "value_low": ".1%", "value_high": ".1%"},
        labels={"value_share": "Share", "value_low": "low", "value_high": "high"},
        margin="segment",
    )
    return intervals(
        table,
        group="segment",
        value="value_share",
        low="value_low",
        high="value_high",
        axis="Share of the net amount",
    )


def profile(result: Segmentation) -> Table:
    """Return what sets each segment apart most."""
    rows = result.profile.filter(pl.col("rank") <= _MOST_MARKS).select(
        "segment", "persons", "feature", "typical", "others", "unit", "effect"
    )
    return Table(
        name="segment_profile",
        title="What sets each segment apart: its typical customer against all others",
        rows=rows,
        persons="persons",
        formats={"typical": ",.2f", "others": ",.2f", "effect": "+.2f"},
        labels={"typical": "Typical", "others": "All others", "effect": "Effect (-1 to 1)"},
    )


def stability(result: Segmentation) -> Figure:
    """Draw how far two samples agree on the segments, by the number of groups."""
    rows = result.tried.select("k", "stability", "low", "high", "silhouette", "is_chosen")
    table = Table(
        name="groups_tried",
        title="How far two samples agree, by the number of groups",
        rows=rows.with_columns(
            groups=pl.format(
                "{} groups{}",
                "k",
                pl.when(pl.col("is_chosen")).then(pl.lit(", taken")).otherwise(pl.lit("")),
            )
        ).select("groups", "stability", "low", "high", "silhouette"),
        persons=None,
        formats={"stability": ".2f", "low": ".2f", "high": ".2f", "silhouette": ".2f"},
    )
    return intervals(
        table,
        group="groups",
        value="stability",
        low="low",
        high="high",
        axis="Agreement of two samples (adjusted Rand index)",
        form=".2f",
    )
