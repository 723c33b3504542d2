"""Who loses most by a release: suppression and loss of information by group, worst first.

The *loss* of a cell is the share of the column's other values that it could also be: 0 for a value
as it was, 1 for a suppressed one (the global certainty penalty). Small groups usually lose
most, since their combinations are rare.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from scipy.special import stdtrit

from workbench.privacy.risk.class_risks import is_suppressed
from workbench.privacy.risk.compared_tables import ComparedTables
from workbench.statistics.intervals import LEVEL, share_interval

GROUP_LOSSES: Mapping[str, pl.DataType] = {
    "characteristic": pl.String(),
    "group": pl.String(),
    "persons": pl.Int64(),
    "suppressed": pl.Float64(),
    "suppressed_low": pl.Float64(),
    "suppressed_high": pl.Float64(),
    "loss": pl.Float64(),
    "loss_low": pl.Float64(),
    "loss_high": pl.Float64(),
}

#: Characteristic of the row of all persons.
EVERYBODY = "everybody"
#: Smallest group that is shown, and largest number of values of a characteristic by default.
_SMALLEST, _MOST_VALUES = 10, 20


def row_losses(released: pl.DataFrame, tables: ComparedTables) -> pl.Series:
    """Return the mean loss of the quasi-identifiers of each row of a release, 0 to 1."""
    columns = list(tables.columns)
    total = np.zeros(released.height)
    for name in columns:
        cells = pl.DataFrame({name: tables.labels[name], "_loss": tables.spaces[name].losses()})
        found = released.select(name).join(
            cells, on=name, how="left", nulls_equal=True, maintain_order="left"
        )
        total += found["_loss"].fill_null(1.0).to_numpy()
    is_gone = released.select(is_suppressed(released, columns)).to_series().to_numpy()
    return pl.Series("loss", np.where(is_gone, 1.0, total / len(columns)))


def losses_of_groups(
    original: pl.DataFrame,
    released: pl.DataFrame,
    tables: ComparedTables,
    *,
    persons: str,
    groups: Sequence[str] = (),
) -> pl.DataFrame:
    """Return suppression and loss by group, for a release that keeps the column of persons.

    Parameters
    ----------
    original, released : DataFrame
        Table before and after.
    tables : ComparedTables
        Both in the form in which attacks compare them.
    persons : str
        Column of persons of both. A person without a row in the release is suppressed; rows without
        a person are left out, since they cannot be found in the release.
    groups : sequence of str
        Columns of the original; by default the quasi-identifiers of at most 20 values.

    Returns
    -------
    DataFrame
        One row per group of 10 or more persons, with the columns of ``GROUP_LOSSES``: the share of
        its persons who are suppressed, and its mean loss (0 to 1), each with its interval. The
        group with the largest loss comes first, after a row for everybody.
    """
    names = list(groups) or [
        name for name in tables.columns if original[name].n_unique() <= _MOST_VALUES
    ]
    after = (
        released.select(_person=persons, _lost=row_losses(released, tables))
        .with_columns(_gone=pl.Series(_gone(released, tables.columns)))
        .group_by("_person")
        .agg(pl.col("_lost").mean(), pl.col("_gone").all())
    )
    owned = original.filter(pl.col(persons).is_not_null())
    before = owned.unique(persons, keep="first", maintain_order=True)
    judged = before.select(*names, _person=persons).join(after, on="_person", how="left")
    judged = judged.with_columns(
        pl.col("_lost").fill_null(1.0), pl.col("_gone").fill_null(True)
    ).sort("_person")
    parts = [
        _summarise(judged, name, pl.col(name).cast(pl.String).fill_null("missing"))
        for name in names
    ]
    everybody = _summarise(judged, EVERYBODY, pl.lit(EVERYBODY))
    rows = pl.concat([everybody.clear(), *parts]).filter(pl.col("persons") >= _SMALLEST)
    worst = rows.sort(
        "loss", "persons", "characteristic", "group", descending=[True, True, False, False]
    )
    return pl.concat([everybody, worst])


def _gone(released: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    return released.select(is_suppressed(released, columns)).to_series()


def _summarise(judged: pl.DataFrame, name: str, group: pl.Expr) -> pl.DataFrame:
    """Return shares and means with their intervals, by group."""
    found = (
        judged.select(group.alias("group"), "_lost", "_gone")
        .group_by("group", maintain_order=True)
        .agg(
            persons=pl.len().cast(pl.Int64),
            _gone=pl.col("_gone").sum(),
            loss=pl.col("_lost").mean(),
            _spread=pl.col("_lost").std(),
        )
    )
    n, gone = found["persons"].to_numpy(), found["_gone"].to_numpy()
    low, high = share_interval(gone, n)
    mean = found["loss"].to_numpy()
    degrees = np.maximum(n - 1, 1)
    half = found["_spread"].fill_null(0.0).to_numpy() / np.sqrt(n)
    half = half * stdtrit(degrees, (1 + LEVEL) / 2)
    return pl.DataFrame(
        {
            "characteristic": [name] * found.height,
            "group": found["group"],
            "persons": n,
            "suppressed": gone / n,
            "suppressed_low": low,
            "suppressed_high": high,
            "loss": mean,
            "loss_low": np.clip(mean - half, 0.0, 1.0),
            "loss_high": np.clip(mean + half, 0.0, 1.0),
        },
        schema=pl.Schema(GROUP_LOSSES),
    )
