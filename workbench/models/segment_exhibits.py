"""Figures and tables of a segmentation: sizes, worth, profiles and stability of the segments."""

import polars as pl

from workbench.charts.exhibits import Figure, Table
from workbench.charts.row_charts import intervals
from workbench.features import feature_dictionary
from workbench.models.feature_exhibits import feature_words, value_text
from workbench.models.segmentation import Segmentation
from workbench.privacy.release import model_origin

_EFFECT = (
    "Effect (Cliff's delta): how often a customer of the segment has more than a customer outside, "
    "less how often less. At 0 the one is as frequent as the other; at +1 the segment's customer "
    "always has more, at \u22121 always less. Typical is the median, for shares the mean. "
    "Customers were grouped by how often they order, for how much, how broadly, what and where, "
    "so segments differ in this by construction."
)
_RANGE = "middle 95 % range"  # of pairs that share samples, so this is no interval
_MOST_MARKS = 4  # largest number of features per segment in the profile


def sizes(result: Segmentation) -> Figure:
    """Draw each segment's share of the customers."""
    table = Table(
        name="segment_sizes",
        title=f"Customers by segment; the most are in: {_first(result.sizes, 'persons')}",
        rows=result.sizes.select("segment", "persons", "share", "low", "high"),
        persons="persons",
        formats={"share": ".1%", "low": ".1%", "high": ".1%"},
        margin="segment",
        origin=result.origin,
    )
    return intervals(
        table, group="segment", value="share", low="low", high="high", axis="Share of customers"
    )


def worth(result: Segmentation) -> Figure:
    """Draw each segment's share of the net amount that customers spent."""
    table = Table(
        name="segment_worth",
        title=f"What customers spent; the most comes from: {_first(result.sizes, 'value_share')}",
        rows=result.sizes.select("segment", "persons", "value_share", "value_low", "value_high"),
        persons="persons",
        formats={"value_share": ".1%", "value_low": ".1%", "value_high": ".1%"},
        labels={"value_share": "share", "value_low": "low", "value_high": "high"},
        margin="segment",
        origin=result.origin,
    )
    return intervals(
        table,
        group="segment",
        value="value_share",
        low="value_low",
        high="value_high",
        axis="Share of the net amount",
    )


def profile(result: Segmentation, *, currency: str) -> Table:
    """Return the features with the largest effects of each segment, the most valuable first."""
    order = {name: place for place, name in enumerate(result.sizes["segment"])}
    chosen = result.profile.filter(pl.col("rank") <= _MOST_MARKS).sort(
        pl.col("segment").replace_strict(order, return_dtype=pl.Int64), "rank"
    )
    meanings = feature_dictionary(chosen["feature"].to_list())["meaning"]
    texts_by_column = {
        column: [
            value_text(value, unit, currency=currency)
            for value, unit in chosen.select(column, "unit").iter_rows()
        ]
        for column in ("typical", "others")
    }
    rows = chosen.with_columns(
        meanings,
        *(pl.Series(name, texts, dtype=pl.String) for name, texts in texts_by_column.items()),
    ).select(
        "segment",
        "persons",
        "typical",
        "others",
        "effect",
        mark=feature_words("feature", "group", "meaning"),
    )
    return Table(
        name="segment_profile",
        title="The typical customer of each segment against all others",
        rows=rows.select("segment", "persons", "mark", "typical", "others", "effect"),
        persons="persons",
        formats={"effect": "+z.2f"},
        labels={"mark": "what", "others": "all others"},
        note=_EFFECT,
        origin=result.origin,
    )


def stability(result: Segmentation) -> Figure:
    """Draw the agreement of two samples on the segments, by the number of groups."""
    rows = result.tried.select("k", "stability", "low", "high", "is_chosen")
    table = Table(
        name="groups_tried",
        title="How far two samples agree, by the number of groups",
        rows=rows.with_columns(
            groups=pl.format(
                "{} groups{}",
                "k",
                pl.when(pl.col("is_chosen")).then(pl.lit(", taken")).otherwise(pl.lit("")),
            )
        ).select("groups", "stability", "low", "high"),
        persons=None,
        note=f"{result.reason}.",
        labels={"stability": "agreement", "low": _RANGE},
        formats={"stability": ".2f", "low": ".2f", "high": ".2f"},
        origin=model_origin(result.origin),
    )
    return intervals(
        table,
        group="groups",
        value="stability",
        low="low",
        high="high",
        axis="Agreement of two samples (adjusted Rand index)",
        form=".2f",
        range_name=_RANGE,
    )


def _first(sizes: pl.DataFrame, column: str) -> str:
    """Return the segment with the highest value in a column; of equal ones, the first."""
    return str(sizes.sort(column, descending=True, maintain_order=True)["segment"][0])
