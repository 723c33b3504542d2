"""Find the customers whom a study may see, from their latest decisions on consent.

Within a record the latest decision for each channel counts. Over the channels and over the records
of a customer the strictest of these counts: an objection in the mail tool removes the shop orders
of the same person from the view, and the result does not depend on when records were linked.

On the basis ``consent`` a study may see only customers whose latest decision for its purpose (and
its channel, if it names one) is ``given``. On any other basis it may see all customers, except
those whose latest decision is a refusal, withdrawal, objection or restriction. The newest decisions
of the dataset always count, whatever the as-of date: a withdrawal counts as soon as it is loaded.

These decisions concern a study, and they count in this order:

- a decision without a purpose is about every purpose, and may only deny, restrict or release;
- a decision without a channel is about every channel and replaces earlier decisions for any of
  them; a later decision for one channel replaces it for that channel only;
- a study with a channel reads the decisions for its channel and for every channel. A study without
  a channel reads all decisions, and the strictest of them counts: consent for e-mail does not lift
  an objection to all channels;
- a decision without a time counts from the time until which its source is complete (a load writes
  that time); of decisions at the same instant the stricter counts;
- a restriction is ended by a later release or a later consent (GDPR 18(2)) for the same channel or
  for all channels. After a release, the decisions before the restriction count again;
- the decisions ``requested`` and ``unknown`` permit nothing and end no denial on another basis;
- if several persons use an address or device that records state, nobody can know which records
  belong to the same person, so a denial in one of these records counts for all of them.
"""

from collections.abc import Collection

import polars as pl

from workbench.schema import DENIALS
from workbench.studies import StudyTerms

#: Decisions from the mildest to the strictest; at the same instant the stricter counts.
_STRICTNESS = (
    "given", "released", "unknown", "requested", "refused", "withdrawn", "objected", "restricted"
)  # fmt: skip

#: Factor that makes room for the place of a decision beside its time, and a time before all others.
_RANKS, _BEFORE_ALL = 16, -(2**58)

#: Entries that are no decision of the customer.
_NO_DECISION = ("unknown", "requested")

#: Reason for customers who share an address or device with somebody who denied.
BY_OTHERS = "somebody with the same address or device said no"


def exclusion_reasons(
    customers: pl.DataFrame,
    consents: pl.DataFrame | pl.LazyFrame,
    *,
    study: StudyTerms,
    shared: pl.DataFrame | pl.LazyFrame | None = None,
) -> pl.DataFrame:
    """Return for each customer the reason why the study may not see them.

    Parameters
    ----------
    customers : DataFrame
        Column ``customer_id`` (UInt64), one row per customer.
    consents : DataFrame or LazyFrame
        The consents table, all decisions of all purposes.
    study : Study
        Study; its purpose, channel and basis count.
    shared : DataFrame or LazyFrame, optional
        Records that state an identifier of more than one person: ``customer_id``, ``record_id``
        and ``shared_id``, the number of the identifier.

    Returns
    -------
    DataFrame, shape (customers, 2)
        ``customer_id`` and ``reason`` (String), which is null if the study may see the customer;
        otherwise "no decision for this purpose", "latest decision is withdrawn", ...
    """
    decisions = _remove_ended_restrictions(_relevant_decisions(consents.lazy(), study), study)
    if study.basis != "consent":
        decisions = decisions.filter(~_rank_is_in(_NO_DECISION))
    latest = _latest_decisions(decisions, study).collect()
    strictest = latest.group_by("customer_id").agg(decision=_RANK.max())
    strictest = strictest.with_columns(
        pl.col("decision").replace_strict(dict(enumerate(_STRICTNESS)), return_dtype=pl.String)
    )
    rows = customers.select("customer_id").join(
        strictest, on="customer_id", how="left", maintain_order="left"
    )
    reason = _exclusion_reason(study)
    if shared is not None:
        doubtful = _customers_denied_by_others(latest, shared.lazy())
        is_doubtful = pl.col("customer_id").is_in(doubtful.implode())
        reason = pl.coalesce(reason, pl.when(is_doubtful).then(pl.lit(BY_OTHERS)))
    return rows.select("customer_id", reason=reason)


def _customers_denied_by_others(latest: pl.DataFrame, shared: pl.LazyFrame) -> pl.Series:
    """Return customers of records that share an identifier with a record that denies."""
    denials = latest.lazy().filter(_rank_is_in(DENIALS)).select("record_id")
    identifiers = shared.join(denials, on="record_id", how="semi").select("shared_id")
    met = shared.join(identifiers, on="shared_id", how="semi").select("customer_id").unique()
    return met.collect().to_series()


#: Number of a decision in ``_STRICTNESS``, from the number that orders decisions.
_RANK = pl.col("_order") % _RANKS


def _rank_is_in(decisions: Collection[str]) -> pl.Expr:
    return _RANK.is_in([_STRICTNESS.index(decision) for decision in decisions])


def _relevant_decisions(consents: pl.LazyFrame, study: StudyTerms) -> pl.LazyFrame:
    """Return the decisions that concern the study, in any order.

    Columns: customer_id, record_id, channel and ``_order`` (Int64), by which decisions are ordered
    in time. Of two decisions at the same instant the stricter one has the higher number, so the
    number is the microsecond times 16, plus the place in ``_STRICTNESS``. Millions of rows of
    numbers take a fourth of the memory of rows with texts, and need not be sorted.
    """
    decision = pl.col("decision").cast(pl.String)
    is_ours = (pl.col("purpose").cast(pl.String) == study.purpose) | (
        pl.col("purpose").is_null() & decision.is_in([*DENIALS, "released"])
    )
    ranks = {name: number for number, name in enumerate(_STRICTNESS)}
    rank = decision.replace_strict(ranks, return_dtype=pl.Int64)
    instant = pl.col("decided_at").dt.timestamp("us").fill_null(_BEFORE_ALL)
    return consents.filter(is_ours, _concerns_channel(study)).select(
        "customer_id", "record_id", "channel", _order=instant * _RANKS + rank
    )


def _remove_ended_restrictions(decisions: pl.LazyFrame, study: StudyTerms) -> pl.LazyFrame:
    """Remove releases and the restrictions that they ended.

    If a study reads all channels, only a release of every channel ends a restriction of every
    channel: a release for e-mail leaves the other channels restricted.
    """
    is_release = _rank_is_in(["released"])
    release = pl.col("_order").filter(is_release)
    if study.channel is not None:  # All rows concern this channel.
        last = release.max().over("record_id")
    else:
        for_all = pl.col("_order").filter(is_release, pl.col("channel").is_null())
        last = pl.max_horizontal(
            for_all.max().over("record_id"), release.max().over("record_id", "channel")
        )
    is_ended = _rank_is_in(["restricted"]) & (pl.col("_order") < last).fill_null(False)
    return decisions.filter(~is_ended, ~is_release)


def _latest_decisions(decisions: pl.LazyFrame, study: StudyTerms) -> pl.LazyFrame:
    """Return the decisions of each record that count.

    A study with a channel reads one sequence of decisions. Without a channel, each channel has its
    own sequence: the decisions about every channel and about this one.
    """
    order = pl.col("_order")
    if study.channel is not None:
        return decisions.filter(order == order.max().over("record_id"))
    for_all = order.filter(pl.col("channel").is_null()).max().over("record_id")
    is_last = order == order.max().over("record_id", "channel")
    return decisions.filter(is_last, (order >= for_all).fill_null(True))


def _concerns_channel(study: StudyTerms) -> pl.Expr:
    """Return the condition for decisions on the study's channel, or for all if it has none."""
    if study.channel is None:
        return pl.lit(True)
    return pl.col("channel").is_null() | (pl.col("channel").cast(pl.String) == study.channel)


def _exclusion_reason(study: StudyTerms) -> pl.Expr:
    decision = pl.col("decision")
    denial = pl.lit("latest decision is ") + decision
    if study.basis == "consent":
        return (
            pl.when(decision == "given")
            .then(None)
            .when(decision.is_null())
            .then(pl.lit("no decision for this purpose"))
            .otherwise(denial)
        )
    return pl.when(decision.is_in(DENIALS)).then(denial).otherwise(None)
