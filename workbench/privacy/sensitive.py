"""Whether a condition tells something sensitive of a person, under whatever name it is kept.

A share of a sensitive fact is never given as 0 or all, since it would then be known of everybody
in the group. Which columns are sensitive says the schema; a column of one's own is sensitive where
it follows from one of them: "earns over 50,000" from the income band.
"""

from collections.abc import Iterator

import polars as pl

from workbench.schema import TABLES, CustomerData

#: Columns that must not be learned of a person.
_COLUMNS = frozenset(
    name for table in TABLES.values() for name in (*table.named("sensitive"), "is_special_category")
)
#: Tables of facts, one a row: what names the fact, and what it says.
_FACTS = {
    "attributes": (("namespace", "attribute"), ("value",)),
    "answers": (("question_id",), ("answer", "answer_number")),
}
#: Persons per value that a fact needs on average: of names or numbers everything follows.
_PERSONS_PER_VALUE = 3


def tells_sensitive(rows: pl.DataFrame, condition: pl.Expr, data: CustomerData) -> bool:
    """Return whether a condition reads a sensitive column, or follows from a sensitive fact.

    Parameters
    ----------
    rows : DataFrame
        One row per person, with ``customer_id`` (UInt64).
    condition : Expr
        Boolean over ``rows``; null counts as not.
    data : CustomerData
        The view's tables.
    """
    if not _COLUMNS.isdisjoint(condition.meta.root_names()):
        return True
    flags = rows.select("customer_id", condition.fill_null(False).alias("_flag"))
    if flags["_flag"].n_unique() < 2:
        return False
    return any(_follows(flags, facts) for facts in _sensitive_facts(data))


def _sensitive_facts(data: CustomerData) -> Iterator[pl.DataFrame]:
    """Yield customer_id, _fact and _value of the sensitive facts, table by table."""
    held = data["customers"].collect_schema()
    if named := [name for name in TABLES["customers"].named("sensitive") if name in held]:
        told = data["customers"].select("customer_id", *(pl.col(n).cast(pl.String) for n in named))
        yield (
            told.unpivot(named, index="customer_id", variable_name="_fact", value_name="_value")
            .drop_nulls()
            .collect()
        )
    for table, (naming, saying) in _FACTS.items():
        known = data[table].collect_schema()
        if not {"customer_id", *naming} <= set(known):
            continue
        said = [pl.col(name).cast(pl.String).fill_null("") for name in saying if name in known]
        yield (
            data[table]
            .drop_nulls("customer_id")
            .select(
                "customer_id",
                pl.concat_str(pl.col(list(naming)).cast(pl.String), separator=" ").alias("_fact"),
                (pl.concat_str(said, separator=" ") if said else pl.lit("")).alias("_value"),
            )
            .unique()
            .collect()
        )


def _follows(flags: pl.DataFrame, facts: pl.DataFrame) -> bool:
    """Return whether the flags are equal for all persons of whom a fact says the same.

    Persons of whom it says nothing are one more group.
    """
    of_value = (
        facts.join(flags, on="customer_id")
        .group_by("_fact", "_value")
        .agg(pl.len().alias("persons"), pl.col("_flag").sum().alias("flagged"))
    )
    of_fact = (
        of_value.group_by("_fact")
        .agg(
            ((pl.col("flagged") == 0) | (pl.col("flagged") == pl.col("persons")))
            .all()
            .alias("is_equal"),
            pl.col("persons").mean().alias("per_value"),
        )
        .filter(pl.col("is_equal") & (pl.col("per_value") >= _PERSONS_PER_VALUE))
    )
    having = (
        facts.join(of_fact, on="_fact", how="semi")
        .unique(["customer_id", "_fact"])
        .join(flags, on="customer_id")
        .group_by("_fact")
        .agg(pl.len().alias("persons"), pl.col("_flag").sum().alias("flagged"))
    )
    left = flags.height - pl.col("persons")
    flagged = int(flags["_flag"].sum()) - pl.col("flagged")
    return bool(having.select(((flagged == 0) | (flagged == left)).any()).item())
