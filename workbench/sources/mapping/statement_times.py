"""Find since when the values of a statement hold that is made of several records.

A row of ``customers`` is one statement about a customer, made of all records of the customer. Its
values are those that hold at the end, and ``observed_at`` is the earliest time from which all of
them held. A later time would hide them from views of earlier dates, and only for the customers that
came again, which reveals the future. An earlier time would show values of the future.

Records of a customer state the country A on the first and second of March and B on the third and
fourth: the statement contains B, since the third. If all state A, it holds since the first; so it
does if the second has no country, because a missing value is no other value.
"""

from collections.abc import Sequence

import polars as pl

from workbench.schema import TABLES
from workbench.sources.file_evidence import FileEvidence
from workbench.sources.mapping.batch_rules import looks_at_one_row, merge_function
from workbench.sources.mapping.joined_dates import read_expression
from workbench.sources.mapping.mapped_records import OBSERVED, RECORD
from workbench.sources.mapping.mapping_rules import RowRule

#: Column of the customers of a batch: since when each value holds, and the time of the first record
#: as ``observed_at``. It is needed to join the customers of several batches.
HELD_SINCE = "_held_since"


def date_statements(
    rows: pl.DataFrame,
    records: pl.DataFrame,
    *,
    table: str,
    rule: RowRule,
    evidence: FileEvidence,
) -> pl.DataFrame:
    """Return rows of a table with the time since when all their values hold.

    Parameters
    ----------
    rows : DataFrame
        One row per group of records, with the columns of ``per`` and ``=NAME`` for each column of
        the table.
    records : DataFrame
        The records that the rows are made of.
    table : str
        Name of the table.
    rule : RowRule
        Rule that made the rows. A time that it states itself remains.
    evidence : FileEvidence
        Evidence of the file: in a batch, the rows get the column ``HELD_SINCE``.

    Raises
    ------
    NeedsWholeFileError
        The records are those of a batch, and a customer has several values.
    """
    names = [name for name in _changeable_columns(table) if name in rule.columns]
    if not names or "observed_at" in rule.columns:
        return rows
    per = rule.per or (RECORD,)
    times = [rows["=observed_at"].alias("observed_at")]
    for name in names:
        stated = _stated_values(records, rows, per=per, name=name, sql=rule.columns[name])
        if table == "customers" and evidence.is_of_batches and _is_changed(stated):
            evidence.need_whole("the characteristics of a customer change")
        since = _first_times(stated, rows, per=per, may_change=_may_change(rule, name))
        times.append(since.alias(name))
    held = pl.DataFrame(times)
    dated = rows.with_columns(latest_time(held).alias("=observed_at"))
    is_joined_later = table == "customers" and evidence.is_of_batches
    return dated.with_columns(held.to_struct(HELD_SINCE)) if is_joined_later else dated


def takes_latest(rule: RowRule) -> bool:
    """Return whether plain values of customers are those of their latest record with a value.

    They are, unless the rule orders the records itself or looks at their order in the file.
    """
    functions = [merge_function(sql) for sql in rule.columns.values()]
    changeable = [name for name in _changeable_columns("customers") if name in rule.columns]
    is_ordered = bool(rule.order_by) or "first" in functions or "last" in functions
    return not is_ordered and any(merge_function(rule.columns[n]) == "known" for n in changeable)


def latest_time(held: pl.DataFrame) -> pl.Series:
    """Return the time since when all values of a statement hold.

    Parameters
    ----------
    held : DataFrame
        Since when each value holds, null where there is none, and as ``observed_at`` the time of
        the first record, which counts for a statement without values.
    """
    latest = pl.max_horizontal(pl.exclude("observed_at"))
    return held.select(pl.coalesce(latest, "observed_at")).to_series()


def _changeable_columns(table: str) -> list[str]:
    """Return the columns whose values a later record can state otherwise."""
    if table == "attributes":
        return ["value"]
    return [column.name for column in TABLES[table].columns if column.keeps == "trusted"]


def _may_change(rule: RowRule, name: str) -> bool:
    """Return whether a record with another value changes it: no other value lowers a maximum."""
    return merge_function(rule.columns[name]) not in ("min", "max")


def _stated_values(
    records: pl.DataFrame, rows: pl.DataFrame, *, per: Sequence[str], name: str, sql: str
) -> pl.DataFrame:
    """Return the value of each record, with its time and the value of its statement."""
    value = read_expression(sql, records)
    if not looks_at_one_row(sql):  # LAST(country) of one record is its country.
        value = value.over("_row")
    return (
        records.with_row_index("_row")
        .select(*per, _time=OBSERVED, _value=value)
        .filter(pl.col("_value").is_not_null())
        .join(rows.select(*per, _stated=f"={name}"), on=per, how="left", nulls_equal=True)
    )


def _is_changed(stated: pl.DataFrame) -> bool:
    return stated.select(pl.col("_value").ne_missing(pl.col("_stated")).any()).item() or False


def _first_times(
    stated: pl.DataFrame, rows: pl.DataFrame, *, per: Sequence[str], may_change: bool
) -> pl.Series:
    """Return for each row since when its value holds, null if it has no value.

    It is the time of the first record with the value after the last record with another one. A
    value that no record has by itself, such as a sum, holds since the last record.
    """
    is_same = pl.col("_value") == pl.col("_stated")
    dated = stated.filter(pl.col("_stated").is_not_null()).select(
        *per,
        "_time",
        _same=pl.when(is_same).then("_time"),
        _other=pl.when(~is_same & pl.lit(may_change)).then("_time"),
    )
    found = dated.group_by(per).agg(
        pl.col("_same").min(), pl.col("_other").max(), pl.col("_time").max()
    )
    changed = found.filter(pl.col("_other").is_not_null()).select(*per, _last="_other")
    again = (
        dated.join(changed, on=per, nulls_equal=True)
        .filter(pl.col("_same") >= pl.col("_last"))
        .group_by(per)
        .agg(_again=pl.col("_same").min())
    )
    return (
        rows.select(per)
        .join(found, on=per, how="left", nulls_equal=True, maintain_order="left")
        .join(again, on=per, how="left", nulls_equal=True, maintain_order="left")
        .select(pl.coalesce("_again", "_same", "_time"))
        .to_series()
    )
