"""Whom a study may see, by what customers decided last.

On basis ``consent`` only customers whose latest decision for the study's purpose (and channel,
where it names one) is ``given``. On any other basis everyone, except whose latest decision is a
refusal, withdrawal, objection or restriction. Consent is always the newest state the dataset
knows, whatever the as-of date: a withdrawal counts from the moment it is known.
"""

import polars as pl

from workbench.studies import Study

_DENIALS = ("refused", "withdrawn", "objected", "restricted")

#: Of decisions at the same instant the stricter counts: later in this list wins.
_STRICTNESS = (
    "unknown", "requested", "released", "given", "refused", "withdrawn", "objected", "restricted"
)  # fmt: skip


def permitted(
    customers: pl.DataFrame, consents: pl.DataFrame, *, study: Study, undated_at: pl.Expr
) -> pl.DataFrame:
    """Tell for each customer whether the study may see them.

    Parameters
    ----------
    customers : DataFrame
        Column ``customer_id`` (UInt64), one row per customer.
    consents : DataFrame
        The consents table, all decisions of all purposes.
    study : Study
        Its purpose, channel and basis count.
    undated_at : Expr
        Instant from which a decision without a time counts: when its source was complete.

    Returns
    -------
    DataFrame, shape (customers, 2)
        ``customer_id`` and ``reason`` (String): null where the study may see the customer, else
        why not: "never asked for this purpose", "latest decision is withdrawn", ...
    """
    relevant = consents.filter(
        (pl.col("purpose") == study.purpose) | pl.col("purpose").is_null(),
        _concerns_channel(study),
    )
    strict = {decision: rank for rank, decision in enumerate(_STRICTNESS)}
    ordered = relevant.with_columns(
        pl.col("decided_at").fill_null(undated_at),
        _rank=pl.col("decision").cast(pl.String).replace_strict(strict, return_dtype=pl.Int8),
    ).sort("customer_id", "decided_at", "_rank", "consent_id")
    latest = ordered.group_by("customer_id", maintain_order=True).agg(
        pl.col("decision").cast(pl.String).last().alias("latest"),
        # what stood before a restriction that was released stands again
        pl.col("decision")
        .cast(pl.String)
        .filter(~pl.col("decision").cast(pl.String).is_in(["restricted", "released"]))
        .last()
        .alias("standing"),
    )
    decision = (
        pl.when(pl.col("latest") == "released").then(pl.col("standing")).otherwise(pl.col("latest"))
    )
    rows = customers.select("customer_id").join(
        latest, on="customer_id", how="left", maintain_order="left"
    )
    return rows.select("customer_id", reason=_reason(decision, study))


def _concerns_channel(study: Study) -> pl.Expr:
    """A decision without a channel concerns every channel; a study without one asks about all."""
    if study.channel is None:
        return pl.lit(True)
    return pl.col("channel").is_null() | (pl.col("channel") == study.channel)


def _reason(decision: pl.Expr, study: Study) -> pl.Expr:
    said = pl.lit("latest decision is ") + decision
    if study.basis == "consent":
        return (
            pl.when(decision == "given")
            .then(None)
            .when(decision.is_null())
            .then(pl.lit("no decision for this purpose"))
            .otherwise(said)
        )
    return pl.when(decision.is_in(list(_DENIALS))).then(said).otherwise(None)
