"""What of a table may be shown: no group below the smallest allowed, and none by subtraction."""

from dataclasses import dataclass, replace

import polars as pl

from workbench.charts.exhibits import Figure, Table
from workbench.statistics.estimates import Estimate

_TOO_FEW = "not shown: fewer than {} persons"


@dataclass(frozen=True, kw_only=True)
class Disclosed:
    """A table as it may be shown.

    Attributes
    ----------
    table : Table
        Rows of groups that are too small keep their name and lose their figures.
    hidden : int
        Rows whose figures were taken away, those hidden against subtraction included.
    """

    table: Table
    hidden: int


def disclose(table: Table, *, min_group: int) -> Disclosed:
    """Take away the figures of groups that are too small to be shown.

    Where the rows add up to a total that is known elsewhere (``margin``) and only one of them would
    be hidden, the next smallest is hidden too, or the first would follow by subtraction.
    """
    if table.persons is None or table.rows.is_empty():
        return Disclosed(table=table, hidden=0)
    persons = table.rows[table.persons]
    small = persons.fill_null(0).cast(pl.Float64) < min_group
    small = small & (persons.fill_null(0) != 0)  # nobody is nobody: an empty group gives none away
    if table.margin is not None and small.sum() == 1 and table.rows.height > 1:
        small = small | _next_smallest(persons, small)
    if not small.any():
        return Disclosed(table=table, hidden=0)
    keep = [name for name, kind in table.rows.schema.items() if not kind.is_numeric()]
    rows = table.rows.with_columns(
        pl.when(~small).then(pl.col(name)).alias(name)
        for name in table.rows.columns
        if name not in keep
    )
    return Disclosed(table=replace(table, rows=rows), hidden=int(small.sum()))


def disclose_figure(figure: Figure, *, min_group: int) -> Figure:
    """Take the groups that are too small out of a picture and its data."""
    made = disclose(figure.table, min_group=min_group)
    if made.hidden == 0 or figure.table.persons is None:
        return figure
    rows = made.table.rows.filter(pl.col(figure.table.persons).is_not_null())
    note = f" {made.hidden} groups are not shown, they have fewer than {min_group} persons."
    return replace(
        figure, table=replace(made.table, rows=rows), description=figure.description + note
    )


def disclose_estimate(estimate: Estimate, *, min_group: int) -> Estimate:
    """Take the value of a figure that rests on too few persons."""
    if estimate.n == 0 or estimate.n >= min_group:
        return estimate
    return replace(
        estimate, value=None, low=None, high=None, n=0, note=_TOO_FEW.format(min_group)
    )


def _next_smallest(persons: pl.Series, small: pl.Series) -> pl.Series:
    order = pl.DataFrame({"persons": persons, "small": small}).with_row_index("row")
    other = order.filter(~pl.col("small"), pl.col("persons") > 0).sort("persons", "row")
    chosen = other["row"][0] if other.height else -1
    return pl.Series([row == chosen for row in range(persons.len())], dtype=pl.Boolean)
