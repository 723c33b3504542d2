"""What the risk page of an extract says beside the risk: its context, its columns and its price."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from workbench.charts.exhibits import Table
from workbench.extracts.extract import Extract
from workbench.reports.risk_page import ReleaseContext

#: Number of digits of a hash that are enough to tell two policies apart.
_DIGITS = 12
_REVIEW = (
    "within a year, when other data on these persons become known, and before the recipient gets "
    "another extract of them: the risk was measured on the day on which this was made"
)


def release_context(
    extract: Extract, description: Mapping[str, Any], *, name: str
) -> ReleaseContext:
    """Return what a reader has to know of an extract to judge its risk.

    Parameters
    ----------
    extract : Extract
        The extract.
    description : mapping
        From ``describe_extract``, with the time ``made_at``.
    name : str
        Name of the file or folder.
    """
    return ReleaseContext(
        name=name,
        recipient=extract.policy.recipient or "",
        purpose=extract.policy.purpose or "",
        is_synthetic=bool(extract.source.get("is_synthetic", False)),
        facts=dict(_facts(extract, description)),
        columns=columns_table(extract),
        price=price_table(extract),
    )


def _facts(extract: Extract, description: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    policy, source = extract.policy, extract.source
    if policy.basis is not None:
        yield "Lawful basis", policy.basis.replace("_", " ")
    if policy.owner is not None:
        yield "Answers for it", ", ".join(filter(None, (policy.owner, policy.contact)))
    yield "Made at", description["made_at"]
    if "dataset" in source:
        origin = f"dataset {source['dataset']}, version {source['version']}"
        yield "Made from", f"{origin}, fingerprint {source['fingerprint']}"
        yield "As of", extract.further["as_of"]
    else:
        yield "Made from", f"{source['file']}, {source['records']:,} records"
    preset = f"preset {policy.preset}, " if policy.preset else ""
    yield "Policy", f"{policy.name}, {preset}hash {description['policy_sha256'][:_DIGITS]}"
    reached = (f"{name} = {value:g}" for name, value in extract.reached.items())
    yield "Reached", ", ".join(reached)
    rows = (f"{table} {frame.height:,}" for table, frame in extract.tables.items())
    yield "Rows", ", ".join(rows)
    linked = (
        f"up to {policy.known_rows:,} rows of the history of a person"
        if policy.histories == "linked"
        else "single rows, as rows do not say whose they are"
    )
    yield (
        "Intruders",
        "know the quasi-identifiers of one person in it (prosecutor), of somebody in the "
        f"population (journalist) or of many (marketer), and {linked}",
    )
    yield "Measure again", _REVIEW


def columns_table(extract: Extract) -> Table:
    """Return what was done to each column, and what it lost."""
    rows = [
        (each.table, each.column, each.treatment, each.suppressed or None, each.loss)
        for each in extract.columns
    ]
    schema = {
        "table": pl.String, "column": pl.String, "treatment": pl.String,
        "suppressed": pl.Int64, "lost": pl.Float64,
    }  # fmt: skip
    return Table(
        name="columns",
        title="What was done to which column",
        rows=pl.DataFrame(rows, schema=schema, orient="row"),
        persons=None,
        labels={"suppressed": "Cells suppressed", "lost": "Information lost"},
        formats={"suppressed": ",d", "lost": ".1%"},
    )


def price_table(extract: Extract) -> Table:
    """Return what the extract lost: of information, of persons, of sums and of models."""
    rows = pl.DataFrame(list(_prices(extract)), schema=["measure", "figure"], orient="row")
    return Table(
        name="price",
        title="What was lost",
        rows=rows,
        persons=None,
        note="The normalised loss (GCP) is 0 for exact values and 1 where nothing is left; the raw "
        "loss is the share of all values that a cell can be.",
    )


def _prices(extract: Extract) -> Iterator[tuple[str, str]]:
    found = extract.utility
    yield "Information of the quasi-identifiers lost (GCP)", f"{found['gcp']:.1%}"
    yield "Raw loss", f"{found['loss']:.3f}"
    yield "Persons in an average class", f"{found['average_class_size']:.1f}"
    yield "Discernibility", f"{found['discernibility']:,.0f}"
    yield "Persons left out", f"{extract.suppressed:,} of {extract.persons:,}"
    for name, table in extract.further.get("histories", {}).items():
        yield f"Rows of {name} left out", f"{table['left_out']:,} of {table['rows']:,}"
        for column, share in table["sums_kept"].items():
            yield f"Sum of {column} of {name}, against the dataset", f"{share:.1%}"
    if (models := extract.models) is not None:
        for when, auc in (("before", models.before), ("after", models.after)):
            interval = f"95 % interval {auc.low:.3f} to {auc.high:.3f}"
            yield f"AUC for {models.outcome}, {when}", f"{auc.auc:.3f} ({interval})"
        yield "Agreement of segments before and after (Rand)", f"{models.segment_agreement:.2f}"
