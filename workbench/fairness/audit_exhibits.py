"""Figures and tables of an audit: rates by group, shares of the selected persons, contrasts."""

import polars as pl

from workbench.charts.exhibits import Figure, Table
from workbench.charts.row_charts import intervals
from workbench.fairness.audit import Audit

_MOST_PAIRS = 15  # of one attribute and metric; 6 groups have as many
_LEAST_P = 0.001  # smaller p-values are printed as "below 0.001"
_SHARES = {"value": ".1%", "low": ".1%", "high": ".1%"}
_WORDS = {
    "attribute": "by", "of": "persons counted", "value": "rate", "p_value": "p value",
}  # fmt: skip


def selection_rates(audit: Audit) -> tuple[Figure, ...]:
    """Draw the share selected by group, one figure per attribute."""
    is_selection = pl.col("metric") == "selection_rate"
    overall = audit.overall.filter(is_selection)["value"][0]
    parts = audit.rates.filter(is_selection).partition_by(
        "attribute", as_dict=True, maintain_order=True
    )
    return tuple(
        _selection_figure(str(attribute), rows, overall, audit.origin)
        for (attribute,), rows in parts.items()
    )


def all_rates(audit: Audit) -> Table:
    """Return every metric of every group, with notes about rates that cannot be estimated."""
    rows = _replace_by_bounds(audit.rates, "value").select(
        _without_underscores("attribute"),
        _without_underscores("metric"),
        "group",
        "of",
        "value",
        "low",
        "high",
        "note",
    )
    return Table(
        name="rates",
        title="By group, with 95 % intervals",
        rows=_without_empty_notes(rows),
        persons="of",
        labels=_WORDS,
        formats=_SHARES,
        origin=audit.origin,
    )


def representation(audit: Audit) -> Table:
    """Return each group's share of all persons and of the selected ones."""
    rows = audit.representation.select(
        _without_underscores("attribute"),
        "group",
        "persons",
        "share",
        "share_of_selected",
        "low",
        "high",
        "ratio",
        note="bound",
    )
    return Table(
        name="representation",
        title="Each group's share of all persons and of the selected persons",
        rows=_without_empty_notes(rows),
        persons="persons",
        labels={
            **_WORDS,
            "share": "share of all",
            "share_of_selected": "share of selected",
        },
        formats={
            "share": ".1%",
            "share_of_selected": ".1%",
            "low": ".1%",
            "high": ".1%",
            "ratio": ".2f",
        },
        margin="group",
        origin=audit.origin,
    )


def contrasts(audit: Audit) -> Table:
    """Return the difference of each pair of groups in points, with the limits of the verdicts.

    Of more than ``_MOST_PAIRS`` pairs of groups those that may differ most are shown.
    """
    points = [(100 * pl.col(name)).alias(name) for name in ("difference", "low", "high")]
    most = 100 * pl.max_horizontal("alone_high", -pl.col("alone_low"))
    pairs = audit.contrasts.with_columns(points, at_most=most, note=pl.lit(""))
    place = pl.col("at_most").rank("ordinal", descending=True).over("attribute", "metric")
    rows = _replace_by_bounds(pairs.filter(place <= _MOST_PAIRS), "difference").select(
        _without_underscores("attribute"),
        _without_underscores("metric"),
        "group",
        "reference",
        pl.min_horizontal("persons", "reference_persons").alias("persons"),
        "difference",
        "low",
        "high",
        "at_most",
        "note",
        p_value=_p_text(),
    )
    return Table(
        name="contrasts",
        title=(
            "Differences of pairs of groups in points: the interval holds with 95 % for all pairs "
            'together, "at most" for the pair alone; p-values are adjusted by Holm\'s method'
        ),
        rows=_without_empty_notes(rows),
        persons="persons",
        labels={
            **_WORDS,
            "reference": "against",
            "persons": "persons in the smaller group",
            "difference": "points",
        },
        formats={"difference": "+z.1f", "low": "+z.1f", "high": "+z.1f", "at_most": ".1f"},
        origin=audit.origin,
    )


def _without_underscores(column: str) -> pl.Expr:
    return pl.col(column).str.replace_all("_", " ")


def _without_empty_notes(rows: pl.DataFrame) -> pl.DataFrame:
    return rows if (rows["note"].fill_null("") != "").any() else rows.drop("note")


def _replace_by_bounds(rows: pl.DataFrame, figure: str) -> pl.DataFrame:
    """Replace a figure by a note with its bound if only a bound may be shown."""
    is_bound = pl.col("bound") != ""
    return rows.with_columns(
        pl.when(~is_bound).then(figure).alias(figure),
        note=pl.when(is_bound & (pl.col("note") == ""))
        .then("bound")
        .when(is_bound)
        .then(pl.format("{}, {}", "bound", "note"))
        .otherwise("note"),
    )


def _p_text() -> pl.Expr:
    """Return p-values as text; a small one is "below 0.001", because it is never 0."""
    shown = pl.col("p_value").map_elements(lambda p: f"{p:.3f}", return_dtype=pl.String)
    return pl.when(pl.col("p_value") < _LEAST_P).then(pl.lit("below 0.001")).otherwise(shown)


def _selection_figure(
    attribute: str, rows: pl.DataFrame, overall: float | None, origin: str
) -> Figure:
    rows = _replace_by_bounds(rows, "value")
    table = Table(
        name=f"selection_by_{'_'.join(attribute.split())}",
        title=f"Share selected by {attribute.replace('_', ' ')}",
        rows=_without_empty_notes(rows.select("group", "persons", "value", "low", "high", "note")),
        persons="persons",
        labels=_WORDS,
        formats=_SHARES,
        origin=origin,
    )
    return intervals(
        table,
        group="group",
        value="value",
        low="low",
        high="high",
        axis="Share selected",
        reference=overall,
        reference_name="everybody",
        note="note" if "note" in table.rows.columns else None,
    )
