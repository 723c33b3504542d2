"""Whether a condition tells something sensitive of a person, under whatever name it is kept.

A share of a sensitive fact is never given as 0 or all, since it would then be known of everybody
in the group. Which columns are sensitive says the schema; a column of one's own is sensitive where
it follows from one of them: "earns over 50,000" from the income band.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from workbench.schema import TABLES, CustomerData

#: Columns that must not be learned of a person.
_COLUMNS = frozenset(
    name
    for table in TABLES.values()
    for name in (*table.columns_of_sensitivity("sensitive"), "is_special_category")
)
#: How well a fact has to tell a condition: F1 of the persons who have, or lack, what is rarer.
_TELLS = 0.95


def tells_sensitive(rows: pl.DataFrame, condition: pl.Expr, data: CustomerData) -> bool:
    """Return whether a condition reads a sensitive column, or follows from a sensitive fact.

    A condition that holds for everybody, or nobody, in the rows follows from a fact by which the
    rows were chosen.

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
        everyone = data["customers"].select("customer_id").collect()
        inside = pl.col("customer_id").is_in(flags["customer_id"].implode())
        flags = everyone.with_columns(_flag=inside)
        if flags["_flag"].n_unique() < 2:
            return False
    return any(_follows(flags, facts) for facts in _sensitive_facts(data))


def _sensitive_facts(data: CustomerData) -> Iterator[pl.DataFrame]:
    """Yield customer_id, _fact and _value of the sensitive facts, table by table."""
    held = data["customers"].collect_schema()
    if named := [
        name for name in TABLES["customers"].columns_of_sensitivity("sensitive") if name in held
    ]:
        told = data["customers"].select("customer_id", *(pl.col(n).cast(pl.String) for n in named))
        yield (
            told.unpivot(named, index="customer_id", variable_name="_fact", value_name="_value")
            .drop_nulls()
            .collect()
        )
    for table in TABLES.values():
        saying = [column for column in table.columns if column.within]
        naming = saying[-1].within if saying else ()
        known = data[table.name].collect_schema()
        if not naming or not {"customer_id", *naming} <= set(known):
            continue
        said = [
            pl.col(column.name).cast(pl.String).fill_null("")
            for column in saying
            if column.name in known and column.name not in naming
        ]
        yield (
            data[table.name]
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
    """Return whether one fact tells nearly all persons with the rarer flag from the others.

    Persons of whom a fact says nothing have a value of their own. A value is taken to tell the
    flag where most persons with the value have it; so is a limit, for facts that are numbers.
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
        silent = flags.height - stating.height
        silent_having = total - int(stating["_is"].sum())
        if _by_values(persons, silent, silent_having, total) or _by_limit(part, total):
            return True
    return False


def _by_values(persons: pl.DataFrame, silent: int, silent_having: int, total: int) -> bool:
    # a value of one or two persons tells anything: only shared ones count
    telling = persons.filter(pl.col("persons") > 2, pl.col("having") * 2 > pl.col("persons"))
    found, right = int(telling["persons"].sum()), int(telling["having"].sum())
    if silent_having * 2 > silent:
        found, right = found + silent, right + silent_having
    return _f1(right, found, total) >= _TELLS


def _by_limit(part: pl.DataFrame, total: int) -> bool:
    """Return whether a limit of numbers tells the flag, from either side."""
    number = pl.col("_value").str.strip_chars().cast(pl.Float64, strict=False)
    known = part.select("_is", _number=number).drop_nulls("_number")
    if known.height * 2 < part.height or known["_number"].n_unique() < 3:
        return False
    for descending in (False, True):
        ordered = known.sort("_number", descending=descending)["_is"].to_numpy()
        right = np.cumsum(ordered)
        if (2 * right / (np.arange(1, right.size + 1) + total)).max() >= _TELLS:
            return True
    return False


def _f1(right: int, found: int, total: int) -> float:
    return 2 * right / (found + total) if found + total else 0.0
