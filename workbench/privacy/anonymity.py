"""k-anonymity of the customer table, counted in persons (Sweeney 2002; Samarati 2001).

First a column is made coarser for everybody, then single cells are emptied:

1. While more than ``suppression_limit`` of the customers share their combination with fewer than
   k - 1 others, the column whose next level leaves the fewest such customers is made coarser;
   columns of ``keep`` come last, the first named at the very end.
2. In the combinations that are still too small the columns are emptied one by one in the same
   order, until every combination has k customers. An empty cell counts as a value of its own, so
   every subset of the columns reaches k as well (a projection only merges combinations).

This is greedy and deterministic: it does not promise the least loss.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from workbench.foundation.errors import PrivacyError


@dataclass(frozen=True, slots=True, kw_only=True)
class Anonymised:
    """A customer table whose combinations are each shared by k persons.

    Attributes
    ----------
    rows : DataFrame
        ``customer_id`` and the quasi-identifiers, in the order of the input.
    level : mapping of str to int
        How coarse each column became, 0 the finest; the number of its levels where it is empty.
    emptied : mapping of str to int
        Customers whose cell was emptied, by column.
    """

    rows: pl.DataFrame
    level: Mapping[str, int]
    emptied: Mapping[str, int]


def anonymise(
    customers: pl.DataFrame,
    *,
    levels: Mapping[str, Sequence[pl.Expr]],
    k: int,
    keep: Sequence[str],
    suppression_limit: float,
) -> Anonymised:
    """Generalise quasi-identifiers until every combination is shared by k persons.

    Parameters
    ----------
    customers : DataFrame
        One row per person, with ``customer_id`` and whatever the levels read.
    levels : mapping of str to sequence of Expr
        Quasi-identifiers of the view and their levels, finest first.
    k : int
        Persons per combination, 2 or more.
    keep : sequence of str
        Columns to spare, the most needed first.
    suppression_limit : float
        Share of customers, 0 to 1.

    Raises
    ------
    PrivacyError
        There are fewer than k customers.
    """
    if customers.height < k:
        raise PrivacyError(f"k is {k}, but the view has only {customers.height} customers")
    names = _spared_last(list(levels), keep)
    coarse = {
        name: [*customers.select(e.alias(str(i)) for i, e in enumerate(levels[name]))]
        for name in names
    }
    level = dict.fromkeys(names, 0)
    while _small(_at(coarse, level), k) > suppression_limit * customers.height:
        raisable = [name for name in names if level[name] < len(coarse[name])]
        spared = [name for name in raisable if name not in keep] or raisable[:1]
        tried = [(_small(_at(coarse, {**level, name: level[name] + 1}), k), name) for name in spared]
        level[min(tried, key=lambda each: (each[0], names.index(each[1])))[1]] += 1
    rows = _emptied(_at(coarse, level), names, k)
    before = _at(coarse, level).null_count()
    after = rows.null_count()
    return Anonymised(
        rows=rows.insert_column(0, customers["customer_id"]).select("customer_id", *levels),
        level=level,
        emptied={name: after[name].item() - before[name].item() for name in levels},
    )


def smallest_class(rows: pl.DataFrame, columns: Sequence[str]) -> int:
    """Return the number of persons in the smallest combination of the columns."""
    if not columns:
        return rows.height
    return int(rows.group_by(list(columns)).len()["len"].min() or 0)  # type: ignore[arg-type]  # an integer column's minimum


def _spared_last(names: list[str], keep: Sequence[str]) -> list[str]:
    spared = [name for name in reversed(keep) if name in names]
    return [*(name for name in names if name not in spared), *spared]


def _at(coarse: Mapping[str, list[pl.Series]], level: Mapping[str, int]) -> pl.DataFrame:
    """The columns at their levels; one beyond the last level is empty."""
    return pl.DataFrame(
        [
            (series[level[name]] if level[name] < len(series) else series[0].clear(series[0].len()))
            .alias(name)
            for name, series in coarse.items()
        ]
    )  # fmt: skip


def _small(rows: pl.DataFrame, k: int) -> int:
    """Count customers whose combination has fewer than k."""
    sizes = rows.group_by(rows.columns).len()
    return int(sizes.filter(pl.col("len") < k)["len"].sum())


def _emptied(rows: pl.DataFrame, names: Sequence[str], k: int) -> pl.DataFrame:
    size = pl.len().over(list(names))
    for name in names:
        rows = rows.with_columns(pl.when(size < k).then(None).otherwise(pl.col(name)).alias(name))
    # what is empty throughout and still too few takes the smallest combination with it
    while not rows.is_empty() and smallest_class(rows, names) < k:
        sizes = rows.group_by(list(names)).len().sort("len", *names)
        victim = next(
            row for row in sizes.drop("len").iter_rows() if any(v is not None for v in row)
        )
        chosen = pl.all_horizontal(
            pl.col(n).eq_missing(pl.lit(v, dtype=rows.schema[n]))
            for n, v in zip(names, victim, strict=True)
        )
        rows = rows.with_columns(
            pl.when(chosen).then(None).otherwise(pl.col(name)).alias(name) for name in names
        )
    return rows
