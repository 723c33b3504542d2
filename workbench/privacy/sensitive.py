"""Find out whether a condition reveals a sensitive fact about persons, under any name.

A share of a sensitive fact is never given as 0 or all, because everybody in the group would then be
known to lack or have it. The schema declares sensitive columns. A column that a notebook makes is
sensitive if it follows from one of them: "earns over 50,000" follows from the income band.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from workbench.schema import TABLES, CustomerData

#: Columns whose values must not become known for a person.
_COLUMNS = frozenset(
    name
    for table in TABLES.values()
    for name in (*table.columns_of_sensitivity("sensitive"), "is_special_category")
)
#: F1 score from which a fact reveals a condition, for the rarer of having and lacking it.
_REVEALS = 0.95


def reveals_sensitive(rows: pl.DataFrame, condition: pl.Expr, data: CustomerData) -> bool:
    """Return whether a condition reads a sensitive column, or follows from a sensitive fact.

    If a condition holds for everybody or nobody in the rows, the choice of the rows is examined in
    its place.

    Parameters
    ----------
    rows : DataFrame
        One row per person, with ``customer_id`` (UInt64).
    condition : Expr
        Boolean expression over ``rows``; null counts as false.
    data : CustomerData
        Tables of the view.
    """
    if not _COLUMNS.isdisjoint(condition.meta.root_names()):
        return True
    flags = rows.select("customer_id", condition.fill_null(False).alias("_flag"))
    if flags["_flag"].n_unique() < 2:
        everyone = data["customers"].select("customer_id").collect()
        inside = pl.col("customer_id").is_in(flags["customer_id"].implode())
        flags = everyone.with_columns(_flag=inside)
        if flags["_flag"].n_unique() < 2:
            return False
    return any(_is_separated(flags, facts) for facts in _sensitive_facts(data))


def _sensitive_facts(data: CustomerData) -> Iterator[pl.DataFrame]:
    """Yield customer_id, _fact and _value of the sensitive facts, table by table."""
    held = data["customers"].collect_schema()
    if named := [
        name for name in TABLES["customers"].columns_of_sensitivity("sensitive") if name in held
    ]:
        stated = data["customers"].select(
            "customer_id", *(pl.col(n).cast(pl.String) for n in named)
        )
        yield (
            stated.unpivot(named, index="customer_id", variable_name="_fact", value_name="_value")
            .drop_nulls()
            .collect()
        )
    for table in TABLES.values():
        valued = [column for column in table.columns if column.within]
        naming = valued[-1].within if valued else ()
        known = data[table.name].collect_schema()
        if not naming or not {"customer_id", *naming} <= set(known):
            continue
        values = [
            pl.col(column.name).cast(pl.String).fill_null("")
            for column in valued
            if column.name in known and column.name not in naming
        ]
        yield (
            data[table.name]
            .drop_nulls("customer_id")
            .select(
                "customer_id",
                pl.concat_str(pl.col(list(naming)).cast(pl.String), separator=" ").alias("_fact"),
                (pl.concat_str(values, separator=" ") if values else pl.lit("")).alias("_value"),
            )
            .unique()
            .collect()
        )


def _is_separated(flags: pl.DataFrame, facts: pl.DataFrame) -> bool:
    """Return whether one fact separates nearly all persons with the rarer flag from the others.

    Persons without the fact count as one more value. A value predicts the flag if most persons with
    this value have it. For numbers a limit can predict the flag too.
    """
    rarer = bool(flags["_flag"].sum() * 2 <= flags.height)
    wanted = flags.select("customer_id", _is=pl.col("_flag") == rarer)
    total = int(wanted["_is"].sum())
    joined = facts.join(wanted, on="customer_id")
    for part in joined.partition_by("_fact"):
        persons = part.group_by("_value").agg(
            persons=pl.col("customer_id").n_unique(),
            having=pl.col("customer_id").filter(pl.col("_is")).n_unique(),
        )
        stating = part.unique("customer_id")
        lacking = flags.height - stating.height
        lacking_flagged = total - int(stating["_is"].sum())
        if _predicts_by_values(persons, lacking, lacking_flagged, total) or _predicts_by_limit(
            part, total
        ):
            return True
    return False


def _predicts_by_values(
    persons: pl.DataFrame, lacking: int, lacking_flagged: int, total: int
) -> bool:
    # A value of one or two persons predicts any flag by chance, so only shared values count.
    predicting = persons.filter(pl.col("persons") > 2, pl.col("having") * 2 > pl.col("persons"))
    found, right = int(predicting["persons"].sum()), int(predicting["having"].sum())
    if lacking_flagged * 2 > lacking:
        found, right = found + lacking, right + lacking_flagged
    return _f1(right, found, total) >= _REVEALS


def _predicts_by_limit(part: pl.DataFrame, total: int) -> bool:
    """Return whether a limit of numbers predicts the flag, from either side."""
    number = pl.col("_value").str.strip_chars().cast(pl.Float64, strict=False)
    known = part.select("_is", _number=number).drop_nulls("_number")
    if known.height * 2 < part.height or known["_number"].n_unique() < 3:
        return False
    for descending in (False, True):
        ordered = known.sort("_number", descending=descending)["_is"].to_numpy()
        right = np.cumsum(ordered)
        if (2 * right / (np.arange(1, right.size + 1) + total)).max() >= _REVEALS:
            return True
    return False


def _f1(right: int, found: int, total: int) -> float:
    return 2 * right / (found + total) if found + total else 0.0
