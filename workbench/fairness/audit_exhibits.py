"""What a report shows of an audit: rates by group, who is among the selected, every contrast."""

import polars as pl

from workbench.charts.exhibits import Figure, Table
from workbench.charts.row_charts import intervals
from workbench.fairness.audit import Audit

_LEAST_P = 0.001  # smaller ones are told as below it
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
        _rates(str(attribute), rows, overall, audit.origin) for (attribute,), rows in parts.items()
    )


def all_rates(audit: Audit) -> Table:
    """Return every metric of every group, with what cannot be estimated."""
    rows = _bounded(audit.rates, "value").select(
        _in_words("attribute"),
        _in_words("metric"),
        "group",
        "of",
        "value",
        "low",
        "high",
        "note",
    )
    return Table(
        name="rates",
        title="By group, with 95 % Wilson intervals",
        rows=_without_empty_notes(rows),
        persons="of",
        labels=_WORDS,
        formats=_SHARES,
        origin=audit.origin,
    )


def representation(audit: Audit) -> Table:
    """Return each group's share of all persons and of the selected ones."""
    rows = audit.representation.select(
        _in_words("attribute"),
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
        title="Each group's share of everybody and of the selected",
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
    """Return each judged group's difference to its reference, adjusted for their number."""
    rows = _bounded(audit.contrasts.with_columns(note=pl.lit("")), "difference").select(
        _in_words("attribute"),
        _in_words("metric"),
        "group",
        "reference",
        "persons",
        "difference",
        "low",
        "high",
        "note",
        p_value=_p_text(),
    )
    return Table(
        name="contrasts",
        title="Differences to the largest group; p-values adjusted by Holm's method",
        rows=_without_empty_notes(rows),
        persons="persons",
        labels={**_WORDS, "reference": "against"},
        formats={"difference": "+z.1%", "low": "+z.1%", "high": "+z.1%"},
        origin=audit.origin,
    )


def _in_words(column: str) -> pl.Expr:
    return pl.col(column).str.replace_all("_", " ")


def _without_empty_notes(rows: pl.DataFrame) -> pl.DataFrame:
    return rows if (rows["note"].fill_null("") != "").any() else rows.drop("note")


def _bounded(rows: pl.DataFrame, figure: str) -> pl.DataFrame:
    """Put the bound in the place of a figure of which only a bound may be shown."""
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
    """Return p-values as a reader sees them: no chance is nothing."""
    shown = pl.col("p_value").map_elements(lambda p: f"{p:.3f}", return_dtype=pl.String)
    return pl.when(pl.col("p_value") < _LEAST_P).then(pl.lit("below 0.001")).otherwise(shown)


def _rates(attribute: str, rows: pl.DataFrame, overall: float | None, origin: str) -> Figure:
    rows = _bounded(rows, "value")
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
